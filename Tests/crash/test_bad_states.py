"""A disk that is full, a contract that refuses, a wallet that is locked: an alarm with a name, and nothing lost or doubled."""

import contextlib
import errno
import os
import secrets
import subprocess

import pytest
from eth_abi import encode
from support.contracts import ApiKeys, artifact
from support.daemon import OCTETS, eventually
from support.devchain import GWEI, DevChain, throwaway_account
from web3 import Web3

from crash.harness import ALIVE, Board, chain_keys, compile_shim
from crash.test_reorgs import begin  # noqa: F401
from crash.world import World


@pytest.fixture
def on_a_disk(bin_dir, private_dir):
    """A world, and the board that breaks the disk under its journal."""
    board = Board(private_dir / "board")
    made = World(bin_dir, private_dir / "d")
    made.daemon.env |= {"LD_PRELOAD": str(compile_shim(private_dir)), "KILLPOINT_BOARD": str(board.path)}
    yield made.begin(), board
    made.close()


def is_without_journal(answer) -> str:
    """The call was refused because the journal can't hold it; returns what the answer says."""
    assert (answer.status, answer.json["error"]["code"]) == (503, "journal_unavailable"), answer
    return answer.json["error"]["message"]


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
def test_a_journal_that_cannot_be_written(on_a_disk, error):
    w, board = on_a_disk
    keys, dead = w.counts()
    nonce = w.next_nonce()
    victim = w.current()["fingerprint"]
    board.break_disk(getattr(errno, error))
    tags = [{"Idempotency-Key": secrets.token_hex(8)} for _ in range(3)]
    calls = [("/v1/revoke", {"fingerprint": victim}), ("/v1/keys", {"count": 2}), ("/v1/rotate", {"grace_seconds": 0})]
    for (target, body), headers in zip(calls, tags):
        is_without_journal(w.daemon.post(target, body, headers=headers))
    answer = w.daemon.get("/v1/key")
    assert answer.status != 200 or answer.json["fingerprint"] != victim, "revoked means revoked"
    w.chain.rpc("evm_mine", 5)
    eventually("the alarm", lambda: "journal_failed" in w.daemon.alarms())
    assert w.next_nonce() == nonce, "nothing goes out that is not on disk"

    board.break_disk(0)
    for (target, body), headers in zip(calls, tags):
        assert w.daemon.post(target, body, headers=headers).status == 202
    w.settle()
    assert w.counts() == (keys + 3, dead + 2), "two asked for, one for the pool"
    eventually("the alarm is over", lambda: not w.daemon.alarms())
    w.check()


@pytest.fixture
def on_a_small_disk(bin_dir, private_dir):
    """A world whose state lies on a disk of its own, and the file that fills it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    made = World(bin_dir, private_dir / "d")
    state = made.daemon.folder / "state"
    state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", state], check=True)
    try:
        yield made.begin(), state / "filler"
    finally:
        made.close()
        subprocess.run(["umount", state], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_a_revocation_on_a_full_disk_goes_on_chain_once_there_is_room(on_a_small_disk):
    """Nobody asks again; the consumer is revoked, not its next key."""
    w, filler = on_a_small_disk
    keys, dead = w.counts()
    victim = w.current()
    tag = {"Idempotency-Key": secrets.token_hex(8)}
    call = ("/v1/revoke", {"consumer": "default", "reason": "leaked"})
    fill(filler)
    answer = w.daemon.post(*call, headers=tag)
    assert "disk is full" in is_without_journal(answer)
    assert w.daemon.get("/v1/key").status == 503
    eventually("the alarm", lambda: "journal_failed" in w.daemon.alarms())
    (alarm,) = [a for a in w.daemon.status()["alarms"] if a["code"] == "journal_failed"]
    assert "only this process knows of: 1," in alarm["message"]

    filler.unlink()
    eventually("it is journaled", lambda: w.key_state(victim["message"]) in ("disabling", "disabled"))
    w.settle()
    assert w.key_state(victim["message"]) == "disabled"
    assert w.counts() == (keys + 1, dead + 1), "one for the pool"
    eventually("the alarm is over", lambda: not w.daemon.alarms())
    answer = w.daemon.post(*call, headers=tag)
    assert answer.status == 202 and answer.json["fingerprints"] == [victim["fingerprint"]]
    w.settle()
    assert w.counts() == (keys + 1, dead + 1), "the repeat does nothing"
    w.check()


def test_every_call_says_that_the_disk_is_full(on_a_small_disk):
    """Those that write refuse and change nothing; those that read, and the lock, answer as ever."""
    w, filler = on_a_small_disk
    w.chain.rpc("eth_sendRawTransaction", w.foreign("createKey", nonce=w.next_nonce()))
    w.mine(6)
    (strange,) = w.daemon.keys("foreign")
    w.chain.rpc("eth_sendRawTransaction", w.foreign("disableKey", w.daemon.keys("pooled")[0]["message"], nonce=w.next_nonce()))
    w.mine(1)
    eventually("the alarm", lambda: "foreign_disable" in w.daemon.alarms())
    w.settle()
    keys, dead = w.counts()
    mine = w.post("/v1/keys", count=2)["intents"][0]
    w.in_pool(mine)
    pool = {k["message"] for k in w.daemon.keys("pooled")}
    current = w.current()
    revoker = throwaway_account(7).address
    calls = {
        "/v1/keys": {"count": 2}, "/v1/rotate": {"grace_seconds": 0}, f"/v1/intents/{mine}/speedup": {},
        f"/v1/intents/{mine}/cancel": {}, "/v1/keys/adopt": {"fingerprint": strange["fingerprint"]},
        "/v1/revoker": {"address": revoker}, "/v1/alarms/acknowledge": {"code": "foreign_disable"}, "/v1/reload": {},
    }
    before = [(i["id"], i["state"], len(i["attempts"])) for i in w.intents()]
    fill(filler)
    for target, body in calls.items():
        assert "disk is full" in is_without_journal(w.daemon.post(target, body)), target
    for command in (["keys", "create"], ["intents", "speedup", mine], ["keys", "adopt", strange["fingerprint"]]):
        run = w.daemon.orakey(*command, check=False)
        assert run.returncode == 75 and "disk is full" in run.stderr and run.stderr.count("\n") == 1, run
    for target in ("/v1/status", "/v1/keys", "/v1/intents", f"/v1/intents/{mine}", "/v1/audit", "/metrics"):
        w.daemon.control_get_text(target)
    eventually("the alarm", lambda: "journal_failed" in w.daemon.alarms())
    assert 'orakeyd_alarm{network="BASE",code="journal_failed"} 1' in w.daemon.control_get_text("/metrics")
    assert [(i["id"], i["state"], len(i["attempts"])) for i in w.intents()] == before
    assert w.daemon.get("/v1/key").json["error"]["code"] == "audit_unavailable", "nobody has had it yet"
    assert w.current() == current
    assert {k["message"] for k in w.daemon.keys("pooled")} == pool and w.counts() == (keys, dead)

    assert w.daemon.post("/v1/lock").status == 200, "a full disk keeps no wallet open"
    passphrase = w.daemon.passphrase.read_bytes().strip()
    is_without_journal(w.daemon.post("/v1/unlock", passphrase, headers=OCTETS))
    is_without_journal(w.daemon.post("/v1/revoke", {"fingerprint": current["fingerprint"]}))
    filler.unlink()
    assert w.daemon.post("/v1/unlock", passphrase, headers=OCTETS).status == 200
    for target, body in calls.items():
        assert w.daemon.post(target, body).status in (200, 202), target
    w.settle()
    assert w.contract.view("revokerOf", w.owner) == revoker
    assert w.key_state(current["message"]) == "disabled"
    eventually("the alarm is over", lambda: "journal_failed" not in w.daemon.alarms())
    local = {k["message"]: k["state"] in ALIVE for k in w.daemon.keys() if k["state"] != "orphaned"}
    assert local == chain_keys(w.contract, w.owner)


def test_a_disk_that_fills_up_while_transactions_are_under_way(on_a_disk):
    w, board = on_a_disk
    keys, dead = w.counts()
    w.post("/v1/keys", count=3)
    revoked = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
    w.in_pool(revoked)
    board.break_disk(errno.ENOSPC)
    w.chain.rpc("evm_mine", 10)
    eventually("the alarm", lambda: "journal_failed" in w.daemon.alarms())
    w.daemon.kill()
    board.break_disk(0)
    w.daemon.start()
    w.settle()
    assert w.counts() == (keys + 3, dead + 1)
    w.check()


def reverting(reason: str) -> str:
    """Code that answers everything with Error(reason): copy what follows it to memory, revert with it."""
    data = bytes.fromhex("08c379a0") + encode(["string"], [reason])
    copy = bytes([0x61]) + len(data).to_bytes(2, "big") + bytes.fromhex("80600d6000396000fd")
    assert len(copy) == 12
    return "0x" + (copy + b"\x00" + data).hex()


def test_a_contract_that_is_paused(begin):  # noqa: F811
    with begin() as w:
        w.post("/v1/keys", count=4)
        w.settle()
        keys, dead = w.counts()
        code = w.chain.rpc("eth_getCode", w.contract.address, "latest")
        w.chain.rpc("anvil_setCode", w.contract.address, reverting("paused by its owner"))
        victim = w.current()["fingerprint"]
        revoked = w.post("/v1/revoke", fingerprint=victim)["intents"][0]
        created = w.post("/v1/keys", count=2)["intents"][0]
        eventually("the alarm", lambda: "contract_reverts" in w.daemon.alarms())
        (alarm,) = [a for a in w.daemon.status()["alarms"] if a["code"] == "contract_reverts"]
        assert "paused by its owner" in alarm["message"]
        assert w.wait_for_intent(created, "failed")["error"]
        assert w.intent(revoked)["state"] == "planned", "a revocation is never given up"
        assert w.daemon.get("/v1/key").json["fingerprint"] != victim
        w.chain.rpc("anvil_setCode", w.contract.address, code)
        w.settle()
        assert w.intent(revoked)["state"] == "confirmed"
        assert w.counts() == (keys, dead + 1), "the failed create is not repeated"
        assert not w.daemon.alarms()


def test_a_lock_while_something_is_to_be_signed(begin):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        w.chain.rpc("dev_setFaults", {"methods": {"eth_estimateGas": {"hold": "before"}}})
        w.post("/v1/keys", count=3)
        w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])
        assert w.chain.rpc("dev_awaitHeld", 1, 30_000)
        assert w.daemon.post("/v1/lock").status == 200
        w.chain.rpc("dev_clearFaults")
        w.mine(5)
        assert w.counts() == (keys, dead), "nothing is signed while the wallet is locked"
        passphrase = w.daemon.passphrase.read_bytes().strip()
        answer = w.daemon.post(
            "/v1/unlock", passphrase, headers={"Content-Type": "application/octet-stream"})
        assert answer.status == 200, answer
        w.settle()
        assert w.counts() == (keys + 3, dead + 1)
        w.check()


def deployed_on(chain: DevChain) -> ApiKeys:
    """With a legacy transaction, which every chain takes."""
    sent = chain.send(throwaway_account(1), data=artifact("ApiKeys")[1], gas=3_000_000, gasPrice=10 * GWEI)
    chain.rpc("evm_mine")
    return ApiKeys(chain, "ApiKeys", Web3.to_checksum_address(chain.receipt(sent)["contractAddress"]))


@pytest.mark.parametrize("options", [["--no-base-fee"], ["--l1-fee-per-byte", "1000000000"]], ids=["legacy", "op-stack"])
def test_other_kinds_of_chains(begin, options):  # noqa: F811
    with DevChain("--mine", "manual", *options) as chain, begin(chain=chain, contract=deployed_on(chain)) as w:
        keys, dead = w.counts()
        number = w.post("/v1/keys", count=2)["intents"][0]
        w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])
        sent = w.in_pool(number)
        w.mine(2)
        w.chain.rpc("dev_reorg", 2, {"lose": [sent]})
        w.sees_head()
        w.settle()
        assert w.counts() == (keys + 2, dead + 1)
        w.check()
