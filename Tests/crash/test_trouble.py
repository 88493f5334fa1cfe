"""Mempools that forget, endpoints that lie, fees that rise, wallets that run dry, chains that stop."""

import json

import pytest
from support.daemon import UnixConnection, eventually
from support.devchain import GWEI

from crash.test_reorgs import STRANGER, begin, hash_of  # noqa: F401
from crash.world import DEPTH


def test_dropped_from_the_pool(begin):  # noqa: F811
    """The same bytes go out again: nobody has offered more."""
    with begin(fees={"resubmit_after": "1h"}) as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=1)["intents"][0]
        sent = w.in_pool(number)
        assert w.chain.rpc("dev_dropPool") == [sent]
        eventually("the same transaction is back", lambda: w.chain.rpc("eth_getTransactionByHash", sent), 45)
        w.settle()
        assert len(w.intent(number)["attempts"]) == 1
        assert w.counts()[0] == keys + 1
        w.check()


def test_a_rising_base_fee(begin):  # noqa: F811
    with begin(fees={"max_fee_gwei": 500, "resubmit_after": "1s"}) as w:
        number = w.post("/v1/keys", count=1)["intents"][0]
        first = w.in_pool(number)
        nonce = w.intent(number)["nonce"]
        w.chain.rpc("dev_setMinBaseFee", 60 * GWEI)
        with w.blocks():
            eventually("it is mined", lambda: w.intent(number)["state"] == "confirmed")
        w.chain.rpc("dev_setMinBaseFee", 0)
        w.settle()
        intent = w.intent(number)
        assert intent["nonce"] == nonce, "at the same nonce"
        attempts = intent["attempts"]
        assert len(attempts) > 1 and attempts[0]["hash"] == first, "and every attempt is known"
        for old, new in zip(attempts, attempts[1:]):
            assert int(new["max_fee"]) * 1000 >= int(old["max_fee"]) * 1125
            assert int(new["tip"]) * 1000 >= int(old["tip"]) * 1125
        w.check()


def test_the_cap_is_an_alarm_and_not_a_loop(begin):  # noqa: F811
    with begin(fees={"max_fee_gwei": 20, "resubmit_after": "1s"}) as w:
        w.chain.rpc("dev_setMinBaseFee", 60 * GWEI)
        w.mine(2)
        number = w.post("/v1/keys", count=1)["intents"][0]
        with w.blocks():
            eventually("the alarm", lambda: "fee_cap_reached" in w.daemon.alarms())
            attempts = len(w.intent(number)["attempts"])
            head = w.chain.head()
            eventually("thirty blocks", lambda: w.daemon.status()["head"] > head + 30)
        assert len(w.intent(number)["attempts"]) == attempts <= 3
        w.chain.rpc("dev_setMinBaseFee", 0)
        w.chain.rpc("anvil_setNextBlockBaseFeePerGas", GWEI)
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        w.check()


def test_a_chain_that_stops_costs_nothing(begin):  # noqa: F811
    """No block, so no reason to offer more; then a hundred blocks at once."""
    with begin(fees={"resubmit_after": "1s"}) as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        calls = w.chain.rpc("dev_calls")["methods"].get("eth_getBlockByNumber", 0)
        w.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + 50, 60_000)
        assert len(w.intent(number)["attempts"]) == 1
        w.mine(100)
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts()[0] == keys + 1
        w.check()


@pytest.mark.parametrize("rule", [
    {"result": "0x" + "ab" * 32},
    {"error": {"code": -32603, "message": "internal error"}, "after": True},
    {"error": {"code": -32000, "message": "something else went wrong"}, "after": True},
    {"error": {"code": -32000, "message": "txpool is full"}},
    {"http": {"status": 502, "body": "bad gateway"}, "after": True},
    {"http": {"status": 429, "headers": {"Retry-After": "1"}}},
    {"disconnect": True, "after": True},
    {"disconnect": True},
    {"error": {"code": -32000, "message": "insufficient funds for gas * price + value"}},
], ids=["accepted and forgotten", "accepted and denied", "accepted and denied in other words", "pool is full", "accepted, then 502",
        "too many requests", "accepted, then cut off", "cut off", "says that there is no money"])
def test_an_endpoint_that_does_not_tell_the_truth(begin, rule):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        w.chain.rpc("dev_setFaults", {"methods": {"eth_sendRawTransaction": {**rule, "times": 2}}})
        w.post("/v1/keys", count=3)
        w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])
        w.settle()
        assert w.chain.rpc("dev_faults")["methods"]["eth_sendRawTransaction"]["remaining"] == 0
        assert w.counts() == (keys + 3, dead + 1)
        w.check()


def test_an_endpoint_that_lags(begin):  # noqa: F811
    """It answers as if the chain had ended some blocks ago; no key is taken back, nothing is sent twice."""
    with begin() as w:
        w.post("/v1/rotate", grace_seconds=0)
        w.settle()
        w.mine(2)
        counts, nonce, key = w.counts(), w.next_nonce(), w.daemon.get("/v1/key").json["fingerprint"]
        for lag in (2, DEPTH + 1, 12):
            w.chain.rpc("dev_setFaults", {"lagBlocks": lag})
            calls = w.chain.rpc("dev_calls")["methods"].get("eth_getBlockByNumber", 0)
            w.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + 8, 60_000)
            assert w.daemon.get("/v1/key").json["fingerprint"] == key
            assert not [k for k in w.daemon.keys() if k["state"] == "orphaned"]
            w.chain.rpc("dev_setFaults", {"lagBlocks": 0})
            w.mine()
        w.settle()
        assert (w.counts(), w.next_nonce()) == (counts, nonce)
        w.check()


def test_an_empty_wallet_and_one_that_is_refilled(begin):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        w.chain.rpc("anvil_setBalance", w.owner, hex(1))
        created = w.post("/v1/keys", count=2)["intents"][0]
        revoked = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
        eventually("the alarm", lambda: "insufficient_funds" in w.daemon.alarms())
        w.mine(3)
        assert {w.intent(i)["state"] for i in (created, revoked)} == {"planned"}, "nothing was signed"
        w.daemon.kill()
        w.daemon.start()
        eventually("the alarm is back", lambda: "insufficient_funds" in w.daemon.alarms())
        w.daemon.fund(w.owner)
        w.settle()
        assert w.counts() == (keys + 2, dead + 1)
        w.check()


def test_a_create_does_not_wait_for_the_money_of_its_neighbours(begin):  # noqa: F811
    with begin() as w:
        keys, _ = w.counts()
        tip = int(w.intents()[0]["attempts"][-1]["tip"])
        w.chain.rpc("anvil_setBalance", w.owner, hex(1))
        small = w.post("/v1/keys", count=1)["intents"][0]
        large = w.post("/v1/keys", count=120)["intents"][0]
        eventually("the alarm", lambda: "insufficient_funds" in w.daemon.alarms())
        base = int(w.chain.rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        # One takes less than 65,000 gas with all margins, all together more than 250,000.
        w.chain.rpc("anvil_setBalance", w.owner, hex((2 * base + tip) * 130_000))
        w.in_pool(small)
        assert w.intent(large)["state"] == "planned"
        w.daemon.fund(w.owner)
        w.settle()
        assert {w.intent(i)["state"] for i in (small, large)} == {"confirmed"}
        assert w.counts()[0] == keys + 121
        w.check()


def test_many_calls_share_few_transactions(begin):  # noqa: F811
    """Each of the hundred gets its own keys, and one of them is withdrawn while it waits with the others."""
    with begin() as w:
        keys, _ = w.counts()
        w.chain.rpc("dev_setFaults", {"methods": {"eth_estimateGas": {"hold": "before"}}})
        numbers = [w.post("/v1/keys", count=1 + n % 3)["intents"][0] for n in range(30)]
        w.chain.rpc("dev_clearFaults")
        eventually("all are under way", lambda: all(w.intent(n)["state"] == "broadcast" for n in numbers))
        assert len({w.intent(n)["nonce"] for n in numbers}) <= 2
        victim = numbers[20]
        assert w.daemon.post(f"/v1/intents/{victim}/cancel").status == 202
        w.wait_for_attempts(victim, 2)
        w.in_pool(numbers[21])
        w.settle()
        states = {n: w.intent(n)["state"] for n in numbers}
        assert states.pop(victim) == "cancelled" and set(states.values()) == {"confirmed"}
        assert [len(w.intent(n)["messages"]) for n in states] == [1 + i % 3 for i, n in enumerate(numbers) if n != victim]
        assert w.counts()[0] == keys + 60 - 3
        w.check()


def test_replies_that_nobody_reads(begin):  # noqa: F811
    """The caller has gone before the reply, and calls again with the same Idempotency-Key."""
    with begin() as w:
        keys, dead = w.counts()
        calls = {
            "a": ("/v1/keys", {"count": 3}), "b": ("/v1/rotate", {"grace_seconds": 0}),
            "c": ("/v1/revoke", {"fingerprint": w.daemon.keys("pooled")[0]["fingerprint"]}),
        }
        known = len(w.intents())
        for tag, (target, body) in calls.items():
            connection = UnixConnection(w.daemon.control)
            connection.request("POST", target, json.dumps(body), {"Idempotency-Key": tag})
            connection.close()
            # Requests of several connections have no order of their own.
            known += 1
            eventually("it was taken", lambda: len(w.intents()) >= known)
        first = {tag: w.daemon.post(*call, headers={"Idempotency-Key": tag}) for tag, call in calls.items()}
        w.settle()
        again = {tag: w.daemon.post(*call, headers={"Idempotency-Key": tag}) for tag, call in calls.items()}
        assert all(answer.status == 202 for answer in (*first.values(), *again.values()))
        assert {tag: a.json for tag, a in first.items()} == {tag: a.json for tag, a in again.items()}
        assert w.counts() == (keys + 3, dead + 2), "a full pool needs no more than the three"
        w.check()


def test_revoking_what_is_being_disabled_already(begin):  # noqa: F811
    """A second disable of the same key would revert."""
    with begin() as w:
        keys, dead = w.counts()
        victim = w.current()["fingerprint"]
        retired = w.post("/v1/rotate", grace_seconds=0)["intents"][0]
        w.in_pool(retired)
        w.post("/v1/revoke", fingerprint=victim)
        w.post("/v1/revoke", fingerprint=victim)
        w.settle()
        assert w.counts() == (keys + 1, dead + 1)
        assert {i["state"] for i in w.intents()} == {"confirmed"}
        w.check()


def test_a_foreign_transaction_takes_the_nonce(begin):  # noqa: F811
    with begin() as w:
        keys, dead = w.counts()
        number = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
        w.in_pool(number)
        stranger = w.foreign("createKeys", 2, nonce=w.next_nonce(), tip=200 * GWEI)
        w.chain.rpc("eth_sendRawTransaction", stranger)
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts() == (keys + 3, dead + 1)
        assert "foreign_create" in w.daemon.alarms()
        w.check(alarms=STRANGER, foreign={hash_of(stranger)})


def test_keys_disabled_elsewhere_stop_at_once(begin):  # noqa: F811
    with begin() as w:
        victim = w.current()["message"]
        stranger = w.foreign("disableKey", bytes.fromhex(victim[2:]), nonce=w.next_nonce())
        w.chain.rpc("eth_sendRawTransaction", stranger)
        w.mine()
        assert w.current()["message"] != victim
        w.settle()
        assert w.key_state(victim) == "disabled"
        w.check(alarms=STRANGER, foreign={hash_of(stranger)})


def test_an_event_that_the_endpoint_leaves_out(begin):  # noqa: F811
    """As nodes behind a balancer do that are a block behind: the contract's own word is asked for as well."""
    with begin() as w:
        victim = w.current()["message"]
        w.chain.rpc("dev_setFaults", {"methods": {"eth_getLogs": {"result": []}}})
        stranger = w.foreign("disableKey", bytes.fromhex(victim[2:]), nonce=w.next_nonce())
        w.chain.rpc("eth_sendRawTransaction", stranger)
        for _ in range(DEPTH + 2):
            w.mine()
        w.chain.rpc("dev_setFaults", {"methods": {"eth_getLogs": None}})
        with w.blocks():
            eventually("it is not handed out any more", lambda: w.current_message() != victim)
        w.settle()
        assert w.key_state(victim) == "disabled"
        w.check(alarms=STRANGER, foreign={hash_of(stranger)})


def test_the_alarm_for_funds_ends_with_the_money_though_the_wallet_is_locked(begin):  # noqa: F811
    with begin() as w:
        w.chain.rpc("anvil_setBalance", w.owner, hex(1))
        number = w.post("/v1/keys", count=2)["intents"][0]
        eventually("the alarm", lambda: "insufficient_funds" in w.daemon.alarms())
        assert w.daemon.post("/v1/lock").status == 200
        w.daemon.fund(w.owner)
        with w.blocks():
            eventually("the alarm is over", lambda: "insufficient_funds" not in w.daemon.alarms())
        assert w.intent(number)["state"] == "planned" and w.intent(number)["error"] is None


def test_waiting_for_a_rotation_on_an_empty_pool_covers_the_disable(begin):  # noqa: F811
    with begin(pool={"target": 0}) as w:
        old = w.current()
        with w.blocks():
            answer = w.daemon.post(
                "/v1/rotate?wait=confirmed&timeout=60", {"grace_seconds": 0}, headers={"Idempotency-Key": "once"})
            assert answer.status == 200
            assert w.key_state(old["message"]) == "disabled"
            new = w.current()["fingerprint"]
            assert answer.json["fingerprints"] == [new] != [old["fingerprint"]]
            kinds = [w.intent(i)["kind"] for i in answer.json["intents"]]
            assert kinds == ["create", "disable"]
            # As the command line does: first accepted, then waited for under the same key.
            headers = {"Idempotency-Key": "twice"}
            first = w.daemon.post("/v1/rotate", {"grace_seconds": 0}, headers=headers)
            again = w.daemon.post("/v1/rotate?wait=confirmed&timeout=60", {"grace_seconds": 0}, headers=headers)
            assert (first.status, again.status) == (202, 200)
            assert next(k["state"] for k in w.daemon.keys() if k["fingerprint"] == new) == "disabled"
            longer = w.daemon.post("/v1/rotate?wait=confirmed&timeout=60", {"grace_seconds": 3600})
            assert longer.status == 200, "the end of a longer grace is not waited for"
        assert [k["state"] for k in w.daemon.keys() if k["fingerprint"] == again.json["fingerprints"][0]] == ["retiring"]


def test_a_fee_history_that_fails_is_no_chain_without_a_base_fee(begin):  # noqa: F811
    """The gas price has the base fee in it: offered as a tip, it would be paid on top."""
    with begin(fees={"max_tip_gwei": 100}) as w:
        w.chain.rpc("dev_setMinBaseFee", 30 * GWEI)
        w.mine(2)
        w.chain.rpc("dev_setFaults", {"methods": {"eth_feeHistory": {"error": {"code": -32603, "message": "internal error"}}}})
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        w.daemon.post(f"/v1/intents/{number}/speedup")
        w.wait_for_attempts(number, 2)
        for attempt in w.intent(number)["attempts"]:
            assert int(attempt["tip"]) <= 4 * GWEI and int(attempt["max_fee"]) >= 30 * GWEI
        w.chain.rpc("dev_clearFaults")
        w.settle()
        w.check()
