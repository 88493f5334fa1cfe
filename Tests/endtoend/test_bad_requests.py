"""Requests that ask for what is not there, and fields that nobody knows."""

import re

import pytest
from support.errors import told
from support.quick import farm, served, world  # noqa: F401 (fixtures)

NEGATIVE = 1


@pytest.mark.parametrize("call,body,wrong,nearest", [
    ("keys", {"cuont": 3}, "cuont", "count"), ("keys", {"count": 1, "netwrok": "BASE"}, "netwrok", "network"),
    ("rotate", {"grace_second": 3}, "grace_second", "grace_seconds"), ("rotate", {"consumers": "a"}, "consumers", "consumer"),
    ("revoke", {"all": True, "resaon": "x"}, "resaon", "reason"), ("revoke", {"finger_print": "x"}, "finger_print", "fingerprint"),
])
def test_unknown_fields_are_refused_with_the_nearest(served, call, body, wrong, nearest):
    daemon = served
    before = daemon.intents(), daemon.keys()
    status, code, message = told(daemon.post(f"/v1/{call}", body))
    assert (status, code) == (400, "bad_request")
    assert wrong in message and re.search(rf"\b{nearest}\b", message)
    assert (daemon.intents(), daemon.keys()) == before


@pytest.mark.parametrize("body,expected", [
    ({}, (400, "bad_request")), ({"all": False}, (400, "bad_request")), ({"all": True, "consumer": "default"}, (400, "bad_request")),
    ({"fingerprint": "SHA256:00"}, (400, "bad_request")), ({"fingerprint": "SHA256:" + "0" * 16}, (404, "unknown_key")),
    ({"message": "0x12"}, (400, "bad_request")), ({"message": "0x" + "0" * 64}, (404, "unknown_key")),
    ({"consumer": "nobody"}, (404, "unknown_consumer")), ({"key": "BASE:5F"}, (400, "malformed_key")), ({"key": ""}, (400, "malformed_key")),
    ({"all": True, "reason": "a" * 257}, (400, "bad_request")),
])
def test_revocations_of_nothing(served, body, expected):
    daemon = served
    before = daemon.keys()
    assert told(daemon.post("/v1/revoke", body))[:2] == expected
    assert daemon.keys() == before


def test_keys_of_somebody_else_are_not_revoked(farm, served):
    daemon = served
    stranger = farm.make()
    key = stranger.orakey(
        "derive", "--message", "0x" + "1" * 64, "--network", "BASE", "--wallet", stranger.wallet, "--passphrase-file",
        stranger.passphrase).stdout.strip()
    assert told(daemon.post("/v1/revoke", {"key": key}))[:2] == (404, "unknown_key")
    assert told(daemon.post("/v1/revoke", {"key": key.replace("BASE:", "OTHER:")}))[:2] == (404, "unknown_network")
    assert key not in daemon.log_text()


@pytest.mark.parametrize("call,body", [("keys", {"count": 1, "network": "OTHER"}), ("rotate", {"network": "OTHER"})])
def test_unknown_networks(served, call, body):
    assert told(served.post(f"/v1/{call}", body))[:2] == (404, "unknown_network")


def test_malformed_keys_to_inspect(served):
    daemon = served
    key = daemon.get("/v1/key").json["key"]
    assert daemon.orakey("inspect", "-", stdin=key).returncode == 0
    network, text = key.split(":")
    for wrong in ("", "\n", "BASE", ":" + text, "base:" + text, network + ":", key + "0", key[:-1], key + key, f"{network}: {text}",
                  key.replace("5F", "5f", 1), "1" + text, network + ":1" + text, "\0", "x" * 100_000):
        run = daemon.orakey("inspect", "-", check=False, stdin=wrong)
        assert run.returncode == NEGATIVE, (wrong[:20], run)
        assert run.stderr + run.stdout and text not in run.stdout + run.stderr and text[5:50] not in run.stdout + run.stderr
