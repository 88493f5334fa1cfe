"""A contract that is not the reference contract, by configuration alone: other names, no batches, no revoker, no lists."""

import json

import base58
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from support.contracts import Contract
from support.daemon import eventually
from support.places import TEST_CONTRACTS
from support.quick import QuickDaemon, world  # noqa: F401 (fixture)

ABI = {
    "file": str(TEST_CONTRACTS / "MinimalKeys.abi.json"), "create": "issue", "disable": "withdraw", "status": "usable",
    "events": {"created": "Issued", "disabled": "Withdrawn"},
}


@pytest.fixture
def daemon(bin_dir, private_dir, world):  # noqa: F811
    """Running, with its first key."""
    contract = Contract.deploy(world.chain, "MinimalKeys")
    made = QuickDaemon(bin_dir, private_dir, world.chain, contract, abi=ABI, pool={"target": 0}, poll_interval="100ms")
    made.fund(made.make_wallet())
    made.configure()
    made.start()
    made.wait_for_key()
    made.settle()
    yield made
    made.stop()


def message(number: int) -> str:
    return "0x" + number.to_bytes(32, "big").hex()


def usable(daemon, text: str) -> bool:
    return daemon.contract.view("usable", daemon.address, bytes.fromhex(text[2:]))


def verify(daemon, key: str) -> int:
    return daemon.orakey("verify", "-", "--config", daemon.config, stdin=key, check=False).returncode


def test_create_rotate_revoke_recover(daemon):
    first = daemon.orakey("get").stdout.strip()
    network, encoded = first.split(":")
    text, signature = base58.b58decode(encoded).decode().split(":")
    assert (network, text) == ("BASE", message(1))
    signer = Account.recover_message(encode_defunct(primitive=bytes.fromhex(text[2:])), signature=signature)
    assert signer == daemon.address and usable(daemon, text)
    assert verify(daemon, first) == 0

    answer = daemon.post("/v1/keys?wait=confirmed&timeout=60", {"count": 3})
    assert answer.status == 200 and len(answer.json["intents"]) == 3, "no batch function: a transaction for each"
    made = {k["message"]: k["created_tx"] for k in daemon.keys("pooled")}
    assert sorted(made) == [message(n) for n in (2, 3, 4)] and len(set(made.values())) == 3

    assert daemon.post("/v1/rotate?wait=confirmed&timeout=60", {"grace_seconds": 0}).status == 200
    assert daemon.get("/v1/key").json["message"] == message(2)
    assert not usable(daemon, message(1))
    assert verify(daemon, first) == 1

    second = daemon.orakey("get").stdout.strip()
    daemon.orakey("revoke", "-", stdin=second)
    eventually("withdrawn on chain", lambda: not usable(daemon, message(2)))
    assert daemon.get("/v1/key").json["message"] == message(3)
    daemon.settle()
    assert daemon.alarms() == set()

    dead = daemon.keys("disabled")[0]["fingerprint"]
    proof = daemon.folder / "proof.json"
    proof.write_text(daemon.orakey("keys", "proof", dead).stdout)
    daemon.orakey("keys", "check-proof", proof, "--config", daemon.config)

    before = {k["message"]: k for k in daemon.keys()}
    assert daemon.stop() == 0
    run = daemon.orakey(
        "recover", "--config", daemon.config, "--state-dir", daemon.folder / "state", "--passphrase-file",
        daemon.passphrase, "--replace", "--json")
    assert json.loads(run.stdout)
    daemon.start()
    fifth = daemon.wait_for_key()
    assert fifth["message"] == message(5), "nothing that may have been handed out before"
    after = {k["message"]: k for k in daemon.keys()}
    assert after.keys() == before.keys() | {message(5)}
    for text, row in before.items():
        assert after[text]["fingerprint"] == row["fingerprint"], "the same key, byte for byte"
        assert after[text]["state"] == ("recovered" if usable(daemon, text) else "disabled")
    daemon.orakey("keys", "adopt", message(4))
    daemon.orakey("rotate", "--grace", "0s")
    assert daemon.get("/v1/key").json["message"] == message(4)


def test_revoking_everything_takes_a_transaction_for_each(daemon):
    assert daemon.post("/v1/keys?wait=confirmed&timeout=60", {"count": 2}).status == 200
    answer = daemon.post("/v1/revoke?wait=confirmed&timeout=60", {"all": True})
    assert answer.status == 200, answer
    assert not any(usable(daemon, message(n)) for n in (1, 2, 3))
    assert len({k["disabled_tx"] for k in daemon.keys("disabled")}) == 3
    assert daemon.wait_for_key()["message"] == message(4)


def test_a_refusal_names_the_contracts_reason(daemon, world):  # noqa: F811
    """The contract knows best: what it calls withdrawn by others is dead here, and no alarm is left over."""
    key = daemon.get("/v1/key").json
    account = Account.from_key(daemon.private_key)
    daemon.contract.transact(account, "withdraw", bytes.fromhex(key["message"][2:]))
    fresh = eventually("another key", lambda: next(
        (k for k in [daemon.get("/v1/key")] if k.status == 200 and k.json["message"] != key["message"]), None))
    assert fresh.json["message"] == message(2)
    assert daemon.alarms() == {"foreign_disable"}


def test_no_revoker(daemon):
    answer = daemon.post("/v1/revoker", {"address": "0x" + "11" * 20})
    assert answer.status == 409 or answer.status == 400, answer
    assert "revoker" in answer.json["error"]["message"]
    daemon.settle()
    assert daemon.get("/v1/key").status == 200


@pytest.mark.parametrize("change, word", [
    ({"create": "isue"}, "isue"), ({"disable": "issue"}, "issue"), ({"events": {"created": "Nope", "disabled": "Withdrawn"}}, "Nope"),
    ({"file": "missing.json"}, "missing.json"),
], ids=["no such function", "another form", "no such event", "no such file"])
def test_names_that_do_not_fit_are_told_at_the_start(bin_dir, private_dir, world, change, word):  # noqa: F811
    contract = Contract(world.chain, "MinimalKeys", "0x" + "11" * 20)
    made = QuickDaemon(bin_dir, private_dir, world.chain, contract, abi={**ABI, **change})
    made.make_wallet()
    made.configure()
    run = made.fails()
    assert run.returncode == 78 and word in run.stderr, run
