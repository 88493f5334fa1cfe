"""Proofs of revocation that were made without this project, from what the chain answers; and what a forger may try on
`orakey keys check-proof`."""

import json
import subprocess

import pytest
import rlp
from eth_utils import keccak
from support.contracts import ApiKeys
from support.devchain import GWEI, DevChain, throwaway_account
from support.places import binaries

HEADER = [
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number",
    "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed",
    "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"]
NUMBERS = {
    "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
OWNER = throwaway_account(5)


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def header_of(block: dict) -> bytes:
    """RLP of the header, as its hash shows."""
    encoded = rlp.encode([number(block[f]) if f in NUMBERS else raw(block[f]) for f in HEADER if f in block])
    assert keccak(encoded) == raw(block["hash"])
    return encoded


def receipt_of(answer: dict) -> bytes:
    logs = [[raw(log["address"]), [raw(t) for t in log["topics"]], raw(log["data"])] for log in answer["logs"]]
    body = rlp.encode([number(answer["status"]), number(answer["cumulativeGasUsed"]), raw(answer["logsBloom"]), logs])
    kind = int(answer["type"], 16)
    return (bytes([kind]) if kind else b"") + body


def leaf(receipt: bytes) -> bytes:
    """The trie of a block with one transaction: one node, whose path is that of the key 0x80."""
    return rlp.encode([b"\x20\x80", receipt])


class Forge:
    """A chain, two contracts, and proofs of what has happened there."""

    def __init__(self, chain: DevChain):
        self.chain = chain
        self.contract, self.other = ApiKeys.deploy(chain), ApiKeys.deploy(chain, deployer=2)
        chain.rpc("anvil_setBalance", OWNER.address, hex(10**18))
        self.created = self.contract.transact(OWNER, "createKeys", 3)
        self.other.transact(OWNER, "createKeys", 3)

    def disable(self, n: int, contract=None, **fields) -> dict:
        """The proof that the n-th key is disabled, from the receipt of the transaction that does it."""
        contract = contract or self.contract
        return self.prove(contract, n, contract.transact(OWNER, "disableKey", contract.message(n), **fields))

    def prove(self, contract, n: int, receipt: dict, event="KeyDisabled(address,bytes32)") -> dict:
        block = self.chain.rpc("eth_getBlockByHash", receipt["blockHash"], False)
        assert len(block["transactions"]) == 1 and receipt["transactionIndex"] == "0x0"
        encoded = receipt_of(receipt)
        assert keccak(leaf(encoded)) == raw(block["receiptsRoot"])
        return {
            "version": 1, "network": "BASE", "chain_id": self.chain.chain_id, "contract": contract.address,
            "owner": OWNER.address, "message": hexed(contract.message(n)),
            "event": {"signature": event, "owner": "topics[1]", "message": "topics[2]"},
            "block_number": int(block["number"], 16), "block_hash": block["hash"], "block_header": hexed(header_of(block)),
            "receipts_root": block["receiptsRoot"], "transaction_index": 0, "receipt": hexed(encoded),
            "receipt_nodes": [hexed(leaf(encoded))], "log_index": 0,
        }


@pytest.fixture(scope="module")
def forge():
    with DevChain() as chain:
        yield Forge(chain)


@pytest.fixture(scope="module")
def good(forge) -> dict:
    return forge.disable(1)


@pytest.fixture(scope="module")
def configuration(forge, tmp_path_factory):
    file = tmp_path_factory.mktemp("configuration") / "orakeyd.yaml"
    network = {"chain_id": forge.chain.chain_id, "rpc": ["http://127.0.0.1:9"], "contract": forge.contract.address}
    file.write_text(json.dumps({"wallet": {"keystore": "wallet.json"}, "networks": {"BASE": network}}))
    return file


@pytest.fixture
def check(bin_dir, tmp_path):
    """check(proof, code, ...): what is said about a proof; always in one line where it is refused, and in no time."""
    def run(proof, code: int, *arguments, stdin=None) -> subprocess.CompletedProcess:
        file = proof
        if isinstance(proof, (dict, bytes)):
            file = tmp_path / "proof.json"
            file.write_bytes(json.dumps(proof).encode() if isinstance(proof, dict) else proof)
        done = subprocess.run(
            [binaries() / "orakey", "keys", "check-proof", file, *arguments], capture_output=True, text=True, timeout=60,
            stdin=stdin, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
        assert done.returncode == code, done
        if code:
            assert not done.stdout and done.stderr.count("\n") == 1 and len(done.stderr) < 2000, done
            assert done.stderr.rstrip("\n").isprintable(), done
        return done

    return run


def test_receipts_of_every_type_prove_a_revocation(forge, good, check, configuration):
    dynamic = {"maxFeePerGas": 20 * GWEI, "maxPriorityFeePerGas": GWEI}
    legacy = forge.disable(2, gasPrice=20 * GWEI)
    listed = forge.disable(3, gasPrice=20 * GWEI, accessList=[])
    newest = forge.disable(1, forge.other, **dynamic)
    assert [raw(p["receipt"])[0] for p in (legacy, listed, newest)] == [raw(legacy["receipt"])[0], 1, 2]
    assert raw(legacy["receipt"])[0] >= 0xC0
    for proof in (good, legacy, listed):
        said = check(proof, 0, "--config", configuration, "--owner", OWNER.address, "--canonical-hash", proof["block_hash"])
        (left,) = [line for line in said.stdout.splitlines() if line.startswith("not proven: ")]
        assert "a header does not name its chain" in left
    check(newest, 0)
    said = check(newest, 1, "--config", configuration).stderr
    assert "of contract" in said, "a sound proof about another contract"


def test_what_is_not_known_from_elsewhere_is_not_proven(good, check):
    said = check(good, 0).stdout
    for what in ("canonical", "chain id", good["contract"]):
        assert any(what in line for line in said.splitlines() if line.startswith("not proven: ")), said
    report = json.loads(check(good, 0, "--json").stdout)
    assert report["not_proven"] and report["proven"]


def test_a_create_is_no_revocation(forge, check, configuration):
    proof = forge.prove(forge.contract, 1, forge.created, event="KeyCreated(address,bytes32)")
    check(proof, 1)
    check(proof, 1, "--config", configuration)
    check(proof | {"event": proof["event"] | {"signature": "KeyDisabled(address,bytes32)"}}, 1)


def forged_block(forge, good: dict) -> dict:
    """A block of the forger's own, with a key in it that is alive: every hash is right."""
    receipt = bytearray(raw(good["receipt"]))
    old, new = raw(good["message"]), forge.contract.message(9)
    kind, (status, gas, bloom, logs) = receipt[:1], rlp.decode(bytes(receipt[1:]))
    logs[0][1][2] = new
    bits = bytearray(256)
    for element in (logs[0][0], *logs[0][1]):
        digest = keccak(element)
        for i in (0, 2, 4):
            bit = int.from_bytes(digest[i:i + 2], "big") & 2047
            bits[255 - bit // 8] |= 1 << bit % 8
    assert old != new and bloom != bytes(bits)
    encoded = bytes(kind) + rlp.encode([status, gas, bytes(bits), logs])
    header = rlp.decode(raw(good["block_header"]))
    header[HEADER.index("receiptsRoot")], header[HEADER.index("logsBloom")] = keccak(leaf(encoded)), bytes(bits)
    return good | {
        "message": hexed(new), "receipt": hexed(encoded), "receipt_nodes": [hexed(leaf(encoded))],
        "receipts_root": hexed(keccak(leaf(encoded))), "block_header": hexed(rlp.encode(header)),
        "block_hash": hexed(keccak(rlp.encode(header)))}


def test_a_block_that_nobody_mined_is_refused_by_whoever_has_a_node(forge, good, check):
    forged = forged_block(forge, good)
    assert any("canonical" in line for line in check(forged, 0).stdout.splitlines() if line.startswith("not proven: "))
    check(forged, 1, "--canonical-hash", good["block_hash"])
    half = forged | {name: good[name] for name in ("block_header", "block_hash")}
    check(half, 1)
    check(half | {"receipts_root": good["receipts_root"]}, 1)


def changes(forge, good: dict, alien: dict, elsewhere: dict) -> dict[str, dict]:
    node = raw(good["receipt_nodes"][0])
    flipped = hexed(node[:-1] + bytes([node[-1] ^ 1]))
    return {
        "a node altered": {"receipt_nodes": [flipped]},
        "no node": {"receipt_nodes": []},
        "a node twice": {"receipt_nodes": good["receipt_nodes"] * 2},
        "another block's node": {"receipt_nodes": alien["receipt_nodes"]},
        "another block's receipt": {"receipt": alien["receipt"]},
        "another block's receipt and node": {name: alien[name] for name in ("receipt", "receipt_nodes")},
        "another block's header": {"block_header": alien["block_header"]},
        "another block's header and hash": {name: alien[name] for name in ("block_header", "block_hash")},
        "another height": {"block_number": good["block_number"] + 1},
        "another root": {"receipts_root": alien["receipts_root"]},
        "another key": {"message": alien["message"]},
        "another owner": {"owner": forge.contract.address},
        "another contract": {"contract": forge.other.address},
        "the same event of another contract": elsewhere | {"contract": forge.contract.address},
        "another log": {"log_index": 1},
        "another place": {"transaction_index": 1},
        "a place far away": {"transaction_index": 2**64 - 1},
        "another type": {"receipt": "0x7e" + good["receipt"][4:]},
        "owner and message exchanged": {"event": good["event"] | {"owner": "topics[2]", "message": "topics[1]"}},
    }


def test_what_does_not_hold_together_is_refused(forge, good, check, configuration):
    alien, elsewhere = forge.prove(forge.contract, 2, forge.created), forge.disable(2, forge.other)
    for what, change in changes(forge, good, alien, elsewhere).items():
        assert good | change != good, what
        try:
            check(good | change, 1)
            check(good | change, 1, "--config", configuration, "--json")
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from None
    said = check(good | {"chain_id": 1}, 1, "--config", configuration).stderr
    assert "chain id 1" in said
    assert "the message is not one" in check(good | {"chain_id": 1}, 0).stderr


def broken(good: dict) -> dict[str, bytes]:
    text = json.dumps(good).encode()
    return {
        "nothing": b"", "no JSON": b"\x7fELF\x02\x01", "another type": b"[]", "deep": b"[" * 1_000_000,
        "deep objects": b'{"a":' * 500_000, "cut off": text[:-1], "more behind it": text + b"{}",
        "a mark before it": b"\xef\xbb\xbf" + text,
        "a zero in it": text.replace(b"BASE", b"BA\0E"), "no UTF-8": text.replace(b"BASE", b"BA\xff\xfe"),
        "a terminal's escapes": text.replace(b'"network"', b'"\\u001b]0;x\\u0007"'),
        "a member twice": text.replace(b'"version": 1,', b'"version": 1, "version": 1,'),
        "a member too many": text.replace(b'"version": 1,', b'"version": 1, "proven": true,'),
        "a later version": text.replace(b'"version": 1,', b'"version": 2,'),
        "a number too large": text.replace(b'"log_index": 0', b'"log_index": 1' + b"0" * 400),
        "a number with a dot": text.replace(b'"log_index": 0', b'"log_index": 0.0'),
        "a negative place": text.replace(b'"log_index": 0', b'"log_index": -1'),
        "very many nodes": json.dumps(good | {"receipt_nodes": ["0x"] * 2_000_000}).encode(),
        "odd hex": text.replace(good["receipt"].encode(), good["receipt"][:-1].encode()),
        "upper case": text.replace(good["block_hash"].encode(), good["block_hash"].upper().replace("X", "x").encode()),
        "blanks without an end": text + b" " * (20 << 20),
        "a name without an end": b'{"' + b"a" * (20 << 20),
    }


def test_what_is_no_proof_is_refused(good, check, tmp_path):
    for what, text in broken(good).items():
        try:
            check(text, 65)
            check(text, 65, "--json")
        except AssertionError as error:
            raise AssertionError(f"{what}: {str(error)[:3000]}") from None
    check("/dev/zero", 65)
    with open("/dev/zero", "rb") as endless:
        check("-", 65, stdin=endless)
    check(tmp_path, 74)
    check(tmp_path / "missing", 66)


def test_a_receipt_that_is_a_bomb_is_refused(good, check):
    """Lists in lists, and a length of four gigabytes."""
    nested = b"\xc0"
    for _ in range(20_000):
        nested = rlp.codec.length_prefix(len(nested), 0xC0) + nested
    for bomb in (nested, b"\x02" + nested, b"\xfb\xff\xff\xff\xff", b"\x02\xfb\xff\xff\xff\xff", b"\xff" * 9, b""):
        node = leaf(bomb)
        header = rlp.decode(raw(good["block_header"]))
        header[HEADER.index("receiptsRoot")] = keccak(node)
        check(good | {
            "receipt": hexed(bomb), "receipt_nodes": [hexed(node)], "receipts_root": hexed(keccak(node)),
            "block_header": hexed(rlp.encode(header)), "block_hash": hexed(keccak(rlp.encode(header)))}, 1)
        check(good | {"receipt_nodes": [hexed(bomb)]}, 1)
