"""Clients that mean harm, byte by byte."""

import os
import pathlib
import random
import re
import socket

import pytest
from support.daemon import eventually
from support.rawhttp import Ended, RawConnection

from .conftest import network_of


class TCPConnection(RawConnection):
    def __init__(self, gateway, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", gateway.port), timeout)
        self.received = b""


@pytest.fixture
def key(gateway, key_owner, own_chain) -> str:
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    return key


@pytest.fixture
def connect(gateway):
    """connect(): a connection that ends with the test."""
    made = []

    def connect():
        made.append(TCPConnection(gateway))
        return made[-1]

    yield connect
    for connection in made:
        connection.socket.close()


def request(key, *headers, target="/auth", method="GET", version="HTTP/1.1", host=True) -> str:
    lines = [f"{method} {target} {version}", *(["Host: gateway"] if host else []), *headers]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    return "\r\n".join(lines) + "\r\n\r\n"


def test_pipelined_requests_are_answered_in_order(gateway, key, connect):
    connection = connect()
    connection.send(request(key) + request("BASE:x") + request(key, target="/auth?nginx=1") + request(key, "Connection: close"))
    assert [connection.answer()[0] for _ in range(4)] == [200, 401, 200, 200]
    assert connection.is_ended()


def test_a_request_may_come_byte_by_byte(gateway, key, connect):
    for text in (request(key), request(key, "Connection: keep-alive")):
        connection = connect()
        for byte in text.encode():
            connection.send(bytes([byte]))
        assert connection.answer()[0] == 200


@pytest.mark.parametrize("text", [
    "GET /auth HTTP/1.1\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer KEY\r\n\r\n0\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\nAuthorization: Bearer KEY\r\n\r\nhello",
    "GET /auth HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost : a\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\n Authorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer\x00 KEY\r\n\r\n",
    "GET http://elsewhere/auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/1.1 x\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
    "GET /auth HTTP/2.0\r\nHost: a\r\nAuthorization: Bearer KEY\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01",
], ids=lambda text: repr(text[:60]))
def test_what_is_not_clearly_one_request_is_refused(gateway, key, connect, text):
    connection = connect()
    connection.send(text.replace("KEY", key))
    connection.end_of_requests()
    try:
        status, _, body = connection.answer()
    except Ended:
        return
    assert status in (400, 401, 404, 431, 505) and key.encode() not in body
    # Nothing that follows on the connection is taken for a request.
    assert connection.is_ended()


def test_two_credentials_are_none(gateway, key, connect):
    connection = connect()
    for headers in ((f"Authorization: Bearer {key}",), ("Authorization: Basic eA==",), ("authorization: ",)):
        status, _, body = connection.get("/auth", *headers, f"Authorization: Bearer {key}")
        assert status == 401 and b"no API key" in body


@pytest.mark.parametrize("head", [
    "GET /auth HTTP/1.1\r\nHost: a\r\nX: " + "x" * 100_000,
    "GET /auth HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * 20_000,
    "GET /auth?" + "x" * 100_000,
    "GET /auth HTTP/1.1\r\n" + "x" * 100_000,
])
def test_a_head_without_end_is_cut(gateway, key, connect, head):
    connection = connect()
    connection.send(head)
    try:
        assert connection.answer()[0] in (400, 431)
    except Ended:
        pass
    assert gateway.auth(key).status == 200


def test_a_body_that_nobody_wants_is_bounded(gateway, key, connect):
    connection = connect()
    connection.send(request(key, "Content-Length: 5") + "hello" + request(key))
    assert [connection.answer()[0] for _ in range(2)] == [200, 200]
    connection = connect()
    connection.send(request(key, "Transfer-Encoding: chunked", method="POST"))
    for _ in range(80):
        connection.send(b"8000\r\n" + bytes(0x8000) + b"\r\n")
    assert connection.answer()[0] == 200
    assert connection.is_ended()


def test_nobody_takes_all_connections(make_gateway, contract, key_owner, own_chain):
    gateway = make_gateway({"BASE": network_of(contract)}, limits={"connections": 5}).start()
    eventually("the connections of the start are gone", lambda: gateway.metrics()["orakey_gateway_connections"] == 0)
    held = [TCPConnection(gateway) for _ in range(5)]
    for connection in held:
        assert connection.get("/healthz")[0] == 200
    extra = TCPConnection(gateway)
    assert extra.is_ended()
    for connection in [*held, extra]:
        connection.socket.close()
    eventually("there is room again", lambda: gateway.metrics()["orakey_gateway_connections"] == 0)
    assert gateway.get("/healthz").status == 200


def test_a_client_that_never_ends_its_request_is_cut_off(make_gateway, contract):
    gateway = make_gateway({"BASE": network_of(contract)}, limits={"idle_timeout": "1s"}).start()
    for begin in ("", "GET /auth HTTP/1.1\r\nHost:", "POST /auth HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx"):
        with TCPConnection(gateway) as connection:
            connection.send(begin)
            assert connection.is_ended()


def test_a_client_that_does_not_read_is_not_buffered_for(gateway, key, connect):
    connection = connect()
    connection.socket.settimeout(1)
    text = request(key).encode() * 64
    with pytest.raises(TimeoutError):
        for _ in range(20_000):
            connection.socket.sendall(text)
    with open(f"/proc/{gateway.process.pid}/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident < 200_000
    assert gateway.auth(key).status == 200


def test_noise_ends_nothing(gateway, key, connect):
    seed = os.urandom(8).hex()
    noise = random.Random(seed)
    good = request(key).encode()
    for _ in range(300):
        text = bytearray(good)
        for _ in range(noise.randint(1, 4)):
            text[noise.randrange(len(text))] = noise.randrange(256)
        with TCPConnection(gateway) as connection:
            connection.send(bytes(text))
            connection.end_of_requests()
            try:
                status = connection.answer()[0]
                changed = bytes(text) != good
                assert status in (200, 400, 401, 404, 405, 431, 505) or not changed, (seed, text)
            except Ended:
                pass
    assert gateway.auth(key).status == 200


def test_other_paths_and_methods(gateway, connect):
    assert gateway.get("/").status == 404
    assert gateway.get("/metrics").status == 404
    assert gateway.get("/healthz", method="POST", body=b"").status == 405
    assert gateway.get("/metrics", port=gateway.metrics_port).status == 200
    assert gateway.get("/auth", port=gateway.metrics_port).status == 404
    assert gateway.get("/healthz", port=gateway.metrics_port).body == b"ok\n"
    for path in ("/healthz", "/metrics", "/usage"):
        answer = gateway.get(path, method="POST", port=gateway.metrics_port, body=b"")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert gateway.get("/other", method="POST", port=gateway.metrics_port, body=b"").status == 404


@pytest.mark.parametrize("name", ["Origin", "Referer", "Sec-Fetch-Site"])
def test_web_pages_learn_nothing_of_operators(gateway, name):
    for path in ("/metrics", "/usage", "/healthz"):
        answer = gateway.get(path, {name: "http://localhost"}, port=gateway.metrics_port)
        assert (answer.status, answer.json["error"]["code"]) == (403, "browser_request")


def test_a_name_pointed_at_this_host_learns_nothing_either(gateway):
    """DNS rebinding."""
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "1270.0.0.1", ""):
        answer = gateway.get("/usage", {"Host": host}, port=gateway.metrics_port)
        assert (answer.status, answer.json["error"]["code"]) == (421, "browser_request"), host
    for host in ("localhost", "LOCALHOST:9", "127.0.0.1", "127.1.2.3:9787", "[::1]:9"):
        assert gateway.get("/usage", {"Host": host}, port=gateway.metrics_port).status == 200, host


def test_a_probe_of_http_1_0_needs_no_name(gateway):
    with socket.create_connection(("127.0.0.1", gateway.metrics_port), 10) as probe:
        probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert probe.makefile("rb").readline().split()[1] == b"200"


def test_operators_may_have_a_name_for_an_address_of_their_own(make_gateway, contract):
    gateway = make_gateway({"BASE": network_of(contract)}, metrics={"listen": "0.0.0.0:0"}).start()
    assert gateway.get("/usage", {"Host": "gateway.example:9787"}, port=gateway.metrics_port).status == 200
    assert gateway.get("/usage", {"Origin": "http://x"}, port=gateway.metrics_port).status == 403


def test_no_thread_gains_privileges(gateway):
    tasks = list(pathlib.Path(f"/proc/{gateway.process.pid}/task").iterdir())
    assert len(tasks) > 2
    assert {re.search(r"^NoNewPrivs:\t(\d)", (task / "status").read_text(), re.MULTILINE)[1] for task in tasks} == {"1"}
