"""A chain that is shorter than it was: an endpoint that lags takes nothing back, another branch does, whatever its length."""

import pytest
from support.daemon import eventually

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
