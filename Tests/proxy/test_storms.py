"""An upstream that tells everybody of one consumer to wait, all at the same time."""

import concurrent.futures
import os
import pathlib
import threading

import openai
import pytest

from support.daemon import eventually

MODEL = "deepseek-ai/DeepSeek-V3"
MESSAGES = [{"role": "user", "content": "hello"}]
CALLERS = 48


def ends(port: int) -> int:
    """Ends of connections from or to that port that are open (01), or of which only the other side let go (08)."""
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[3] in ("01", "08") and any(end.endswith(f":{port:04X}") for end in line[1:3]) for line in lines)


def refusal(client) -> openai.RateLimitError:
    with pytest.raises(openai.RateLimitError) as error:
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    return error.value


def test_a_storm_of_429_is_one_consumers(make_proxy):
    """All are refused while all are under way: each is told how long to wait, nobody else waits, and nothing is left."""
    user = os.geteuid()
    proxy = make_proxy(consumers=[{"name": "a", "match": {"uid": user}}, {"name": "b", "match": {"uid": user}}])
    keys = {name: eventually(f"a key for {name}", lambda name=name: proxy.daemon.orakey(
        "get", "--consumer", name, check=False).stdout.strip()) for name in ("a", "b")}
    storm = threading.Event()

    def refuses(handler, seen):
        if seen.key != keys["a"]:
            return handler.answer(seen)
        assert storm.wait(60)
        handler.error(429, "slow_down", "too many", [("Retry-After", "600"), ("Connection", "close")])

    proxy.model.always = refuses
    a, b = (proxy.client(consumer=name) for name in ("a", "b"))
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(refusal, a) for _ in range(CALLERS)]
        proxy.model.wait_for(CALLERS)
        assert b.chat.completions.create(model=MODEL, messages=MESSAGES).choices
        storm.set()
        refusals = [call.result() for call in calls]
    assert all(
        (error.code, error.response.headers["retry-after"]) == ("slow_down", "600") for error in refusals)
    # From now on they are answered here, and the other consumer goes on.
    for _ in range(CALLERS):
        later = refusal(a)
        assert later.code == "rate_limited" and 0 < int(later.response.headers["retry-after"]) <= 600
        assert b.chat.completions.create(model=MODEL, messages=MESSAGES).choices
    assert len([seen for seen in proxy.model.seen if seen.key == keys["a"]]) == CALLERS
    assert not any(key in str(error.response.headers) + error.response.text
                   for key in keys.values() for error in [*refusals, later])
    statuses = {row["consumer"]: row["statuses"] for row in proxy.usage() if row["requests"]}
    assert statuses["b"] == {"200": CALLERS + 1}
    # Of all the connections one may be left: that which is kept for the next request to the upstream.
    assert ends(a.base_url.port) > 0
    proxy.close()
    eventually("no caller is left", lambda: ends(a.base_url.port) == 0)
    eventually("the upstream is let go", lambda: ends(proxy.model.server_address[1]) <= 2)
