"""The two sockets as files: modes, owners, whom they belong to, and those that systemd hands over."""

import os
import socket
import stat
import subprocess
import sys

import pytest
from support.daemon import ask, eventually
from support.errors import code_of
from support.quick import CONSUMER_A, chainless  # noqa: F401 (fixtures)

IN_USE, CANNOT_CREATE = 69, 73


def mode_of(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


# Files


def test_modes_and_owners(chainless):
    daemon = chainless.make()
    daemon.start(unlocked=False)
    for path in (daemon.agent, daemon.control):
        assert stat.S_ISSOCK(os.lstat(path).st_mode)
        assert (mode_of(path), os.lstat(path).st_uid) == (0o600, os.geteuid())
    assert mode_of(daemon.folder / "state") == 0o700
    for path in (daemon.folder / "state").iterdir():
        assert mode_of(path) == 0o600, path.name
    assert daemon.stop() == 0
    assert not daemon.agent.exists() and not daemon.control.exists()


def test_the_agent_socket_is_for_all_where_a_policy_decides(chainless):
    daemon = chainless.make()
    daemon.consumers = [{"name": "app", "match": {"uid": CONSUMER_A}}]
    daemon.configure()
    daemon.start(unlocked=False)
    assert (mode_of(daemon.agent), mode_of(daemon.control)) == (0o666, 0o600)


def test_a_stale_socket_is_replaced(chainless):
    daemon = chainless.make()
    daemon.start(unlocked=False)
    daemon.kill()
    assert daemon.agent.exists() and daemon.control.exists()
    daemon.start(unlocked=False)
    assert daemon.get("/v1/health").json["status"] == "locked"


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM])
@pytest.mark.parametrize("which", ["agent", "control"])
def test_a_live_socket_is_never_stolen(chainless, kind, which):
    daemon = chainless.make()
    path = daemon.folder / f"{which}.sock"
    with socket.socket(socket.AF_UNIX, kind) as other:
        other.bind(str(path))
        if kind != socket.SOCK_DGRAM:
            other.listen()
        before = os.lstat(path).st_ino
        run = daemon.fails(unlocked=False)
        assert run.returncode == IN_USE, run.stderr
        assert str(path) in run.stderr
        assert os.lstat(path).st_ino == before
    assert [p.name for p in daemon.folder.glob("*.sock")] == [path.name], "a failed start leaves no socket behind"


def test_a_live_socket_with_a_full_queue_is_not_stolen(chainless):
    """Its owner is busy or stopped; that is no reason to take it, nor to wait."""
    daemon = chainless.make()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(daemon.agent))
        other.listen(0)
        waiting = []
        while True:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            waiting.append(client)
            if client.connect_ex(str(daemon.agent)):
                break
        run = daemon.fails(unlocked=False)
        assert run.returncode == IN_USE, run.stderr
        for client in waiting:
            client.close()


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_what_is_not_a_socket_is_left_alone(chainless, what):
    daemon = chainless.make()
    target = daemon.folder / "precious"
    target.write_text("precious")
    match what:
        case "file": daemon.agent.write_text("precious")
        case "link": daemon.agent.symlink_to(target)
        case "folder": daemon.agent.mkdir()
    run = daemon.fails(unlocked=False)
    assert run.returncode == CANNOT_CREATE
    assert str(daemon.agent) in run.stderr and "not a socket" in run.stderr
    assert target.read_text() == "precious" and os.path.lexists(daemon.agent)


def test_one_path_for_both_sockets_is_refused(chainless):
    daemon = chainless.make()
    daemon.env["ORAKEY_CONTROL_SOCK"] = str(daemon.agent)
    run = daemon.fails(unlocked=False)
    assert run.returncode in (64, 78)
    assert "same" in run.stderr


def test_a_path_that_is_too_long_is_named(chainless):
    daemon = chainless.make()
    daemon.env["ORAKEY_AGENT_SOCK"] = str(daemon.folder / ("x" * 108))
    run = daemon.fails(unlocked=False)
    assert run.returncode == CANNOT_CREATE
    assert "x" * 108 in run.stderr and "longer than the 107 bytes" in run.stderr


# Socket activation


LAUNCHER = """
import os, socket, sys
names, paths, pid = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
for number, path in enumerate(paths, start=3):
    if path.startswith("tcp"):
        s = socket.create_server(("127.0.0.1", 0))
    else:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if path.endswith("dgram") else socket.SOCK_STREAM)
        s.bind(path)
        if not path.endswith(("dgram", "unlistening")):
            s.listen(8)
    fd = s.detach()
    if fd != number:
        os.dup2(fd, number)
        os.close(fd)
    os.set_inheritable(number, True)
os.environ.update(LISTEN_FDS=str(len(paths)), LISTEN_FDNAMES=names, LISTEN_PID=pid or str(os.getpid()))
os.execv(sys.argv[4], sys.argv[4:])
"""


def launch(daemon, names: str, *paths, pid=""):
    """orakeyd as systemd would start it: the same process number, sockets from descriptor 3 on."""
    daemon.log = (daemon.folder / "orakeyd.log").open("ab")
    daemon.process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, names, ",".join(map(str, paths)), pid, daemon.programs / "orakeyd", "--config",
         daemon.config, "--state-dir", daemon.folder / "state", "--passphrase-file", daemon.passphrase],
        stdin=subprocess.DEVNULL, stdout=daemon.log, stderr=daemon.log, env=daemon.env)


@pytest.mark.parametrize("names", ["agent:control", "control:agent"])
def test_sockets_handed_over_by_systemd(chainless, names):
    daemon = chainless.make()
    folder = daemon.folder / "given"
    folder.mkdir()
    launch(daemon, names, *(folder / f"{name}.sock" for name in names.split(":")))
    given = {name: folder / f"{name}.sock" for name in ("agent", "control")}
    eventually("the control socket is there", given["control"].exists)
    assert ask(given["control"], "GET", "/v1/status").json["state"] == "unlocked"
    assert code_of(ask(given["agent"], "GET", "/v1/key")) == (503, "no_key")
    assert code_of(ask(given["agent"], "GET", "/v1/status")) == (404, "not_found")
    assert not daemon.agent.exists() and not daemon.control.exists()
    assert daemon.stop() == 0
    assert given["agent"].exists() and given["control"].exists(), "they are systemd's"


@pytest.mark.parametrize("names", ["agent", "agent:agent", "agent:web", "", "agent:control:more"])
def test_sockets_handed_over_under_other_names_are_refused(chainless, names):
    daemon = chainless.make()
    paths = [daemon.folder / f"given{number}.sock" for number in range(max(1, len(names.split(":"))))]
    launch(daemon, names, *paths)
    assert daemon.process.wait(30) != 0
    assert "agent and control" in daemon.log_text()


@pytest.mark.parametrize("kind", ["tcp", "dgram", "unlistening"])
def test_handed_over_sockets_whose_peers_have_no_credentials_are_refused(chainless, kind):
    daemon = chainless.make()
    launch(daemon, "agent:control", daemon.folder / "given.sock", kind if kind == "tcp" else daemon.folder / kind)
    assert daemon.process.wait(30) == CANNOT_CREATE
    assert "descriptor 4 is no listening Unix stream socket" in daemon.log_text()


def test_sockets_for_another_process_are_not_touched(chainless):
    """LISTEN_PID names somebody else: the variables were inherited by accident."""
    daemon = chainless.make()
    launch(daemon, "agent:control", daemon.folder / "a.sock", daemon.folder / "b.sock", pid="1")
    eventually("orakeyd serves sockets of its own", daemon.serves)
