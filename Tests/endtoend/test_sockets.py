"""The two sockets as files, as HTTP servers, and as a border between users; over the real orakeyd."""

import fcntl
import json
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import termios

import pytest
from support.daemon import PASSPHRASE, ask, eventually
from support.quick import (  # noqa: F401 (fixtures)
    CONSUMER_A, CONSUMER_B, STRANGER, chainless, curl_as, farm, in_thread, needs_root, served, world,
)
from support.rawhttp import Ended, RawConnection, request

IN_USE, CANNOT_CREATE = 69, 73


def error_of(body: bytes) -> dict:
    """The error of an answer, which has the documented form."""
    error = json.loads(body)["error"]
    assert set(error) <= {"code", "message", "hint"} and error["message"]
    return error


def code_of(answer) -> tuple[int, str]:
    return answer.status, error_of(answer.body)["code"]


def open_text(path) -> str:
    with open(path) as file:
        return file.read()


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


# HTTP


@pytest.mark.parametrize("header", ["Origin: http://localhost", "Origin: null", "Referer: http://a/", "Sec-Fetch-Site: none"])
def test_requests_of_web_pages_are_refused(served, header):
    for path, target in ((served.agent, "/v1/key"), (served.control, "/v1/status")):
        with RawConnection(path) as connection:
            status, _, body = connection.get(target, header)
            assert (status, error_of(body)["code"]) == (403, "browser_request")
            assert connection.is_ended()


@pytest.mark.parametrize("target", ["/", "/v1", "/v1/key/", "/V1/KEY", "//v1/key", "/v1/../v1/key", "/v1/status", "/metrics2"])
def test_unknown_paths_of_the_agent_socket(served, target):
    assert code_of(served.get(target)) == (404, "not_found")


@pytest.mark.parametrize("target", ["/", "/v1", "/v1/status/", "/v1/key", "/v1/keys/x", "/v1/intents/1/x", "/%76%31"])
def test_unknown_paths_of_the_control_socket(served, target):
    assert code_of(ask(served.control, "GET", target)) == (404, "not_found")


@pytest.mark.parametrize("target", ["/v1/intents/0", "/v1/intents/-1", "/v1/intents/x", "/v1/intents/999999", "/v1/intents/"])
def test_unknown_intents(served, target):
    assert code_of(ask(served.control, "GET", target)) == (404, "unknown_intent")


@pytest.mark.parametrize("method,which,target,allowed", [
    ("POST", "agent", "/v1/key", "GET"), ("DELETE", "agent", "/v1/watch", "GET"), ("PUT", "agent", "/v1/health", "GET"),
    ("OPTIONS", "agent", "/v1/key", "GET"), ("POST", "control", "/v1/status", "GET"), ("PUT", "control", "/v1/keys", "GET, POST"),
    ("GET", "control", "/v1/rotate", "POST"), ("GET", "control", "/v1/revoke", "POST"), ("GET", "control", "/v1/lock", "POST"),
    ("GET", "control", "/v1/unlock", "POST"), ("DELETE", "control", "/v1/intents", "GET"), ("DELETE", "control", "/v1/intents/1", "GET"),
])
def test_methods_that_a_path_does_not_take(served, method, which, target, allowed):
    answer = ask(served.agent if which == "agent" else served.control, method, target)
    assert code_of(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed, "RFC 9110, section 15.5.6"


def test_head_has_no_body(served):
    with RawConnection(served.agent) as connection:
        connection.send(request("HEAD", "/v1/key"))
        assert connection.answer(has_body=False)[0] == 405
        assert connection.get("/v1/key")[0] == 200


@pytest.mark.parametrize("query", ["?nonsense=1", "?Consumer=default", "?consumer=default&x", "?consumer", "?consumer=a&consumer=b"])
def test_queries_of_the_agent_socket(served, query):
    expected = (403, "forbidden") if query == "?consumer" else (400, "bad_request")
    for path in ("/v1/key", "/v1/watch"):
        assert code_of(served.get(path + query)) == expected


def test_health_takes_no_query(served):
    assert code_of(served.get("/v1/health?verbose=1")) == (400, "bad_request")


@pytest.mark.parametrize("method,target", [
    ("GET", "/v1/status?x=1"), ("GET", "/v1/keys?page=2"), ("GET", "/v1/intents?state=failed"), ("GET", "/v1/intents/1?x"),
    ("POST", "/v1/keys?count=2"), ("POST", "/v1/rotate?wait=yes"), ("POST", "/v1/rotate?timeout=3"), ("POST", "/v1/lock?x=1"),
    ("POST", "/v1/keys?wait=confirmed&timeout=-1"), ("POST", "/v1/keys?wait=confirmed&timeout=1e3"),
    ("POST", "/v1/keys?wait=confirmed&timeout=99999999999999999999"),
])
def test_queries_of_the_control_socket(served, method, target):
    before = len(served.intents())
    assert code_of(ask(served.control, method, target)) == (400, "bad_request")
    assert len(served.intents()) == before


def test_text_and_json_are_the_same_key(served):
    plain = served.get("/v1/key", headers={"Accept": "text/plain"})
    full = served.get("/v1/key")
    assert plain.body.decode() == full.json["key"] + "\n"
    assert set(full.json) == {
        "key", "network", "owner", "message", "fingerprint", "consumer", "generation", "created_block", "not_after"}
    for answer in (plain, full):
        assert answer.headers["Cache-Control"] == "no-store"


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": bytes.fromhex("16030100050100000100") + b"\r\n\r\n",
    "two lengths": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "negative length": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}",
    "overflowing length": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    "bad chunk": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "unknown coding": b"POST /v1/lock HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    "NUL in a header": b"GET /v1/key HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "folded header": b"GET /v1/key HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "blank before the colon": b"GET /v1/key HTTP/1.1\r\nHost : a\r\n\r\n",
    "control character in the target": b"GET /v1/\x01key HTTP/1.1\r\nHost: a\r\n\r\n",
    "version 3": b"GET /v1/key HTTP/3.0\r\nHost: a\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute target": b"GET http://localhost/v1/key HTTP/1.1\r\nHost: a\r\n\r\n",
    "zeros": b"\0" * 4096,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_end_their_connection_only(served, name):
    for path in (served.agent, served.control):
        with RawConnection(path) as connection:
            connection.send(MALFORMED[name])
            connection.end_of_requests()
            try:
                status, _, body = connection.answer()
                assert 400 <= status < 500
                assert b"BASE:" not in body
            except Ended:
                pass
            assert connection.is_ended()
    assert served.status() and served.get("/v1/key").status == 200, "not locked by any of them"


@pytest.mark.parametrize("headers", [
    ["X: " + "a" * (16 << 10)], [f"X{number}: a" for number in range(65)], ["X: " + "a" * (1 << 20)], ["X" * 70_000 + ": a"],
])
def test_heads_that_are_too_large(served, headers):
    with RawConnection(served.agent) as connection:
        connection.send(request("GET", "/v1/key", *headers))
        status, _, body = connection.answer()
        assert (status, error_of(body)["code"]) == (431, "headers_too_large")
        assert connection.is_ended()


def test_a_target_that_is_too_long(served):
    with RawConnection(served.agent) as connection:
        status, _, body = connection.get("/v1/key?consumer=" + "a" * (16 << 10))
        assert (status, error_of(body)["code"]) == (431, "headers_too_large")


def test_bodies_that_are_too_large(served):
    body = b'{"consumer":"' + b"a" * (64 << 10) + b'"}'
    assert code_of(served.post("/v1/rotate", body)) == (413, "too_large")
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/rotate", "Transfer-Encoding: chunked"))
        for _ in range(65):
            connection.send(b"400\r\n" + b"a" * 1024 + b"\r\n")
        connection.send("0\r\n\r\n")
        status, _, answer = connection.answer()
        assert (status, error_of(answer)["code"]) == (413, "too_large")


def test_a_body_without_end_is_cut_off(served):
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/rotate", "Content-Length: 1000000000000"))
        for _ in range(1 << 12):
            try:
                connection.socket.sendall(b"a" * 65536)
            except (BrokenPipeError, ConnectionResetError):
                break
        else:
            pytest.fail("256 MiB were taken")
        assert connection.answer()[0] == 413


@pytest.mark.parametrize("body,words", [
    (b"{", "JSON"), (b"[]", "object"), (b'{"count":1,"count":2}', "count"), (b'{"count":"1"}', "count"), (b'{"count":0}', "count"),
    (b'{"count":1025}', "count"), (b'{"count":1.5}', "count"), (b'{"count":1e400}', "count"), (b"\xff\xfe", "JSON"),
    (b"[" * 1000, "deep"), (b'{"network":"base"}', "network"), (b'{"count":1}x', "JSON"),
])
def test_bodies_that_are_not_as_documented(served, body, words):
    answer = served.post("/v1/keys", body)
    assert code_of(answer) == (400, "bad_request")
    assert words in error_of(answer.body)["message"]


def test_expect_100_continue(served):
    """curl asks before it sends a large body, and would wait a second for the answer."""
    run = subprocess.run(
        ["curl", "-sv", "--max-time", "30", "--expect100-timeout", "20", "--unix-socket", served.control, "-H", "Expect: 100-continue",
         "--data-binary", '{"consumer":"nobody"}', "http://localhost/v1/rotate"], capture_output=True, text=True, timeout=60)
    assert json.loads(run.stdout)["error"]["code"] == "unknown_consumer"
    assert "100 Continue" in run.stderr


def test_a_client_that_does_not_read_is_not_read_from(served):
    """Otherwise the answers that it does not take would pile up in the daemon's memory."""
    one = request("GET", "/v1/key")
    with RawConnection(served.agent, timeout=2) as connection:
        taken = 0
        with pytest.raises(TimeoutError):
            while taken < 64 << 20:
                taken += connection.socket.send(one * 1000)
        assert taken < 8 << 20
    assert served.get("/v1/key").status == 200


def test_answers_that_do_not_fit_come_once_there_is_room(served):
    """One request at a time, each taken before the next is sent: more answers than the kernel holds for a reader."""
    one = request("GET", "/v1/key")
    with RawConnection(served.agent) as connection:
        for _ in range(300):
            connection.send(one)
            # Without the pause of eventually(): it is a matter of microseconds.
            assert any(fcntl.ioctl(connection.socket, termios.TIOCOUTQ, bytes(4)) == bytes(4) for _ in range(10_000_000))
        bodies = {connection.answer()[::2] for _ in range(300)}
        assert len(bodies) == 1 and bodies.pop()[0] == 200
        assert connection.get("/v1/health")[0] == 200, "the connection goes on"


def test_pipelined_requests_are_answered_in_order(served):
    fingerprint = served.get("/v1/key").json["fingerprint"]
    targets = ["/v1/health", "/v1/key", "/nowhere"] * 100
    with RawConnection(served.agent) as connection:
        connection.send(b"".join(request("GET", target) for target in targets))
        for target in targets:
            status, _, body = connection.answer()
            match target:
                case "/v1/health": assert (status, json.loads(body)) == (200, {"status": "ok"})
                case "/v1/key": assert (status, json.loads(body)["fingerprint"]) == (200, fingerprint)
                case _: assert status == 404
    with RawConnection(served.control) as connection:
        connection.send(b"".join(request("GET", target) for target in ["/v1/status", "/nowhere"] * 20))
        assert [connection.answer()[0] for _ in range(40)] == [200, 404] * 20


@pytest.mark.parametrize("which,target", [("agent", "/v1/key"), ("control", "/v1/status"), ("control", "/v1/keys")])
def test_a_client_that_closes_its_half_gets_its_answer(served, which, target):
    with RawConnection(served.agent if which == "agent" else served.control) as connection:
        connection.send(request("GET", target))
        connection.end_of_requests()
        assert connection.answer()[0] == 200
        assert connection.is_ended()


def test_pipelined_requests_before_the_half_close_are_all_answered(served):
    with RawConnection(served.control) as connection:
        connection.send(request("GET", "/v1/status") * 5)
        connection.end_of_requests()
        assert [connection.answer()[0] for _ in range(5)] == [200] * 5
        assert connection.is_ended()


def test_connections_are_kept_or_closed_as_asked(served):
    with RawConnection(served.agent) as connection:
        for _ in range(3):
            assert connection.get("/v1/key")[0] == 200
        status, headers, _ = connection.get("/v1/key", "Connection: close")
        assert (status, headers["connection"]) == (200, "close") and connection.is_ended()
    with RawConnection(served.agent) as connection:
        connection.send("GET /v1/key HTTP/1.0\r\n\r\n")
        assert connection.answer()[0] == 200 and connection.is_ended()


def test_a_request_in_single_bytes(served):
    with RawConnection(served.agent) as connection:
        for byte in request("GET", "/v1/key"):
            connection.send(bytes([byte]))
        assert connection.answer()[0] == 200


def test_idle_and_slow_clients_are_sent_away(farm):
    daemon = farm.make()
    daemon.configure(limits={"idle_timeout": "1s"})
    daemon.start()
    daemon.wait_for_key()
    starts = [b"", b"GET /v1/key HT", request("POST", "/v1/rotate", "Content-Length: 10") + b"{"]
    with RawConnection(daemon.agent) as watcher:
        watcher.send(request("GET", "/v1/watch"))
        assert watcher.answer()[0] == 200
        slow = [(path, start, RawConnection(path)) for path in (daemon.agent, daemon.control) for start in starts]
        for _, start, connection in slow:
            connection.send(start)
        assert daemon.get("/v1/key").status == 200, "others are served meanwhile"
        for path, start, connection in slow:
            with connection:
                assert connection.is_ended(10), (path.name, start)
        daemon.post("/v1/lock")
        while b"event: locked" not in watcher.received:
            watcher._more()


def test_a_request_that_comes_in_drops_is_given_up(farm):
    """Each byte is traffic, so the idle time alone would let a client hold its connection for as long as it likes."""
    daemon = farm.make()
    daemon.configure(limits={"idle_timeout": "1s"})
    daemon.start()
    with RawConnection(daemon.agent) as connection:
        assert connection.drip(b"GET /v1/key HTTP/1.1\r\nX: " + b"a" * 1000, seconds=10)


# Limits by user


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
        assert daemon.post("/v1/rotate?wait=confirmed", {"grace_seconds": 0}).status == 200
        assert watch.stdout.read() == "", "the stream ends"


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


# Waiting, stopping


def test_a_stop_during_a_waiting_request(farm):
    daemon = farm.make(confirmations=10_000)
    daemon.start()
    with in_thread(lambda: daemon.post("/v1/keys?wait=confirmed&timeout=600", {"count": 1})) as answers:
        eventually("the request is accepted", daemon.intents)
        with RawConnection(daemon.agent) as watcher:
            watcher.send(request("GET", "/v1/watch"))
            assert watcher.answer()[0] == 200
            assert daemon.stop() == 0
            assert watcher.is_ended()
    # What was accepted is journaled, so the caller learns its number instead of an empty reply.
    assert answers and answers[0].status == 202
    wanted = answers[0].json["intents"]
    daemon.start()
    assert set(wanted) <= {intent["id"] for intent in daemon.intents()}


def test_a_stop_lets_a_request_end_that_is_nearly_done(farm):
    daemon = farm.make()
    daemon.start()
    with in_thread(lambda: daemon.post("/v1/keys?wait=confirmed&timeout=600", {"count": 1})) as answers:
        eventually("the request is accepted", daemon.intents)
        assert daemon.stop() == 0
    assert answers and answers[0].status in (200, 202)


def test_a_stop_while_the_endpoint_does_not_answer(farm, world):
    daemon = farm.make(endpoint="mute")
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"hold": "before"}}}, endpoint="mute")
    try:
        daemon.start()
        world.chain.rpc("dev_awaitHeld", endpoint="mute")
        assert daemon.stop() == 0
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="mute")


def test_an_interrupt_ends_it_as_well(chainless):
    daemon = chainless.make()
    daemon.start(unlocked=False)
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(30) == 0


# Repeating, paging


def test_a_repeated_request_has_one_effect(farm):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()

    def create(key, count=2):
        return daemon.post("/v1/keys", {"count": count}, headers={"Idempotency-Key": key})

    first = create("a-1")
    assert first.status == 202 and len(first.json["intents"]) == 1
    assert create("a-1").json == first.json
    assert code_of(create("a-1", count=3)) == (409, "idempotency_conflict")
    other = daemon.post("/v1/rotate", {"count": 2}, headers={"Idempotency-Key": "a-1"})
    assert other.status in (400, 409)
    daemon.settle()
    assert create("a-1").json == first.json
    assert daemon.stop() == 0
    daemon.start()
    assert create("a-1").json == first.json, "the journal remembers"
    assert create("a-2").json["intents"] != first.json["intents"]
    daemon.settle()
    assert len(daemon.keys()) == 5

    # A revocation too: the second call finds nothing left to revoke, and still answers as the first.
    fingerprint = daemon.get("/v1/key").json["fingerprint"]
    tag = {"Idempotency-Key": "r-1"}
    revoked = daemon.post("/v1/revoke", {"fingerprint": fingerprint}, headers=tag)
    assert revoked.status == 202
    daemon.settle()
    assert daemon.post("/v1/revoke", {"fingerprint": fingerprint}, headers=tag).json == revoked.json


@pytest.mark.parametrize("value", ["", "a b", "a" * 129, "\t", "é"])
def test_an_idempotency_key_has_a_form(served, value):
    before = len(served.intents())
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/keys", f"Idempotency-Key: {value}", body=b'{"count":1}'))
        assert connection.answer()[0] == 400
    assert len(served.intents()) == before


def test_two_idempotency_keys_are_refused(served):
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/keys", "Idempotency-Key: a", "Idempotency-Key: b", body=b'{"count":1}'))
        assert connection.answer()[0] == 400


def test_keys_and_intents_come_in_pages(farm):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.post("/v1/keys?wait=confirmed", {"count": 6})

    def pages(path, name, size, **query):
        found, after, count = [], None, 0
        while True:
            extra = "".join(f"&{k}={v}" for k, v in query.items()) + (f"&after={after}" if after else "")
            page = daemon.control_get(f"{path}?limit={size}{extra}")
            assert len(page[name]) <= size
            found, count = found + page[name], count + 1
            if not page.get("next"):
                return found, count
            after = page["next"]

    keys, count = pages("/v1/keys", "keys", 3)
    assert (len({k["message"] for k in keys}), len(keys), count) == (7, 7, 3)
    assert pages("/v1/keys", "keys", 7)[1] == 1, "a full last page is the last"
    assert [k["message"] for k in keys] == sorted(k["message"] for k in keys)
    assert len(pages("/v1/keys", "keys", 2, state="pooled")[0]) == 6
    assert pages("/v1/keys", "keys", 2, state="disabled") == ([], 1)
    assert set(keys[0]) == {
        "fingerprint", "network", "owner", "message", "consumer", "state", "generation", "created_block", "created_tx",
        "disabled_block", "disabled_tx", "reason"}
    assert not any("key" in k for k in keys)
    intents, count = pages("/v1/intents", "intents", 1)
    assert count == len(intents) == 2 and intents[0]["id"] > intents[1]["id"]
    assert daemon.control_get("/v1/keys?after=9223372036854775807") == {"keys": [], "next": None}
    for query in ("limit=0", "limit=1001", "limit=x", "limit=+1", "after=-1", "after=9223372036854775808", "state=dead", "state="):
        assert code_of(ask(daemon.control, "GET", f"/v1/keys?{query}")) == (400, "bad_request"), query
