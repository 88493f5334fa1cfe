"""One daemon on two networks, whose keys have the same messages: two accounts at one contract."""

import json

import pytest
from support.daemon import eventually
from support.errors import told
from support.mining import mining


@pytest.fixture
def two(own_chain, make_daemon):
    daemon = make_daemon(own_chain)
    network = {"chain_id": own_chain.chain_id, "rpc": [own_chain.url], "contract": daemon.contract.address,
               "confirmations": 1, "poll_interval": "200ms", "pool": {"target": 2}}
    document = {"wallet": {"keystore": str(daemon.wallet)}, "consumers": [],
                "networks": {"BASE": network | {"account": 0}, "OTHER": network | {"account": 1}}}
    daemon.config.write_text(json.dumps(document))
    for account in (0, 1):
        out = daemon.orakey("wallet", "address", "--wallet", daemon.wallet, "--passphrase-file", daemon.passphrase,
                            "--account", account)
        daemon.fund(out.stdout.strip().splitlines()[-1])
    daemon.start()
    with mining(own_chain):
        eventually("both pools are full", lambda: len(daemon.keys("pooled")) == 4)
        yield daemon


def states(daemon, message):
    return {k["network"]: k["state"] for k in daemon.keys() if k["message"] == message}


def test_a_message_of_two_networks_is_revoked_on_the_named_one(two):
    first, second = sorted({k["message"] for k in two.keys()})
    before = two.keys()
    status, code, message = told(two.post("/v1/revoke", {"message": first}))
    assert (status, code) == (409, "ambiguous") and "BASE and OTHER" in message and '"network"' in message
    run = two.orakey("revoke", first, check=False)
    assert run.returncode == 64 and "BASE and OTHER" in run.stderr
    assert two.keys() == before

    assert two.post("/v1/revoke", {"message": first, "network": "OTHER"}).status == 202
    assert states(two, first)["BASE"] == "pooled" and states(two, first)["OTHER"] in ("disabling", "disabled")
    two.orakey("revoke", second, "--network", "BASE", "--reason", "leaked")
    assert states(two, second) == {"BASE": "disabled", "OTHER": "pooled"}
    assert told(two.post("/v1/revoke", {"message": second, "network": "NONE"}))[:2] == (404, "unknown_network")


def test_other_selectors_are_narrowed_as_well(two):
    key = two.keys()[0]
    other = "OTHER" if key["network"] == "BASE" else "BASE"
    by_fingerprint = {"fingerprint": key["fingerprint"], "network": other}
    assert told(two.post("/v1/revoke", by_fingerprint))[:2] == (404, "unknown_key")
    run = two.orakey("revoke", "-", "--network", "BASE", stdin="BASE:x", check=False)
    assert run.returncode == 64 and "names its network itself" in run.stderr
    assert two.post("/v1/revoke", {"all": True, "network": other}).status == 202
    assert {k["network"] for k in two.keys("pooled")} >= {key["network"]}
    assert next(k for k in two.keys() if k["fingerprint"] == key["fingerprint"])["state"] == "pooled"


def test_a_message_of_two_networks_is_adopted_on_the_named_one(two):
    message = two.keys()[0]["message"]
    status, code, text = told(two.post("/v1/keys/adopt", {"message": message}))
    assert (status, code) == (409, "ambiguous") and "BASE and OTHER" in text
    # Named, the question is whether this key can be adopted.
    status, code, text = told(two.post("/v1/keys/adopt", {"message": message, "network": "OTHER"}))
    assert (status, code) == (409, "conflict") and "foreign or recovered" in text
    run = two.orakey("keys", "adopt", message, "--network", "OTHER", check=False)
    assert run.returncode == 1 and "foreign or recovered" in run.stderr


def test_one_idempotency_key_is_one_request(two):
    def post(target, body):
        return two.post(target, body, headers={"Idempotency-Key": "once"})

    first = post("/v1/keys", {"network": "BASE", "count": 1})
    assert first.status == 202
    known = len(two.intents())
    for target, body in [("/v1/keys", {"network": "OTHER", "count": 1}), ("/v1/keys", {"network": "BASE", "count": 2}),
                         ("/v1/revoke", {"all": True}), ("/v1/revoker", {"network": "OTHER", "address": None})]:
        status, code, text = told(post(target, body))
        assert (status, code) == (409, "idempotency_conflict") and "another request" in text
    assert post("/v1/keys", {"network": "BASE", "count": 1}).json == first.json
    assert len(two.intents()) == known


def test_a_network_without_a_contract_says_what_it_does_not_know(two):
    two.stop()
    document = json.loads(two.config.read_text())
    document["networks"]["OTHER"].pop("contract")
    two.config.write_text(json.dumps(document))
    two.start()
    networks = {n["network"]: n for n in two.control_get("/v1/status")["networks"]}
    assert networks["OTHER"]["chain_id"] is None and networks["BASE"]["chain_id"] == two.chain.chain_id
    assert [(a["code"], a["since"]) for a in networks["OTHER"]["alarms"]] == [("no_contract", None)]
    shown = two.orakey("status").stdout
    assert "\nOTHER\n" in shown and "chain 0" not in shown
