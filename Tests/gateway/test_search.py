"""search_enabled: a search before the model is asked."""

import hashlib
import json

from support.scriptedbackend import whole

from .service import ROWS, chat, check_stream, jcs, post


def test_search_adds_its_results(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url, "results": 2})
    request = json.dumps(chat(search_enabled=True)).encode()
    found = post(gateway, request).json
    assert found["search_result"] == ROWS
    assert found.pop("requestHash") == hashlib.sha256(request).hexdigest(), "the hash is of what the caller sent"
    assert found.pop("responseHash") == hashlib.sha256(jcs(found)).hexdigest()
    [searched] = search_service.asked
    assert searched.target == "/search?format=json&q=Say%20three%20words." and searched.header("authorization") is None
    sent = json.loads(backend.asked[0].body)
    assert "search_enabled" not in sent
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert "https://example.org/two" in sent["messages"][0]["content"] and "The third." not in sent["messages"][0]["content"]


def test_a_question_is_bounded_in_scalars(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url, "results": 2})
    question = "e" + "\u0301" * 100_000
    body = chat(search_enabled=True, messages=[{"role": "user", "content": question}])
    assert post(gateway, body).status == 200
    assert len(search_service.asked[0].target) < 4000


def test_search_in_a_stream(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url, "results": 2})
    request = json.dumps(chat(search_enabled=True, stream=True)).encode()
    assert check_stream(request, post(gateway, request))["search_result"] == ROWS


def test_search_off_changes_nothing(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url})
    request = json.dumps(chat(search_enabled=False)).encode()
    assert "search_result" not in post(gateway, request).json
    assert not search_service.asked and backend.asked[0].body == request


def test_search_that_fails_bills_nothing(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url})
    for raw in (whole(500, b""), whole(200, b"<html>"), whole(200, b"{}")):
        search_service.answer = lambda asked, send, raw=raw: send(raw)
        answer = post(gateway, chat(search_enabled=True))
        assert answer.status == 502, answer
    assert not backend.asked
    assert post(serve(), chat(search_enabled=True)).json["error"]["code"] == "search_not_available"
