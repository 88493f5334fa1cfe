"""orakey recover --replace, killed at each step of the exchange of the journals: one of the two is there, whole."""

import os
import shutil
import sqlite3
import subprocess

from crash.harness import Board, chain_keys, compile_shim
from crash.test_reorgs import begin  # noqa: F401
from support.daemon import eventually

NEW, OLD = {"recovered", "disabled"}, {"pooled", "current", "disabled"}


def recover(w, board, shim, points):
    """Ends by itself, or by a kill."""
    daemon = w.daemon
    command = [daemon.programs / "orakey", "recover", "--replace", "--config", daemon.config, "--state-dir",
               daemon.folder / "state", "--passphrase-file", daemon.passphrase]
    run = subprocess.run(
        [str(a) for a in command], capture_output=True, text=True, timeout=60,
        env=daemon.env | {"LD_PRELOAD": str(shim), "KILLPOINT_BOARD": str(board.path), "KILLPOINT_LOG": str(points)})
    return run.returncode, run.stderr


def test_killed_while_the_journals_are_exchanged(begin, tmp_path):  # noqa: F811
    shim, board, points = compile_shim(tmp_path), Board(tmp_path / "board"), tmp_path / "points"
    with begin() as w:
        w.post("/v1/rotate", grace_seconds=0)
        w.settle()
        w.mine(6)
        fingerprints = {k["message"]: k["fingerprint"] for k in w.daemon.keys()}
        on_chain = chain_keys(w.contract, w.owner)
        # Killed as well: the old journal is a database and a log that belong together.
        w.daemon.kill()
        state, saved = w.daemon.folder / "state", tmp_path / "saved"
        assert (state / "journal.sqlite-wal").stat().st_size > 0
        shutil.copytree(state, saved)

        def once(kill_at):
            shutil.rmtree(state)
            shutil.copytree(saved, state)
            board.reset(kill_at)
            points.write_bytes(b"")
            board.arm(True)
            ended = recover(w, board, shim, points)
            board.arm(False)
            return ended

        code, said = once(0)
        assert code == 0, said
        names = [line.split(" ", 1)[1] for line in points.read_text().splitlines()]
        ready = next(n for n, name in enumerate(names, 1) if name == "before-rename:journal.sqlite.new")
        assert {"before-link:journal.sqlite-wal", "before-rename:journal.sqlite", "before-unlink:journal.sqlite-wal",
                "before-rename:journal.sqlite.ready"} <= set(names[ready:])
        seen = set()
        for number in range(ready, len(names) + 1):
            assert once(number)[0] == -9
            # A second recovery may be what comes next, and be killed in the same way.
            if number % 2:
                board.reset("before-rename:journal.sqlite.ready")
                board.arm(True)
                assert recover(w, board, shim, points)[0] == -9
                board.arm(False)
            w.daemon.start()
            eventually("the chain has been looked at", lambda: w.daemon.status()["head"] is not None)
            assert not w.daemon.alarms(), (names[number - 1], w.daemon.alarms())
            assert {k["message"]: k["fingerprint"] for k in w.daemon.keys()} == fingerprints
            states = {k["message"]: k["state"] for k in w.daemon.keys()}
            assert {m: s != "disabled" for m, s in states.items()} == on_chain
            assert set(states.values()) <= NEW or set(states.values()) <= OLD, states
            seen.add("recovered" in states.values())
            w.daemon.kill()
            assert not list(state.glob("*.ready*"))
            if "recovered" in states.values():
                is_whole(state, "replaced")
        assert seen == {False, True}, "before the exchange the old one, afterwards the new one"


def is_whole(state, name):
    """The old journal was kept with its log: what the log alone held is still there."""
    for path in state.glob(f"journal.sqlite.{name}*"):
        if path.name.endswith(("-wal", "-shm")):
            continue
        with sqlite3.connect(path) as db:
            states = {row[0] for row in db.execute("SELECT state FROM key")}
        assert states & {"current", "recovered"}, path.name
    assert os.listdir(state)
