"""The two sockets as a border between users, each with limits and keys of their own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess

import pytest
from support.daemon import ask, eventually
from support.errors import error_of
from support.quick import (  # noqa: F401 (fixtures)
    CONSUMER_A, CONSUMER_B, STRANGER, chainless, curl_as, farm, needs_root, served, world,
)
from support.rawhttp import Ended, RawConnection


def open_text(path) -> str:
    with open(path) as file:
        return file.read()


def mode_of(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_connections_of_one_user_are_limited(farm):
    daemon = farm.make()
    daemon.configure(limits={"connections_per_uid": 5})
    daemon.start()
    daemon.wait_for_key()

    def is_served(connection) -> bool:
        try:
            return connection.get("/v1/key")[0] == 200
        except Ended:
            return False

    held = []
    for _ in range(5):
        held.append(RawConnection(daemon.agent))
        eventually("a connection that closed is forgotten", lambda: is_served(held[-1]) or reopen(held, daemon))
    with RawConnection(daemon.agent) as sixth:
        assert not is_served(sixth) and sixth.is_ended()
    assert ask(daemon.control, "GET", "/v1/status").status == 200, "each socket has its own count"
    assert all(is_served(connection) for connection in held)
    held.pop().socket.close()
    eventually("there is room again", lambda: served_once(daemon))
    for connection in held:
        connection.socket.close()


def reopen(held, daemon):
    held[-1].socket.close()
    held[-1] = RawConnection(daemon.agent)


def served_once(daemon) -> bool:
    with RawConnection(daemon.agent) as connection:
        try:
            return connection.get("/v1/key")[0] == 200
        except Ended:
            return False


def test_clients_leave_descriptors_for_the_journal_and_the_chain(farm):
    daemon = farm.make()
    wrapped = daemon.folder / "bin"
    wrapped.mkdir()
    program = wrapped / "orakeyd"
    program.write_text(f'#!/bin/sh\nexec prlimit --nofile=128:128 "{daemon.programs}/orakeyd" "$@"\n')
    program.chmod(0o755)
    daemon.programs = wrapped
    daemon.configure(limits={"connections_per_uid": 10_000})
    daemon.start()
    daemon.wait_for_key()
    held = [RawConnection(daemon.agent) for _ in range(200)]
    eventually("the agent socket is full", lambda: not served_once(daemon))
    assert daemon.post("/v1/rotate?wait=confirmed", {"grace_seconds": 0}).status == 200
    assert len(os.listdir(f"/proc/{daemon.process.pid}/fd")) < 128
    for connection in held:
        connection.socket.close()
    eventually("there is room again", lambda: served_once(daemon))


def test_a_burst_of_connections_is_queued(chainless):
    """While the daemon is busy or stopped; a client whose connect does not block would be turned away."""
    daemon = chainless.make()
    daemon.start(unlocked=False)
    if int(open_text("/proc/sys/net/core/somaxconn")) < 1024:
        pytest.skip("the kernel's net.core.somaxconn is below 1024")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(1000)]
        assert [client.connect_ex(str(daemon.control)) for client in clients] == [0] * 1000
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    for client in clients:
        client.close()
    assert daemon.status()


def test_the_limit_of_open_files_is_raised(served):
    limits = open_text(f"/proc/{served.process.pid}/limits").splitlines()
    soft, hard = next(line for line in limits if line.startswith("Max open files")).split()[3:5]
    assert soft == hard


def open_to_all(daemon):
    """Lets every user reach the sockets' folder."""
    daemon.folder.parent.chmod(0o711)
    daemon.folder.chmod(0o711)


@needs_root
def test_one_user_does_not_use_up_the_connections_of_another(farm):
    daemon = farm.make()
    daemon.consumers = [{"name": "app", "match": {"uid": [CONSUMER_A, os.geteuid()]}}]
    daemon.configure(limits={"connections_per_uid": 3})
    open_to_all(daemon)
    daemon.start()
    daemon.wait_for_key()
    held = [RawConnection(daemon.agent) for _ in range(3)]
    eventually("this user has none left", lambda: not served_once(daemon))
    assert curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 200
    for connection in held:
        connection.socket.close()


@needs_root
def test_each_consumer_gets_its_own_key(farm):
    daemon = farm.make()
    daemon.consumers = [
        {"name": "alpha", "match": {"uid": CONSUMER_A}}, {"name": "beta", "match": {"uid": [CONSUMER_B]}},
        {"name": "both", "match": {"gid": 60_000}},
    ]
    daemon.configure()
    open_to_all(daemon)
    daemon.start()

    def key(user, query="", groups=()):
        status, body = curl_as(user, daemon.agent, f"/v1/key{query}", groups=groups)
        return json.loads(body) if status == 200 else (status, error_of(body)["code"])

    alpha = eventually("alpha has a key", lambda: (k := key(CONSUMER_A)) and isinstance(k, dict) and k)
    beta = eventually("beta has a key", lambda: (k := key(CONSUMER_B)) and isinstance(k, dict) and k)
    assert (alpha["consumer"], beta["consumer"]) == ("alpha", "beta") and alpha["key"] != beta["key"]
    assert key(STRANGER) == (403, "forbidden")
    assert key(0) == (403, "forbidden"), "root is no consumer unless it is written"
    assert key(CONSUMER_A, "?consumer=beta") == (403, "forbidden")
    assert key(CONSUMER_A, "?consumer=alpha&network=BASE")["key"] == alpha["key"]
    assert key(CONSUMER_A, "?network=OTHER") == (403, "forbidden")

    # The groups count as the kernel knows them, the supplementary ones too.
    eventually("both has a key", lambda: isinstance(key(STRANGER, groups=[60_000]), dict))
    assert key(STRANGER, groups=[60_000])["consumer"] == "both"
    assert key(STRANGER, groups=[59_999, 60_001]) == (403, "forbidden")
    assert key(CONSUMER_A, groups=[60_000]) == (409, "ambiguous")
    assert key(CONSUMER_A, "?consumer=both", groups=[60_000])["consumer"] == "both"

    # A revoked key is another consumer's no more than its own.
    assert daemon.post("/v1/revoke", {"consumer": "alpha"}).status == 202
    assert key(CONSUMER_B)["key"] == beta["key"]
    renewed = eventually("alpha has another key", lambda: (k := key(CONSUMER_A)) and isinstance(k, dict) and k)
    assert renewed["key"] != alpha["key"]


@needs_root
def test_consumers_by_executable(farm):
    daemon = farm.make()
    curl = os.path.realpath(shutil.which("curl"))
    daemon.consumers = [{"name": "curl", "match": {"uid": CONSUMER_A, "exe": curl}}]
    daemon.configure()
    open_to_all(daemon)
    daemon.start()
    eventually("curl has a key", lambda: curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 200)
    assert curl_as(CONSUMER_B, daemon.agent, "/v1/key")[0] == 403
    copy = daemon.folder.parent / "curl"
    shutil.copy(curl, copy)
    copy.chmod(0o755)
    run = subprocess.run(
        [copy, "-s", "--unix-socket", daemon.agent, "http://localhost/v1/key"], user=CONSUMER_A, group=CONSUMER_A, extra_groups=[],
        capture_output=True)
    assert error_of(run.stdout)["code"] == "forbidden"


@needs_root
def test_a_watcher_that_a_reload_shuts_out_learns_no_more_keys(farm):
    daemon = farm.make()
    daemon.consumers = [{"name": "app", "match": {"uid": CONSUMER_A}}]
    daemon.configure()
    open_to_all(daemon)
    daemon.start()
    eventually("it has a key", lambda: curl_as(CONSUMER_A, daemon.agent, "/v1/key")[0] == 200)
    watch = subprocess.Popen(
        ["curl", "-sN", "--unix-socket", daemon.agent, "http://localhost/v1/watch"], stdout=subprocess.PIPE, text=True,
        user=CONSUMER_A, group=CONSUMER_A, extra_groups=[])
    with watch:
        assert [watch.stdout.readline() for _ in range(3)][0] == "event: key\n"
        daemon.consumers[0]["match"] = {"uid": CONSUMER_B}
        daemon.configure()
        assert daemon.post("/v1/reload").status == 200
        assert watch.stdout.read() == "", "the stream ends at once, not with the next key"


@needs_root
def test_the_control_socket_keeps_others_out(farm):
    daemon = farm.make()
    open_to_all(daemon)
    daemon.start()
    assert curl_as(STRANGER, daemon.control, "/v1/status") == (0, b"")
    assert curl_as(STRANGER, daemon.agent, "/v1/key") == (0, b""), "without consumers the agent socket is private as well"


@needs_root
def test_the_control_group(farm):
    daemon = farm.make()
    daemon.configure(listen={"control_group": 60_000})
    open_to_all(daemon)
    daemon.start()
    assert (mode_of(daemon.control), os.lstat(daemon.control).st_gid) == (0o660, 60_000)
    assert curl_as(STRANGER, daemon.control, "/v1/status", groups=[60_000])[0] == 200, "operators are in it by supplement"
    assert curl_as(STRANGER, daemon.control, "/v1/status", groups=[60_001]) == (0, b"")
