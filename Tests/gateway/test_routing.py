"""Which request goes to which backend, and which to none."""

import json

import pytest
from support.scriptedbackend import whole

from .conftest import Owner, network_of
from .service import CHAT, chat, post


def test_models_are_routed_to_their_backends(serve, backend, second_backend):
    gateway = serve()
    second_backend.answer = lambda asked, send: send(
        whole(200, b'{"object":"list","model":"vendor/Painter-1","data":[{"index":0,"url":"https://x/1"}]}'))
    image = post(gateway, {"model": "vendor/Painter-1", "prompt": "Cats", "steps": 4, "n": 1}, "/v1/images/generations")
    assert image.status == 200 and image.json["data"][0]["url"] == "https://x/1" and image.json["responseHash"]
    assert [asked.target for asked in second_backend.asked] == ["/v1/images/generations"] and not backend.asked
    unknown = post(gateway, chat("other"))
    assert unknown.status == 404 and unknown.json["error"]["code"] == "model_not_found"
    listed = gateway.get("/v1/models", {"Authorization": f"Bearer {gateway.key}"})
    assert [model["id"] for model in listed.json["data"]] == ["tiny", "vendor/Film-1", "vendor/Painter-1"]
    one = gateway.get("/v1/models/vendor/Painter-1", {"Authorization": f"Bearer {gateway.key}"})
    assert one.json["id"] == "vendor/Painter-1"
    encoded = gateway.get("/v1/models/vendor%2FPainter-1", {"Authorization": f"Bearer {gateway.key}"})
    assert encoded.json["id"] == "vendor/Painter-1", "OpenAI's client encodes the slash"
    assert gateway.get("/v1/models/none", {"Authorization": f"Bearer {gateway.key}"}).status == 404


@pytest.mark.parametrize("path, allowed", [
    (CHAT, "POST"), ("/v1/images/generations", "POST"), ("/v1/videos/generations", "POST"), ("/v1/models", "GET, HEAD"),
    ("/v1/models/tiny", "GET, HEAD"), ("/v1/videos/result/t-1", "GET, HEAD"),
])
def test_each_path_has_its_methods(serve, backend, second_backend, path, allowed):
    gateway = serve()
    key = {"Authorization": f"Bearer {gateway.key}"}
    for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - set(allowed.split(", ")):
        answer = gateway.get(path, key, method, body=b"{}" if method == "POST" else None)
        assert (answer.status, answer.headers["Allow"]) == (405, allowed), method
        assert method == "HEAD" or answer.json["error"]["code"] == "method_not_allowed"
    assert not backend.asked + second_backend.asked


def test_head_is_get_without_its_body(serve, backend, second_backend):
    gateway = serve()
    second_backend.answer = lambda asked, send: send(whole(404, b"{}"))
    backend.answer = lambda asked, send: send(whole(200, b'{"status":"OK"}'))
    key = {"Authorization": f"Bearer {gateway.key}"}
    for path in ("/v1/models", "/v1/models/tiny", "/v1/models/none", "/v1/videos/result/t-1"):
        head, whole_answer = gateway.get(path, key, "HEAD"), gateway.get(path, key)
        assert (head.status, head.body) == (whole_answer.status, b"")
        assert head.headers["Content-Length"] == str(len(whole_answer.body)) != "0"
    # Not every model server knows HEAD.
    assert {asked.method for asked in backend.asked} == {"GET"}


def test_bad_keys_never_reach_a_backend(serve, backend, key_owner, own_chain):
    gateway = serve()
    for key in (key_owner.text(2), gateway.key[:-1], key_owner.text(1, "OTHER")):
        answer = post(gateway, chat(), key=key)
        assert answer.status == 401 and answer.json["error"]["code"] == "invalid_api_key"
    assert gateway.get(CHAT, {}, "POST", body=b"{}").status == 401
    key_owner.disable(1)
    gateway.follows(own_chain.head())
    assert post(gateway, chat()).status == 401
    assert not backend.asked


@pytest.mark.parametrize("path", [
    "/v1/../admin", "/v1/x/%2e%2E/%2e./admin", "/v1/..%2fadmin", "/v1/..%5cadmin", "/v1/%252e%252e/x", "/v1/..;a/x",
    "/v1/videos/result/../../../metrics", "/v1/a%00b", "/v1/%2e%2E/admin", "/v1/x/..%2f..%2fadmin", "/v1/..;a=b/admin",
    "/v1/..%3B/admin", "/v1/..\\admin",
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_opens_no_other_path_of_a_backend(serve, backend, second_backend, method, path):
    gateway = serve()
    body = json.dumps(chat()).encode() if method == "POST" else None
    answer = gateway.get(path, {"Authorization": f"Bearer {gateway.key}"}, method, body=body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")
    assert not backend.asked + second_backend.asked


def test_what_needs_no_backend_is_refused_without_one(make_gateway, contract, key_owner, own_chain):
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    [key] = Owner(key_owner.account, contract).create()
    gateway.follows(own_chain.head())
    assert gateway.get("/v1/models", {"Authorization": f"Bearer {key}"}).status == 404
