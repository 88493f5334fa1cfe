"""Keys that change while requests are under way."""

import json
import threading

from support.daemon import eventually
from support.scripted_model import words_for

CHAT = {"model": "deepseek-ai/DeepSeek-V3", "messages": [{"role": "user", "content": "hello"}]}


def test_no_request_fails_while_keys_rotate(proxy):
    """The upstream refuses each key from the moment it is replaced: the harshest provider there could be."""
    stop, failures, answered = threading.Event(), [], []

    def calls():
        while not stop.is_set():
            answer = proxy.ask("POST", "/v1/chat/completions", CHAT)
            (answered if answer.status == 200 else failures).append(answer)

    callers = [threading.Thread(target=calls) for _ in range(4)]
    for caller in callers:
        caller.start()
    used = {proxy.key()}
    for _ in range(5):
        old = proxy.key()
        proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
        proxy.model.refused.add(old)
        used.add(eventually("another key", lambda: (key := proxy.key()) != old and key))
        count = len(answered)
        eventually("requests go on", lambda: failures or len(answered) > count + 8)
        eventually("the pool is filled again", lambda: proxy.daemon.status()["pool"]["ready"] > 0)
    stop.set()
    for caller in callers:
        caller.join()
    assert not failures, failures[:3]
    assert len(used) == 6 == len({seen.key for seen in proxy.model.seen})


def test_a_revoked_key_is_replaced_in_the_same_request(proxy):
    """The key is revoked while the upstream thinks; its 401 never reaches the caller."""
    old = proxy.key()
    fingerprint = proxy.daemon.get("/v1/key").json["fingerprint"]

    def revokes(handler, _):
        proxy.daemon.orakey("revoke", fingerprint, "--no-wait")
        eventually("another key", lambda: proxy.daemon.orakey("get", check=False).stdout.strip() not in ("", old))
        handler.error(401, "invalid_api_key", "this key is not active")

    proxy.model.next(revokes)
    answer = proxy.ask("POST", "/v1/chat/completions", CHAT)
    assert answer.status == 200
    first, second = proxy.model.seen
    assert (first.key, second.key) == (old, proxy.key())
    assert first.body == second.body
    assert answer.headers["X-Orakey-Fingerprint"] != fingerprint


def test_once_and_not_again(proxy):
    """The second key is refused as well: the caller gets to know."""
    old = proxy.key()

    def rotates(handler, _):
        proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
        eventually("another key", lambda: proxy.key() != old)
        handler.error(401, "invalid_api_key", "not this one")

    proxy.model.next(rotates, lambda handler, _: handler.error(401, "invalid_api_key", "nor this one"))
    answer = proxy.ask("POST", "/v1/chat/completions", CHAT)
    assert (answer.status, answer.json["error"]["message"]) == (401, "nor this one")
    assert len(proxy.model.seen) == 2


def test_a_key_that_did_not_change_is_not_tried_again(proxy):
    proxy.model.next(lambda handler, _: handler.error(401, "invalid_api_key", "no"))
    assert proxy.ask("POST", "/v1/chat/completions", CHAT).status == 401
    assert len(proxy.model.seen) == 1


def test_other_errors_are_not_tried_again(proxy):
    for status in (400, 402, 403, 408, 500, 502, 503, 504):
        old = proxy.key()

        def rotates(handler, _, status=status, old=old):
            proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
            eventually("another key", lambda: proxy.key() != old)
            handler.error(status, "x", "no")

        proxy.model.reset()
        proxy.model.next(rotates)
        assert proxy.ask("POST", "/v1/chat/completions", CHAT).status == status
        assert len(proxy.model.seen) == 1
        eventually("the pool is filled again", lambda: proxy.daemon.status()["pool"]["ready"] > 0)


def test_a_body_too_large_to_keep_is_not_sent_again(proxy):
    old = proxy.key()

    def rotates(handler, _):
        proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
        eventually("another key", lambda: proxy.key() != old)
        handler.error(401, "invalid_api_key", "no")

    proxy.model.next(rotates)
    body = json.dumps({**CHAT, "padding": "x" * (2 << 20)}).encode()
    assert proxy.ask("POST", "/v1/chat/completions", body).status == 401
    assert len(proxy.model.seen) == 1
    assert proxy.model.seen[0].body == body


def revoke(proxy):
    """Ends the current key; returns when another has taken its place."""
    old = proxy.daemon.get("/v1/key").json
    proxy.daemon.orakey("revoke", old["fingerprint"], "--no-wait")
    eventually("another key", lambda: (answer := proxy.daemon.get("/v1/key")).status == 200
               and answer.json["fingerprint"] != old["fingerprint"])


def test_a_stream_outlives_its_key(proxy):
    """It is for the provider to end what it let begin; the next request has the next key."""
    old, fingerprint = proxy.key(), proxy.daemon.get("/v1/key").json["fingerprint"]
    events = iter([lambda: revoke(proxy)])
    proxy.model.between_events = lambda: next(events, lambda: None)()
    before = len(proxy.exchanges())
    answer = proxy.ask("POST", "/v1/chat/completions", {**CHAT, "stream": True})
    events = [line for line in answer.body.decode().split("\n\n") if line]
    words = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"]["content"] for event in events[:-1]]
    assert (words, events[-1]) == (words_for(CHAT["messages"]), "data: [DONE]")
    assert proxy.ask("POST", "/v1/chat/completions", CHAT).status == 200
    assert [seen.key for seen in proxy.model.seen] == [old, proxy.key()] and old != proxy.key()
    # What was used is on the account of the key it was used with.
    assert answer.headers["X-Orakey-Fingerprint"] == fingerprint
    exchanges = proxy.exchanges()
    assert len(exchanges) == before + 2
    assert {fingerprint, proxy.daemon.get("/v1/key").json["fingerprint"]} <= {row["fingerprint"] for row in exchanges}


def test_a_stream_that_ends_with_its_key_is_not_begun_again(proxy):
    """Of a provider that cuts off whoever is revoked: part of the answer has passed, and a second would be billed."""
    def cuts_off(handler, _):
        handler.begin_stream()
        handler.event({"n": 1})
        revoke(proxy)
        handler.drop()

    proxy.model.next(cuts_off)
    answer = proxy.ask("POST", "/v1/chat/completions", {**CHAT, "stream": True})
    first, last = map(json.loads, answer.body.decode().split("data: ")[1:])
    assert (first, last["error"]["code"]) == ({"n": 1}, "stream_broken")
    assert len(proxy.model.seen) == 1
    assert proxy.ask("POST", "/v1/chat/completions", CHAT).status == 200
    assert proxy.model.seen[1].key == proxy.key() != proxy.model.seen[0].key


def test_streams_end_in_good_order_when_the_service_does(make_proxy):
    proxy = make_proxy()
    proxy.daemon.wait_for_key()
    got = []

    def endless(handler, _):
        handler.begin_stream()
        handler.event({"n": 1})
        handler.rfile.read(1)

    proxy.model.next(endless)
    caller = threading.Thread(target=lambda: got.append(proxy.ask("POST", "/v1/chat/completions", CHAT)))
    caller.start()
    proxy.model.wait_for(1)
    assert proxy.daemon.stop() == 0
    caller.join()
    assert got[0].body.startswith(b'data: {"n": 1}\n\n')
    assert json.loads(got[0].body.decode().strip().split("data: ")[-1])["error"]["code"] == "stream_broken"
