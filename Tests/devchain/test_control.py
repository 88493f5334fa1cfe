"""Mining, time and state by hand."""

import re
import sys

import pytest
from support.devchain import RPCFailure, throwaway_account
from support.places import DEVCHAIN

TARGET = "0x" + "77" * 20
SLOT = "0x" + "0" * 63 + "5"


@pytest.fixture
def sender():
    return throwaway_account(6)


def timestamp(chain) -> int:
    return int(chain.rpc("eth_getBlockByNumber", "latest")["timestamp"], 16)


def test_accounts_are_private_keys_1_to_10(chain):
    assert chain.rpc("eth_accounts") == [throwaway_account(n).address.lower() for n in range(1, 11)]
    assert chain.rpc("eth_getBalance", throwaway_account(10).address, "latest") == hex(10**24)


def test_mining_on_demand(chain, sender):
    chain.rpc("evm_setAutomine", False)
    head = chain.head()
    transaction_hash = chain.send(sender, TARGET)
    assert chain.head() == head and chain.receipt(transaction_hash) is None
    chain.rpc("anvil_mine", "0x3")
    assert chain.head() == head + 3
    assert int(chain.receipt(transaction_hash)["blockNumber"], 16) == head + 1


def test_automining_again_mines_what_waits(chain, sender):
    chain.rpc("anvil_setAutomine", False)
    transaction_hash = chain.send(sender, TARGET)
    chain.rpc("anvil_setAutomine", True)
    assert chain.receipt(transaction_hash)["status"] == "0x1"


def test_a_stopped_chain_takes_transactions_and_makes_no_blocks(chain, sender):
    chain.rpc("dev_pauseMining")
    head = chain.head()
    transaction_hash = chain.send(sender, TARGET)
    chain.rpc("evm_mine", 5)
    assert chain.head() == head
    chain.rpc("dev_resumeMining")
    assert chain.receipt(transaction_hash)["status"] == "0x1"


def test_a_timer_can_be_started_and_stopped(start_chain):
    chain = start_chain("--mine", "manual")
    chain.rpc("evm_setIntervalMining", 10)
    reached = chain.rpc("dev_awaitHead", 3)
    chain.rpc("evm_setIntervalMining", 0)
    assert reached >= 3
    stopped_at = chain.head()
    chain.rpc("evm_mine")
    assert chain.head() - stopped_at in (1, 2), "the timer may have fired once more"


def test_time(chain):
    now = timestamp(chain)
    chain.rpc("evm_setNextBlockTimestamp", now + 1000)
    chain.rpc("evm_mine")
    assert timestamp(chain) == now + 1000
    chain.rpc("evm_mine")
    assert timestamp(chain) == now + 1001, "always later than the parent"
    chain.rpc("anvil_setTime", now + 5000)
    chain.rpc("evm_mine")
    assert now + 5000 <= timestamp(chain) < now + 5600
    chain.rpc("evm_increaseTime", 10_000)
    chain.rpc("evm_mine")
    assert now + 15_000 <= timestamp(chain) < now + 15_600
    chain.rpc("anvil_mine", 3, 100)
    assert timestamp(chain) >= now + 15_300
    with pytest.raises(RPCFailure, match="is not later than the head's"):
        chain.rpc("evm_setNextBlockTimestamp", now)
    chain.rpc("anvil_setTime", now)


def test_setting_state(chain, sender):
    for method, value, read, expected in [
        ("anvil_setBalance", "0x99", "eth_getBalance", "0x99"),
        ("anvil_setNonce", "0x7", "eth_getTransactionCount", "0x7"),
        ("anvil_setCode", "0x6001", "eth_getCode", "0x6001"),
    ]:
        chain.rpc(method, TARGET, value)
        assert chain.rpc(read, TARGET, "latest") == expected
    chain.rpc("anvil_setStorageAt", TARGET, SLOT, "0x" + "0" * 62 + "11")
    assert chain.rpc("eth_getStorageAt", TARGET, SLOT, "latest") == "0x" + "0" * 62 + "11"
    chain.rpc("dev_setStorage", TARGET, {hex(n): hex(n + 1) for n in range(100, 200)})
    chain.send(sender, TARGET)
    assert [int(chain.rpc("eth_getStorageAt", TARGET, hex(n), "latest"), 16) for n in (5, 100, 199, 200)] == [17, 101, 200, 0]
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x99", "it outlives the next block"


def test_hardhats_names_work_too(chain):
    chain.rpc("hardhat_setBalance", TARGET, "0x1")
    chain.rpc("hardhat_setStorageAt", TARGET, "0x0", "0x2")
    chain.rpc("hardhat_setNextBlockBaseFeePerGas", "0x3")
    chain.rpc("evm_mine")
    assert chain.rpc("eth_getBlockByNumber", "latest")["baseFeePerGas"] == "0x3"


def test_the_rest_of_a_nodes_methods(chain):
    answers = {method: chain.rpc(method) for method in ("net_listening", "net_peerCount", "eth_syncing", "eth_blobBaseFee")}
    assert answers == {"net_listening": True, "net_peerCount": "0x0", "eth_syncing": False, "eth_blobBaseFee": "0x1"}
    assert chain.rpc("web3_clientVersion").startswith("devchain/v")
    assert chain.rpc("web3_sha3", "0x") == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_the_readme_lists_every_method(monkeypatch):
    monkeypatch.syspath_prepend(str(DEVCHAIN.parent))
    from node.node import Node
    from node.requestlog import RequestLog
    from node.rpc.dispatcher import Dispatcher
    from node.settings import Settings

    offered = set(Dispatcher("", Node(Settings()), None, RequestLog()).names())
    text = (DEVCHAIN.parent / "README.md").read_text()
    table = text[text.index("## Methods") : text.index("Blocks may be named")]
    assert set(re.findall(r"`([a-z0-9]+_\w+)`", table)) == offered
    for name in [name for name in sys.modules if name == "node" or name.startswith("node.")]:
        del sys.modules[name]
