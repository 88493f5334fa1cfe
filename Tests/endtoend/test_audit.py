"""The audit of the real daemon: what it records when, and that plain edits of its rows are found."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess

import pytest
from support.daemon import ask, eventually
from support.quick import CONSUMER_A, STRANGER, curl_as, farm, needs_root, world  # noqa: F401 (fixtures)


def records(daemon) -> list[dict]:
    """All of them, oldest first, through the control socket."""
    found, after = [], 0
    while True:
        page = daemon.control_get(f"/v1/audit?after={after}&limit=1000")
        found += page["records"]
        if page["next"] is None:
            return found
        after = page["next"]


def events(daemon, name: str) -> list[dict]:
    return [r for r in records(daemon) if r["event"] == name]


def verify(daemon, *arguments) -> tuple[int, dict]:
    run = daemon.orakey(
        "audit", "verify", "--config", daemon.config, "--state-dir", daemon.folder / "state", "--passphrase-file",
        daemon.passphrase, "--json", *arguments, check=False)
    assert run.returncode in (0, 1), run
    return run.returncode, json.loads(run.stdout)


def problems(daemon) -> list[str]:
    status, report = verify(daemon, "--offline")
    assert (status == 0) == report["intact"] == (not report["problems"])
    return report["problems"]


@contextlib.contextmanager
def edited(daemon):
    """A copy of the state to edit with sqlite3 while the daemon is down; the original comes back."""
    state = daemon.folder / "state"
    kept = daemon.folder / "kept"
    shutil.copytree(state, kept)
    database = sqlite3.connect(state / "journal.sqlite", isolation_level=None)
    try:
        yield database
    finally:
        database.close()
        shutil.rmtree(state)
        kept.rename(state)


@pytest.fixture(scope="module")
def finished(bin_dir, world):  # noqa: F811
    """A daemon that has done something of everything, and is down."""
    import pathlib
    import tempfile

    from support.quick import Farm

    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    own = Farm(bin_dir, folder, world.chain, world.contract)
    daemon = own.make(pool={"target": 1})
    daemon.start(unlocked=False)
    daemon.post("/v1/unlock", b"wrong", headers={"Content-Type": "application/octet-stream"})
    daemon.kill()
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    assert daemon.post("/v1/rotate?wait=confirmed", {"grace_seconds": 0}).status == 200
    daemon.wait_for_key()
    assert daemon.post("/v1/lock").status == 200
    assert daemon.stop() == 0
    yield daemon
    shutil.rmtree(folder, ignore_errors=True)


def test_what_is_recorded(farm):  # noqa: F811
    daemon = farm.make(pool={"target": 1})
    daemon.start(unlocked=False)
    answer = daemon.post("/v1/unlock", b"wrong", headers={"Content-Type": "application/octet-stream"})
    assert answer.status == 403
    refused = events(daemon, "unlock_refused")[0]
    assert refused["details"]["by"] == {"uid": os.geteuid(), "pid": os.getpid()} and not refused["sealed"]
    eventually("the delay after the failure is over", lambda: daemon.orakey(
        "unlock", "--passphrase-file", daemon.passphrase, check=False).returncode == 0)
    assert events(daemon, "unlocked")[0]["sealed"]

    first = daemon.wait_for_key()
    handed = events(daemon, "handed_out")
    assert [h["details"]["fingerprint"] for h in handed] == [first["fingerprint"]], "before the reply, once"
    assert handed[0]["details"]["uid"] == os.geteuid() and handed[0]["details"]["pid"] == os.getpid()
    for _ in range(5):
        assert daemon.get("/v1/key").json["key"] == first["key"]
    repeats = eventually("the repeats are summed up", lambda: events(daemon, "repeated"))
    eventually("all of them", lambda: sum(
        key["count"] for r in events(daemon, "repeated") for key in r["details"]["keys"]) == 5)
    assert repeats[0]["details"]["keys"][0]["consumer"] == "default"
    assert len(events(daemon, "handed_out")) == 1

    # Another process has a record of its own.
    assert json.loads(daemon.orakey("get", "--json").stdout)["key"] == first["key"]
    assert len(events(daemon, "handed_out")) == 2

    eventually("the pool has a key", lambda: daemon.status()["pool"]["ready"] == 1)
    before = records(daemon)[-1]["sequence"]
    assert daemon.post("/v1/rotate", {"grace_seconds": 600}).status == 202
    last = [r for r in records(daemon) if r["sequence"] > before and "by" in r["details"]]
    assert {r["event"] for r in last} >= {"assigned", "retired"}, "on disk before the reply"
    assert all(r["details"]["by"]["pid"] == os.getpid() for r in last)
    second = daemon.wait_for_key()
    assert second["key"] != first["key"]
    assert events(daemon, "handed_out")[-1]["details"]["fingerprint"] == second["fingerprint"]

    assert daemon.post("/v1/revoke", {"fingerprint": second["fingerprint"], "reason": "a \"leak\""}).status == 202
    revoked = [r["details"] for r in records(daemon) if r["event"] == "revoked"][-1]
    assert revoked["fingerprint"] == second["fingerprint"] and revoked["reason"] == "a \"leak\""
    assert daemon.post("/v1/reload").status == 200
    assert records(daemon)[-1]["event"] == "reloaded"
    daemon.config.write_text("{}")
    assert daemon.post("/v1/reload").status == 409
    assert events(daemon, "reload_refused")
    daemon.configure()
    assert daemon.post("/v1/lock").status == 200
    assert records(daemon)[-1]["event"] == "locked" and records(daemon)[-1]["sealed"], "the run's key outlives the lock"
    assert events(daemon, "anchor"), "settled blocks are in the chain"
    texts = json.dumps(records(daemon))
    for secret in (first["key"], second["key"]):
        assert secret not in texts and secret[5:] not in texts
    status, report = verify(daemon)
    assert status == 0 and report["problems"] == [] and report["unsealed"] == 0
    assert report["blocks_checked"] >= 1 and report["blocks_not_checked"] == 0

    listed = daemon.orakey("audit", "--limit", "1000").stdout
    assert "handed_out" in listed and "NUMBER" in listed
    assert json.loads(daemon.orakey("audit", "--after", "1", "--limit", "1", "--json").stdout)["records"][0]["sequence"] == 2
    newest = json.loads(daemon.orakey("audit", "--limit", "2", "--json").stdout)["records"]
    assert newest[0]["sequence"] == newest[1]["sequence"] + 1
    assert ask(daemon.control, "GET", "/v1/audit?after=1&before=2").status == 400
    assert daemon.stop() == 0
    status, report = verify(daemon)
    assert status == 0, report


@needs_root
def test_denials_have_a_reason_and_are_rate_limited(farm):  # noqa: F811
    daemon = farm.make()
    daemon.consumers = [{"name": "app", "match": {"uid": CONSUMER_A, "gid": 60_000}}]
    daemon.configure()
    daemon.folder.parent.chmod(0o711)
    daemon.folder.chmod(0o711)
    daemon.start()
    for _ in range(20):
        assert curl_as(STRANGER, daemon.agent, "/v1/key")[0] == 403
        assert curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 403
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.folder / "state" / "journal.sqlite")) as database:
        bodies = [json.loads(b) for (b,) in database.execute("SELECT body FROM audit ORDER BY sequence")]
    denied = [d for b in bodies if b["event"] == "denied" for d in b["requests"]]
    assert {(d["uid"], d["reason"]) for d in denied} == {
        (STRANGER, "no consumer for this user"), (CONSUMER_A, "app: not in the group")}
    assert len(denied) == 2, "one record for each, with a count"
    assert all(1 <= d["count"] <= 20 for d in denied)


@needs_root
def test_whoever_gets_past_the_control_sockets_mode_is_recorded(farm):  # noqa: F811
    daemon = farm.make()
    daemon.folder.parent.chmod(0o711)
    daemon.folder.chmod(0o711)
    daemon.start(unlocked=False)
    daemon.control.chmod(0o666)
    assert curl_as(STRANGER, daemon.control, "/v1/status")[0] == 403
    eventually("it is recorded", lambda: [
        (d["uid"], d["reason"]) for r in events(daemon, "denied") for d in r["details"]["requests"]
    ] == [(STRANGER, "no operator on the control socket")])


def test_an_intact_audit(finished):
    status, report = verify(finished)
    assert status == 0 and report["problems"] == [] and report["blocks_checked"] >= 1
    text = finished.orakey(
        "audit", "verify", "--config", finished.config, "--state-dir", finished.folder / "state", "--passphrase-file",
        finished.passphrase).stdout
    assert "intact" in text and "checked" in text


def test_every_record_that_is_altered_is_named(finished):
    with edited(finished) as database:
        rows = database.execute("SELECT sequence, body FROM audit").fetchall()
        assert len(rows) > 10
        for number, body in rows:
            event = json.loads(body)
            event["time_ms"] += 1
            database.execute("UPDATE audit SET body = ? WHERE sequence = ?", (json.dumps(event), number))
            assert problems(finished) == [f"record {number} was altered, or stands in another's place"]
            database.execute("UPDATE audit SET body = ? WHERE sequence = ?", (body, number))
        assert problems(finished) == []


def test_other_columns_are_covered_as_well(finished):
    with edited(finished) as database:
        number = database.execute("SELECT max(sequence) - 2 FROM audit").fetchone()[0]
        for change in ("epoch = NULL", "epoch = zeroblob(32)", "code = zeroblob(32)", "body = ''", "body = body || ' '"):
            database.execute("BEGIN")
            database.execute(f"UPDATE audit SET {change} WHERE sequence = {number}")
            database.execute("COMMIT")
            assert any(f"record {number} " in p for p in problems(finished)), change
            kept = sqlite3.connect(finished.folder / "kept" / "journal.sqlite")
            row = kept.execute("SELECT epoch, body, code FROM audit WHERE sequence = ?", (number,)).fetchone()
            kept.close()
            database.execute("UPDATE audit SET epoch = ?, body = ?, code = ? WHERE sequence = ?", (*row, number))
        assert problems(finished) == []


def test_every_record_that_is_missing_is_named(finished):
    with edited(finished) as database:
        rows = database.execute("SELECT sequence, epoch, body, code FROM audit").fetchall()
        for number, *rest in rows:
            database.execute("DELETE FROM audit WHERE sequence = ?", (number,))
            found = problems(finished)
            if number == 1:
                assert found == ["the records before 2 are missing"]
            elif number == len(rows):
                assert found[0] == f"the end was cut off: the last record is {number - 1}, the head says {number}"
            else:
                assert found == [f"record {number} is missing"]
            database.execute("INSERT INTO audit (sequence, epoch, body, code) VALUES (?, ?, ?, ?)", (number, *rest))
        assert problems(finished) == []


def test_records_in_another_order_are_named(finished):
    with edited(finished) as database:
        last = database.execute("SELECT max(sequence) FROM audit").fetchone()[0]
        database.execute(f"UPDATE audit SET sequence = -1 WHERE sequence = {last - 1}")
        database.execute(f"UPDATE audit SET sequence = {last - 1} WHERE sequence = {last}")
        database.execute(f"UPDATE audit SET sequence = {last} WHERE sequence = -1")
        assert any(f"record {last - 1} was altered" in p for p in problems(finished))


@pytest.mark.parametrize("head", ["kept", "fitted", "fitted without its seal", "deleted"])
def test_a_tail_that_is_cut_off_is_found(finished, head):
    with edited(finished) as database:
        last = database.execute("SELECT max(sequence) FROM audit").fetchone()[0]
        database.execute(f"DELETE FROM audit WHERE sequence > {last - 3}")
        fit = f"UPDATE audit_head SET sequence = {last - 3}, code = (SELECT code FROM audit WHERE sequence = {last - 3})"
        match head:
            case "fitted": database.execute(fit)
            case "fitted without its seal":
                database.execute(fit + ", sealed_sequence = NULL, sealed_code = NULL, sealed_epoch = NULL")
            case "deleted": database.execute("DELETE FROM audit_head")
        found = problems(finished)
        assert any("cut off" in p or "the head is missing" in p for p in found), found


def test_the_whole_audit_removed(finished):
    with edited(finished) as database:
        database.execute("DELETE FROM audit")
        assert any("cut off" in p for p in problems(finished))
        database.execute("DELETE FROM audit_head")
        run = finished.orakey(
            "audit", "verify", "--config", finished.config, "--state-dir", finished.folder / "state", "--offline",
            "--passphrase-file", finished.passphrase, check=False)
        assert run.returncode == 1 and "there is no audit" in run.stderr


def test_an_older_copy_of_the_whole_state_is_found_by_a_noted_record(finished):
    state = finished.folder / "state"
    number, code = verify(finished, "--offline")[1]["last"], verify(finished, "--offline")[1]["code"]
    old = finished.folder / "old"
    shutil.copytree(state, old)
    finished.start()
    finished.wait_for_key()
    assert finished.stop() == 0
    report = verify(finished, "--offline", "--contains", f"{number}:{code}")[1]
    assert report["intact"] and report["last"] > number
    later = f"{report['last']}:{report['code']}"
    assert verify(finished, "--offline", "--contains", later)[0] == 0
    newer = finished.folder / "newer"
    state.rename(newer)
    shutil.copytree(old, state)
    assert verify(finished, "--offline")[0] == 0, "an older copy is in order by itself"
    status, report = verify(finished, "--offline", "--contains", later)
    assert status == 1 and "is not the one it is said to be" in report["problems"][0]
    shutil.rmtree(state)
    newer.rename(state)


def test_another_wallet_says_so(finished, farm):  # noqa: F811
    stranger = farm.make()
    run = finished.orakey(
        "audit", "verify", "--config", stranger.config, "--state-dir", finished.folder / "state", "--offline",
        "--passphrase-file", stranger.passphrase, check=False)
    assert run.returncode == 1 and "is it the right one?" in run.stderr


def test_a_block_that_the_chain_does_not_have_is_found(finished):
    """A record of an anchor made with the wallet's key, on a chain that has another block there."""
    run = verify(finished)
    assert run[1]["blocks_checked"] >= 1
    with contextlib.closing(sqlite3.connect(finished.folder / "state" / "journal.sqlite")) as database:
        anchors = [json.loads(b) for (b,) in database.execute("SELECT body FROM audit") if '"anchor"' in b]
    assert all(finished.chain.web3.eth.get_block(a["block"])["hash"].to_0x_hex() == a["hash"] for a in anchors)


def test_kill_9_is_no_tampering(farm):  # noqa: F811
    daemon = farm.make(pool={"target": 2})
    for number in range(6):
        daemon.start(unlocked=number % 3 != 2)
        if number % 3 != 2:
            daemon.wait_for_key()
            for _ in range(20):
                daemon.get("/v1/key")
            daemon.post("/v1/rotate", {"grace_seconds": 0})
        daemon.kill()
        status, report = verify(daemon, "--offline")
        assert status == 0, report
    assert verify(daemon)[0] == 0


@needs_root
def test_without_a_writable_audit_no_key(farm):  # noqa: F811
    """On a disk that is full; with audit.required: false hand-out goes on."""
    daemon = farm.make()
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", state], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.decode()}")
    try:
        for required in (True, False):
            daemon.configure(audit={"required": required})
            daemon.start()
            daemon.wait_for_key()
            daemon.settle()
            with (state / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"\0" * 4096):
                    pass
            run = daemon.orakey("get", check=False)
            if required:
                assert run.returncode == 75 and "audit" in run.stderr, run
                health = daemon.get("/v1/health")
                assert health.status == 503 and health.json["status"] == "audit_unavailable"
                assert daemon.get("/v1/key").json["error"]["code"] == "audit_unavailable"
            else:
                assert run.returncode == 0, run
            (state / "filler").unlink()
            eventually("keys are handed out", lambda: daemon.orakey("get", check=False).returncode == 0)
            eventually("health is good", lambda: daemon.get("/v1/health").status == 200)
            assert daemon.stop() == 0
            assert verify(daemon)[0] == 0
    finally:
        if daemon.process.poll() is None:
            daemon.stop()
        subprocess.run(["umount", "--lazy", state], check=True)


def test_a_watcher_has_its_records_too(farm):  # noqa: F811
    daemon = farm.make(pool={"target": 1})
    daemon.start()
    daemon.wait_for_key()
    eventually("the pool has a key", lambda: daemon.status()["pool"]["ready"] == 1)
    watch = subprocess.Popen(
        ["curl", "-sN", "--unix-socket", daemon.agent, "http://localhost/v1/watch"], stdout=subprocess.PIPE, text=True)
    with watch:
        try:
            assert watch.stdout.readline() == "event: key\n"
            watch.stdout.readline(), watch.stdout.readline()
            assert daemon.post("/v1/rotate", {"grace_seconds": 600}).status == 202
            assert watch.stdout.readline() == "event: key\n"
            new = json.loads(watch.stdout.readline().removeprefix("data: "))["fingerprint"]
        finally:
            watch.kill()
    handed = [r["details"] for r in events(daemon, "handed_out") if r["details"]["pid"] == watch.pid]
    assert len(handed) == 2 and handed[1]["fingerprint"] == new
