"""A chain that is shorter than it was: an endpoint that lags takes nothing back, another branch does, whatever its length."""

import contextlib
import sqlite3

import pytest
from support.daemon import eventually
from support.devchain import DevChain

from crash.harness import chain_keys
from crash.test_reorgs import DEEP, begin  # noqa: F401
from crash.world import DEPTH


def looks(w, count=8):
    calls = w.chain.rpc("dev_calls")["methods"].get("eth_getBlockByNumber", 0)
    w.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + count, 60_000)


@pytest.mark.parametrize("restart", [False, True], ids=["", "restarted"])
def test_an_endpoint_that_lags_takes_back_nothing_unsettled(begin, restart):  # noqa: F811
    with begin() as w:
        number = w.post("/v1/keys", count=2)["intents"][0]
        w.in_pool(number)
        w.mine()
        block, messages = w.intent(number)["block"], w.intent(number)["messages"]
        assert block == w.chain.head() and len(messages) == 2
        if restart:
            w.daemon.kill()
        w.chain.rpc("dev_setFaults", {"lagBlocks": 2})
        if restart:
            w.daemon.start()
        looks(w)
        assert w.intent(number)["block"] == block
        assert {w.key_state(m) for m in messages} == {"pending"}
        eventually("one that lasts is an alarm", lambda: w.daemon.alarms() == {"chain_unreachable"})
        assert "lags" in w.daemon.status()["alarms"][0]["message"]
        w.chain.rpc("dev_setFaults", {"lagBlocks": 0})
        w.settle()
        assert not w.daemon.alarms()
        w.check()


@pytest.mark.parametrize("restart", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("depth", [2, DEPTH, DEPTH + 3])
def test_a_shorter_branch_is_no_lag(begin, depth, restart):  # noqa: F811
    """Also below the settled depth, and though no block follows that would make it longer than what was seen."""
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=2)["intents"][0]
        sent = w.in_pool(number)
        w.mine(depth)
        assert w.intent(number)["block"] == w.chain.head() - depth + 1
        if restart:
            w.daemon.kill()
        # The blocks of the other branch are made now, later than those that were seen.
        w.chain.rpc("evm_increaseTime", 600)
        w.chain.rpc("dev_reorg", depth, {"lose": [sent], "length": depth - 1})
        if restart:
            w.daemon.start()
        eventually("it is noticed", lambda: w.intent(number)["block"] is None)
        eventually("the status shows it", lambda: w.daemon.status()["head"] == w.chain.head())
        assert w.daemon.alarms() <= (DEEP if depth >= DEPTH else set())
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts()[0] == keys + 2
        w.check(alarms=DEEP)


def test_a_key_younger_than_the_lag_is_not_given_up_for_dead(begin):  # noqa: F811
    """To the endpoint there is no such key, so its disable reverts there and it is not active: it has to go out all the same."""
    with begin(confirmations=1) as w:
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        w.mine()
        [message] = w.wait_for_intent(number, "confirmed")["messages"]
        w.chain.rpc("dev_setFaults", {"lagBlocks": 1})
        revoked = w.post("/v1/revoke", message=message)["intents"][0]
        looks(w)
        assert (w.intent(revoked)["state"], w.key_state(message)) == ("planned", "disabling")
        w.chain.rpc("dev_setFaults", {"lagBlocks": 0})
        w.settle()
        assert w.intent(revoked)["state"] == "confirmed" and not chain_keys(w.contract, w.owner)[message]
        w.check()


def test_what_is_signed_goes_on_while_all_endpoints_lag(begin):  # noqa: F811
    """The bytes, and a better offer for them, take no view; a new nonce does."""
    with begin() as w:
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        w.chain.rpc("dev_setFaults", {"lagBlocks": 2})
        looks(w)
        eventually("it lasts", lambda: "chain_unreachable" in w.daemon.alarms())
        assert w.daemon.post(f"/v1/intents/{number}/speedup").status == 202
        w.wait_for_attempts(number, 2)
        later = w.post("/v1/keys", count=1)["intents"][0]
        looks(w)
        assert w.intent(later)["state"] == "planned"
        assert w.daemon.get("/v1/key").status == 200
        w.chain.rpc("dev_setFaults", {"lagBlocks": 0})
        w.settle()
        assert {w.intent(n)["state"] for n in (number, later)} == {"confirmed"}
        w.check()


@pytest.fixture
def pair(begin):  # noqa: F811
    """A world with two endpoints on one chain, the first preferred."""
    with DevChain("--mine", "manual") as chain:
        with begin(chain=chain, rpc=[f"{chain.url}/{name}" for name in ("first", "second")]) as w:
            yield w


def test_the_work_goes_on_through_an_endpoint_that_does_not_lag(pair):
    w = pair
    w.chain.rpc("dev_setFaults", {"lagBlocks": 4}, endpoint="first")
    keys, dead = w.counts()
    created = w.post("/v1/keys", count=2)["intents"][0]
    revoked = w.post("/v1/revoke", message=w.current_message())["intents"][0]
    w.settle()
    assert {w.intent(n)["state"] for n in (created, revoked)} == {"confirmed"}
    assert w.counts()[1] == dead + 1 and w.counts()[0] >= keys + 2
    eventually("the one that lags is named", lambda: w.daemon.alarms() == {"endpoints_disagree"})
    assert "behind" in w.daemon.status()["alarms"][0]["message"]
    w.chain.rpc("dev_clearFaults", endpoint="first")
    eventually("until it has caught up", lambda: not w.daemon.alarms())
    w.check()


def test_an_endpoint_that_stands_still_hides_nothing_that_another_knows(pair):
    w = pair
    w.chain.rpc("dev_setFaults", {"standsAt": w.chain.head()}, endpoint="first")
    victim = w.current_message()
    w.chain.rpc("eth_sendRawTransaction", w.foreign("disableKey", bytes.fromhex(victim[2:]), nonce=w.next_nonce()))
    w.chain.rpc("evm_mine", 5)
    eventually("it is known", lambda: w.key_state(victim) in ("disabling", "disabled"))
    assert w.daemon.get("/v1/key").json["message"] != victim
    eventually("and the endpoint", lambda: {"endpoints_disagree", "foreign_disable"} <= w.daemon.alarms())
    w.chain.rpc("dev_clearFaults", endpoint="first")
    w.settle()
    eventually("which has caught up", lambda: w.daemon.alarms() == {"foreign_disable"})


def test_a_key_wrongly_recorded_as_disabled_is_disabled_after_all(begin):  # noqa: F811
    """An older version took an endpoint's lag for a disable by somebody else; its journal may say so still."""
    with begin() as w:
        w.settle()
        _, dead = w.counts()
        w.daemon.kill()
        with contextlib.closing(sqlite3.connect(w.daemon.folder / "state" / "journal.sqlite", isolation_level=None)) as db:
            (message,) = db.execute("SELECT message FROM key WHERE state = 'pooled' LIMIT 1").fetchone()
            db.execute("UPDATE key SET state = 'disabled', disabled_block = 1 WHERE message = ?", (message,))
        w.daemon.start()
        message = "0x" + message.hex()
        eventually("it is known", lambda: w.key_state(message) == "disabling")
        w.settle()
        assert w.key_state(message) == "disabled" and w.counts()[1] == dead + 1
        w.check()
