"""An operator who steers intents in every state, at the right time and at the wrong one."""

import json

import pytest
from support.daemon import eventually

from crash.test_bad_states import reverting
from crash.test_reorgs import begin  # noqa: F401
from crash.world import world

VERBS = ("speedup", "cancel")


def says(w, *arguments, code: int) -> str:
    """What the command said, in one line, with the expected exit code and nothing on standard output."""
    run = w.daemon.orakey("intents", *arguments, check=False)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (code, "", 1), run
    return run.stderr.strip().removeprefix("orakey: ")


def is_too_late(w, number: int, state: str):
    before = w.intent(number)
    assert before["state"] == state
    for verb in VERBS:
        answer = w.daemon.post(f"/v1/intents/{number}/{verb}")
        assert (answer.status, answer.json["error"]["code"]) == (409, "conflict"), answer
        for form in ([], ["--json"]):
            assert says(w, verb, number, *form, code=1) == f"too late: intent {number} is {state}"
    assert w.intent(number) == before


def test_what_is_under_way_can_be_steered_and_what_has_ended_cannot(begin):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        hurried = w.post("/v1/keys", count=2)["intents"][0]
        w.in_pool(hurried)
        assert says(w, "speedup", hurried, code=0) == f"intent {hurried} is broadcast, 1 transaction so far"
        w.wait_for_attempts(hurried, 2)
        w.mine(1)
        is_too_late(w, hurried, "mined")
        w.settle()
        is_too_late(w, hurried, "confirmed")

        withdrawn = w.post("/v1/keys", count=2)["intents"][0]
        w.in_pool(withdrawn)
        for _ in range(2):
            assert "the chain decides" in says(w, "cancel", withdrawn, code=0)
        w.wait_for_attempts(withdrawn, 2)
        for verb in VERBS:
            printed = json.loads(w.daemon.orakey("intents", verb, withdrawn, "--json").stdout)
            assert printed["id"] == withdrawn and printed.keys() == w.intent(withdrawn).keys()
        w.settle()
        is_too_late(w, withdrawn, "cancelled")

        code = w.chain.rpc("eth_getCode", w.contract.address, "latest")
        w.chain.rpc("anvil_setCode", w.contract.address, reverting("paused"))
        refused = w.post("/v1/keys", count=1)["intents"][0]
        w.wait_for_intent(refused, "failed")
        is_too_late(w, refused, "failed")
        assert "paused" in w.daemon.orakey("intents", "show", refused).stdout
        w.chain.rpc("anvil_setCode", w.contract.address, code)
        # The next call shows that the contract works again.
        w.post("/v1/keys", count=1)
        w.settle()
        assert w.counts() == (keys + 3, dead)
        w.check()


def test_what_is_planned_is_withdrawn_at_once(begin):  # noqa: F811
    """The daemon was about to sign for both: it asks what they would cost when one of them goes."""
    with begin() as w:
        keys, dead = w.counts()
        nonce = w.next_nonce()
        w.chain.rpc("dev_setFaults", {"methods": {"eth_estimateGas": {"hold": "before"}}})
        kept, gone = (w.post("/v1/keys", count=n)["intents"][0] for n in (1, 5))
        assert w.chain.rpc("dev_awaitHeld", 1, 30_000)
        assert says(w, "speedup", kept, code=0) == f"intent {kept} is planned, 0 transactions so far"
        assert says(w, "cancel", gone, code=0) == f"intent {gone} is cancelled"
        is_too_late(w, gone, "cancelled")
        w.chain.rpc("dev_clearFaults")
        w.settle()
        assert w.intent(kept)["state"] == "confirmed"
        is_too_late(w, gone, "cancelled")
        assert (w.counts(), w.next_nonce()) == ((keys + 1, dead), nonce + 1)
        w.check()


def test_a_disable_is_hurried_when_it_is_due_and_never_withdrawn(begin):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        retired = w.current()["message"]
        waiting = w.post("/v1/rotate", grace_seconds=3600)["intents"][0]
        told = says(w, "speedup", waiting, code=1)
        assert told.startswith(f"not due yet: intent {waiting} waits for the grace of a retiring key, ")
        assert 3000 < int(told.split(", ")[1].split(" ")[0]) <= 3600 and "revoke the key" in told
        final = "a revocation is final and can't be cancelled"
        assert final in says(w, "cancel", waiting, code=1)
        assert w.key_state(retired) == "retiring" and w.intent(waiting)["state"] == "planned"

        revoked = w.post("/v1/revoke", message=w.current()["message"])["intents"][0]
        w.in_pool(revoked)
        assert final in says(w, "cancel", revoked, code=1)
        says(w, "speedup", revoked, code=0)
        w.wait_for_attempts(revoked, 2)
        w.settle_but_retiring()
        assert w.intent(revoked)["state"] == "confirmed" and w.counts()[1] == dead + 1


@pytest.mark.parametrize("number, code", [
    ("0", 1), ("999999", 1), (str(2**63), 1), (str(2**64), 64), ("-1", 64), ("1e3", 64), ("0x1", 64), ("", 64)])
def test_an_intent_that_there_is_not(steady, number, code):
    before = steady.intents()
    for verb in ("show", *VERBS):
        for form in ([], ["--json"]):
            told = says(steady, verb, number, *form, code=code)
            assert code == 64 or told in (f"no intent {number}", "no such intent")
    if code == 1:
        for verb in VERBS:
            answer = steady.daemon.post(f"/v1/intents/{number}/{verb}")
            assert (answer.status, answer.json["error"]["code"]) == (404, "unknown_intent")
    assert steady.intents() == before


@pytest.fixture(scope="module")
def steady(bin_dir, short_dir):
    """A world that nobody changes."""
    with world(bin_dir, short_dir / "w") as made:
        yield made


def test_an_intent_of_a_network_that_is_configured_no_longer(begin):  # noqa: F811
    with begin() as w:
        ended = w.intents()[-1]["id"]
        number = w.post("/v1/keys", count=2)["intents"][0]
        w.in_pool(number)
        assert w.daemon.stop() == 0
        w.daemon.config.write_text(w.daemon.config.read_text().replace('"BASE"', '"OTHER"'))
        w.daemon.start(unlocked=False)
        assert "network  BASE" in w.daemon.orakey("intents", "show", number).stdout
        for verb in VERBS:
            assert says(w, verb, number, code=1).startswith(
                f"intent {number} is for network BASE, which is not in use here; put networks.BASE")
        is_too_late(w, ended, "confirmed")
        assert w.daemon.stop() == 0
        w.daemon.config.write_text(w.daemon.config.read_text().replace('"OTHER"', '"BASE"'))
        w.daemon.start()
        eventually("the network is looked at", lambda: w.daemon.status()["head"])
        says(w, "speedup", number, code=0)
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        w.check()
