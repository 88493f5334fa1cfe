"""Callers that are not who or what they should be."""

import concurrent.futures
import json
import os
import queue
import socket

import pytest
from support.quick import CONSUMER_A, CONSUMER_B, STRANGER, curl_as, needs_root


def raw(address, data: bytes) -> bytes:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(address)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def parsed(answer: bytes):
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize("request_head", [
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 40",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity",
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\nX: \x00",
    "GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y",
    "GET http://evil.example/v1/models HTTP/1.1\r\nHost: x",
    "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443",
    "GET /v1/models HTTP/1.1",
    "GET /v1/\xc3\xa9 HTTP/1.1\r\nHost: x",
])
def test_ambiguous_requests_reach_nobody(proxy, request_head):
    answer = raw(str(proxy.socket), request_head.encode("latin-1") + b"\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert parsed(answer) == (400, "bad_request")
    assert not proxy.model.seen


@pytest.mark.parametrize("path", [
    "/", "/v1", "/v2/models", "/metrics", "//v1/models", "/V1/models",
])
def test_only_v1_is_relayed(proxy, path):
    answer = proxy.ask("GET", path)
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
    assert not proxy.model.seen


@pytest.mark.parametrize("path", [
    "/v1/../admin", "/v1/x/%2e%2E/%2e./admin", "/v1/x/..%2f..%2Fadmin", "/v1/..%5c..%5cadmin", "/v1/%252e%252e/x", "/v1/./x",
    "/v1/a%00b", "/v1/..;/admin", "/v1/..%3Ba=b/admin",
])
def test_paths_stay_below_v1(proxy, path):
    answer = raw(str(proxy.socket), f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert parsed(answer) == (400, "bad_request")
    assert not proxy.model.seen


@pytest.mark.parametrize("field", ["Origin: https://evil.example", "Referer: http://127.0.0.1/", "Sec-Fetch-Site: none"])
def test_web_pages_are_refused(proxy, field):
    for address in (str(proxy.socket), ("127.0.0.1", proxy.port)):
        token = proxy.token()["token"]
        answer = raw(address, f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{field}\r\n\r\n".encode())
        assert parsed(answer) == (403, "browser_request")
    assert not proxy.model.seen


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:80:80", "", "[::1", "localhost.:1x"])
def test_names_that_were_rebound_are_refused(proxy, host):
    answer = raw(("127.0.0.1", proxy.port),
                 f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {proxy.token()['token']}\r\n\r\n".encode())
    assert parsed(answer) == (403, "browser_request")
    assert not proxy.model.seen


def test_the_port_takes_tokens_and_nothing_else(proxy):
    token, key = proxy.token()["token"], proxy.key()
    flipped = token[:-1] + ("0" if token[-1] != "0" else "1")
    values = ["", "Bearer", f"Bearer {key}", f"Bearer {flipped}", f"Bearer {token}00", f"Bearer {token.upper()}",
              f"Basic {token}", "Bearer sk-x", f"Bearer {token[:60]}"]
    for value in values:
        field = f"Authorization: {value}\r\n" if value else ""
        answer = raw(("127.0.0.1", proxy.port), f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{field}\r\n".encode())
        assert parsed(answer) == (401, "invalid_token"), value
        assert key.encode() not in answer
    twice = f"Authorization: Bearer {token}\r\n" * 2
    answer = raw(("127.0.0.1", proxy.port), f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{twice}\r\n".encode())
    assert parsed(answer) == (401, "invalid_token")
    assert not proxy.model.seen


def test_a_token_ends(proxy):
    token = json.loads(proxy.daemon.orakey("token", "--ttl", "1s", "--json").stdout)
    head = f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token['token']}\r\n\r\n".encode()
    while b"invalid_token" not in raw(("127.0.0.1", proxy.port), head):
        pass
    # No other service takes it for anything.
    assert proxy.daemon.get("/v1/key", headers={"Authorization": f"Bearer {token['token']}"}).json["key"] != token["token"]


def test_tokens_of_another_run_are_worthless(make_proxy):
    proxy = make_proxy()
    token = proxy.token()["token"]
    proxy.daemon.stop()
    proxy.daemon.start()
    answer = raw(("127.0.0.1", proxy.port),
                 f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert parsed(answer) == (401, "invalid_token")


def test_too_large_a_head(proxy):
    answer = raw(str(proxy.socket), b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n")
    assert parsed(answer) == (431, "headers_too_large")
    answer = proxy.ask("POST", "/v1/files", b"", {"Content-Length": str(1 << 40)})
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


# Callers that go away, and how many of them at a time. More make a long run.
DEPARTURES, AT_ONCE = int(os.environ.get("ORAKEY_DEPARTURES", "40")), 8


def departs(proxy, request: bytes, bytes_read: int):
    """A caller that is gone as soon as it has so much of its answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(60)
        client.connect(str(proxy.socket))
        client.sendall(request)
        assert client.recv(bytes_read)


@pytest.mark.parametrize("bytes_read", [1, 65536], ids=["within the head", "at the first bytes"])
def test_a_caller_that_goes_away_ends_the_request_upstream(proxy, bytes_read):
    """Whatever it had of its answer by then: the upstream is told while it still has much to say."""
    ends = queue.SimpleQueue()

    def streams(handler, _):
        handler.connection.settimeout(60)
        try:
            handler.begin_stream()
            handler.event({"n": 1})
            ends.put(handler.rfile.read(1))
        # What was under way when the connection ended is answered with a reset.
        except ConnectionError:
            ends.put(b"")
        except TimeoutError:
            ends.put(b"still there")

    proxy.model.always = streams
    request = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as callers:
        for caller in [callers.submit(departs, proxy, request, bytes_read) for _ in range(DEPARTURES)]:
            caller.result()
    assert [ends.get(timeout=90) for _ in range(DEPARTURES)] == [b""] * DEPARTURES


@needs_root
def test_each_user_has_a_key_of_its_own_and_strangers_have_none(make_proxy):
    proxy = make_proxy(consumers=[
        {"name": "a", "match": {"uid": CONSUMER_A}}, {"name": "b", "match": {"uid": CONSUMER_B}}])
    daemon = proxy.daemon
    daemon.folder.chmod(0o755)
    daemon.folder.parent.chmod(0o755)
    keys = {}
    for user in (CONSUMER_A, CONSUMER_B):
        while curl_as(user, daemon.agent, "/v1/key", "-H", "Accept: text/plain")[0] != 200:
            pass
        keys[user] = curl_as(user, daemon.agent, "/v1/key", "-H", "Accept: text/plain")[1].decode().strip()
        assert curl_as(user, proxy.socket, "/v1/models")[0] == 200
        assert proxy.model.seen[-1].key == keys[user]
    assert keys[CONSUMER_A] != keys[CONSUMER_B]
    count = len(proxy.model.seen)
    for user in (STRANGER, os.geteuid()):
        status, body = curl_as(user, proxy.socket, "/v1/models")
        assert (status, json.loads(body)["error"]["code"]) == (403, "forbidden")
    # One consumer can't ask for another's key.
    status, body = curl_as(CONSUMER_A, proxy.socket, "/v1/models", "-H", "X-Orakey-Consumer: b")
    assert status == 403
    assert curl_as(STRANGER, daemon.agent, "/v1/token", "-X", "POST")[0] == 403
    assert len(proxy.model.seen) == count
    # Usage is told apart.
    assert {row["consumer"] for row in proxy.usage()} == {"a", "b"}
    # A user's token stands for that user, whoever shows it; until the consumer is gone, or is another user's.
    token = json.loads(curl_as(CONSUMER_B, daemon.agent, "/v1/token", "-X", "POST")[1])
    assert token["consumer"] == "b"
    request = f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token['token']}\r\n\r\n".encode()
    port = int(token["base_url"].split(":")[2].split("/")[0])
    assert raw(("127.0.0.1", port), request).startswith(b"HTTP/1.1 200 ")
    assert proxy.model.seen[-1].key == keys[CONSUMER_B]

    def reload(*consumers):
        daemon.consumers = list(consumers)
        daemon.configure(proxy=json.loads(daemon.config.read_text())["proxy"])
        assert daemon.post("/v1/reload").status == 200

    a, b = {"name": "a", "match": {"uid": CONSUMER_A}}, {"name": "b", "match": {"uid": CONSUMER_B}}
    reload(a, {"name": "b", "match": {"uid": STRANGER}})
    assert parsed(raw(("127.0.0.1", port), request)) == (403, "forbidden")
    reload(a, b)
    assert raw(("127.0.0.1", port), request).startswith(b"HTTP/1.1 200 ")
    reload(a)
    assert parsed(raw(("127.0.0.1", port), request)) == (403, "forbidden")


@needs_root
def test_two_consumers_of_one_user_have_to_be_told_apart(make_proxy):
    user = os.geteuid()
    proxy = make_proxy(consumers=[{"name": "a", "match": {"uid": user}}, {"name": "b", "match": {"uid": user}}])
    answer = proxy.ask("GET", "/v1/models")
    assert (answer.status, answer.json["error"]["code"]) == (409, "ambiguous")
    while proxy.ask("GET", "/v1/models", headers={"X-Orakey-Consumer": "b"}).status != 200:
        pass
    assert proxy.model.seen[-1].key == proxy.daemon.orakey("get", "--consumer", "b").stdout.strip()
