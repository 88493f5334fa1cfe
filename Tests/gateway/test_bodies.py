"""Bodies of requests that are refused."""

import pytest

from .service import CHAT, chat, post


@pytest.mark.parametrize("body, word", [
    (b"", "JSON"), (b"[]", "object"), (b'{"messages":[]}', "model"), (b'{"model":"tiny","model":"other"}', "JSON"),
    (b'{"model":1}', "model"), (b'{"model":"tiny","search_enabled":"yes"}', "search_enabled"), (b"\xff", "JSON"),
    (b'{"model":"tiny"' + b"," * 10, "JSON"), (b"[" * 100_000, "JSON"), (b'{"model":"\\ud800"}', "JSON"),
])
def test_bad_bodies_are_refused_in_openais_form(serve, backend, body, word):
    gateway = serve()
    answer = post(gateway, body)
    assert answer.status == 400
    assert set(answer.json["error"]) == {"message", "type", "code"} and word in answer.json["error"]["message"]
    assert not backend.asked


def test_bodies_are_bounded(serve, backend):
    gateway = serve(limits={"body_bytes": 2000})
    assert post(gateway, chat(padding="x" * 1000)).status == 200
    answer = post(gateway, chat(padding="x" * 3000))
    assert answer.status == 413 and answer.json["error"]["code"] == "request_too_large"
    assert len(backend.asked) == 1
    # More than the front takes of anybody.
    answer = gateway.get(CHAT, {"Authorization": f"Bearer {gateway.key}", "Content-Length": str(1 << 40)}, "POST")
    assert answer.status == 413 and answer.json["error"]["code"] == "request_too_large"
