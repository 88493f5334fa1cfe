"""Blocks, receipts and their hashes, checked with rlp and trie instead of the chain's word."""

import pytest
import rlp
from eth_utils import keccak
from support.devchain import throwaway_account
from trie import HexaryTrie

OLD_FIELDS = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
              "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce")
NEW_FIELDS = ("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash")
QUANTITIES = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}


def encoded(name: str, text: str) -> bytes:
    if name not in QUANTITIES:
        return bytes.fromhex(text[2:])
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def root(items: list[bytes]) -> str:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[rlp.encode(index)] = item
    return "0x" + trie.root_hash.hex()


def raw_list(chain, method: str, *params) -> list[bytes]:
    return [bytes.fromhex(item[2:]) for item in chain.rpc(method, *params)]


@pytest.fixture(params=["prague", "before London"])
def busy_chain(request, chain, start_chain):
    """Ten transactions of all types in one block, logs among them."""
    from support.contracts import ApiKeys

    london = request.param == "prague"
    chain = chain if london else start_chain("--no-base-fee")
    sender = throwaway_account(1)
    if london:
        contract = ApiKeys.deploy(chain)
        chain.rpc("evm_setAutomine", False)
        for i in range(8):
            contract.send(sender, "createKeys", i + 1)
    else:
        chain.rpc("evm_setAutomine", False)
        for i in range(8):
            chain.send(sender, sender.address, value=i, gasPrice=10**9 + i)
    chain.send(sender, sender.address, gasPrice=10**11)
    chain.send(sender, sender.address, gasPrice=10**11, accessList=[{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "0" * 64]}])
    chain.rpc("evm_mine")
    return chain


def test_hashes_and_roots_are_real(busy_chain):
    chain = busy_chain
    block = chain.rpc("eth_getBlockByNumber", "latest", True)
    fields = OLD_FIELDS + (NEW_FIELDS if "baseFeePerGas" in block else ())
    header = rlp.encode([encoded(name, block[name]) for name in fields])
    assert "0x" + keccak(header).hex() == block["hash"]
    assert chain.rpc("debug_getRawHeader", block["number"]) == "0x" + header.hex()

    assert len(block["transactions"]) == 10
    transactions = [bytes.fromhex(chain.rpc("debug_getRawTransaction", t["hash"])[2:]) for t in block["transactions"]]
    assert ["0x" + keccak(t).hex() for t in transactions] == [t["hash"] for t in block["transactions"]]
    assert root(transactions) == block["transactionsRoot"]
    assert root(raw_list(chain, "debug_getRawReceipts", block["number"])) == block["receiptsRoot"]

    parent = chain.rpc("eth_getBlockByHash", block["parentHash"], False)
    assert int(parent["number"], 16) == int(block["number"], 16) - 1
    assert int(parent["timestamp"], 16) < int(block["timestamp"], 16)


def test_size_is_the_length_of_the_encoded_block(busy_chain):
    block = busy_chain.rpc("eth_getBlockByNumber", "latest", True)
    header = rlp.decode(bytes.fromhex(busy_chain.rpc("debug_getRawHeader", "latest")[2:]))
    transactions = [bytes.fromhex(busy_chain.rpc("debug_getRawTransaction", t["hash"])[2:]) for t in block["transactions"]]
    items = [t if t[0] < 0x80 else rlp.decode(t) for t in transactions]
    withdrawals = [[]] if "withdrawals" in block else []
    assert int(block["size"], 16) == len(rlp.encode([header, items, [], *withdrawals]))


def receipt_from_rpc(receipt: dict) -> bytes:
    """The consensus form, rebuilt from JSON."""
    logs = [
        [bytes.fromhex(log["address"][2:]), [bytes.fromhex(t[2:]) for t in log["topics"]], bytes.fromhex(log["data"][2:])]
        for log in receipt["logs"]
    ]
    body = rlp.encode([int(receipt["status"], 16), int(receipt["cumulativeGasUsed"], 16),
                       bytes.fromhex(receipt["logsBloom"][2:]), logs])
    kind = int(receipt["type"], 16)
    return bytes([kind] if kind else []) + body


def test_receipts_prove_themselves(busy_chain):
    """What `orakey keys check-proof` relies on: JSON receipts rebuild the trie of the header."""
    block = busy_chain.rpc("eth_getBlockByNumber", "latest")
    receipts = busy_chain.rpc("eth_getBlockReceipts", "latest")
    assert receipts == busy_chain.rpc("eth_getBlockReceipts", block["hash"])
    assert receipts == [busy_chain.receipt(t) for t in block["transactions"]]
    trie = HexaryTrie({})
    for index, receipt in enumerate(receipts):
        trie[rlp.encode(index)] = receipt_from_rpc(receipt)
    assert "0x" + trie.root_hash.hex() == block["receiptsRoot"]
    proof = trie.get_proof(rlp.encode(3))
    assert HexaryTrie.get_from_proof(trie.root_hash, rlp.encode(3), proof) == receipt_from_rpc(receipts[3])


def test_receipts_add_up(busy_chain):
    receipts = busy_chain.rpc("eth_getBlockReceipts", "latest")
    block = busy_chain.rpc("eth_getBlockByNumber", "latest", True)
    total = 0
    for index, (receipt, transaction) in enumerate(zip(receipts, block["transactions"])):
        total += int(receipt["gasUsed"], 16)
        assert int(receipt["cumulativeGasUsed"], 16) == total
        assert int(receipt["transactionIndex"], 16) == index == int(transaction["transactionIndex"], 16)
        assert receipt["from"] == transaction["from"] == throwaway_account(1).address.lower()
        assert receipt["effectiveGasPrice"] == transaction["gasPrice"]
        assert receipt["type"] == transaction["type"]
    assert total == int(block["gasUsed"], 16)
    indices = [int(log["logIndex"], 16) for receipt in receipts for log in receipt["logs"]]
    assert indices == list(range(len(indices)))


def test_a_creation_names_its_contract(chain):
    sender = throwaway_account(5)
    receipt = chain.receipt(chain.send(sender, data="0x600a600c600039600a6000f3602a60005260206000f3"))
    expected = keccak(rlp.encode([bytes.fromhex(sender.address[2:]), 0]))[12:]
    assert receipt["contractAddress"] == "0x" + expected.hex() and receipt["to"] is None
    assert chain.rpc("eth_getCode", receipt["contractAddress"], "latest") == "0x602a60005260206000f3"


def test_tags(chain):
    chain.rpc("evm_mine", 10)
    head = chain.head()
    numbers = {tag: int(chain.rpc("eth_getBlockByNumber", tag)["number"], 16)
               for tag in ("latest", "pending", "safe", "finalized", "earliest", hex(head - 3))}
    assert numbers == {"latest": head, "pending": head, "safe": head - 2, "finalized": head - 4, "earliest": 0,
                       hex(head - 3): head - 3}
    assert chain.rpc("eth_getBlockByNumber", hex(head + 1)) is None
    assert chain.rpc("eth_getBlockByHash", "0x" + "00" * 32) is None
    assert chain.rpc("eth_getBlockReceipts", hex(head + 1)) is None
    assert chain.rpc("eth_getBlockTransactionCountByNumber", "latest") == "0x0"


def test_unknown_hashes_are_null(chain):
    nothing = "0x" + "ab" * 32
    assert chain.receipt(nothing) is None
    assert chain.rpc("eth_getTransactionByHash", nothing) is None


def test_web3_reads_everything(busy_chain):
    """An outside client finds the objects well-formed."""
    eth = busy_chain.web3.eth
    block = eth.get_block("latest", full_transactions=True)
    for transaction in block["transactions"]:
        receipt = eth.get_transaction_receipt(transaction["hash"])
        assert receipt["blockHash"] == block["hash"] and receipt["status"] == 1
        assert eth.get_transaction(transaction["hash"]) == transaction
