"""Calls that are repeated under an Idempotency-Key, and lists that come in pages."""

import pytest
from support.daemon import ask
from support.errors import code_of
from support.quick import farm, served, world  # noqa: F401 (fixtures)
from support.rawhttp import RawConnection, request


def test_a_repeated_request_has_one_effect(farm):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()

    def create(key, count=2):
        return daemon.post("/v1/keys", {"count": count}, headers={"Idempotency-Key": key})

    first = create("a-1")
    assert first.status == 202 and len(first.json["intents"]) == 1
    assert create("a-1").json == first.json
    assert code_of(create("a-1", count=3)) == (409, "idempotency_conflict")
    other = daemon.post("/v1/rotate", {"count": 2}, headers={"Idempotency-Key": "a-1"})
    assert other.status in (400, 409)
    daemon.settle()
    assert create("a-1").json == first.json
    assert daemon.stop() == 0
    daemon.start()
    assert create("a-1").json == first.json, "the journal remembers"
    assert create("a-2").json["intents"] != first.json["intents"]
    daemon.settle()
    assert len(daemon.keys()) == 5

    # A revocation too: the second call finds nothing left to revoke, and still answers as the first.
    fingerprint = daemon.get("/v1/key").json["fingerprint"]
    tag = {"Idempotency-Key": "r-1"}
    revoked = daemon.post("/v1/revoke", {"fingerprint": fingerprint}, headers=tag)
    assert revoked.status == 202
    daemon.settle()
    assert daemon.post("/v1/revoke", {"fingerprint": fingerprint}, headers=tag).json == revoked.json


@pytest.mark.parametrize("value", ["", "a b", "a" * 129, "\t", "é"])
def test_an_idempotency_key_has_a_form(served, value):
    before = len(served.intents())
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/keys", f"Idempotency-Key: {value}", body=b'{"count":1}'))
        assert connection.answer()[0] == 400
    assert len(served.intents()) == before


def test_two_idempotency_keys_are_refused(served):
    with RawConnection(served.control) as connection:
        connection.send(request("POST", "/v1/keys", "Idempotency-Key: a", "Idempotency-Key: b", body=b'{"count":1}'))
        assert connection.answer()[0] == 400


def test_keys_and_intents_come_in_pages(farm):
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    daemon.post("/v1/keys?wait=confirmed", {"count": 6})

    def pages(path, name, size, **query):
        found, after, count = [], None, 0
        while True:
            extra = "".join(f"&{k}={v}" for k, v in query.items()) + (f"&after={after}" if after else "")
            page = daemon.control_get(f"{path}?limit={size}{extra}")
            assert len(page[name]) <= size
            found, count = found + page[name], count + 1
            if not page.get("next"):
                return found, count
            after = page["next"]

    keys, count = pages("/v1/keys", "keys", 3)
    assert (len({k["message"] for k in keys}), len(keys), count) == (7, 7, 3)
    assert pages("/v1/keys", "keys", 7)[1] == 1, "a full last page is the last"
    assert [k["message"] for k in keys] == sorted(k["message"] for k in keys)
    assert len(pages("/v1/keys", "keys", 2, state="pooled")[0]) == 6
    assert pages("/v1/keys", "keys", 2, state="disabled") == ([], 1)
    assert set(keys[0]) == {
        "fingerprint", "network", "owner", "message", "consumer", "state", "generation", "created_block", "created_tx",
        "disabled_block", "disabled_tx", "reason"}
    assert not any("key" in k for k in keys)
    intents, count = pages("/v1/intents", "intents", 1)
    assert count == len(intents) == 2 and intents[0]["id"] > intents[1]["id"]
    assert daemon.control_get("/v1/keys?after=9223372036854775807") == {"keys": [], "next": None}
    for query in ("limit=0", "limit=1001", "limit=x", "limit=+1", "after=-1", "after=9223372036854775808", "state=dead", "state="):
        assert code_of(ask(daemon.control, "GET", f"/v1/keys?{query}")) == (400, "bad_request"), query
