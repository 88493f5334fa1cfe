"""Journals that are damaged, newer, another program's or another deployment's, or can't be written."""

import sqlite3

import pytest
from support.daemon import eventually
from support.errors import one_line, told
from support.quick import chainless, farm, world  # noqa: F401 (fixtures)

BAD_DATA, CONFIGURATION = 65, 78


def test_a_journal_of_a_newer_program(chainless):
    daemon = chainless.make()
    daemon.start()
    assert daemon.stop() == 0
    journal = daemon.folder / "state" / "journal.sqlite"
    change(journal, "PRAGMA user_version = 1000")
    before = journal.read_bytes()
    daemon.start()
    eventually("the alarm says so", lambda: "journal_newer" in daemon.alarms())
    alarm = next(a for a in daemon.status()["alarms"] if a["code"] == "journal_newer")
    assert "schema 1000" in alarm["message"] and str(journal) in alarm["message"]
    assert daemon.get("/v1/key").status != 200
    assert daemon.stop() == 0
    assert journal.read_bytes() == before


def test_a_database_of_another_program(chainless):
    daemon = chainless.make()
    state = daemon.folder / "state"
    state.mkdir(mode=0o700)
    change(state / "journal.sqlite", "CREATE TABLE cats (name TEXT)")
    run = daemon.fails()
    assert run.returncode == BAD_DATA and "not a journal" in one_line(run)


def change(path, sql: str):
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", ["no database", "a page", "the beginning only"])
def test_a_corrupt_journal_is_set_aside(farm, damage):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    assert daemon.stop() == 0
    journal = daemon.folder / "state" / "journal.sqlite"
    content = bytearray(journal.read_bytes())
    match damage:
        case "no database": content = bytearray(b"this is no database, but long enough to be looked at. " * 100)
        case "a page": content[4096:4096 + 2048] = b"\xff" * 2048
        case "the beginning only": del content[6000:]
    journal.write_bytes(content)
    daemon.start()
    eventually("the alarm says so", lambda: "journal_corrupt" in daemon.alarms())
    aside = journal.with_name("journal.sqlite.corrupt")
    assert aside.read_bytes() == content
    assert daemon.wait_for_key()["generation"] == 1, "a fresh start"


def test_a_journal_that_cannot_be_written(farm):
    """Whoever revokes must know that it is not on disk; the key is out of circulation all the same."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    other = sqlite3.connect(daemon.folder / "state" / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = daemon.post("/v1/revoke", {"consumer": "default"})
    assert told(answer)[:2] == (503, "journal_unavailable") and "journal" in told(answer)[2]
    assert told(daemon.get("/v1/key"))[:2] == (503, "no_key")
    assert "journal_failed" in daemon.alarms()
    other.execute("ROLLBACK")
    other.close()
    assert daemon.post("/v1/revoke", {"consumer": "default"}).status == 202
    eventually("the alarm is over", lambda: "journal_failed" not in daemon.alarms())
    daemon.wait_for_key()


@pytest.mark.parametrize("what,words", [("contract", "another"), ("chain_id", "another"), ("wallet", "another state directory")])
def test_a_journal_of_another_deployment(farm, keys_on, what, words):
    """The configuration changed under a journal: its keys would be taken for keys of the new place."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.stop()
    match what:
        case "contract": daemon.contract = keys_on(farm.chain)
        case "chain_id": daemon.network["chain_id"] = 8453
        case "wallet": daemon.make_wallet()
    daemon.configure()
    run = daemon.fails()
    assert run.returncode in (BAD_DATA, CONFIGURATION)
    assert words in one_line(run) and "BASE" in run.stderr
