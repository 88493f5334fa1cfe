"""What owners have used is counted and kept."""

import datetime
import json

from support.scriptedbackend import completion, whole

from .service import chat, post


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
