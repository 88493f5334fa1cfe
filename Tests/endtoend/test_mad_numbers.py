"""Endpoints whose numbers are beyond anything that a chain counts: no sum with one may end the service."""

import pytest
from support.daemon import eventually
from support.mining import mining

MOST = "0xffffffffffffffff"


def calls(chain, method) -> int:
    return chain.rpc("dev_calls")["methods"].get(method, 0)


@pytest.mark.parametrize("method", ["eth_estimateGas", "eth_getTransactionCount", "eth_getBlockByNumber", "eth_blockNumber"])
def test_they_are_refused_and_the_next_answer_counts(own_chain, make_daemon, method):
    daemon = make_daemon(own_chain, pool={"target": 0}, poll_interval="100ms")
    result = MOST
    if method == "eth_getBlockByNumber":
        head = own_chain.rpc("eth_getBlockByNumber", "latest", False)
        result = {**head, "number": MOST, "timestamp": MOST, "hash": "0x" + "ab" * 32}
    with mining(own_chain):
        daemon.start()
        daemon.wait_for_key()
        own_chain.rpc("dev_setFaults", {"methods": {method: {"result": result, "times": 3}}})
        asked = calls(own_chain, method)
        # Its answer may take as long as the endpoint does.
        created = daemon.post("/v1/keys", {"count": 1}).json["intents"][0]
        eventually("it was told", lambda: method == "eth_blockNumber" or calls(own_chain, method) >= asked + 3)
        own_chain.rpc("dev_clearFaults")
        eventually("the key is created", lambda: daemon.control_get(f"/v1/intents/{created}")["state"] == "confirmed")


def test_a_mad_count_of_keys_is_refused(own_chain, make_daemon):
    daemon = make_daemon(own_chain, poll_interval="100ms")
    asked = calls(own_chain, "eth_call")
    own_chain.rpc("dev_setFaults", {"methods": {"eth_call": {"result": f"0x{2**64 - 1:064x}", "times": 3}}})
    with mining(own_chain):
        daemon.start()
        eventually("it was told", lambda: calls(own_chain, "eth_call") >= asked + 3)
        own_chain.rpc("dev_clearFaults")
        daemon.wait_for_key()
