"""What tests of the reverse proxy's role ask, and how they check hashes by hand."""

import hashlib
import json

CHAT = "/v1/chat/completions"
BACKEND_KEY = "sk-of-the-backend"

RESULTS = {"results": [
    {"url": "https://example.org/one", "title": "One", "content": "The first result.", "engine": "google"},
    {"url": "javascript:alert(1)", "title": "Bad", "content": "x", "engine": "google"},
    {"url": "https://example.org/two", "title": "Two", "content": "The second.", "engine": "duckduckgo"},
    {"url": "https://example.org/three", "title": "Three", "content": "The third.", "engine": "bing"},
]}
ROWS = [
    {"url": "https://example.org/one", "context": "The first result.", "source_from": "google"},
    {"url": "https://example.org/two", "context": "The second.", "source_from": "duckduckgo"},
]


def post(gateway, body, target=CHAT, key=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", "Authorization": f"Bearer {key or gateway.key}", **headers}
    return gateway.get(target, fields, "POST", body=raw)


def chat(model="tiny", **more) -> dict:
    return {"model": model, "messages": [{"role": "user", "content": "Say three words."}], **more}


def jcs(value) -> bytes:
    """RFC 8785 for values without floating-point numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def data_lines(body: bytes) -> list[bytes]:
    """Each with one line feed in place of its line end."""
    return [line + b"\n" for line in body.splitlines() if line.startswith(b"data:")]


def check_stream(request: bytes, answer) -> dict:
    """The hashes of a stream, by hand; gives its closing event."""
    *lines, closing, done = data_lines(answer.body)
    assert done == b"data: [DONE]\n"
    event = json.loads(closing.removeprefix(b"data:"))
    assert answer.headers["X-Ora-Hash-Scheme"] == "sha256-jcs"
    assert event["requestHash"] == hashlib.sha256(request).hexdigest()
    assert event["responseHash"] == hashlib.sha256(b"".join([*lines, done])).hexdigest()
    return event
