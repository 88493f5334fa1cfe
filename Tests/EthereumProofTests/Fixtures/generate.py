"""Makes the fixtures of EthereumProofTests with outside implementations: the dev chain (py-evm), rlp and trie.

    .venv-tests/bin/python Tests/EthereumProofTests/Fixtures/generate.py

block.json    one block of the dev chain with transactions of all types it knows, as JSON-RPC answers it, and proofs
mixed.json    a made-up block with receipts of every type, as geth and op-geth write them
tries.json    random tries with roots and proofs
"""

import json
import pathlib
import random
import sys

import rlp
from eth_bloom import BloomFilter
from eth_utils import keccak
from trie import HexaryTrie

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from support.contracts import ApiKeys  # noqa: E402
from support.devchain import GWEI, DevChain, throwaway_account  # noqa: E402

KEYS = 40
random.seed(20251123)


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def trie_of(entries) -> HexaryTrie:
    trie = HexaryTrie({})
    for key, value in entries:
        trie[key] = value
    return trie


def proof_nodes(trie: HexaryTrie, key: bytes) -> list[str]:
    """Top first, without the nodes that lie inside their parents."""
    encoded = [rlp.encode(node) for node in trie.get_proof(key)]
    return [hexed(node) for i, node in enumerate(encoded) if i == 0 or len(node) >= 32]


def write(name: str, value: dict):
    """A line for each element of a list, so that changes can be read."""
    fields = []
    for key, field in value.items():
        if isinstance(field, list):
            field = "[\n" + ",\n".join(json.dumps(element, separators=(",", ":")) for element in field) + "\n]"
        else:
            field = json.dumps(field, separators=(",", ":"))
        fields.append(f"{json.dumps(key)}: {field}")
    (HERE / name).write_text("{\n" + ",\n".join(fields) + "\n}\n")


def dev_chain_block() -> dict:
    with DevChain() as chain:
        contract = ApiKeys.deploy(chain)
        owner = throwaway_account(2)
        contract.transact(owner, "createKeys", KEYS)
        chain.rpc("evm_setAutomine", False)
        disables = []
        for n in range(1, KEYS // 2):
            disables.append(([n], contract.send(owner, "disableKey", contract.message(n), gas=100_000)))
        batch = list(range(KEYS // 2, KEYS - 5))
        messages = [contract.message(n) for n in batch]
        fees = {"gasPrice": 50 * GWEI}
        disables.append((batch, contract.send(owner, "disableKeys", messages, gas=1_000_000, **fees)))
        fees = {"gasPrice": 50 * GWEI, "accessList": []}
        disables.append(([KEYS], contract.send(owner, "disableKey", contract.message(KEYS), gas=100_000, **fees)))
        for number in range(3, 10):
            account = throwaway_account(number)
            for i in range(18):
                fees = ({}, {"gasPrice": 40 * GWEI}, {"gasPrice": 40 * GWEI, "accessList": []})[i % 3]
                if i % 5 == 4:  # not this account's key: reverts
                    contract.send(account, "disableKey", contract.message(1), gas=90_000, **fees)
                else:
                    chain.send(account, throwaway_account(i % 7 + 1).address, gas=40_000, value=1, **fees)
        chain.rpc("evm_mine")
        block = chain.rpc("eth_getBlockByNumber", "latest", False)
        receipts = chain.rpc("eth_getBlockReceipts", "latest")
        raw = [bytes.fromhex(r[2:]) for r in chain.rpc("debug_getRawReceipts", "latest")]
        header = chain.rpc("debug_getRawHeader", "latest")
        chain_id = chain.chain_id
    assert len(receipts) > 128 and {r["type"] for r in receipts} == {"0x0", "0x1", "0x2"}
    assert {r["status"] for r in receipts} == {"0x0", "0x1"}
    trie = trie_of((rlp.encode(i), receipt) for i, receipt in enumerate(raw))
    assert hexed(trie.root_hash) == block["receiptsRoot"]
    return {
        "chainId": chain_id,
        "contract": contract.address,
        "owner": owner.address,
        "disables": [{"transaction": t, "messages": [hexed(contract.message(n)) for n in ns]} for ns, t in disables],
        "header": header,
        "block": block,
        "receipts": receipts,
        "proofs": [proof_nodes(trie, rlp.encode(i)) for i in range(0, len(raw), 9)],
    }


def mixed_block() -> dict:
    """Receipts that no chain at hand makes: blobs, set-code, deposits with and without version, state roots."""
    made, encoded, gas = [], [], 0
    for i in range(140):
        kind = (0x7E, 0, 1, 2, 3, 4, 0x7E, 0)[i % 8]
        gas += random.randrange(21_000, 90_000)
        logs = []
        for _ in range(random.choice((0, 0, 1, 2, 5))):
            topics = [random.randbytes(32) for _ in range(random.randrange(5))]
            logs.append((random.randbytes(20), topics, random.randbytes(random.choice((0, 1, 32, 64, 100)))))
        bloom = BloomFilter()
        for address, topics, _ in logs:
            bloom.extend((address, *topics))
        bloom = int(bloom).to_bytes(256, "big")
        outcome = random.randbytes(32) if i % 8 == 7 else random.choice((b"", b"\x01"))
        fields = [outcome, gas, bloom, [list(log) for log in logs]]
        answer = {
            "type": hex(kind),
            "cumulativeGasUsed": hex(gas),
            "logsBloom": hexed(bloom),
            "logs": [
                {"address": hexed(a), "topics": [hexed(t) for t in ts], "data": hexed(d), "logIndex": "0x0"}
                for a, ts, d in logs
            ],
            "transactionIndex": hex(i),
            "transactionHash": hexed(keccak(b"transaction %d" % i)),
        }
        if len(outcome) == 32:
            answer |= {"root": hexed(outcome)}
        else:
            answer |= {"status": hex(len(outcome))}
        if kind == 0x7E:
            nonce = random.randrange(2**32)
            answer |= {"depositNonce": hex(nonce)}
            if i % 8 == 0:
                answer |= {"depositReceiptVersion": "0x1"}
                fields += [nonce, 1]
        if kind == 3:
            answer |= {"blobGasUsed": "0x20000", "blobGasPrice": "0x1"}
        made.append(answer)
        encoded.append((bytes([kind]) if kind else b"") + rlp.encode(fields))
    trie = trie_of((rlp.encode(i), receipt) for i, receipt in enumerate(encoded))
    block_hash = hexed(keccak(b"a block"))
    return {
        "receiptsRoot": hexed(trie.root_hash),
        "blockHash": block_hash,
        "hashes": [hexed(keccak(receipt)) for receipt in encoded],
        "receipts": [{**answer, "blockHash": block_hash} for answer in made],
    }


def ordered_value(index: int) -> bytes:
    return b"value %d;" % index * (index % 5 + 1)


def tries() -> dict:
    ordered = []
    for count in (0, 1, 2, 15, 16, 17, 126, 127, 128, 129, 130, 255, 256, 257, 300, 1000):
        trie = trie_of((rlp.encode(i), ordered_value(i)) for i in range(count))
        ordered.append({"count": count, "root": hexed(trie.root_hash)})
    cases = []
    for _ in range(40):
        alphabet = random.choice((b"\x00\x01\x10\x11", bytes(range(256))))
        longest = random.choice((2, 4, 32))
        entries = {}
        for _ in range(random.randrange(1, 25)):
            size = random.randrange(longest + 1) if random.random() < 0.6 else longest
            key = bytes(random.choice(alphabet) for _ in range(size))
            entries[key] = random.randbytes(random.choice((1, 1, 2, 5, 31, 32, 33)))
        trie = trie_of(entries.items())
        cases.append(
            {
                "root": hexed(trie.root_hash),
                "entries": [[hexed(k), hexed(v)] for k, v in entries.items()],
                "proofs": [proof_nodes(trie, key) for key in list(entries)[:3]],
            }
        )
    return {"ordered": ordered, "random": cases}


if __name__ == "__main__":
    write("tries.json", tries())
    write("mixed.json", mixed_block())
    write("block.json", dev_chain_block())
