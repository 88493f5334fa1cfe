"""Upstreams that do what no good server does."""

import json
import time

import httpx2
import pytest

CHAT = {"model": "deepseek-ai/DeepSeek-V3", "messages": [{"role": "user", "content": "hello"}]}
STREAM = {**CHAT, "stream": True}


def head(*lines, status="200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def sends(*pieces: bytes):
    def trick(handler, _):
        handler.bytes(b"".join(pieces))
    return trick


def is_refusal(answer, status: int, code: str) -> bool:
    error = answer.json["error"]
    assert set(error) == {"message", "type", "code"}
    return (answer.status, error["code"]) == (status, code)


@pytest.mark.parametrize("answer", [
    head("Content-Length: 2", "X-A: b\rX-C: d") + b"{}",
    head("Content-Length: 2", "X-A: b\x01c") + b"{}",
    head("Content-Length: 2", "X-A: b\x00c") + b"{}",
    head("Content-Length: 2", "X A: b") + b"{}",
    head("Content-Length: 2", "Content-Length: 3") + b"{}x",
    head("Content-Length: two") + b"{}",
    head("Transfer-Encoding: gzip") + b"{}",
    head("Transfer-Encoding: chunked", "Content-Length: 2"),
    head("X: " + "a" * 100_000) + b"{}",
    head("Content-Length: 2", status="42 X") + b"{}",
    b"SSH-2.0-OpenSSH\r\n",
    b"",
], ids=range(12))
def test_answers_that_are_none(proxy, answer):
    proxy.model.next(sends(answer))
    got = proxy.ask("POST", "/v1/chat/completions", CHAT)
    assert is_refusal(got, 502, "upstream_failed")
    assert got.headers["X-Should-Retry"] == "false"
    assert len(proxy.model.seen) == 1, "what may be billed is never sent twice"


@pytest.mark.parametrize("answer", [
    head("Content-Type: application/json", "Content-Length: 1000") + b'{"a":',
    head("Content-Type: application/json", "Transfer-Encoding: chunked") + b'5\r\n{"a":\r\n',
    head("Content-Type: application/json", "Transfer-Encoding: chunked") + b'5\r\n{"a":\r\nxyz\r\n',
])
def test_an_answer_cut_short_is_cut_short_for_the_caller(proxy, answer):
    proxy.model.next(sends(answer))
    transport = httpx2.HTTPTransport(uds=str(proxy.socket))
    with httpx2.Client(transport=transport) as client, pytest.raises(httpx2.RemoteProtocolError):
        client.post("http://localhost/v1/chat/completions", json=CHAT)
    assert proxy.exchanges()[0]["status"] == 0
    assert len(proxy.model.seen) == 1


@pytest.mark.parametrize("rest", [b"", b"data: {\"half", b"data: {\"whole\":1}", b": comm", b"data: a\n"],
                         ids=["between events", "within an event", "before its end", "comment", "within a line break"])
def test_a_broken_stream_ends_in_an_error_event(proxy, rest):
    proxy.model.next(sends(
        head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"), chunk(b'data: {"n":1}\n\n'),
        chunk(rest) if rest else b""))
    answer = proxy.ask("POST", "/v1/chat/completions", STREAM)
    events = [part for part in answer.body.decode().split("\n\n") if part.strip()]
    assert events[0] == 'data: {"n":1}'
    error = json.loads(events[-1].strip().removeprefix("data: "))["error"]
    assert error["code"] == "stream_broken"
    # Half an event is never passed off as a whole one.
    assert '{"half' not in answer.body.decode()


@pytest.mark.parametrize("fields", [{}, {"Connection": "close"}], ids=["as bytes", "through the parser"])
def test_a_stream_without_end_mark_or_length_is_broken_too(proxy, fields):
    """It ends with the connection; whether that was its end nobody can know, unless it says so."""
    start = head("Content-Type: text/event-stream; charset=utf-8", "Connection: close")
    proxy.model.next(sends(start, b'data: {"n":1}\n\n'), sends(start, b'data: {"n":1}\n\ndata: {"half'),
                     sends(start, b'data: {"n":1}\n\ndata: [DONE]\n\n'))
    broken, half, whole = (proxy.ask("POST", "/v1/chat/completions", STREAM, fields).body for _ in range(3))
    assert b"stream_broken" in broken
    assert b"stream_broken" in half and b'{"half' not in half, "half an event is not passed off as a whole one"
    assert whole == b'data: {"n":1}\n\ndata: [DONE]\n\n'


def test_1xx_and_trailers_stay_here(proxy):
    proxy.model.next(sends(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
        head("Transfer-Encoding: chunked", "Trailer: X-T"), chunk(b"{}"), b"0\r\nX-T: 1\r\n\r\n"))
    answer = proxy.ask("GET", "/v1/models")
    assert (answer.status, answer.body) == (200, b"{}")
    assert "Link" not in answer.headers and "X-T" not in answer.headers


def test_bytes_beyond_the_length_are_no_answer(proxy):
    proxy.model.next(sends(head("Content-Length: 2"), b"{}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(proxy.socket))) as client:
        assert client.get("http://localhost/v1/models").content == b"{}"
        assert b"evil" not in client.get("http://localhost/v1/models").content


@pytest.mark.parametrize("fields", [{}, {"Connection": "close"}], ids=["as bytes", "through the parser"])
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_no_redirect_is_followed_with_a_key(proxy, status, fields):
    where = f"{proxy.model.url}/v1/elsewhere"
    proxy.model.next(sends(head(f"Location: {where}", "Content-Length: 0", status=status)))
    answer = proxy.ask("POST", "/v1/chat/completions", CHAT, fields)
    assert (answer.status, answer.headers["Location"]) == (int(status.split()[0]), where)
    assert not [request for request in proxy.model.seen if "elsewhere" in request.path]


def test_invalid_utf8_passes_as_it_is(proxy):
    body = b'{"model":"\xff\xfe","usage":{"prompt_tokens":"many"}}'
    proxy.model.next(lambda handler, _: handler.raw(200, "application/json", body))
    assert proxy.ask("POST", "/v1/chat/completions", CHAT).body == body


def test_a_large_answer_takes_no_memory(proxy):
    """64 MiB pass while the daemon grows by far less."""
    block, count = b"x" * (1 << 20), 64

    def large(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(block) * count))
        handler.end_headers()
        for _ in range(count):
            handler.wfile.write(block)

    proxy.model.next(large)
    before = resident(proxy)
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(proxy.socket))) as client:
        with client.stream("GET", "http://localhost/v1/files/1/content") as answer:
            got = 0
            for piece in answer.iter_bytes():
                got += len(piece)
                grown = resident(proxy) - before
                assert grown < 32 << 20
    assert got == len(block) * count


def resident(proxy) -> int:
    with open(f"/proc/{proxy.daemon.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_silent_upstream_is_given_up(make_proxy):
    proxy = make_proxy(idle_timeout="1s")
    proxy.daemon.wait_for_key()
    proxy.model.next(lambda handler, _: handler.rfile.read(1))
    assert is_refusal(proxy.ask("POST", "/v1/chat/completions", CHAT), 504, "upstream_timeout")

    def stalls(handler, _):
        handler.begin_stream()
        handler.event({"n": 1})
        handler.rfile.read(1)

    proxy.model.next(stalls)
    body = proxy.ask("POST", "/v1/chat/completions", STREAM).body
    assert body.startswith(b'data: {"n": 1}\n\n') and b"stream_broken" in body


def test_nobody_there(make_proxy):
    proxy = make_proxy(upstream="http://127.0.0.1:9")
    proxy.daemon.wait_for_key()
    answer = proxy.ask("POST", "/v1/chat/completions", CHAT)
    assert is_refusal(answer, 502, "upstream_failed")
    # It certainly reached nobody.
    assert answer.headers["X-Should-Retry"] == "true"


def test_429_reaches_the_caller_and_holds_the_consumer_back(make_proxy):
    proxy = make_proxy()
    proxy.daemon.wait_for_key()
    proxy.model.next(lambda handler, _: handler.error(429, "slow_down", "too many", [("Retry-After", "30")]))
    first = proxy.ask("POST", "/v1/chat/completions", CHAT)
    assert (first.status, first.headers["Retry-After"]) == (429, "30")
    assert first.json["error"]["code"] == "slow_down"
    for _ in range(20):
        again = proxy.ask("POST", "/v1/chat/completions", CHAT)
        assert is_refusal(again, 429, "rate_limited")
        assert 0 < int(again.headers["Retry-After"]) <= 30
    assert len(proxy.model.seen) == 1


def test_a_short_hold_ends(proxy):
    proxy.model.next(lambda handler, _: handler.error(429, "slow_down", "too many", [("Retry-After", "1")]))
    assert proxy.ask("GET", "/v1/models").status == 429
    end = time.monotonic() + 30
    while (answer := proxy.ask("GET", "/v1/models")).status == 429:
        assert time.monotonic() < end
    assert answer.status == 200
    assert len(proxy.model.seen) == 2
