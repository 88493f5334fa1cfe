"""More connections than anyone needs: others are served meanwhile, and the memory comes back."""

import json
import os
import pathlib
import resource
import socket

import pytest
from support.daemon import ask, eventually
from support.quick import CONSUMER_A, curl_as, farm, needs_root, world  # noqa: F401

CONNECTIONS = 10_000
SPARE = 500
# The control socket and the rest of the daemon have their share (Sources/OrakeyServer/HTTP/DescriptorLimit.swift).
FILES = CONNECTIONS + SPARE + 1024
PLAIN = b"GET /v1/key HTTP/1.1\r\nHost: localhost\r\n\r\n"
PARSED = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGUN = b"GET /v1/key HTTP/1.1\r\nX: "


@pytest.fixture
def many_files():
    """Room for as many descriptors as the test holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"the hard limit of open files is {hard}, the daemon needs {FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def anonymous_megabytes(daemon) -> float:
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def dial(daemon) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # A connect that waits for its turn in the queue: one with a timeout would be turned away.
    connection.connect(str(daemon.agent))
    connection.settimeout(30)
    return connection


def is_served(connection, request: bytes) -> bool:
    try:
        connection.sendall(request)
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except (BrokenPipeError, ConnectionResetError):
        return False


def files(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


@pytest.mark.parametrize("what", [PLAIN, PARSED, BEGUN], ids=["plain", "parsed", "begun and never ended"])
def test_ten_thousand_connections(farm, many_files, what):  # noqa: F811
    daemon = farm.make()
    daemon.configure(limits={"connections_per_uid": CONNECTIONS + SPARE, "idle_timeout": "60s"})
    daemon.start("--log-level", "warning")
    daemon.wait_for_key()
    idle_files, before = files(daemon), anonymous_megabytes(daemon)
    held = []
    for number in range(CONNECTIONS):
        held.append(dial(daemon))
        if what is BEGUN:
            held[-1].sendall(BEGUN)
        elif number % 100 == 0:
            assert is_served(held[-1], what)
    eventually("all are accepted", lambda: files(daemon) > CONNECTIONS)
    busy = anonymous_megabytes(daemon)
    assert daemon.get("/v1/key").status == 200, "one more is served"
    assert ask(daemon.control, "GET", "/v1/status").status == 200
    if what is not BEGUN:
        assert is_served(held[CONNECTIONS // 2], what)
    for connection in held:
        connection.close()
    eventually("all are forgotten", lambda: files(daemon) <= idle_files + 2)
    eventually("the memory comes back", lambda: anonymous_megabytes(daemon) < before + (busy - before) / 4)
    after = anonymous_megabytes(daemon)
    print(f"RssAnon before {before:.1f}, with {CONNECTIONS} connections {busy:.1f}, after {after:.1f} MB")
    assert not json.loads(ask(daemon.control, "GET", "/v1/status").body)["networks"][0]["alarms"]


@needs_root
def test_the_rest_of_the_world_is_served_while_one_user_floods(farm):  # noqa: F811
    daemon = farm.make()
    daemon.consumers = [{"name": "app", "match": {"uid": [CONSUMER_A, os.geteuid()]}}]
    daemon.configure()
    for folder in (daemon.folder.parent, daemon.folder):
        folder.chmod(0o711)
    daemon.start("--log-level", "warning")
    daemon.wait_for_key()
    held = []
    for _ in range(600):
        held.append(dial(daemon))
        held[-1].sendall(BEGUN)
    assert curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 200
    for connection in held:
        connection.close()
