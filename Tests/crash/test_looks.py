"""What an idle network costs, and what is noticed all the same."""

import pytest
from support.contracts import Contract
from support.daemon import eventually
from support.devchain import DevChain
from support.looks import calls_per_look, logged

from crash.test_reorgs import DEEP, begin  # noqa: F401
from crash.world import DEPTH
from endtoend.test_other_contract import ABI as MINIMAL

LOOKS = 30


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("confirmations", [DEPTH, "safe", "finalized"])
def test_at_most_two_calls_for_a_look(begin, tmp_path, step, confirmations):  # noqa: F811
    log = tmp_path / "rpc.log"
    with DevChain("--mine", "manual", "--log-rpc", log) as chain, begin(chain=chain, confirmations=confirmations) as w:
        w.post("/v1/rotate", grace_seconds=3600)
        w.settle_but_retiring()
        w.mine(8)
        first = len(logged(log))
        for _ in range(LOOKS):
            w.mine(step)
        looks = calls_per_look(logged(log)[first:])
        assert len(looks) >= LOOKS
        assert max(map(len, looks)) <= 2, [calls for calls in looks if len(calls) > 2]
        seen = {call for calls in looks for call in calls}
        assert {"eth_getLogs", "eth_getBalance", "eth_call"} <= seen, "balance and keys are looked at as well"


def test_at_most_two_calls_with_a_contract_that_tells_of_one_key_at_a_time(begin, tmp_path):  # noqa: F811
    log = tmp_path / "rpc.log"
    with DevChain("--mine", "manual", "--log-rpc", log) as chain:
        chain.rpc("evm_setAutomine", True)
        contract = Contract.deploy(chain, "MinimalKeys")
        chain.rpc("evm_setAutomine", False)
        with begin(chain=chain, contract=contract, pool={"target": 4}, abi=MINIMAL) as w:
            w.mine(8)
            first = len(logged(log))
            for _ in range(LOOKS):
                w.mine(2)
            looks = calls_per_look(logged(log)[first:])
            assert max(map(len, looks)) <= 2, [calls for calls in looks if len(calls) > 2]
            asked = [str(c["params"][0]) for c in logged(log)[first:] if c["method"] == "eth_call"]
            assert len(set(asked)) > 1, "another key each time"


def test_a_deep_reorg_that_no_head_betrays(begin):  # noqa: F811
    """The head is some blocks further each time, before and after, so that only the cursor's own block can tell."""
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=3)["intents"][0]
        sent = w.in_pool(number)
        w.settle()
        for _ in range(3):
            w.mine(5)
        depth = w.chain.head() - w.intent(number)["block"] + 1
        w.chain.rpc("dev_reorg", depth, {"lose": [sent], "length": depth + 4})
        eventually("it is noticed", lambda: w.intent(number)["block"] is None)
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts()[0] == keys + 3
        w.check(alarms=DEEP)
