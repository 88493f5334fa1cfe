"""eth_getLogs."""

import pytest
from eth_utils import keccak
from support.contracts import ApiKeys
from support.devchain import RPCFailure

CREATED, DISABLED = ("0x" + keccak(text=f"{name}(address,bytes32)").hex() for name in ("KeyCreated", "KeyDisabled"))


def padded(address: str) -> str:
    return "0x" + address[2:].lower().rjust(64, "0")


@pytest.fixture
def history(chain, api_keys, owner, other):
    """Two contracts, two owners, creates and disables over eight blocks; answers every log in chain order."""
    second = ApiKeys.deploy(chain)
    first_block = chain.head() + 1
    for account in (owner, other):
        for contract in (api_keys, second):
            contract.transact(account, "createKeys", 3)
            contract.transact(account, "disableKeys", [contract.message(1), contract.message(3)])
    receipts = [chain.rpc("eth_getBlockReceipts", hex(n)) for n in range(first_block, chain.head() + 1)]
    logs = [log for block in receipts for receipt in block for log in receipt["logs"]]
    assert len(logs) == 20
    return logs


def logs(chain, **wanted):
    return chain.rpc("eth_getLogs", {"fromBlock": "0x0", **wanted})


def test_everything(chain, history):
    assert logs(chain) == history
    assert logs(chain, address=[]) == history and logs(chain, topics=[]) == history


def test_by_address(chain, history, api_keys):
    of_contract = [log for log in history if log["address"] == api_keys.address.lower()]
    assert logs(chain, address=api_keys.address) == of_contract and len(of_contract) == 10
    assert logs(chain, address=list({log["address"] for log in history})) == history
    assert logs(chain, address="0x" + "99" * 20) == []


def test_by_topics(chain, history, api_keys, owner):
    def matching(condition):
        return [log for log in history if condition(log["topics"])]

    me = padded(owner.address)
    message = "0x" + api_keys.message(1).hex()
    assert logs(chain, topics=[CREATED]) == matching(lambda t: t[0] == CREATED)
    assert logs(chain, topics=[[CREATED, DISABLED], me]) == matching(lambda t: t[1] == me)
    assert logs(chain, topics=[None, None, message]) == matching(lambda t: t[2] == message)
    assert logs(chain, topics=[DISABLED, me, [message]]) == matching(lambda t: t[0] == DISABLED and t[1] == me and t[2] == message)
    assert logs(chain, topics=[None, None, None, None]) == []
    assert logs(chain, topics=[CREATED.upper().replace("0X", "0x")]) == matching(lambda t: t[0] == CREATED)


def test_by_range(chain, history):
    numbers = sorted({int(log["blockNumber"], 16) for log in history})
    low, high = numbers[2], numbers[4]
    expected = [log for log in history if low <= int(log["blockNumber"], 16) <= high]
    assert logs(chain, fromBlock=hex(low), toBlock=hex(high)) == expected
    assert logs(chain, fromBlock=hex(low), toBlock="0xffffff") == [log for log in history if int(log["blockNumber"], 16) >= low]
    assert chain.rpc("eth_getLogs", {}) == [log for log in history if int(log["blockNumber"], 16) == chain.head()]


def test_by_block_hash(chain, history):
    block_hash = history[0]["blockHash"]
    expected = [log for log in history if log["blockHash"] == block_hash]
    assert chain.rpc("eth_getLogs", {"blockHash": block_hash}) == expected
    assert chain.rpc("eth_getLogs", {"blockHash": block_hash, "topics": [DISABLED]}) == []


@pytest.mark.parametrize(
    "wanted, code, message",
    [
        ({"fromBlock": "0x2", "toBlock": "0x1"}, -32602, "invalid block range params"),
        ({"blockHash": "0x" + "11" * 32}, -32000, "unknown block"),
        ({"blockHash": "0x" + "11" * 32, "fromBlock": "0x1"}, -32602, "invalid argument 0: cannot specify both"),
        ({"topics": [None] * 5}, -32602, "exceed max topics"),
        ({"topics": ["0x12"]}, -32602, "invalid argument 0: hex string has length 2, want 64 for common.Hash"),
        ({"topics": "all"}, -32602, "invalid argument 0: invalid topic(s)"),
        ({"address": "0x12"}, -32602, "invalid argument 0: hex string has length 2, want 40 for common.Address"),
        ({"adress": "0x12"}, -32602, "invalid argument 0: unknown field adress"),
    ],
)
def test_bad_filters(chain, wanted, code, message):
    with pytest.raises(RPCFailure) as failure:
        chain.rpc("eth_getLogs", wanted)
    assert failure.value.code == code and failure.value.message.startswith(message)


def test_limits(start_chain, owner):
    chain = start_chain("--max-range", 10, "--max-logs", 20)
    contract = ApiKeys.deploy(chain)
    contract.transact(owner, "createKeys", 20)
    assert len(logs(chain)) == 20
    contract.transact(owner, "createKey")
    with pytest.raises(RPCFailure) as failure:
        logs(chain)
    assert (failure.value.code, failure.value.message) == (-32005, "query returned more than 20 results")
    chain.rpc("evm_mine", 10)
    with pytest.raises(RPCFailure, match="block range is too wide"):
        logs(chain)
    assert logs(chain, fromBlock=hex(chain.head() - 9)) == []


def test_reorgs_take_logs_away_and_bring_others(chain, api_keys, owner):
    lost = api_keys.transact(owner, "createKey")
    kept = api_keys.transact(owner, "createKeys", 2)
    chain.rpc("dev_reorg", 2, {"hold": [kept["transactionHash"]]})
    (log,) = logs(chain, address=api_keys.address)
    assert log["transactionHash"] == lost["transactionHash"] and log["blockHash"] != lost["blockHash"]
    old = chain.rpc("eth_getLogs", {"blockHash": lost["blockHash"]})
    assert old == lost["logs"], "a node still knows the block that it threw out"
    chain.rpc("evm_mine")
    assert len(logs(chain, address=api_keys.address)) == 3


def test_web3_reads_them(chain, history, api_keys, owner):
    events = api_keys.web3.events.KeyDisabled.get_logs(from_block=0, argument_filters={"owner": owner.address})
    assert [event["args"]["message"] for event in events] == [api_keys.message(1), api_keys.message(3)]
