"""The use of a key through the proxy is on record like a hand-out."""

import httpx2
from support.daemon import eventually


def records(daemon, kind: str) -> list[dict]:
    return [r["details"] for r in daemon.control_get("/v1/audit?after=0&limit=1000")["records"] if r["event"] == kind]


def test_the_first_use_of_a_key_is_on_record(make_proxy):
    proxy = make_proxy()
    eventually("the consumer has a key", lambda: proxy.ask("GET", "/v1/models").status == 200)
    first = records(proxy.daemon, "handed_out")
    assert len(first) == 1 and first[0]["consumer"] == "default"
    fingerprint = proxy.daemon.get("/v1/key").json["fingerprint"]
    assert first[0]["fingerprint"] == fingerprint
    eventually("repeats are summed up", lambda: proxy.ask("GET", "/v1/models") and records(proxy.daemon, "repeated"))


def test_a_wrong_token_is_on_record(make_proxy):
    proxy = make_proxy()
    answer = httpx2.get(f"http://127.0.0.1:{proxy.port}/v1/models", headers={"Authorization": "Bearer no-token"})
    assert answer.status_code == 401
    eventually("the refusal is on record", lambda: records(proxy.daemon, "denied"))
