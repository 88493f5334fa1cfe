"""Two daemons that are to have the same sockets."""

import os
import stat

from support.daemon import PASSPHRASE, eventually
from support.quick import chainless  # noqa: F401 (fixture)

IN_USE = 69


def inodes(daemon) -> list[int]:
    """Of the sockets that are there."""
    return [os.lstat(path).st_ino for path in (daemon.agent, daemon.control)
            if path.exists() and stat.S_ISSOCK(os.lstat(path).st_mode)]


def test_sockets_are_their_owners_before_anybody_listens(chainless):
    """A daemon that waits for its passphrase has bound its sockets or will: a second one must not take them meanwhile."""
    first, second = chainless.make(), chainless.make()
    second.env |= {name: first.env[name] for name in ("ORAKEY_AGENT_SOCK", "ORAKEY_CONTROL_SOCK")}
    reading, writing = os.pipe()
    first.process_options = {"pass_fds": [reading]}
    first.start("--passphrase-fd", reading, unlocked=False, wait=False)
    os.close(reading)
    eventually("the first one has its sockets", lambda: len(inodes(first)) == 2)
    before = inodes(first)
    run = second.fails(unlocked=False)
    assert run.returncode == IN_USE, run.stderr
    assert inodes(first) == before
    os.write(writing, PASSPHRASE.encode() + b"\n")
    os.close(writing)
    eventually("the first one serves", first.serves)
    assert first.control_get("/v1/status")["state"] == "unlocked"
    assert first.stop() == 0
