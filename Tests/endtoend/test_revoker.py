"""The revoker: a second wallet that ends keys while the first is locked, and can do nothing else."""

import json
import secrets
import sqlite3

import pytest
from eth_account import Account
from support.contracts import ApiKeys
from support.daemon import OCTETS, PASSPHRASE, ask, eventually
from support.mining import mining as mined_every
from support.quick import Farm, farm, key_file, world  # noqa: F401 (fixtures)

REVOKER_PASSPHRASE = "another passphrase"


class Revoker:
    def __init__(self, daemon, fund=10**18):
        self.key = secrets.token_bytes(32)
        self.address = Account.from_key(self.key).address
        self.wallet, self.passphrase = daemon.folder / "revoker.json", daemon.folder / "revoker-passphrase"
        self.wallet.write_text(json.dumps(key_file(self.key, REVOKER_PASSPHRASE)))
        self.passphrase.write_text(REVOKER_PASSPHRASE + "\n")
        for path in (self.wallet, self.passphrase):
            path.chmod(0o600)
        self.settings = {"keystore": str(self.wallet), "passphrase_file": str(self.passphrase)}
        if fund:
            daemon.fund(self.address, fund)


@pytest.fixture
def pair(farm):  # noqa: F811
    """(daemon, revoker): appointed, with a key in use and one in the pool."""
    daemon = farm.make(pool={"target": 1}, poll_interval="200ms")
    revoker = Revoker(daemon)
    daemon.configure(revoker=revoker.settings)
    daemon.start()
    daemon.wait_for_key()
    assert daemon.post("/v1/revoker?wait=confirmed", {"address": revoker.address}).status == 200
    eventually("the pool has a key", lambda: daemon.status()["pool"]["ready"] == 1)
    daemon.settle()
    return daemon, revoker


def is_active(daemon, key) -> bool:
    return daemon.contract.view("isActive", daemon.address, bytes.fromhex(key["message"][2:]))


def nonces(daemon, revoker) -> tuple[int, int]:
    count = daemon.chain.web3.eth.get_transaction_count
    return count(daemon.address), count(revoker.address)


def alarms(daemon) -> dict[str, str]:
    return {a["code"]: a["message"] for a in daemon.status()["alarms"]}


def disables_end(daemon):
    """Creates wait for the unlock; disables must not."""
    eventually("all disables have ended", lambda: all(
        i["state"] == "confirmed" for i in daemon.intents() if i["kind"] == "disable"))


def revocations(daemon) -> list[tuple]:
    with sqlite3.connect(f"file:{daemon.folder}/state/journal.sqlite?mode=ro", uri=True) as database:
        return database.execute("SELECT nonce, state, length(messages) / 32 FROM revocation ORDER BY id").fetchall()


def test_a_revocation_while_locked_goes_out_through_the_revoker(pair):
    daemon, revoker = pair
    key = daemon.get("/v1/key").json
    assert daemon.post("/v1/lock").status == 200
    owner, second = nonces(daemon, revoker)
    answer = daemon.post("/v1/revoke?wait=confirmed&timeout=60", {"fingerprint": key["fingerprint"], "reason": "leak"})
    assert answer.status == 200, answer
    assert not is_active(daemon, key), "dead on chain while the wallet is locked"
    assert ask(daemon.control, "GET", "/v1/status").json["state"] == "locked"
    assert nonces(daemon, revoker) == (owner, second + 1), "one transaction, and not the owner's"
    row = daemon.keys("disabled")[0]
    sender = daemon.chain.web3.eth.get_transaction(row["disabled_tx"])["from"]
    assert (row["fingerprint"], row["reason"], sender) == (key["fingerprint"], "leak", revoker.address)
    [number] = answer.json["intents"]
    intent = daemon.control_get(f"/v1/intents/{number}")
    assert intent["state"] == "confirmed" and intent["block"] == row["disabled_block"]
    assert alarms(daemon) == {}, "the revoker's transactions are no stranger's"
    assert revocations(daemon) == [(second, "done", 1)]
    assert [r["event"] for r in daemon.control_get("/v1/audit?limit=1000")["records"]].count("revocation") == 1

    # All that is left, in one transaction.
    [spare] = daemon.keys("current")
    assert daemon.post("/v1/revoke", {"all": True}).status == 202
    eventually("no key lives", lambda: not is_active(daemon, spare))
    assert daemon.get("/v1/key").status == 423, "it hands out nothing and makes nothing"
    assert daemon.contract.view("keyCount", daemon.address) == 2
    disables_end(daemon)
    assert nonces(daemon, revoker) == (owner, second + 2)

    # The owner goes on from there.
    assert daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200
    new = daemon.wait_for_key()
    assert new["key"] != key["key"] and is_active(daemon, new)
    daemon.settle()
    assert alarms(daemon) == {}
    assert daemon.post("/v1/revoke?wait=confirmed", {"fingerprint": new["fingerprint"]}).status == 200
    assert nonces(daemon, revoker)[1] == second + 2, "an open wallet ends its keys itself"


def test_it_works_before_the_first_unlock_of_a_run_and_after_kill_9(pair):
    daemon, revoker = pair
    key = daemon.get("/v1/key").json
    daemon.stop()
    daemon.start(unlocked=False)
    second = nonces(daemon, revoker)[1]
    daemon.chain.rpc("dev_pauseMining")
    try:
        assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"]}).status == 202
        eventually("it is signed and on disk", lambda: revocations(daemon))
        daemon.kill()
        signed = attempts(daemon)
        daemon.start(unlocked=False)
    finally:
        daemon.chain.rpc("dev_resumeMining")
    eventually("it is dead", lambda: not is_active(daemon, key))
    eventually("and done", lambda: revocations(daemon) == [(second, "done", 1)])
    assert attempts(daemon)[0] == signed[0], "the same bytes"
    assert nonces(daemon, revoker)[1] == second + 1
    disables_end(daemon)
    assert alarms(daemon) == {}


def attempts(daemon) -> list[bytes]:
    with sqlite3.connect(f"file:{daemon.folder}/state/journal.sqlite?mode=ro", uri=True) as database:
        return [row[0] for row in database.execute("SELECT raw FROM revocation_attempt ORDER BY revocation, position")]


def test_an_unlock_while_it_is_under_way_disables_nothing_twice(pair):
    daemon, revoker = pair
    key = daemon.get("/v1/key").json
    assert daemon.post("/v1/lock").status == 200
    owner, second = nonces(daemon, revoker)
    daemon.chain.rpc("dev_pauseMining")
    try:
        assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"]}).status == 202
        eventually("it is signed and on disk", lambda: revocations(daemon))
        assert daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200
    finally:
        daemon.chain.rpc("dev_resumeMining")
    eventually("it is dead", lambda: not is_active(daemon, key))
    daemon.settle()
    assert nonces(daemon, revoker)[1] == second + 1
    kinds = [i for i in daemon.intents() if i["kind"] == "disable"]
    assert all(i["state"] == "confirmed" and not i["attempts"] for i in kinds), "the owner sent no disable"
    assert alarms(daemon) == {}


def test_what_it_lacks_is_an_alarm(farm):  # noqa: F811
    daemon = farm.make(poll_interval="200ms")
    revoker = Revoker(daemon, fund=0)
    daemon.configure(revoker=revoker.settings)
    daemon.start()
    key = daemon.wait_for_key()
    daemon.settle()
    assert daemon.post("/v1/lock").status == 200
    assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"]}).status == 202
    message = eventually("nobody appointed it", lambda: alarms(daemon).get("revoker_unusable"))
    assert "nobody" in message and f"orakey revoker set {revoker.address}" in message
    # Appointed behind its back, by the owner with another program.
    daemon.contract.transact(Account.from_key(daemon.private_key), "setRevoker", revoker.address)
    eventually("it has no funds", lambda: "send funds" in alarms(daemon).get("revoker_unusable", ""))
    assert is_active(daemon, key)
    daemon.fund(revoker.address)
    eventually("it is dead", lambda: not is_active(daemon, key))
    eventually("the alarm is over", lambda: "revoker_unusable" not in alarms(daemon))


def test_a_reorg_takes_it_back_and_it_goes_out_again(own_chain, bin_dir, private_dir, request):
    """The transaction is gone with its block, from the mempool as well: the same nonce carries the next attempt."""
    own_farm = Farm(bin_dir, private_dir, own_chain, ApiKeys.deploy(own_chain))
    request.addfinalizer(own_farm.stop)
    daemon = own_farm.make(poll_interval="200ms", confirmations=20, fees={"resubmit_after": "1s"})
    revoker = Revoker(daemon)
    daemon.configure(revoker=revoker.settings)
    with mined_every(own_chain, 0.05):
        daemon.start()
        key = daemon.wait_for_key()
        daemon.contract.transact(Account.from_key(daemon.private_key), "setRevoker", revoker.address)
        assert daemon.post("/v1/lock").status == 200
        assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"]}).status == 202
        eventually("it is in a block", lambda: revocations(daemon) and revocations(daemon)[-1][1] == "mined")
        own_chain.rpc("dev_pauseMining")
        [gone] = hashes(daemon)
        depth = own_chain.web3.eth.block_number - own_chain.web3.eth.get_transaction_receipt(gone)["blockNumber"] + 1
        own_chain.rpc("dev_reorg", depth, {"lose": [gone], "length": depth + 1})
        own_chain.rpc("dev_resumeMining")
        assert is_active(daemon, key)
        eventually("it is dead for good", lambda: revocations(daemon)[-1][1] == "done")
        assert not is_active(daemon, key)
        assert len(revocations(daemon)) == 1 and nonces(daemon, revoker)[1] == 1, "one nonce, whatever it took"
        disables_end(daemon)
        assert daemon.stop() == 0


def hashes(daemon) -> list[str]:
    with sqlite3.connect(f"file:{daemon.folder}/state/journal.sqlite?mode=ro", uri=True) as database:
        return ["0x" + row[0].hex() for row in database.execute("SELECT hash FROM revocation_attempt")]


def test_how_it_may_not_be_set_up(farm):  # noqa: F811
    daemon = farm.make()
    revoker = Revoker(daemon)
    daemon.configure(revoker={"keystore": str(daemon.wallet)})
    run = daemon.fails()
    assert run.returncode == 78 and "needs one of its own" in run.stderr
    revoker.passphrase.write_text("wrong\n")
    daemon.configure(revoker=revoker.settings)
    run = daemon.fails()
    assert run.returncode == 77 and "passphrase" in run.stderr
    revoker.passphrase.chmod(0o644)
    assert daemon.fails().returncode == 77
    # Without any source of a passphrase the service runs, and says so.
    daemon.configure(revoker={"keystore": str(revoker.wallet)})
    daemon.start()
    assert "the revoker's wallet stays closed" in daemon.log_text()
    assert daemon.post("/v1/reload").status == 200
    daemon.configure()
    answer = daemon.post("/v1/reload")
    assert answer.status == 409 and "restart" in answer.json["error"]["message"]


# What operators are told.

def told(daemon) -> dict[str, dict]:
    """What orakey doctor says of the revoker, by subject."""
    run = daemon.orakey("doctor", "--config", daemon.config, "--json", check=False)
    return {row["subject"]: row for row in json.loads(run.stdout)["findings"] if "revoker" in row["subject"]}


def test_status_and_doctor_tell_of_it(pair):
    daemon, revoker = pair
    assert json.loads(daemon.orakey("status", "--json").stdout)["revoker"] == revoker.address
    assert f"revoker {revoker.address}, open\n" in daemon.orakey("status").stdout
    rows = told(daemon)
    assert set(rows) == {"revoker", "revoker on BASE", "money of the revoker on BASE"}
    assert {row["state"] for row in rows.values()} == {"ok"}, rows


def test_doctor_knows_what_a_revoker_lacks(farm):  # noqa: F811
    daemon = farm.make()
    revoker = Revoker(daemon, fund=0)
    daemon.configure(revoker=revoker.settings)
    daemon.start()
    rows = told(daemon)
    assert (rows["revoker"]["state"], rows["revoker on BASE"]["state"]) == ("ok", "failure")
    assert rows["revoker on BASE"]["mend"] == f"orakey revoker set {revoker.address} --network BASE"
    assert rows["money of the revoker on BASE"]["mend"] == "send it some ETH"
    daemon.stop()

    daemon.configure(revoker={"keystore": str(revoker.wallet)})
    daemon.start()
    assert json.loads(daemon.orakey("status", "--json").stdout)["revoker"] is None
    [row] = told(daemon).values()
    assert row["state"] == "failure" and "closed" in row["detail"] and "revoker-passphrase" in row["mend"]

    revoker.wallet.chmod(0o644)
    assert told(daemon)["revoker"]["mend"] == f"chmod 600 {revoker.wallet}"
