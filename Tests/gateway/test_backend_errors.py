"""Backends that refuse, fail or break."""

import json
import threading

import pytest
from support.scriptedbackend import complete, completion, whole

from .service import chat, post


def test_a_backends_error_passes_as_it_is(serve, backend):
    gateway = serve()
    error = b'{"error": {"message": "too long", "type": "invalid_request_error", "code": "context"}}'
    backend.answer = lambda asked, send: send(whole(429, error, "application/json", "Retry-After: 7"))
    answer = post(gateway, chat())
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (429, error, "7")


@pytest.mark.parametrize("status", [401, 302])
def test_a_backend_that_refuses_the_gateway_is_not_the_callers_fault(serve, backend, status):
    gateway = serve()
    backend.answer = lambda asked, send: send(whole(
        status, b'{"detail":"bad key"}', "application/json", "Location: http://elsewhere/", "WWW-Authenticate: Basic"))
    answer = post(gateway, chat())
    assert answer.status == 502 and answer.json["error"]["code"] == "backend_unavailable"
    assert "key_file" in gateway.log_text()


@pytest.mark.parametrize("status, kind", [(503, "server_error"), (413, "invalid_request_error")])
def test_an_error_page_becomes_an_error_in_openais_form(serve, backend, status, kind):
    gateway = serve()
    backend.answer = lambda asked, send: send(whole(status, b"<h1>no</h1>", "text/html", "Retry-After: 7"))
    answer = post(gateway, chat())
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert set(answer.json["error"]) == {"message", "type", "code"}
    assert (answer.json["error"]["type"], answer.json["error"]["code"]) == (kind, "backend_error")


@pytest.mark.parametrize("raw", [
    b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    whole(200, b"not json"), whole(200, b"[1]"), whole(200, b'{"a":1e999}'), whole(200, b'{"a":"\xff"}'),
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
])
def test_a_backend_that_breaks_is_the_backends_fault(serve, backend, raw):
    gateway = serve()

    def answer(asked, send):
        send(raw)
        return "close"

    backend.answer = answer
    found = post(gateway, chat())
    assert found.status == 502 and found.json["error"]["code"] == "backend_unavailable"
    assert post(gateway, chat("vendor/Painter-1")).status == 200, "the other backend serves on"


def test_what_a_backend_says_unasked_is_nobodys_answer(serve, backend):
    """A kept connection on which it has said more than its answer is not used again."""
    gateway = serve()
    said = threading.Event()

    def answer(asked, send):
        send(whole(200, json.dumps(completion("tiny", "asked for")).encode()))
        # On its own, after what the gateway reads in one go.
        assert go_on.wait(30)
        send(whole(200, json.dumps(completion("tiny", "unasked")).encode()))
        said.set()

    for _ in range(3):
        go_on = threading.Event()
        said.clear()
        backend.answer = answer
        found = post(gateway, chat())
        assert found.json["choices"][0]["message"]["content"] == "asked for"
        go_on.set()
        assert said.wait(30)
    backend.answer = complete
    assert post(gateway, chat()).json["choices"][0]["message"]["content"] == "three words here"
    assert len(backend.asked) == 4
