"""Bad states of disk, journal, contract, chain and wallet: an alarm with a name, no key lost or doubled, and a way back."""

import contextlib
import re
import sqlite3
import subprocess

import pytest
from eth_account import Account
from support.contracts import ApiKeys
from support.daemon import PASSPHRASE, ask, eventually
from support.devchain import throwaway_account
from support.quick import QuickDaemon, needs_root, world  # noqa: F401 (fixtures)

PAUSED, STUCK, SILENT, FOREIGN, BARE = 1, 2, 4, 8, 16


@pytest.fixture
def make(bin_dir, private_dir, world):  # noqa: F811
    """make(contract, settings...): a daemon on the module's chain that looks ten times a second."""
    made = []

    def build(contract=None, limits=None, **network) -> QuickDaemon:
        folder = private_dir / f"d{len(made)}"
        folder.mkdir(mode=0o700)
        settings = {"pool": {"target": 0}, "poll_interval": "100ms", **network}
        daemon = QuickDaemon(bin_dir, folder, world.chain, contract or world.contract, **settings)
        made.append(daemon)
        daemon.fund(daemon.make_wallet())
        daemon.configure(**({"limits": limits} if limits else {}))
        return daemon

    yield build
    world.chain.rpc("dev_clearFaults")
    for daemon in made:
        if daemon.process is not None:
            daemon.stop()


def alarms(daemon) -> dict[str, str]:
    return {a["code"]: a["message"] for a in daemon.status()["alarms"]}


def raised(daemon, code: str, *words: str, seconds=60) -> str:
    """Waits for an alarm, which status, metrics and log all have to show; its message."""
    def shown():
        message = alarms(daemon).get(code)
        return message if message and all(word in message for word in words) else None

    message = eventually(f"the alarm {code} says {words}", shown, seconds)
    assert re.search(rf'^orakeyd_alarm\{{[^}}]*code="{code}"\}} 1$', metrics(daemon), re.MULTILINE)
    assert f"alarm {code}: " in daemon.log_text()
    return message


def over(daemon, code: str):
    eventually(f"the alarm {code} is over", lambda: code not in alarms(daemon))
    assert re.search(rf'^orakeyd_alarm\{{[^}}]*code="{code}"\}} 0$', metrics(daemon), re.MULTILINE)
    assert f"alarm {code} is over" in daemon.log_text()


def metrics(daemon) -> str:
    return ask(daemon.control, "GET", "/metrics").body.decode()


def intent(daemon, number: int) -> dict:
    return daemon.control_get(f"/v1/intents/{number}")


def on_chain(daemon) -> int:
    return daemon.contract.view("keyCount", daemon.address)


def is_consistent(daemon):
    """Every key of the chain is in the journal, once, and dead or alive in both."""
    rows = [k for k in daemon.keys() if k["state"] != "orphaned"]
    assert len(rows) == on_chain(daemon)
    for row in rows:
        alive = daemon.contract.view("isActive", daemon.address, bytes.fromhex(row["message"][2:]))
        assert alive == (row["state"] in ("pooled", "current", "retiring", "foreign", "recovered")), row
    created = [m for i in daemon.intents() if i["kind"] == "create" for m in i["messages"]]
    assert len(created) == len(set(created))


# The journal


@contextlib.contextmanager
def own_disk(folder):
    """A file system of 8 MiB at `folder`."""
    folder.mkdir(mode=0o700)
    run = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", folder], capture_output=True)
    if run.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {run.stderr.decode()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder):
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass


@needs_root
def test_a_full_disk(make):
    daemon = make(pool={"target": 1})
    with own_disk(daemon.folder / "state") as disk:
        daemon.start()
        daemon.wait_for_key()
        eventually("the pool is full", lambda: daemon.status()["pool"]["ready"] == 1)
        daemon.settle()
        key = daemon.get("/v1/key").json
        before = on_chain(daemon)
        fill(disk)
        calls = {"/v1/keys": {"count": 2}, "/v1/revoke": {"fingerprint": key["fingerprint"]}}
        for target, body in calls.items():
            answer = daemon.post(target, body)
            assert answer.status == 503 and answer.json["error"]["code"] == "journal_unavailable", answer
        answer = daemon.get("/v1/key")
        assert answer.status == 503, "what was to be revoked is not handed out"
        message = raised(daemon, "journal_failed", "full")
        assert "chain_unreachable" not in alarms(daemon), "the chain is well"
        assert PASSPHRASE not in message
        assert on_chain(daemon) == before
        (disk / "filler").unlink()
        for target, body in calls.items():
            assert daemon.post(target, body).status == 202
        over(daemon, "journal_failed")
        assert daemon.wait_for_key()["message"] != key["message"]
        daemon.settle()
        assert daemon.keys("disabled")[0]["message"] == key["message"]
        is_consistent(daemon)
        assert daemon.stop() == 0


@needs_root
def test_a_disk_that_is_full_or_read_only_at_the_start(make):
    daemon = make()
    with own_disk(daemon.folder / "state") as disk:
        daemon.start()
        first = daemon.wait_for_key()
        daemon.settle()
        assert daemon.stop() == 0
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        run = daemon.fails()
        assert run.returncode == 73, run
        assert str(disk) in run.stderr and "ead-only" in run.stderr, run.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        fill(disk)
        daemon.start()
        raised(daemon, "journal_failed", str(journal(daemon)), "free space")
        assert daemon.get("/v1/key").status == 503
        for answer in (
            daemon.post("/v1/rotate"), daemon.post("/v1/revoke", {"fingerprint": first["fingerprint"]}),
            daemon.post("/v1/intents/1/speedup"), daemon.post("/v1/intents/1/cancel"),
        ):
            assert answer.status == 503 and answer.json["error"]["code"] == "journal_unavailable", answer
        (disk / "filler").unlink()
        over(daemon, "journal_failed")
        assert daemon.wait_for_key()["message"] == first["message"], "the same key as before"
        is_consistent(daemon)
        assert daemon.stop() == 0


def test_a_journal_that_cannot_be_read(make):
    """Somebody's hand has taken a table away; what is wrong is to be seen where one looks, and nothing is done meanwhile."""
    daemon = make(pool={"target": 1})
    daemon.start()
    key = daemon.wait_for_key()
    eventually("the pool is full", lambda: daemon.status()["pool"]["ready"] == 1)
    daemon.settle()
    before = on_chain(daemon)
    sql(daemon, "ALTER TABLE intent RENAME TO hidden")
    fingerprint = key["fingerprint"]
    for method, target, body in [
        ("GET", "/v1/intents", None), ("GET", "/v1/intents/1", None), ("POST", "/v1/keys", {"count": 1}),
        ("POST", "/v1/rotate", {"grace_seconds": 0}), ("POST", "/v1/revoke", {"fingerprint": fingerprint}),
    ]:
        answer = ask(daemon.control, method, target, body)
        assert answer.status == 503 and answer.json["error"]["code"] == "journal_unavailable", (target, answer)
    assert daemon.get("/v1/key").status == 503, "revoked means revoked"
    raised(daemon, "journal_failed", "intent")
    run = daemon.orakey("intents", "list", check=False)
    assert run.returncode == 75 and run.stderr.count("\n") == 1, run
    assert on_chain(daemon) == before
    sql(daemon, "ALTER TABLE hidden RENAME TO intent")
    over(daemon, "journal_failed")
    assert daemon.wait_for_key()["message"] != key["message"]
    daemon.settle()
    assert next(k["state"] for k in daemon.keys() if k["fingerprint"] == fingerprint) == "disabled"
    is_consistent(daemon)
    assert daemon.stop() == 0


def journal(daemon):
    return daemon.folder / "state" / "journal.sqlite"


def test_a_damaged_journal(make):
    daemon = make()
    daemon.start()
    first = daemon.wait_for_key()
    daemon.settle()
    assert daemon.stop() == 0
    good = journal(daemon).read_bytes()
    journal(daemon).write_bytes(good[:4096] + b"\xff" * (len(good) - 4096))
    daemon.start()
    raised(daemon, "journal_corrupt", "journal.sqlite.corrupt")
    assert (daemon.folder / "state" / "journal.sqlite.corrupt").read_bytes()[:4096] == good[:4096]
    second = daemon.wait_for_key()
    assert second["message"] != first["message"], "nobody knows any more who had the first key"
    states = {k["message"]: k["state"] for k in daemon.keys()}
    assert states == {first["message"]: "recovered", second["message"]: "current"}
    is_consistent(daemon)
    daemon.settle()
    assert daemon.stop() == 0
    daemon.start()
    raised(daemon, "journal_corrupt")
    daemon.orakey("acknowledge", "journal_corrupt")
    over(daemon, "journal_corrupt")


# What later versions of the journal's tables changed, undone.
DOWNGRADE = """
    ALTER TABLE attempt ADD COLUMN cancels INTEGER NOT NULL DEFAULT 0;
    UPDATE attempt SET cancels = intents = '';
    ALTER TABLE attempt DROP COLUMN intents;
    ALTER TABLE slot ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
    DROP TABLE alarm;
    DROP TABLE audit;
    DROP TABLE audit_head;
    DROP TABLE revocation;
    DROP TABLE revocation_attempt;
    ALTER TABLE consumer DROP COLUMN grace;
    CREATE TABLE old_reply (
        key TEXT PRIMARY KEY, request BLOB NOT NULL, intents TEXT NOT NULL, fingerprints TEXT NOT NULL,
        created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO old_reply SELECT key || ' ' || network, request, intents, fingerprints, created_at FROM reply;
    DROP TABLE reply;
    ALTER TABLE old_reply RENAME TO reply;
    ALTER TABLE network DROP COLUMN seen_block;
    ALTER TABLE network DROP COLUMN seen_time;
    PRAGMA user_version = 1;
"""


def test_a_journal_of_an_older_program(make):
    daemon = make(pool={"target": 2})
    daemon.start()
    first = daemon.wait_for_key()
    call = ("/v1/rotate", {"grace_seconds": 3600})
    tag = {"Idempotency-Key": "before-the-upgrade"}
    reply = daemon.post(*call, headers=tag)
    assert reply.status == 202
    eventually("the pool is full", lambda: daemon.status()["pool"]["ready"] == 2)
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(journal(daemon), isolation_level=None)) as database:
        before = database.execute("SELECT slot, position, hash, raw, intents FROM attempt ORDER BY hash").fetchall()
        database.executescript(DOWNGRADE)
    daemon.start()
    second = daemon.wait_for_key()
    assert second["generation"] == 2 and second["message"] != first["message"]
    assert daemon.post(*call, headers=tag).json == reply.json, "a repeat is one still"
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(journal(daemon), isolation_level=None)) as database:
        after = database.execute("SELECT slot, position, hash, raw, intents FROM attempt ORDER BY hash").fetchall()
        assert [row for row in after if row[2] in {b[2] for b in before}] == before
    daemon.start()
    old = next(k for k in daemon.keys("retiring"))
    assert daemon.post("/v1/revoke", {"message": old["message"]}).status == 202
    daemon.settle()
    is_consistent(daemon)


def test_a_journal_of_a_newer_program(make):
    daemon = make()
    daemon.start()
    first = daemon.wait_for_key()
    daemon.settle()
    assert daemon.stop() == 0
    before = sql(daemon, "PRAGMA user_version")
    sql(daemon, "PRAGMA user_version = 999")
    content = journal(daemon).read_bytes()
    daemon.start()
    raised(daemon, "journal_newer", "schema 999")
    answer = daemon.post("/v1/keys", {"count": 1})
    assert answer.status == 503 and answer.json["error"]["code"] == "journal_unavailable", answer
    assert "schema 999" in answer.json["error"]["message"] and "hint" not in answer.json["error"]
    assert daemon.get("/v1/key").status == 503
    assert journal(daemon).read_bytes() == content, "untouched"
    sql(daemon, f"PRAGMA user_version = {before}")
    over(daemon, "journal_newer")
    assert daemon.wait_for_key()["message"] == first["message"]


def sql(daemon, statement: str):
    database = sqlite3.connect(journal(daemon), isolation_level=None)
    try:
        row = database.execute(statement).fetchone()
        return row and row[0]
    finally:
        database.close()


# The contract


@pytest.fixture
def moody(make, world):  # noqa: F811
    """A daemon with a key, on a contract that is in whatever mood `mood(n)` says."""
    contract = ApiKeys.deploy(world.chain, "MoodyKeys")
    daemon = make(contract)
    daemon.mood = lambda mood: contract.transact(throwaway_account(2), "setMood", mood)
    daemon.start()
    daemon.first = daemon.wait_for_key()
    daemon.settle()
    return daemon


def rotate(daemon) -> int:
    answer = daemon.post("/v1/rotate", {"grace_seconds": 0})
    assert answer.status == 202, answer
    return answer.json["intents"][0]


def rotates_again(daemon, code: str):
    """The contract behaves again: the rotation comes to its end, and the alarm to its own."""
    daemon.mood(0)
    assert daemon.get("/v1/key").json["message"] == daemon.first["message"], "kept until there is a successor"
    assert daemon.post("/v1/keys", {"count": 1}).status == 202
    eventually("the rotation is done", lambda: daemon.get("/v1/key").json["message"] != daemon.first["message"])
    over(daemon, code)
    daemon.settle()
    assert daemon.contract.view("isActive", daemon.address, bytes.fromhex(daemon.first["message"][2:])) is False


@pytest.mark.parametrize("mood, words", [(PAUSED, ["paused"]), (BARE, ["refuses"])], ids=["paused", "without a reason"])
def test_a_contract_that_reverts(moody, mood, words):
    moody.mood(mood)
    created = rotate(moody)
    raised(moody, "contract_reverts", *words)
    assert intent(moody, created)["state"] == "failed"
    assert on_chain(moody) == 1
    rotates_again(moody, "contract_reverts")
    is_consistent(moody)


@pytest.mark.parametrize("mood", [PAUSED, BARE], ids=["paused", "without a reason"])
def test_a_revocation_outlives_a_contract_that_reverts(moody, mood):
    moody.mood(mood)
    revoked = moody.post("/v1/revoke", {"fingerprint": moody.first["fingerprint"]}).json["intents"][0]
    assert moody.get("/v1/key").status == 503
    raised(moody, "contract_reverts")
    assert intent(moody, revoked)["state"] == "planned"
    moody.mood(0)
    assert moody.post("/v1/keys", {"count": 1}).status == 202
    eventually("the disable is confirmed", lambda: intent(moody, revoked)["state"] == "confirmed")
    over(moody, "contract_reverts")
    assert moody.wait_for_key()["message"] != moody.first["message"]
    moody.settle()
    is_consistent(moody)


@pytest.mark.parametrize("mood", [STUCK, SILENT, FOREIGN], ids=["does not grow", "is not told", "is another deployment's"])
def test_a_message_that_is_wrong(moody, mood, world):  # noqa: F811
    moody.mood(mood)
    rotate(moody)
    raised(moody, "bad_message")
    nonce = world.chain.rpc("eth_getTransactionCount", moody.address, "latest")
    head = world.chain.head()
    eventually("twenty blocks", lambda: moody.status()["head"] > head + 20)
    assert world.chain.rpc("eth_getTransactionCount", moody.address, "latest") == nonce, "no gas for more of the same"
    assert moody.get("/v1/key").json["message"] == moody.first["message"]
    rotates_again(moody, "bad_message")
    rows = [k["message"] for k in moody.keys() if k["state"] == "current"]
    assert rows == [moody.get("/v1/key").json["message"]]


# The wallet, used by somebody else


def stranger(daemon):
    """The daemon's account, as another program would have it: exported from the wallet."""
    run = daemon.orakey(
        "wallet", "export", "--wallet", daemon.wallet, "--passphrase-file", daemon.passphrase, *EXPORT)
    secret = re.search(r"0x[0-9a-fA-F]{64}|\b[0-9a-fA-F]{64}\b", run.stdout)
    assert secret, run.stdout
    account = Account.from_key(secret[0])
    assert account.address == daemon.address
    return account


EXPORT = ("--private-key",)


def test_keys_that_somebody_else_makes_and_disables(make):
    daemon = make()
    daemon.start()
    key = daemon.wait_for_key()
    daemon.settle()
    account = stranger(daemon)
    daemon.contract.transact(account, "createKey")
    raised(daemon, "foreign_create")
    (foreign,) = daemon.keys("foreign")
    daemon.contract.transact(account, "disableKey", bytes.fromhex(key["message"][2:]))
    raised(daemon, "foreign_disable", key["message"])
    fresh = daemon.wait_for_key()
    assert fresh["message"] not in (key["message"], foreign["message"])
    daemon.settle()
    assert daemon.stop() == 0

    daemon.start()
    raised(daemon, "foreign_create")
    raised(daemon, "foreign_disable", key["message"])
    run = daemon.orakey("acknowledge", "foreign_create", check=False)
    assert run.returncode != 0 and "ends with its cause" in run.stderr
    daemon.orakey("acknowledge", "foreign_disable")
    over(daemon, "foreign_disable")
    assert daemon.get("/v1/key").json["message"] == fresh["message"]
    assert daemon.post("/v1/revoke", {"message": foreign["message"], "reason": "not ours"}).status == 202
    over(daemon, "foreign_create")
    daemon.settle()
    is_consistent(daemon)


def test_what_somebody_else_does_while_the_service_is_down(make):
    daemon = make()
    daemon.start()
    key = daemon.wait_for_key()
    daemon.settle()
    assert daemon.stop() == 0
    account = stranger(daemon)
    daemon.contract.transact(account, "createKey")
    daemon.contract.transact(account, "disableKey", bytes.fromhex(key["message"][2:]))
    daemon.start()
    raised(daemon, "foreign_create")
    raised(daemon, "foreign_disable", key["message"])
    assert daemon.wait_for_key()["message"] != key["message"]
    daemon.settle()
    is_consistent(daemon)


def test_a_shared_wallet_is_no_alarm(make):
    daemon = make(shared_wallet=True)
    daemon.start()
    key = daemon.wait_for_key()
    daemon.settle()
    account = stranger(daemon)
    daemon.contract.transact(account, "createKey")
    daemon.contract.transact(account, "disableKey", bytes.fromhex(key["message"][2:]))
    eventually("another key", lambda: daemon.wait_for_key()["message"] != key["message"])
    daemon.settle()
    assert alarms(daemon) == {}
    is_consistent(daemon)


def test_a_balance_below_the_level(make):
    daemon = make(low_balance_gwei=10**9)
    daemon.fund(daemon.address, 2 * 10**18)
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    assert alarms(daemon) == {}
    daemon.fund(daemon.address, 10**18 - 10**9)
    rotate(daemon)
    raised(daemon, "low_balance", daemon.address)
    daemon.settle()
    assert "insufficient_funds" not in alarms(daemon)
    daemon.fund(daemon.address, 2 * 10**18)
    over(daemon, "low_balance")


# The chain


def test_a_chain_not_seen_for_longer_than_allowed(make, world):  # noqa: F811
    daemon = make(limits={"max_chain_age": "1s"})
    daemon.network["rpc"] = [f"{world.chain.url}/away"]
    daemon.configure(limits={"max_chain_age": "1s"})
    daemon.start()
    key = daemon.wait_for_key()
    daemon.settle()
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"http": {"status": 503, "body": "away"}}}}, endpoint="away")
    raised(daemon, "chain_unreachable")
    eventually("refused", lambda: daemon.get("/v1/key").status == 503)
    assert daemon.get("/v1/key").json["error"]["code"] == "chain_stale"
    assert daemon.get("/v1/health").status == 503
    assert daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"]}).status == 202, "a revocation needs no chain"
    world.chain.rpc("dev_clearFaults", endpoint="away")
    over(daemon, "chain_unreachable")
    assert daemon.wait_for_key()["message"] != key["message"]
    daemon.settle()
    is_consistent(daemon)
