"""Results of videos are asked for where they are made."""

import json

import pytest
from support.scriptedbackend import whole

from .service import post


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
