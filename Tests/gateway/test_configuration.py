"""--check-config, the samples, and starts that fail."""

import json
import os
import re
import socket
import sqlite3
import subprocess

import pytest
from support.places import ROOT

from .conftest import network_of

SAMPLES = ROOT / "etc" / "gateway"
ABI = ROOT / "contracts-abi" / "ApiKeys.abi.json"


@pytest.fixture
def run(program, tmp_path):
    """run(text or document, *arguments): the program with this configuration, until it ends."""

    def run(configuration, *arguments):
        file = tmp_path / "gateway.yaml"
        file.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
        return subprocess.run(
            [program, "--config", file, *arguments], capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})

    return run


def test_the_sample_is_valid(run):
    done = run((SAMPLES / "orakey-gateway.yaml").read_text(), "--check-config")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith("gateway.yaml: ok\n")


def test_everything_in_the_sample_that_is_a_comment_is_valid(run, tmp_path):
    (tmp_path / "other.abi.json").write_text(ABI.read_text())
    lines = []
    for line in (SAMPLES / "orakey-gateway.yaml").read_text().splitlines():
        setting = re.fullmatch(r'( *)# ( *(?:- \{|"|[a-z_]+:).*)', line)
        lines.append(setting[1] + setting[2] if setting else line)
    text = "\n".join(lines)
    assert text.count("#") < (SAMPLES / "orakey-gateway.yaml").read_text().count("#") - 20
    done = run(text, "--check-config")
    assert (done.returncode, done.stderr) == (0, ""), text


def test_problems_are_told_with_their_place_and_the_nearest_name(run):
    done = run("networks:\n  BASE:\n    chain_id: 1\n    rcp: [x]\nlimitz: {}\n", "--check-config")
    assert done.returncode == 78 and done.stdout == ""
    assert "gateway.yaml:4:5: unknown key networks.BASE.'rcp'; did you mean 'rpc'?" in done.stderr
    assert "gateway.yaml:5:1: unknown key 'limitz'; did you mean 'limits'?" in done.stderr
    assert "contract is missing" in done.stderr


def test_an_abi_without_the_events_is_a_problem_of_the_configuration(run, contract):
    abi = {"file": str(ABI), "events": {"created": "KeyCreated", "disabled": "KeyDied"}}
    done = run({"networks": {"BASE": network_of(contract, abi=abi)}}, "--check-config")
    assert done.returncode == 78 and "no event KeyDied" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("more, problem", [
    ({"models": {"m": "nowhere"}}, "there is no such backend"),
    ({"backends": {"b": {"url": "http://127.0.0.1:1"}}}, "serve no model"),
    ({"backends": {"b": {"url": "http://127.0.0.1:1/v1"}}, "models": {"m": "b"}}, "scheme, host and port alone"),
    ({"backends": {"b": {"url": "ftp://127.0.0.1:1"}}, "models": {"m": "b"}}, "scheme"),
    ({"search": {"url": "http://127.0.0.1:1"}}, "without backends"),
])
def test_contradictions_of_the_service_are_refused(run, contract, more, problem):
    done = run({"networks": {"BASE": network_of(contract)}, **more}, "--check-config")
    assert done.returncode == 78 and problem in done.stderr


def test_a_missing_file_is_named(run, tmp_path):
    done = run("", "--check-config", "--config", str(tmp_path / "none.yaml"))
    assert done.returncode == 78 and "none.yaml: cannot be read" in done.stderr


def test_an_address_in_use_ends_the_start(run, contract, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run({"networks": {"BASE": network_of(contract)}, "listen": address, "state_dir": str(tmp_path / "s")})
    assert (done.returncode, done.stderr) == (
        69, f"orakey-gateway: {address} can't be listened on: another process listens there: stop it, or choose another "
        "port in the configuration\n")


def test_an_address_of_another_host_ends_the_start(run, contract, tmp_path):
    # TEST-NET-1, which nobody has.
    done = run({"networks": {"BASE": network_of(contract)}, "listen": "192.0.2.1:0", "state_dir": str(tmp_path / "s")})
    assert done.returncode == 69 and "192.0.2.1:0 can't be listened on: this host has no such address" in done.stderr


def test_a_state_directory_in_use_ends_the_start(run, gateway):
    done = run({**gateway.document})
    assert done.returncode == 69 and "another orakey-gateway uses the state directory" in done.stderr


def test_a_backends_key_that_others_can_read_ends_the_start(run, contract, tmp_path):
    secret = tmp_path / "key"
    secret.write_text("sk-secret")
    secret.chmod(0o644)
    done = run({
        "networks": {"BASE": network_of(contract)}, "state_dir": str(tmp_path / "s"), "models": {"m": "b"},
        "backends": {"b": {"url": "http://127.0.0.1:1", "key_file": str(secret)}}})
    assert done.returncode == 77 and str(secret) in done.stderr and "sk-secret" not in done.stderr


def test_a_database_of_something_else_is_left_alone(run, contract, tmp_path):
    state = tmp_path / "s"
    state.mkdir(mode=0o700)
    with sqlite3.connect(state / "gateway.sqlite") as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    done = run({"networks": {"BASE": network_of(contract)}, "state_dir": str(state)})
    assert done.returncode == 65 and "not a database of orakey-gateway" in done.stderr


def test_sigterm_ends_it_with_0_and_a_second_start_works(gateway):
    assert gateway.stop() == 0
    gateway.start()
    assert gateway.get("/healthz").status == 200
