"""Reorgs and snapshots."""

import pytest
from support.devchain import GWEI, RPCFailure, throwaway_account

TARGET = "0x" + "77" * 20


@pytest.fixture
def sender():
    return throwaway_account(6)


def block_hash(chain, number: int) -> str | None:
    block = chain.rpc("eth_getBlockByNumber", hex(number))
    return block and block["hash"]


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_every_block_is_another_and_everything_is_mined_again(chain, sender, depth):
    for _ in range(5):
        chain.send(sender, TARGET, value=1)
    head = chain.head()
    before = [block_hash(chain, n) for n in range(head + 1)]
    outcome = chain.rpc("dev_reorg", depth)
    assert outcome == {"commonAncestor": hex(head - depth), "head": hex(head + 1), "hash": block_hash(chain, head + 1)}
    after = [block_hash(chain, n) for n in range(head + 1)]
    assert after[: head - depth + 1] == before[: head - depth + 1]
    assert all(a != b for a, b in zip(after[head - depth + 1 :], before[head - depth + 1 :]))
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x5"
    assert chain.rpc("eth_getTransactionCount", sender.address, "latest") == "0x5"
    for number in range(head - depth + 1, head + 2):
        block = chain.rpc("eth_getBlockByNumber", hex(number))
        assert block["parentHash"] == block_hash(chain, number - 1)


def test_lost_transactions_are_gone_and_later_ones_wait(chain, sender):
    first, second = (chain.send(sender, TARGET, value=1) for _ in range(2))
    chain.rpc("dev_reorg", 2, {"lose": [first]})
    assert chain.receipt(first) is None and chain.rpc("eth_getTransactionByHash", first) is None
    assert chain.receipt(second) is None
    assert chain.rpc("eth_getTransactionByHash", second)["blockHash"] is None
    assert chain.rpc("txpool_status") == {"pending": "0x0", "queued": "0x1"}


def test_a_list_means_lose(chain, sender):
    only = chain.send(sender, TARGET)
    chain.rpc("dev_reorg", 1, [only])
    assert chain.rpc("eth_getTransactionByHash", only) is None


def test_held_transactions_wait_for_a_later_block(chain, sender):
    held = chain.send(sender, TARGET)
    chain.rpc("dev_reorg", 1, {"hold": [held]})
    assert chain.receipt(held) is None
    chain.rpc("evm_mine")
    assert int(chain.receipt(held)["blockNumber"], 16) == chain.head()


def test_order_is_chosen(chain):
    senders = [throwaway_account(n) for n in (5, 6, 7)]
    hashes = [chain.send(account, TARGET, maxPriorityFeePerGas=GWEI * (i + 1)) for i, account in enumerate(senders)]
    chain.rpc("dev_reorg", 3, {"order": hashes})
    (number,) = {int(chain.receipt(h)["blockNumber"], 16) for h in hashes}
    assert chain.rpc("eth_getBlockByNumber", hex(number))["transactions"] == hashes
    chain.rpc("dev_reorg", chain.head() - number + 1)
    assert chain.rpc("eth_getBlockByNumber", hex(number))["transactions"] == hashes[::-1], "otherwise the tip decides"


def test_another_transaction_takes_the_nonce(chain, sender):
    ours = chain.send(sender, TARGET, value=1)
    foreign = chain.sign(sender, TARGET, value=2, nonce=0, maxFeePerGas=5 * GWEI)
    chain.rpc("dev_reorg", 1, {"include": [foreign]})
    assert chain.rpc("eth_getTransactionByHash", ours) is None
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x2"
    again = chain.sign(sender, TARGET, value=1, nonce=0)
    chain.rpc("dev_reorg", 2, {"include": [again]})
    assert chain.receipt(ours)["status"] == "0x1", "a second reorg gives the nonce back"


@pytest.mark.parametrize("depth, length", [(4, 2), (4, 0), (1, 1), (2, 5)])
def test_the_new_branch_has_the_length_asked_for(chain, depth, length):
    chain.rpc("evm_mine", 5)
    head = chain.head()
    chain.rpc("dev_reorg", depth, {"length": length})
    assert chain.head() == head - depth + length

def test_thrown_out_blocks_are_still_known_by_hash(chain, sender):
    transaction_hash = chain.send(sender, TARGET, value=1)
    old = chain.rpc("eth_getBlockByNumber", "latest")
    chain.rpc("dev_reorg", 1, {"hold": [transaction_hash]})
    assert chain.rpc("eth_getBlockByHash", old["hash"]) == old
    place = {"blockHash": old["hash"]}
    assert chain.rpc("eth_getBalance", TARGET, place) == "0x1"
    with pytest.raises(RPCFailure, match="hash is not currently canonical"):
        chain.rpc("eth_getBalance", TARGET, {**place, "requireCanonical": True})


@pytest.mark.parametrize("depth", [0, 1000])
def test_impossible_depths(chain, depth):
    with pytest.raises(RPCFailure, match="bad depth"):
        chain.rpc("dev_reorg", depth)


def test_a_bad_transaction_to_include_changes_nothing(chain, sender):
    chain.send(sender, TARGET, value=1)
    head = chain.rpc("eth_getBlockByNumber", "latest")
    with pytest.raises(RPCFailure, match="rlp: "):
        chain.rpc("dev_reorg", 1, {"include": ["0x02c0"]})
    assert chain.rpc("eth_getBlockByNumber", "latest") == head


def test_unknown_options(chain):
    chain.rpc("evm_mine")
    with pytest.raises(RPCFailure, match="unknown reorg option: loose"):
        chain.rpc("dev_reorg", 1, {"loose": []})


def test_snapshots_restore_blocks_state_and_pool(chain, sender):
    chain.rpc("evm_setAutomine", False)
    waiting = chain.send(sender, TARGET, value=1)
    number = chain.rpc("evm_snapshot")
    head = chain.rpc("eth_getBlockByNumber", "latest")
    chain.rpc("evm_mine", 3)
    chain.rpc("anvil_setBalance", TARGET, "0x99")
    later = chain.rpc("evm_snapshot")
    assert chain.rpc("evm_revert", number) is True
    assert chain.rpc("eth_getBlockByNumber", "latest") == head
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x0"
    assert chain.rpc("eth_getTransactionByHash", waiting)["blockHash"] is None
    assert chain.rpc("evm_revert", number) is False, "used up"
    assert chain.rpc("evm_revert", later) is False, "thrown out"


def test_snapshots_undo_edits_of_the_head(chain):
    number = chain.rpc("evm_snapshot")
    chain.rpc("anvil_setBalance", TARGET, "0x99")
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x99"
    chain.rpc("evm_revert", number)
    assert chain.rpc("eth_getBalance", TARGET, "latest") == "0x0"
