"""orakey doctor: every fault is found, named and comes with its mend."""

import json

import pytest
from support.contracts import Contract
from support.devchain import throwaway_account

from .scripted_daemon import Answer

OWNER = throwaway_account(5).address


def status(**fields):
    network = {
        "network": fields.pop("name", "BASE"), "chain_id": 31337, "contract": fields.pop("contract", None), "owner": fields.pop("owner", OWNER), "head": 1,
        "head_age_seconds": 1, "lag_blocks": 0, "balance": "1", "pool": fields.pop("pool", {"ready": 2, "target": 2, "pending": 0}),
        "pending_intents": 0, "alarms": fields.pop("alarms", []), "endpoints": []}
    return Answer(body={
        "version": "0.1.0", "uptime_seconds": 1, "state": "unlocked", "networks": [network],
        "consumers": [{"name": "chatbot", "network": "BASE", "generation": 1, "fingerprint": "SHA256:0123456789abcdef"}],
        **fields})


@pytest.fixture
def house(shell, light_wallet, chain, daemon):
    """Everything in order; `house(rpc=...)` writes the configuration with something else in it."""
    chain.rpc("evm_mine")
    address = Contract.deploy(chain).address
    daemon.script["GET", "/v1/status"] = status()

    def write(rpc=chain.url, chain_id=chain.chain_id, contract=address, more=""):
        line = f'contract: "{contract}"' if contract else ""
        shell.private_file("orakeyd.yaml", f"""
wallet: {{ keystore: light.json }}
networks:
  BASE:
    chain_id: {chain_id}
    rpc: ["{rpc}"]
    {line}
{more}
""")

    write()
    return write


def findings(shell) -> tuple[int, dict]:
    done = shell.orakey("doctor", "--config", "orakeyd.yaml", "--json")
    rows = json.loads(done.out)["findings"]
    # Whatever is wrong comes with what to do.
    assert all((row["mend"] is None) == (row["state"] == "ok") for row in rows), rows
    return done.code, {row["subject"]: row for row in rows if row["state"] != "ok"} or {"all": rows}


def test_everything_in_order(shell, house):
    code, found = findings(shell)
    assert code == 0, found
    subjects = [row["subject"] for row in found["all"]]
    assert [subject.split(" ")[0] for subject in subjects] == [
        "configuration", "wallet", "BASE", "contract", "money", "daemon", "pool"]
    done = shell.orakey("doctor", "--config", "orakeyd.yaml")
    assert done.code == 0 and all(line.startswith("ok ") for line in done.out.splitlines())


@pytest.mark.parametrize("fault, subject, words", [
    (dict(contract="0x" + "11" * 20), "contract on BASE", "there is no contract"),
    (dict(contract=None), "contract on BASE", "none is configured"),
    (dict(rpc="http://127.0.0.1:1"), "BASE at http://127.0.0.1:1", "connect"),
    (dict(chain_id=8453), "BASE at ", "serves chain 31337"),
    (dict(more="wrong: 1"), "configuration", "wrong"),
])
def test_faults_of_configuration_and_chain(shell, house, fault, subject, words):
    house(**fault)
    code, found = findings(shell)
    assert code == 1
    (row,) = [row for name, row in found.items() if name.startswith(subject)]
    assert row["state"] == "failure" and words in row["detail"]


def test_another_contract(shell, house, chain):
    house(contract=Contract.deploy(chain, "MinimalKeys").address)
    code, found = findings(shell)
    assert code == 1 and "not the reference contract" in found["contract on BASE"]["detail"]


def test_wallet_that_others_can_read(shell, house, light_wallet):
    light_wallet.chmod(0o644)
    code, found = findings(shell)
    assert code == 1 and "chmod 600" in found["wallet"]["detail"]


def test_wallet_that_is_not_there(shell, house, light_wallet):
    light_wallet.unlink()
    code, found = findings(shell)
    assert code == 1 and found["wallet"]["mend"] == "orakey init makes one"


@pytest.mark.parametrize("answer, subject, state, code", [
    (status(state="locked"), "daemon", "failure", 1),
    (status(pool={"ready": 0, "target": 2, "pending": 2}), "pool of BASE", "warning", 0),
    (status(alarms=[{"code": "foreign_create", "message": "m", "since": 1}]), "alarm on BASE", "failure", 1),
    (status(alarms=[{"code": "of_later", "message": "m", "since": 1}]), "alarm on BASE", "failure", 1),
    (status(consumers=[{"name": "a", "network": "BASE", "generation": None, "fingerprint": None}]), "consumer a", "warning", 0),
    (status(owner="0x" + "77" * 20), "money on BASE", "failure", 1),
    (status(version="0.0.1"), "daemon", "warning", 0),
    (status(name="OTHER"), "daemon", "warning", 0),
    (status(contract="0x" + "77" * 20), "daemon", "warning", 0),
])
def test_what_the_daemon_says(shell, house, daemon, answer, subject, state, code):
    daemon.script["GET", "/v1/status"] = answer
    ended, found = findings(shell)
    assert ended == code and found[subject]["state"] == state


@pytest.mark.parametrize("spoil, mend", [
    (lambda path: path.unlink(), "`orakey init` makes one, --config names another"),
    (lambda path: path.chmod(0o642), "run chmod o-w on it"),
    (lambda path: path.write_bytes(b"\xff"), "name another with --config"),
])
def test_a_configuration_that_can_not_be_read(shell, house, spoil, mend):
    """One mend, not two of them."""
    spoil(shell.folder / "orakeyd.yaml")
    code, found = findings(shell)
    assert (code, found["configuration"]["mend"]) == (1, mend) and ";" not in found["configuration"]["detail"]


def test_without_a_daemon(shell, house):
    shell.environment["ORAKEY_CONTROL_SOCK"] = str(shell.folder / "nowhere.sock")
    code, found = findings(shell)
    assert code == 1 and "not running" in found["daemon"]["detail"]


def test_a_configuration_that_others_can_write(shell, house):
    (shell.folder / "orakeyd.yaml").chmod(0o660)
    code, found = findings(shell)
    assert code == 1 and found["permissions"]["mend"] == f"chmod go-w {shell.folder}/orakeyd.yaml"


def test_executables_that_no_process_runs_under_that_path(shell, house):
    program, link, nothing = shell.folder / "program", shell.folder / "link", shell.folder / "nothing"
    program.touch()
    link.symlink_to(program)
    rules = "".join(f"  - {{ name: {path.name}, match: {{ exe: {path} }} }}\n" for path in (program, link, nothing))
    house(more=f"consumers:\n{rules}")
    code, found = findings(shell)
    assert code == 0 and set(found) == {"consumer link", "consumer nothing"}
    assert found["consumer link"]["mend"] == f"write exe: {program}"
    assert "No such file" in found["consumer nothing"]["detail"]


@pytest.mark.parametrize("suffix, tells", [("/token", True), ("/?key=token", True), ("/", False), ("", False)])
def test_tokens_that_everybody_can_read(shell, house, chain, suffix, tells):
    house(rpc=chain.url + suffix)
    (shell.folder / "orakeyd.yaml").chmod(0o644)
    code, found = findings(shell)
    assert code == 0 and ("permissions" in found) == tells
    if tells:
        assert found["permissions"]["state"] == "warning" and "token" not in str(found)
