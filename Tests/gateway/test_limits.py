"""Limits of owners, and owners that are not served."""

import json
import threading

from support.daemon import eventually
from support.scriptedbackend import completion, whole

from .conftest import Owner, network_of
from .service import chat, post


def served(gateway, key, count, target="/auth"):
    return [gateway.auth(key, target) for _ in range(count)]


def test_an_owner_may_make_so_many_requests_a_minute(make_gateway, contract, own_chain, key_owner, other):
    gateway = make_gateway({"BASE": network_of(contract)}, limits={"requests_per_minute": 3}).start()
    [first, second] = key_owner.create(2)
    [foreign] = Owner(other, contract).create()
    gateway.follows(own_chain.head())
    answers = served(gateway, first, 2) + served(gateway, second, 1)
    assert [answer.status for answer in answers] == [200] * 3
    # All keys of the owner count together; the other owner is not touched.
    refused = gateway.auth(second)
    assert refused.status == 429 and 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json["error"] == {
        "message": refused.json["error"]["message"], "type": "rate_limit_error", "code": "rate_limit_exceeded"}
    assert [answer.status for answer in served(gateway, foreign, 3)] == [200] * 3
    nginx = gateway.auth(first, "/auth?nginx=1")
    assert (nginx.status, nginx.headers["X-Ora-Status"]) == (403, "429") and nginx.headers["Retry-After"]
    assert gateway.metrics()['orakey_gateway_decisions_total{result="rate_limited"}'] == 2


def test_refused_keys_use_nothing_up(make_gateway, contract, own_chain, key_owner):
    gateway = make_gateway({"BASE": network_of(contract)}, limits={"requests_per_minute": 1}).start()
    [good, dead] = key_owner.create(2)
    key_owner.disable(2)
    gateway.follows(own_chain.head())
    assert {answer.status for answer in served(gateway, dead, 5) + served(gateway, good[:-1], 5)} == {401}
    assert [answer.status for answer in served(gateway, good, 2)] == [200, 429]


def test_owners_may_have_limits_of_their_own(make_gateway, contract, own_chain, key_owner, other):
    special = Owner(other, contract)
    gateway = make_gateway(
        {"BASE": network_of(contract)}, limits={"requests_per_minute": 1},
        owners=[{"address": other.address, "requests_per_minute": 4}]).start()
    [standard], [key] = key_owner.create(), special.create()
    gateway.follows(own_chain.head())
    assert [answer.status for answer in served(gateway, standard, 2)] == [200, 429]
    assert [answer.status for answer in served(gateway, key, 5)] == [200] * 4 + [429]


def test_a_blocked_owner_is_refused(make_gateway, contract, own_chain, key_owner, other):
    gateway = make_gateway(
        {"BASE": network_of(contract)}, owners=[{"address": other.address, "blocked": True}]).start()
    [good], [blocked] = key_owner.create(), Owner(other, contract).create()
    gateway.follows(own_chain.head())
    answer = gateway.auth(blocked)
    assert answer.status == 403 and answer.json["error"]["code"] == "owner_blocked"
    assert gateway.auth(good).status == 200
    nginx = gateway.auth(blocked, "/auth?nginx=1")
    assert (nginx.status, nginx.headers["X-Ora-Status"]) == (403, "403")


def test_a_storm_over_the_limit_is_only_refused(make_gateway, contract, own_chain, key_owner):
    gateway = make_gateway({"BASE": network_of(contract)}, limits={"requests_per_minute": 10}).start()
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    statuses = [answer.status for answer in served(gateway, key, 300)]
    assert statuses[:10] == [200] * 10 and set(statuses[20:]) == {429}
    eventually("it is well", lambda: gateway.get("/healthz").status == 200)


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
