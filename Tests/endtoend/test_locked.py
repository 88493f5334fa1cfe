"""What locked means for each call, and how the wallet gets locked by itself."""

import json
import subprocess
import time

import pytest
from support.daemon import OCTETS, PASSPHRASE, ask, eventually
from support.quick import farm, world  # noqa: F401 (fixtures)


@pytest.fixture
def daemon(farm):  # noqa: F811
    """A daemon with a key and one in its pool."""
    made = farm.make(pool={"target": 1})
    made.start()
    made.wait_for_key()
    eventually("the pool has a key", lambda: made.status()["pool"]["ready"] == 1)
    made.settle()
    return made


def code(answer) -> tuple[int, str | None]:
    body = answer.json
    return answer.status, body["error"]["code"] if "error" in body else None


def state(daemon) -> str:
    return ask(daemon.control, "GET", "/v1/status").json["state"]


def test_each_call_of_a_locked_service(daemon):
    """The table in orakeyd's documentation (Locking)."""
    key = daemon.get("/v1/key").json
    spare = daemon.keys("pooled")[0]["fingerprint"]
    assert daemon.post("/v1/lock").json == {"state": "locked"}

    assert code(daemon.get("/v1/key")) == (423, "locked")
    assert code(daemon.get("/v1/health")) == (503, "locked")
    run = subprocess.run(
        ["curl", "-sN", "--max-time", "1", "--unix-socket", daemon.agent, "http://localhost/v1/watch"],
        capture_output=True, text=True)
    assert run.stdout == "event: locked\ndata: {}\n\n"

    # Reading goes on.
    for target in ("/v1/status", "/v1/keys", "/v1/intents", "/v1/audit", "/metrics", f"/v1/intents/{daemon.intents()[0]['id']}"):
        assert ask(daemon.control, "GET", target).status == 200, target
    assert {k["fingerprint"] for k in daemon.keys()} == {key["fingerprint"], spare}, "fingerprints are known already"
    assert daemon.status()["owner"] is not None
    head = daemon.status()["head"]
    eventually("the chain is followed on", lambda: daemon.status()["head"] > head)

    # What needs the wallet's signature for something new is refused.
    assert code(daemon.post("/v1/keys", {"count": 1})) == (423, "locked")
    assert code(daemon.post("/v1/rotate", {})) == (423, "locked")
    assert code(daemon.post("/v1/revoker", {"address": "0x" + "22" * 20})) == (423, "locked")
    assert code(ask(daemon.control, "GET", f"/v1/keys/{spare}/proof")) == (409, "conflict"), "not disabled yet"
    assert daemon.post("/v1/reload").status == 200
    assert daemon.post("/v1/lock").status == 200, "once more changes nothing"
    assert code(daemon.post("/v1/unlock", b"wrong", headers=OCTETS)) == (403, "wrong_passphrase")
    limited = daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS)
    assert code(limited) == (429, "rate_limited") and int(limited.headers["Retry-After"]) >= 1

    # A revocation is taken at once and goes out at the unlock.
    accepted = daemon.post("/v1/revoke", {"fingerprint": key["fingerprint"], "reason": "leaked"})
    assert accepted.status == 202
    [number] = accepted.json["intents"]
    assert daemon.control_get(f"/v1/intents/{number}")["state"] == "planned"
    assert daemon.keys("disabling")[0]["fingerprint"] == key["fingerprint"]
    assert daemon.stop() == 0
    daemon.start(unlocked=False)
    assert daemon.keys("disabling")[0]["fingerprint"] == key["fingerprint"], "a restart does not lose it"
    head = eventually("the chain is followed", lambda: daemon.status()["head"])
    eventually("some blocks pass", lambda: daemon.status()["head"] > head + 3)
    assert daemon.contract.view("isActive", daemon.address, bytes.fromhex(key["message"][2:])), "nobody can sign"
    assert daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200
    assert daemon.wait_for_key()["key"] != key["key"]
    eventually("it is dead", lambda: daemon.keys("disabled"))
    assert not daemon.contract.view("isActive", daemon.address, bytes.fromhex(key["message"][2:]))


def test_a_wallet_that_nobody_uses_is_locked(farm):  # noqa: F811
    daemon = farm.make()
    daemon.configure(lock={"after_idle": "3s"})
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    # Looking on does not keep it open.
    eventually("it is locked", lambda: state(daemon) == "locked")
    [record] = [r for r in daemon.control_get("/v1/audit?limit=1000")["records"] if r["event"] == "locked"]
    assert record["details"] == {"reason": "unused for 3 s"}
    assert daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200
    assert daemon.get("/v1/key").status == 200
    # A reload takes the setting over, and keys in use keep it open.
    daemon.configure(lock={"after_idle": "1d"})
    assert daemon.post("/v1/reload").status == 200
    if state(daemon) == "locked":
        assert daemon.post("/v1/unlock", PASSPHRASE.encode(), headers=OCTETS).status == 200
    head = daemon.status()["head"]
    eventually("some seconds pass", lambda: daemon.status()["head"] > head + 25)
    assert state(daemon) == "unlocked"


def test_it_is_locked_at_a_time_of_day(farm):  # noqa: F811
    daemon = farm.make()
    daemon.env["TZ"] = "XXX-05:30"
    # The next whole minutes there; the first may pass before the wallet is open.
    due = [time.strftime("%H:%M", time.gmtime(time.time() + 5.5 * 3600 + wait)) for wait in (60, 120)]
    daemon.configure(lock={"at": due})
    daemon.start()
    daemon.wait_for_key()
    eventually("it is locked", lambda: state(daemon) == "locked", 150)
    text = json.dumps(daemon.control_get("/v1/audit?limit=1000")["records"])
    assert any(f"it is {moment}" in text for moment in due)
