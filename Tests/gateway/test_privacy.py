"""What stays on its side: credentials, headers, prompts, answers."""

import json

from support.scriptedbackend import completion, whole

from .service import BACKEND_KEY, chat, post


def test_callers_credentials_stay_here(serve, backend, key_owner):
    gateway = serve()
    answer = post(
        gateway, chat(), Cookie="a=b", **{"X-Api-Key": "z", "X-Ora-Owner": "0xforged", "Proxy-Authorization": "Basic eA==",
                                          "X-Forwarded-For": "1.2.3.4", "User-Agent": "test"})
    assert answer.status == 200
    [asked] = backend.asked
    assert [value for name, value in asked.headers if name == "authorization"] == [f"Bearer {BACKEND_KEY}"]
    names = {name for name, _ in asked.headers}
    assert names <= {"host", "authorization", "content-type", "content-length", "accept", "user-agent", "x-ora-network",
                     "x-ora-owner", "x-ora-message"}
    assert asked.header("x-ora-owner") == key_owner.account.address
    assert gateway.key.partition(":")[2] not in repr(asked.headers)


def test_a_backends_own_headers_stay_there(serve, backend):
    gateway = serve()
    backend.answer = lambda asked, send: send(whole(
        200, b"{}", "application/json", "Set-Cookie: a=b", "Server: secret", "X-Request-Id: r1", f"X-Key: {BACKEND_KEY}"))
    answer = post(gateway, chat())
    assert answer.headers["X-Request-Id"] == "r1"
    assert not {"set-cookie", "server", "x-key"} & {name.lower() for name in answer.headers}


def test_no_prompt_key_or_answer_in_any_file(serve, backend, search_service):
    gateway = serve(search={"url": search_service.url})
    prompt, reply = "a very private question 4711", "a very private reply 0815"
    body = {"model": "tiny", "messages": [{"role": "user", "content": prompt}]}
    backend.answer = lambda asked, send: send(whole(200, json.dumps(completion("tiny", reply)).encode()))
    post(gateway, body)
    post(gateway, {**body, "search_enabled": True})
    post(gateway, json.dumps(body).encode()[:-1])
    backend.answer = lambda asked, send: send(whole(200, reply.encode()))
    post(gateway, body)
    backend.answer = lambda asked, send: "close"
    post(gateway, body)
    search_service.answer = lambda asked, send: send(whole(200, prompt.encode()))
    post(gateway, {**body, "search_enabled": True})
    told = gateway.get("/metrics", port=gateway.metrics_port).body + gateway.get("/usage", port=gateway.metrics_port).body
    gateway.stop()
    everything = told + b"".join(path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file())
    for secret in (prompt, reply, gateway.key.partition(":")[2], BACKEND_KEY, "private"):
        assert secret.encode() not in everything
