"""At the configured caps: visible, and no questions to the chain until something can change."""

import json

import pytest
from support.daemon import eventually
from support.devchain import GWEI

from crash.test_reorgs import begin  # noqa: F401


def asked(w) -> int:
    return w.chain.rpc("dev_calls")["methods"].get("eth_feeHistory", 0)


@pytest.mark.parametrize("verb", ["speedup", "cancel"])
def test_at_the_cap_the_price_of_gas_is_not_asked_for_again(begin, verb):  # noqa: F811
    with begin(fees={"max_fee_gwei": 20, "resubmit_after": "1s"}) as w:
        # The first offer takes all that the cap allows: twice the base fee is more.
        w.chain.rpc("dev_setMinBaseFee", 15 * GWEI)
        w.mine(2)
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=2)["intents"][0]
        w.in_pool(number)
        before = asked(w)
        answer = w.daemon.post(f"/v1/intents/{number}/{verb}")
        assert answer.status == 202 and "fee caps" in answer.json["error"]
        eventually("the alarm", lambda: "fee_cap_reached" in w.daemon.alarms())
        calls = w.chain.rpc("dev_calls")["methods"]["eth_getBlockByNumber"]
        w.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + 10, 60_000)
        assert asked(w) == before
        assert len(w.intent(number)["attempts"]) == 1 and "fee caps" in w.intent(number)["error"]
        # Another configuration is a reason.
        document = json.loads(w.daemon.config.read_text())
        document["networks"]["BASE"]["fees"]["max_fee_gwei"] = 100
        w.daemon.config.write_text(json.dumps(document))
        assert w.daemon.post("/v1/reload").status == 200
        w.wait_for_attempts(number, 2)
        w.settle()
        assert w.intent(number)["state"] == ("confirmed" if verb == "speedup" else "cancelled")
        assert w.counts()[0] == keys + (2 if verb == "speedup" else 0)
        assert w.intent(number)["error"] is None
        w.check()
