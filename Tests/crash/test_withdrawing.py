"""Intents that an operator withdraws, with the daemon killed before it could act on that."""

from crash.test_reorgs import begin  # noqa: F401


def test_a_withdrawal_survives_the_daemon(begin):  # noqa: F811
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=5)["intents"][0]
        w.in_pool(number)
        # No answer about fees, so nothing can be signed in its place before the end.
        w.chain.rpc("dev_setFaults", {"methods": {"eth_feeHistory": {"hold": "before"}, "eth_gasPrice": {"hold": "before"}}})
        answer = w.daemon.post(f"/v1/intents/{number}/cancel")
        assert answer.status in (200, 202), answer
        w.daemon.kill()
        w.chain.rpc("dev_clearFaults")
        w.daemon.start()
        w.wait_for_attempts(number, 2)
        w.settle()
        assert w.intent(number)["state"] == "cancelled"
        assert w.counts()[0] == keys
        w.check()


def test_the_chain_decides_between_a_create_and_its_withdrawal(begin):  # noqa: F811
    """The first attempt is mined before the second arrives: then the keys exist, and nothing says otherwise."""
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=5)["intents"][0]
        w.in_pool(number)
        w.chain.rpc("dev_setFaults", {"methods": {"eth_sendRawTransaction": {"hold": "before", "times": 1}}})
        assert w.daemon.post(f"/v1/intents/{number}/cancel").status in (200, 202)
        assert w.chain.rpc("dev_awaitHeld", 1, 30_000)
        w.chain.rpc("evm_mine")
        w.chain.rpc("dev_clearFaults")
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts()[0] == keys + 5
        w.check()
