"""The reverse proxy's role: routing, what passes and what does not, hashes, streams, search, limits, usage."""

import datetime
import hashlib
import http.client
import json
import socket
import threading

import pytest
from support.daemon import eventually
from support.scriptedbackend import (
    STREAM_HEAD, ScriptedBackend, chunked, complete, completion, events, whole,
)

from .conftest import Owner, network_of

CHAT = "/v1/chat/completions"
SECRET = "sk-of-the-backend"


@pytest.fixture
def second_backend():
    server = ScriptedBackend()
    yield server
    server.stop()


@pytest.fixture
def serve(make_gateway, contract, key_owner, own_chain, backend, second_backend, tmp_path):
    """serve(**settings): a gateway before both backends, and a key that is good there."""

    def serve(**settings):
        secret = tmp_path / "backend.key"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        gateway = make_gateway(
            {"BASE": network_of(contract)},
            backends={"text": {"url": backend.url, "key_file": str(secret)}, "images": {"url": second_backend.url}},
            models={"tiny": "text", "vendor/Painter-1": "images", "vendor/Film-1": "images"}, **settings).start()
        [gateway.key] = key_owner.create()
        gateway.follows(own_chain.head())
        return gateway

    return serve


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


def test_a_video_is_asked_for_where_it_is_made(serve, make_gateway, backend, second_backend):
    gateway = serve()
    started = {"task_id": "t-1", "hash_val": "00", "status": "PROCESSING", "content": ""}
    result = {"task_id": "t-1", "hash_val": "00", "status": "OK", "video": "https://x/v"}

    def film(asked, send):
        send(whole(200, json.dumps(started if asked.method == "POST" else result).encode()))

    second_backend.answer = film
    backend.answer = lambda asked, send: send(whole(404, b'{"error":{"message":"no such task","type":"x","code":"y"}}'))
    answer = post(gateway, {"model": "vendor/Film-1", "prompt": "NYC", "seed": 0}, "/v1/videos/generations")
    assert answer.json["task_id"] == "t-1" and answer.json["requestHash"]
    key = {"Authorization": f"Bearer {gateway.key}"}
    assert gateway.get("/v1/videos/result/t-1", key).json == result
    assert not backend.asked, "the gateway knows where the task is"
    # A task that another instance took is looked for everywhere.
    assert gateway.get("/v1/videos/result/t-2", key).json == result
    assert [asked.target for asked in backend.asked] == ["/v1/videos/result/t-2"]
    assert gateway.get("/v1/videos/result/t-1").status == 401


NO_TASK = whole(404, b'{"error":{"message":"no such task","type":"x","code":"y"}}')
NO_PATH = whole(405, b'{"error":{"message":"no such path","type":"x","code":"y"}}')


@pytest.mark.parametrize("first, second, status", [
    (b"", whole(200, b'{"status":"OK"}'), 200), (NO_PATH, whole(200, b'{"status":"OK"}'), 200), (NO_TASK, NO_TASK, 404),
    (NO_PATH, NO_TASK, 405), (NO_TASK, NO_PATH, 405), (b"", NO_TASK, 502), (NO_TASK, b"", 502),
])
def test_a_backend_that_fails_hides_no_task_of_another(serve, backend, second_backend, first, second, status):
    gateway = serve()

    def answers(bytes):
        return lambda asked, send: send(bytes) if bytes else "close"

    backend.answer, second_backend.answer = answers(first), answers(second)
    answer = gateway.get("/v1/videos/result/t-2", {"Authorization": f"Bearer {gateway.key}"})
    assert answer.status == status and (status == 200 or set(answer.json["error"]) == {"message", "type", "code"})


def test_callers_credentials_stay_here(serve, backend, key_owner):
    gateway = serve()
    answer = post(
        gateway, chat(), Cookie="a=b", **{"X-Api-Key": "z", "X-Ora-Owner": "0xforged", "Proxy-Authorization": "Basic eA==",
                                          "X-Forwarded-For": "1.2.3.4", "User-Agent": "test"})
    assert answer.status == 200
    [asked] = backend.asked
    assert [value for name, value in asked.headers if name == "authorization"] == [f"Bearer {SECRET}"]
    names = {name for name, _ in asked.headers}
    assert names <= {"host", "authorization", "content-type", "content-length", "accept", "user-agent", "x-ora-network",
                     "x-ora-owner", "x-ora-message"}
    assert asked.header("x-ora-owner") == key_owner.account.address
    assert gateway.key.partition(":")[2] not in repr(asked.headers)


def test_a_backends_own_headers_stay_there(serve, backend):
    gateway = serve()
    backend.answer = lambda asked, send: send(whole(
        200, b"{}", "application/json", "Set-Cookie: a=b", "Server: secret", "X-Request-Id: r1", f"X-Key: {SECRET}"))
    answer = post(gateway, chat())
    assert answer.headers["X-Request-Id"] == "r1"
    assert not {"set-cookie", "server", "x-key"} & {name.lower() for name in answer.headers}


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
    "/v1/videos/result/../../../metrics", "/v1/a%00b",
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_opens_no_other_path_of_a_backend(serve, backend, second_backend, method, path):
    gateway = serve()
    body = json.dumps(chat()).encode() if method == "POST" else None
    answer = gateway.get(path, {"Authorization": f"Bearer {gateway.key}"}, method, body=body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")
    assert not backend.asked + second_backend.asked


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


def test_a_backends_error_passes_as_it_is(serve, backend):
    gateway = serve()
    error = b'{"error": {"message": "too long", "type": "invalid_request_error", "code": "context"}}'
    backend.answer = lambda asked, send: send(whole(429, error, "application/json", "Retry-After: 7"))
    answer = post(gateway, chat())
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (429, error, "7")


@pytest.mark.parametrize("path", [
    "/v1/../admin", "/v1/%2e%2E/admin", "/v1/x/..%2f..%2fadmin", "/v1/..;a=b/admin", "/v1/..%3B/admin", "/v1/..\\admin",
    "/v1/%252e%252e/x", "/v1/videos/result/../../../admin", "/v1/a%00b",
])
def test_no_path_leads_out_of_v1(serve, backend, second_backend, path):
    gateway = serve()
    for answer in (post(gateway, chat(), path), gateway.get(path, {"Authorization": f"Bearer {gateway.key}"})):
        assert answer.status == 400 and answer.json["error"]["code"] == "bad_request"
    assert not backend.asked and not second_backend.asked


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


def test_requests_at_one_time_are_bounded(serve, backend):
    gateway = serve(limits={"concurrent_requests": 2})
    begun, go_on = threading.Semaphore(0), threading.Event()
    statuses = []

    def answer(asked, send):
        begun.release()
        assert go_on.wait(30)
        send(whole(200, json.dumps(completion("tiny", "x")).encode()))

    backend.answer = answer
    threads = [threading.Thread(target=lambda: statuses.append(post(gateway, chat()).status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=30)
    refused = post(gateway, chat())
    assert refused.status == 429 and refused.headers["Retry-After"] == "1"
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert statuses == [200, 200]
    assert post(gateway, chat()).status == 200


def test_the_rate_counts_for_both_roles(serve):
    gateway = serve(limits={"requests_per_minute": 2})
    assert gateway.auth(gateway.key).status == 200
    assert post(gateway, chat()).status == 200
    refused = post(gateway, chat())
    assert refused.status == 429 and refused.json["error"]["type"] == "rate_limit_error" and refused.headers["Retry-After"]
    assert gateway.auth(gateway.key).status == 429


def usage_of(gateway) -> list[dict]:
    return gateway.get("/usage", port=gateway.metrics_port).json["usage"]


def test_usage_is_counted_and_kept(serve, backend, key_owner):
    gateway = serve()
    request = json.dumps(chat()).encode()
    size = len(post(gateway, request).body)
    stream = post(gateway, chat(stream=True))
    backend.answer = lambda asked, send: send(whole(500, b"{}"))
    assert post(gateway, chat()).status == 500
    [row] = usage_of(gateway)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert (row["day"], row["network"], row["owner"], row["model"]) == (today, "BASE", key_owner.account.address, "tiny")
    assert (row["requests"], row["failures"], row["prompt_tokens"], row["completion_tokens"]) == (3, 1, 14, 6)
    assert row["bytes_in"] == 2 * len(request) + len(json.dumps(chat(stream=True)))
    assert row["bytes_out"] == size + len(stream.body) + 2
    metrics = gateway.metrics()
    assert metrics['orakey_gateway_requests_total{model="tiny"}'] == 3
    assert metrics['orakey_gateway_tokens_total{model="tiny",kind="completion"}'] == 6
    gateway.stop()
    gateway.start()
    assert usage_of(gateway) == [row]
    assert gateway.get("/usage?day=2001-01-01", port=gateway.metrics_port).json == {"usage": []}
    assert gateway.get("/usage?day=x", port=gateway.metrics_port).status == 400


def test_a_mad_count_of_tokens_spoils_no_usage(serve, backend):
    gateway = serve()
    for tokens in (2**40, 2**63 - 1, 2**64 - 1, -1, 1.5):
        made = {**completion("tiny", "x"), "usage": {"prompt_tokens": tokens, "completion_tokens": tokens}}
        backend.answer = lambda asked, send, made=made: send(whole(200, json.dumps(made).encode()))
        assert post(gateway, chat()).status == 200
        usage_of(gateway)
    assert [(row["requests"], row["prompt_tokens"]) for row in usage_of(gateway)] == [(5, 0)]


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


@pytest.fixture
def search_service():
    server = ScriptedBackend()
    server.answer = lambda asked, send: send(whole(200, json.dumps(RESULTS).encode()))
    yield server
    server.stop()


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
    for secret in (prompt, reply, gateway.key.partition(":")[2], SECRET, "private"):
        assert secret.encode() not in everything


def test_what_needs_no_backend_is_refused_without_one(make_gateway, contract, key_owner, own_chain):
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    [key] = Owner(key_owner.account, contract).create()
    gateway.follows(own_chain.head())
    assert gateway.get("/v1/models", {"Authorization": f"Bearer {key}"}).status == 404
