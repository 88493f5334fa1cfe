"""Configurations and command lines with mistakes."""

import subprocess

import pytest
from support.daemon import ask
from support.errors import one_line
from support.quick import chainless  # noqa: F401 (fixtures)

USAGE, CONFIGURATION = 64, 78


MISTAKES = {
    "not YAML": ("wallet: [", 2, "YAML"),
    "unknown key": ("walet: { keystore: w.json }\nnetworks: {}", 1, "wallet"),
    "unknown key below": ("wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: 1\n    rcp: [x]", 5, "rpc"),
    "wrong type": ("wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: base", 4, "chain_id"),
    "bad address": ('wallet: { keystore: w.json }\nnetworks:\n  BASE:\n    chain_id: 1\n    rpc: ["http://a"]\n    contract: "0x12"', 6, ""),
    "bad duration": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"], poll_interval: 2x }', 3, ""),
    "unknown user": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"] }\nconsumers:\n  - { name: a, match: { uid: no-such-user } }', 5, "no-such-user"),
    "same socket": ('wallet: { keystore: w.json }\nnetworks:\n  BASE: { chain_id: 1, rpc: ["http://a"] }\nlisten: { agent: a.sock, control: a.sock }', 4, "control"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_configuration(chainless, name):
    text, line, words = MISTAKES[name]
    daemon = chainless.make()
    daemon.config.write_text(text)
    for arguments in ([], ["--check-config"]):
        run = daemon.fails(*arguments)
        assert run.returncode == CONFIGURATION
        assert f"{daemon.config}:{line}:" in run.stderr and words in run.stderr, run.stderr
        assert run.stdout == ""
    assert not (daemon.folder / "state").exists()


def test_a_check_whose_answer_cannot_be_written_is_no_success(chainless):
    daemon = chainless.make()
    command = [daemon.programs / "orakeyd", "--config", daemon.config, "--check-config"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (74, "orakeyd: cannot write to standard output: No space left on device\n")


def test_a_configuration_that_is_not_there(chainless):
    daemon = chainless.make()
    daemon.config.unlink()
    run = daemon.fails()
    assert run.returncode == CONFIGURATION and str(daemon.config) in one_line(run)


def test_a_good_configuration_is_only_checked(chainless):
    daemon = chainless.make()
    run = daemon.fails("--check-config", unlocked=False)
    assert (run.returncode, run.stderr) == (0, "") and "ok" in run.stdout
    assert not (daemon.folder / "state").exists()


@pytest.mark.parametrize("arguments", [["--nonsense"], ["extra"], ["--log-level", "loud"], ["--passphrase-fd", "x"], ["--passphrase-fd", "3"]])
def test_usage(chainless, arguments):
    run = chainless.make().fails(*arguments)  # with --passphrase-file, which excludes --passphrase-fd
    assert run.returncode == USAGE and run.stderr.endswith("; see orakeyd --help\n")


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/intents/1/speedup", "/v1/intents/1/cancel"])
def test_calls_without_fields_take_none(own_chain, make_daemon, path):
    daemon = make_daemon(own_chain, pool={"target": 0})
    daemon.start()
    refused = daemon.post(path, {"unknown": 1})
    assert (refused.status, refused.json["error"]["code"]) == (400, "bad_request")
    assert daemon.post(path, b"{").status == 400
    wrong = ask(daemon.control, "GET", path)
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
