"""Watchers that come and go."""

import pathlib

from support.daemon import eventually
from support.quick import farm, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request

KIB_THAT_MAY_STAY = 3 * 1024


def anonymous_kib(pid: int) -> int:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def test_a_watcher_that_leaves_at_once_leaves_nothing(farm):
    """Its stream begins when it has gone: nothing would end it, and each change of the key would be written for it."""
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()

    def come_and_go(times):
        for number in range(times):
            with RawConnection(daemon.agent) as watcher:
                watcher.send(request("GET", "/v1/watch"))
                if number % 2:
                    watcher.end_of_requests()
        eventually("it has seen to all of them", is_served)

    def is_served():
        try:
            return daemon.get("/v1/key").status == 200
        except OSError:
            # More of them are still being seen to than a user may have.
            return False

    come_and_go(2000)
    before = anonymous_kib(daemon.process.pid)
    come_and_go(6000)
    grown = anonymous_kib(daemon.process.pid) - before
    assert grown < KIB_THAT_MAY_STAY, f"{grown} KiB"


def test_a_watcher_of_an_old_version_gets_no_chunks(farm):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    with RawConnection(daemon.agent) as watcher:
        watcher.send("GET /v1/watch HTTP/1.0\r\n\r\n")
        _, headers, _ = watcher.answer()
        assert headers["connection"] == "close" and "transfer-encoding" not in headers
        assert daemon.post("/v1/lock").status == 200
        while b"event: locked" not in watcher.received:
            watcher.received += watcher.socket.recv(4096)
        assert watcher.received.startswith(b"event: key\ndata: {") and watcher.received.endswith(b"event: locked\ndata: {}\n\n")
