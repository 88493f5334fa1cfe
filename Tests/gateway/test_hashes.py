"""Hashes of whole answers, computed again by hand."""

import hashlib
import json

from support.scriptedbackend import completion, whole

from .service import CHAT, chat, jcs, post


def test_a_completion_comes_back_with_hashes(serve, backend):
    gateway = serve()
    request = json.dumps(chat(temperature=0.5), indent=1).encode()
    answer = post(gateway, request)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    found = answer.json
    assert found.pop("requestHash") == hashlib.sha256(request).hexdigest()
    assert found.pop("responseHash") == hashlib.sha256(jcs(found)).hexdigest()
    assert answer.headers["X-Ora-Hash-Scheme"] == "sha256-jcs"
    assert found == completion("tiny", "three words here")
    [asked] = backend.asked
    assert asked.body == request, "the body passes untouched"
    assert (asked.method, asked.target) == ("POST", CHAT)


def test_numbers_and_names_are_hashed_in_canonical_form(serve, backend):
    gateway = serve()
    body = b'{"z":1.50,"\xc3\xb6":1E2,"a":{"\\u20ac":0.1,"1":1e-7},"list":[1e21,-0.0,123456789012345680000]}'
    backend.answer = lambda asked, send: send(whole(200, body))
    found = post(gateway, chat()).json
    canonical = '{"a":{"1":1e-7,"€":0.1},"list":[1e+21,0,123456789012345680000],"z":1.5,"ö":100}'.encode()
    assert found["responseHash"] == hashlib.sha256(canonical).hexdigest()


def test_hashes_of_a_backend_are_not_passed_off_as_the_gateways(serve, backend):
    gateway = serve()
    made = {**completion("tiny", "x"), "requestHash": "0" * 64, "responseHash": "1" * 64}
    backend.answer = lambda asked, send: send(whole(200, json.dumps(made).encode()))
    found = post(gateway, chat()).json
    assert found.pop("requestHash") != "0" * 64
    assert found.pop("responseHash") == hashlib.sha256(jcs(found)).hexdigest()
