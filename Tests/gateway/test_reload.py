"""SIGHUP: the configuration is read anew, and all of it counts or nothing."""

import json
import signal

import pytest
from support.daemon import eventually

from .conftest import network_of


@pytest.fixture
def served(gateway, key_owner, own_chain):
    """A gateway, and a key that is good there."""
    [gateway.key] = key_owner.create()
    gateway.follows(own_chain.head())
    return gateway


def reload(gateway) -> str:
    """Its answer to the file as it is now: the line in the log."""
    skip = len(gateway.log_text())
    gateway.configure()
    gateway.process.send_signal(signal.SIGHUP)
    return eventually("it has answered", lambda: next(
        (line for line in gateway.log_text()[skip:].splitlines() if "configuration " in line), None))


def chat(gateway):
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {gateway.key}"}
    return gateway.get("/v1/chat/completions", headers, "POST", body=body)


def test_owners_limits_and_backends_come_and_go(served, key_owner, backend):
    gateway = served
    assert (gateway.auth(gateway.key).status, chat(gateway).status) == (200, 404)
    gateway.document |= {"backends": {"text": {"url": backend.url}}, "models": {"tiny": "text"}}
    assert "configuration reloaded" in reload(gateway)
    assert chat(gateway).status == 200 and len(backend.asked) == 1

    gateway.document["owners"] = [{"address": key_owner.account.address, "blocked": True}]
    assert "configuration reloaded" in reload(gateway)
    assert (gateway.auth(gateway.key).status, chat(gateway).status) == (403, 403)

    gateway.document["owners"] = [{"address": key_owner.account.address, "requests_per_minute": 1000}]
    del gateway.document["backends"], gateway.document["models"]
    assert "configuration reloaded" in reload(gateway)
    assert (gateway.auth(gateway.key).status, chat(gateway).status) == (200, 404)


def test_a_new_rate_begins_a_new_minute_and_an_old_one_goes_on(served):
    gateway = served
    gateway.document["limits"] = {"requests_per_minute": 3}
    assert "configuration reloaded" in reload(gateway)
    assert [gateway.auth(gateway.key).status for _ in range(4)] == [200, 200, 200, 429]
    assert "configuration reloaded" in reload(gateway)
    assert gateway.auth(gateway.key).status == 429
    gateway.document["limits"] = {"requests_per_minute": 1000}
    assert "configuration reloaded" in reload(gateway)
    assert [gateway.auth(gateway.key).status for _ in range(4)] == [200] * 4


@pytest.mark.parametrize("change, words", [
    ({"limits": {"requests_per_minute": "many"}}, "requests_per_minute"),
    ({"nonsense": 1}, "nonsense"),
    ({"listen": "127.0.0.1:1"}, "the addresses have changed"),
    ({"limits": {"connections": 7}}, "limits on connections"),
    ({"backends": {"text": {"url": "http://127.0.0.1:1", "key_file": "/nowhere"}}, "models": {"tiny": "text"}}, "/nowhere"),
])
def test_a_refused_reload_changes_nothing(served, key_owner, change, words):
    gateway = served
    # Good by itself: it must not count either.
    gateway.document |= {"owners": [{"address": key_owner.account.address, "blocked": True}], **change}
    line = reload(gateway)
    assert "configuration not reloaded" in line and words in line
    assert gateway.auth(gateway.key).status == 200
    assert gateway.stop() == 0


def test_a_network_can_change_the_age_of_its_view_only(served, contract):
    gateway = served
    gateway.document["networks"] = {"BASE": network_of(contract, max_chain_age="20s")}
    assert "configuration reloaded" in reload(gateway)
    gateway.document["networks"] = {"BASE": network_of(contract, confirmations=9)}
    assert "BASE has changed in more than the age of its view" in reload(gateway)
    assert gateway.auth(gateway.key).status == 200
