"""Streams: as they are made, with their hashes, and cut short."""

import hashlib
import http.client
import json
import socket
import threading

import pytest
from support.daemon import eventually
from support.scriptedbackend import STREAM_HEAD, chunked, complete, events, whole

from .service import CHAT, chat, check_stream, data_lines, post


def test_a_stream_comes_as_it_is_made(serve, backend):
    """The second word is made only after the first has arrived at the caller."""
    gateway = serve()
    made = events("tiny", ["one ", "two "])
    go_on = threading.Event()

    def answer(asked, send):
        send(STREAM_HEAD + chunked(made[0]))
        assert go_on.wait(30)
        for event in [*made[1:], b"data: [DONE]\n\n"]:
            send(chunked(event))
        send(b"0\r\n\r\n")

    backend.answer = answer
    request = json.dumps(chat(stream=True)).encode()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.request("POST", CHAT, request, {"Authorization": f"Bearer {gateway.key}"})
    response = connection.getresponse()
    first = response.read1()
    assert first == made[0]
    go_on.set()
    response_body = first + response.read()
    connection.close()

    class Whole:
        body, headers = response_body, response.headers

    event = check_stream(request, Whole)
    assert event["choices"] == [] and event["id"] == "c-1" and event["object"] == "chat.completion.chunk"
    assert response_body.startswith(b"".join(made))


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 7, 50])
def test_a_stream_in_any_pieces_has_the_same_hash(serve, backend, cut):
    gateway = serve()
    made = b"".join([b": hello\r\n\r\n", *events("tiny", ["one ", "two "]), b"data: [DONE]\n\n"]).replace(b"\n\n", b"\r\n\r\n")

    def answer(asked, send):
        send(STREAM_HEAD + b"".join(chunked(made[at:at + cut]) for at in range(0, len(made), cut)) + b"0\r\n\r\n")

    backend.answer = answer
    request = json.dumps(chat(stream=True)).encode()
    check_stream(request, post(gateway, request))


def test_a_stream_without_its_mark_is_closed_all_the_same(serve, backend):
    gateway = serve()
    made = events("tiny", ["one"])

    def answer(asked, send):
        send(STREAM_HEAD + chunked(b"".join(made)[:-2]) + b"0\r\n\r\n")

    backend.answer = answer
    request = json.dumps(chat(stream=True)).encode()
    found = post(gateway, request)
    *lines, closing = data_lines(found.body)
    event = json.loads(closing.removeprefix(b"data:"))
    assert len(lines) == len(made)
    assert event["responseHash"] == hashlib.sha256(b"".join(lines)).hexdigest()


def test_a_stream_cut_short_ends_in_an_error(serve, backend):
    gateway = serve()

    def answer(asked, send):
        send(STREAM_HEAD + chunked(events("tiny", ["one"])[0]))
        return "close"

    backend.answer = answer
    with socket.create_connection(("127.0.0.1", gateway.port), 30) as connection:
        body = json.dumps(chat(stream=True)).encode()
        connection.sendall(
            f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gateway.key}\r\nContent-Length: {len(body)}\r\n\r\n"
            .encode() + body)
        received = b""
        while part := connection.recv(65536):
            received += part
    assert b"stream_cut_short" in received and b"[DONE]" not in received and b"responseHash" not in received
    assert not received.endswith(b"0\r\n\r\n"), "the connection ends without the stream's end"


@pytest.mark.parametrize("rest", [b"", b'data: {"half'], ids=["between events", "within an event"])
def test_a_stream_whose_end_nobody_can_tell_is_not_sealed(serve, backend, rest):
    """It ends with the connection: whole only if it says so."""
    gateway = serve()
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    made = events("tiny", ["one"])[0]
    ends = [rest, b"data: [DONE]\n\n"]

    def answer(asked, send):
        send(start + made + ends.pop(0))
        return "close"

    backend.answer = answer
    request = json.dumps(chat(stream=True)).encode()
    with pytest.raises(http.client.IncompleteRead) as cut:
        post(gateway, request)
    assert cut.value.partial.startswith(made) and b"stream_cut_short" in cut.value.partial
    assert b"responseHash" not in cut.value.partial and b'{"half' not in cut.value.partial
    check_stream(request, post(gateway, request))


def test_a_caller_that_leaves_ends_the_stream(serve, backend):
    gateway = serve(limits={"concurrent_requests": 1})
    gone = threading.Event()

    def answer(asked, send):
        send(STREAM_HEAD)
        try:
            while True:
                send(chunked(events("tiny", ["word "])[0]))
        except OSError:
            gone.set()
            raise

    backend.answer = answer
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.request("POST", CHAT, json.dumps(chat(stream=True)), {"Authorization": f"Bearer {gateway.key}"})
    response = connection.getresponse()
    response.read1()
    response.close()
    connection.close()
    assert gone.wait(30)
    # And the request does not count as running any more.
    backend.answer = complete
    eventually("the next request passes", lambda: post(gateway, chat()).status == 200)
