"""Endpoints that are slow, fail, lie, lag, or keep a call."""

import http.client
import json
import threading
import urllib.error

import pytest
from support.devchain import RPCFailure, throwaway_account

TARGET = "0x" + "77" * 20


@pytest.fixture
def sender():
    return throwaway_account(6)


def rule(chain, method: str, endpoint: str = "", **fields):
    chain.rpc("dev_setFaults", {"methods": {method: fields}}, endpoint=endpoint)


def test_errors_before_the_effect(chain, sender):
    rule(chain, "eth_sendRawTransaction", error={"code": -32000, "message": "internal error"}, times=1)
    raw = chain.sign(sender, TARGET)
    with pytest.raises(RPCFailure, match="-32000: internal error"):
        chain.rpc("eth_sendRawTransaction", raw)
    assert chain.rpc("eth_getTransactionCount", sender.address, "pending") == "0x0"
    assert chain.receipt(chain.rpc("eth_sendRawTransaction", raw))["status"] == "0x1", "the rule is used up"


def test_accepted_and_then_denied(chain, sender):
    rule(chain, "eth_sendRawTransaction", error={"code": -32603, "message": "upstream timeout"}, after=True, times=1)
    with pytest.raises(RPCFailure, match="upstream timeout"):
        chain.send(sender, TARGET)
    assert chain.rpc("eth_getTransactionCount", sender.address, "latest") == "0x1"


def test_accepted_and_dropped(chain, sender):
    """The right hash, and nothing behind it."""
    raw = chain.sign(sender, TARGET)
    expected = chain.web3.to_hex(chain.web3.keccak(hexstr=raw))
    rule(chain, "eth_sendRawTransaction", drop=True, times=1)
    assert chain.rpc("eth_sendRawTransaction", raw) == expected
    assert chain.rpc("eth_getTransactionByHash", expected) is None


def test_lies_about_receipts(chain, sender):
    transaction_hash = chain.send(sender, TARGET)
    rule(chain, "eth_getTransactionReceipt", "liar", patch={"status": "0x0"})
    assert chain.rpc("eth_getTransactionReceipt", transaction_hash, endpoint="liar")["status"] == "0x0"
    assert chain.receipt(transaction_hash)["status"] == "0x1", "the other endpoint is honest"
    rule(chain, "eth_getTransactionReceipt", "liar", result=None)
    assert chain.rpc("eth_getTransactionReceipt", transaction_hash, endpoint="liar") is None
    chain.rpc("dev_clearFaults", endpoint="liar")
    assert chain.rpc("eth_getTransactionReceipt", transaction_hash, endpoint="liar")["status"] == "0x1"


@pytest.mark.parametrize("after", [False, True])
def test_cut_connections(chain, sender, after):
    rule(chain, "eth_sendRawTransaction", disconnect=True, after=after, times=1)
    with pytest.raises((urllib.error.URLError, http.client.RemoteDisconnected)):
        chain.send(sender, TARGET)
    assert int(chain.rpc("eth_getTransactionCount", sender.address, "latest"), 16) == after


def test_http_errors(chain):
    rule(chain, "eth_blockNumber", http={"status": 429, "headers": {"Retry-After": "7"}, "body": "slow down"}, times=1)
    assert chain.post(chain.request("eth_blockNumber")) == (429, b"slow down")
    assert chain.post(chain.request("eth_blockNumber"))[0] == 200


def test_a_fault_within_a_batch_takes_the_whole_request(chain):
    rule(chain, "eth_blockNumber", http={"status": 502}, times=1)
    assert chain.post([chain.request("eth_chainId"), chain.request("eth_blockNumber")]) == (502, b"")


def test_skip_and_times(chain):
    rule(chain, "eth_chainId", error={"message": "no"}, skip=2, times=2)
    answers = []
    for _ in range(5):
        answers.append("error" in json.loads(chain.post(chain.request("eth_chainId"))[1]))
    assert answers == [False, False, True, True, False]
    assert chain.rpc("dev_faults")["methods"]["eth_chainId"]["remaining"] == 0


def test_rules_for_all_methods_spare_the_control_methods(chain):
    rule(chain, "*", error={"code": -32005, "message": "limit exceeded"})
    for method in ("eth_chainId", "eth_blockNumber", "net_version"):
        with pytest.raises(RPCFailure, match="-32005: limit exceeded"):
            chain.rpc(method)
    chain.rpc("evm_mine")
    chain.rpc("dev_setFaults", {"methods": {"*": None}})
    assert chain.rpc("eth_chainId") == "0x7a69"


def test_error_rate(chain):
    chain.rpc("dev_setFaults", {"errorRate": 0.5})
    failures = sum("error" in json.loads(chain.post(chain.request("eth_chainId"))[1]) for _ in range(100))
    assert 20 < failures < 80
    chain.rpc("dev_setFaults", {"errorRate": 1})
    with pytest.raises(RPCFailure, match="-32603: injected fault"):
        chain.rpc("eth_chainId")


def test_a_lagging_endpoint_shows_a_shorter_chain(chain, sender):
    chain.rpc("evm_mine", 5)
    transaction_hash = chain.send(sender, TARGET)
    head = chain.head()
    chain.rpc("dev_setFaults", {"lagBlocks": 2}, endpoint="behind")

    def behind(method, *params):
        return chain.rpc(method, *params, endpoint="behind")

    assert int(behind("eth_blockNumber"), 16) == head - 2
    assert int(behind("eth_getBlockByNumber", "latest")["number"], 16) == head - 2
    assert behind("eth_getBlockByNumber", hex(head)) is None
    assert behind("eth_getTransactionReceipt", transaction_hash) is None
    assert behind("eth_getTransactionCount", sender.address, "latest") == "0x0"
    assert behind("eth_getLogs", {"fromBlock": "0x0"}) == []
    with pytest.raises(RPCFailure, match="header not found"):
        behind("eth_getBalance", TARGET, hex(head))
    assert chain.receipt(transaction_hash) is not None


def test_an_endpoint_that_stands_still_shows_no_later_block(chain, sender):
    head = chain.head()
    chain.rpc("dev_setFaults", {"standsAt": head}, endpoint="still")
    transaction_hash = chain.send(sender, TARGET)
    chain.rpc("evm_mine", 3)
    assert chain.head() > head and chain.receipt(transaction_hash) is not None
    assert int(chain.rpc("eth_blockNumber", endpoint="still"), 16) == head
    assert chain.rpc("eth_getTransactionReceipt", transaction_hash, endpoint="still") is None
    chain.rpc("dev_clearFaults", endpoint="still")
    assert int(chain.rpc("eth_blockNumber", endpoint="still"), 16) == chain.head()


@pytest.mark.parametrize("where, mined_while_held", [("before", 0), ("after", 1)])
def test_held_calls_wait_for_their_release(chain, sender, where, mined_while_held):
    rule(chain, "eth_sendRawTransaction", hold=where, times=1)
    raw, sent = chain.sign(sender, TARGET), []
    client = threading.Thread(target=lambda: sent.append(chain.rpc("eth_sendRawTransaction", raw)))
    client.start()
    assert chain.rpc("dev_awaitHeld") is True
    assert sent == []
    assert int(chain.rpc("eth_getTransactionCount", sender.address, "latest"), 16) == mined_while_held
    assert chain.rpc("dev_release") == 1
    client.join()
    assert chain.receipt(sent[0])["status"] == "0x1"


def test_a_call_whose_client_has_gone_is_not_held_for_ever(chain):
    rule(chain, "eth_chainId", hold="before", times=1)
    connection = http.client.HTTPConnection(chain.url.removeprefix("http://"))
    connection.request("POST", "/", json.dumps(chain.request("eth_chainId")))
    assert chain.rpc("dev_awaitHeld") is True
    connection.close()
    assert chain.rpc("dev_awaitHeld", 0) is True


def test_waiting_in_vain_says_so(chain):
    assert chain.rpc("dev_awaitHeld", 1, 1) is False
    assert chain.rpc("dev_awaitCalls", "eth_nothing", 1, 1) == 0
    assert chain.rpc("dev_awaitHead", 10**6, 1) == chain.head()


def test_waiting_for_calls(chain):
    before = chain.rpc("dev_calls")["methods"].get("eth_syncing", 0)
    counts = []
    waiter = threading.Thread(target=lambda: counts.append(chain.rpc("dev_awaitCalls", "eth_syncing", before + 2)))
    waiter.start()
    for _ in range(2):
        chain.rpc("eth_syncing")
    waiter.join()
    assert counts == [before + 2]


def test_latency(chain):
    """Slow enough to be seen by a client's deadline; the exact time is nobody's business."""
    chain.rpc("dev_setFaults", {"latencyMs": 300, "methods": {"eth_syncing": {"latencyMs": 300}}})
    connection = http.client.HTTPConnection(chain.url.removeprefix("http://"), timeout=0.05)
    connection.request("POST", "/", json.dumps(chain.request("eth_syncing")))
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize(
    "options, message",
    [
        ("fast", "dev_setFaults takes an object"),
        ({"lagBlocks": "two"}, "lagBlocks is a number, 0 or more"),
        ({"standsAt": -1}, "standsAt is a number, 0 or more"),
        ({"errorRate": -1}, "errorRate is a number, 0 or more"),
        ({"latency": 1}, "unknown fault option: latency"),
        ({"methods": {"eth_call": {"eror": {}}}}, "unknown field in the rule for eth_call: eror"),
        ({"methods": {"eth_call": {"error": {}, "result": 1}}}, "the rule for eth_call has more than one answer"),
        ({"methods": {"eth_call": {"hold": "during"}}}, 'the rule for eth_call: hold is "before" or "after"'),
    ],
)
def test_bad_faults_are_refused(chain, options, message):
    with pytest.raises(RPCFailure) as failure:
        chain.rpc("dev_setFaults", options)
    assert (failure.value.code, failure.value.message) == (-32602, message)
