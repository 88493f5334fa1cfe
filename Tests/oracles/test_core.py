"""EthereumCore against eth-account, eth-keys, rlp, base58 and Python's integers, on random cases of a printed seed.

The Swift tests make the cases (OracleCases.swift) and hold EthereumCore's answers; the same input must give the same
bytes here. ORAKEY_SEED repeats a run.
"""

import json
import os
import random
import subprocess

import base58
import pytest
import rlp
from eth_account import Account
from eth_account.messages import defunct_hash_message
from eth_keys import keys
from eth_utils import keccak, to_bytes, to_canonical_address, to_checksum_address

from support.places import binaries

WORD = 2**256


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    seed = os.environ.get("ORAKEY_SEED") or str(random.getrandbits(63))
    print(f"ORAKEY_SEED={seed}")
    bundle = os.environ.get("ORAKEY_CORE_TESTS") or binaries() / "orakeydPackageTests.xctest"
    file = tmp_path_factory.mktemp("core") / "cases.json"
    subprocess.run(
        [bundle, "--testing-library", "swift-testing", "--filter", "OracleCases"],
        env=os.environ | {"ORAKEY_SEED": seed, "ORAKEY_CORE_CASES": str(file)},
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=300,
    )
    return json.loads(file.read_text())


def test_keys_and_signatures(cases):
    assert len(cases["keys"]) >= 2000
    for case in cases["keys"]:
        key = keys.PrivateKey(bytes.fromhex(case["key"]))
        digest = bytes.fromhex(case["digest"])
        signature = key.sign_msg_hash(digest)
        assert case["address"] == case["recovered"] == key.public_key.to_checksum_address()
        assert case["compressed"] == key.public_key.to_compressed_bytes().hex()
        v = bytes([27 + signature.v])
        assert case["signature"] == (signature.to_bytes()[:64] + v).hex()


def test_personal_messages(cases):
    for case in cases["messages"]:
        assert case["digest"] == bytes(defunct_hash_message(bytes.fromhex(case["message"]))).hex()


def test_keccak(cases):
    for case in cases["keccak"]:
        assert case["hash"] == keccak(bytes.fromhex(case["message"])).hex()


def test_base58(cases):
    for case in cases["base58"]:
        assert case["text"] == base58.b58encode(bytes.fromhex(case["bytes"])).decode()


def test_rlp(cases):
    def item(value):
        return bytes.fromhex(value) if isinstance(value, str) else [item(element) for element in value]

    for case in cases["rlp"]:
        assert case["encoded"] == rlp.encode(item(case["item"])).hex()


def test_rlp_takes_and_refuses_the_same(cases):
    def is_canonical(encoded):
        try:
            rlp.decode(encoded)
        except rlp.DecodingError:
            return False
        return True

    taken = [case["isCanonical"] for case in cases["rlpInputs"]]
    assert 100 < sum(taken) < len(taken) - 100
    for case in cases["rlpInputs"]:
        assert case["isCanonical"] == is_canonical(bytes.fromhex(case["bytes"])), case


def test_contract_addresses(cases):
    for case in cases["contracts"]:
        made = keccak(rlp.encode([to_canonical_address(case["sender"]), case["nonce"]]))[12:]
        assert case["address"] == to_checksum_address(made)


def test_numbers(cases):
    def reported(value):
        return [str(value % WORD), not 0 <= value < WORD]

    for case in cases["numbers"]:
        a, b, shift = int(case["a"]), int(case["b"]), case["shift"]
        assert case["sum"] == reported(a + b)
        assert case["difference"] == reported(a - b)
        assert case["product"] == reported(a * b)
        assert (case["quotient"], case["remainder"]) == (str(a // b), str(a % b))
        assert (case["left"], case["right"]) == (str((a << shift) % WORD), str(a >> shift))
        assert case["hex"] == hex(a)


def test_transactions(cases):
    assert len(cases["transactions"]) >= 1000
    kinds = set()
    for case in cases["transactions"]:
        fields = case["fields"]
        kinds.add((fields.get("type", 0), "chainId" in fields))
        signed = Account.sign_transaction(fields, to_bytes(hexstr=case["key"]))
        raw = bytes(signed.raw_transaction)
        assert case["raw"] == raw.hex(), fields
        assert case["hash"] == bytes(signed.hash).hex()
        assert case["sender"] == Account.recover_transaction(raw)
    assert kinds == {(0, False), (0, True), (1, True), (2, True)}
