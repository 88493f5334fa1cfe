"""curl as in the provider's own examples; only the address and the key differ."""

import hashlib
import json
import subprocess

import pytest

EXAMPLES = {
    "/v1/chat/completions": """{
    "model": "deepseek-ai/DeepSeek-V3",
    "messages": [{"role": "user", "content": "What are some fun things to do in New York?"}]
  }""",
    "/v1/images/generations": """{
    "model": "black-forest-labs/FLUX.1-dev",
    "prompt": "Cats eating popcorn",
    "steps": 10,
    "n": 4
  }""",
    "/v1/videos/generations": """{
    "model": "KumoAnonymous/KumoVideo-Turbo",
    "prompt": "NYC Is A Great City",
    "seed": 0
  }""",
}


def curl(*arguments) -> bytes:
    return subprocess.run(["curl", "-sS", "--fail-with-body", "--max-time", "30", *map(str, arguments)],
                          check=True, capture_output=True).stdout


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_examples(proxy, path):
    answer = json.loads(curl(
        "-X", "POST", f"{proxy.base_url}{path.removeprefix('/v1')}",
        "-H", f"Authorization: Bearer {proxy.token()['token']}", "-H", "Content-Type: application/json",
        "-d", EXAMPLES[path]))
    assert not answer.get("error")
    (seen,) = proxy.model.seen
    # Not a byte of the body is different, and the token has become the key.
    assert seen.body.decode() == EXAMPLES[path]
    assert seen.key == proxy.key()
    assert seen.path == path
    exchange = proxy.exchanges()[0]
    assert exchange["request_hash"] == hashlib.sha256(EXAMPLES[path].encode()).hexdigest()


def test_a_video_is_polled_for(proxy):
    socket = ("--unix-socket", proxy.socket)
    task = json.loads(curl(*socket, "-d", EXAMPLES["/v1/videos/generations"],
                           "http://localhost/v1/videos/generations"))["task_id"]
    states = [json.loads(curl(*socket, f"http://localhost/v1/videos/result/{task}"))["status"] for _ in range(3)]
    assert states == ["PROCESSING", "PROCESSING", "OK"]


def test_any_other_path_with_any_bytes(proxy):
    body = bytes(range(256)) * 40_000
    answer = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "--unix-socket", proxy.socket, "-H", "Content-Type: multipart/x",
         "--data-binary", "@-", "http://localhost/v1/echo/%E2%82%AC?a=%2F&b"],
        input=body, capture_output=True, check=True).stdout
    assert answer == body
    assert proxy.model.seen[0].path == "/v1/echo/%E2%82%AC?a=%2F&b"


def test_what_belongs_to_the_caller_stays_here(proxy):
    curl("--unix-socket", proxy.socket, "-H", "Authorization: Bearer sk-private", "-H", "Cookie: session=1",
         "-H", "X-Api-Key: sk-other", "-H", "Connection: close, X-Hop", "-H", "X-Hop: 1", "-H", "X-Stays: 2",
         "-H", "Proxy-Authorization: Basic x", "-H", "X-Orakey-Consumer: default", "http://localhost/v1/models")
    headers = proxy.model.seen[0].headers
    assert headers.get_all("Authorization") == [f"Bearer {proxy.key()}"]
    assert headers["X-Stays"] == "2"
    assert headers["Host"] == proxy.model.url.removeprefix("http://")
    for name in ("Cookie", "X-Api-Key", "X-Hop", "Proxy-Authorization", "X-Orakey-Consumer", "Connection"):
        assert name not in headers


@pytest.mark.parametrize("headers", [{}, {"TE": "trailers"}], ids=["the short way", "the long way"])
def test_what_speaks_in_the_upstreams_name_stays_here(proxy, headers):
    proxy.model.next(lambda handler, _: handler.send(
        {"ok": 1}, headers=[
        ("Set-Cookie", "a=1"), ("Alt-Svc", "h3"), ("Keep-Alive", "1"), ("X-Stays", "2"), ("X-Orakey-Fingerprint", "forged")]))
    answer = proxy.ask("GET", "/v1/models", headers=headers)
    assert answer.headers["X-Stays"] == "2"
    [fingerprint] = answer.headers.get_all("X-Orakey-Fingerprint")
    assert fingerprint == proxy.daemon.get("/v1/key").json["fingerprint"]
    for name in ("Set-Cookie", "Alt-Svc", "Keep-Alive"):
        assert name not in answer.headers
