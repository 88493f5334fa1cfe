"""What only people on a terminal see: colours, progress, and what becomes of a command when it hangs up."""

import os
import pty

import pytest
from support.places import binaries

from .conftest import type_into
from .scripted_daemon import Answer

ACCEPTED = {"intents": [], "fingerprints": ["SHA256:0123456789abcdef"]}
STATUS = {"version": "0.1.0", "uptime_seconds": 1, "state": "locked", "consumers": [], "networks": []}


def on_terminal(shell, *arguments) -> str:
    code, seen = type_into(shell, [binaries() / "orakey", *arguments], {})
    assert code == 0, seen
    return seen


def test_colours_on_a_terminal_only(shell, daemon):
    daemon.script["GET", "/v1/status"] = Answer(body=STATUS)
    assert "\x1b[33mlocked" in on_terminal(shell, "status")
    assert "\x1b" not in shell.orakey("status").out


@pytest.mark.parametrize("value, coloured", [("1", False), ("", True)])
def test_no_color(shell, daemon, value, coloured):
    daemon.script["GET", "/v1/status"] = Answer(body=STATUS)
    shell.environment["NO_COLOR"] = value
    assert ("\x1b[33m" in on_terminal(shell, "status")) == coloured


def test_progress_counts_blocks_on_a_terminal(shell, daemon):
    network = {
        "network": "BASE", "chain_id": 1, "contract": None, "owner": None, "head": 7, "head_age_seconds": None,
        "lag_blocks": None, "balance": None, "pool": {"ready": 0, "target": 0, "pending": 0}, "pending_intents": 1,
        "alarms": [], "endpoints": []}
    daemon.script["GET", "/v1/status"] = [
        Answer(body={**STATUS, "networks": [{**network, "head": head}]}) for head in (7, 8, 10)]
    daemon.script["POST", "/v1/keys"] = [Answer(202, ACCEPTED)] * 3 + [Answer(200, ACCEPTED)]
    seen = on_terminal(shell, "keys", "create")
    assert "waiting for the chain, 1 block, " in seen and "waiting for the chain, 3 blocks, " in seen
    assert seen.rstrip().endswith("1 key created on chain")


def test_no_progress_for_a_pipe(shell, daemon):
    daemon.script["POST", "/v1/keys"] = [Answer(202, ACCEPTED), Answer(200, ACCEPTED)]
    done = shell.orakey("keys", "create")
    assert done.err == "orakey: 1 key created on chain\n"
    assert daemon.calls("/v1/status") == []


@pytest.mark.parametrize("on_rotate", ["ignore", "restart"])
def test_a_terminal_that_hangs_up_ends_the_command_of_exec(shell, daemon, on_rotate):
    """As in a window of its own: the kernel tells the leader of the session alone, which exec is."""
    daemon.script["GET", "/v1/key"] = Answer(body=b"BASE:key\n", content_type="text/plain")
    command = [binaries() / "orakey", "exec", "--on-rotate", on_rotate, "--", "sh", "-c",
               "trap 'exit 9' HUP; echo ready; while :; do sleep 0.1; done"]
    process, terminal = pty.fork()
    if process == 0:
        os.execve(command[0], command, shell.environment)
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9
