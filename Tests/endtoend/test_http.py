"""The two sockets as HTTP servers, over the real orakeyd."""

import fcntl
import json
import subprocess
import termios

import pytest
from support.daemon import ask
from support.errors import code_of, error_of
from support.quick import farm, served, world  # noqa: F401 (fixtures)
from support.rawhttp import Ended, RawConnection, request


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
    "no host": b"GET /v1/key HTTP/1.1\r\nAccept: text/plain\r\n\r\n",
    "two hosts": b"GET /v1/key HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two hosts in an old version": b"GET /v1/key HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
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
