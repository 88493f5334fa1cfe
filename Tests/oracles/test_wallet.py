"""The wallet and the key format against mnemonic, bip32, eth-account, eth-keys and base58, in both directions.

The cases are made here and checked by the Swift tests in one process; what those wrote is then read here. A run is
repeated with ORAKEY_SEED.
"""

import json
import os
import subprocess

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from oracles.wallet_corpus import CASES, make_corpus
from support.places import binaries


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the Swift side wrote, after it has checked the whole corpus."""
    seed = int(os.environ.get("ORAKEY_SEED", int.from_bytes(os.urandom(6), "big")))
    print(f"ORAKEY_SEED={seed}")
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "wallet.json").write_text(json.dumps(make_corpus(seed)))
    result = subprocess.run(
        [binaries() / "orakeydPackageTests.xctest", "--testing-library", "swift-testing", "--filter", "WalletOracleTests"],
        env=os.environ | {"ORAKEY_ORACLE_CORPUS": str(folder)}, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    print(result.stdout[-8000:], result.stderr[-2000:])
    assert result.returncode == 0, f"the Swift side disagrees with the corpus of ORAKEY_SEED={seed}"
    return json.loads((folder / "wallet-answers.json").read_text())


def test_swift_agrees_with_every_oracle(answers):
    """The Swift tests count what they checked: nothing was skipped."""
    checked = answers["checked"]
    assert checked["clef"] == 10
    for name in ("mnemonics", "words", "accounts", "derivations", "signatures", "digests", "base58", "keystores"):
        assert checked[name] == CASES, name
    assert checked["normalizations"] > CASES


def test_eth_account_opens_our_keystores(answers):
    assert len(answers["keystores"]) == CASES
    for file, password, key in answers["keystores"]:
        assert bytes(Account.decrypt(json.loads(file), bytes.fromhex(password))).hex() == key


def test_eth_account_recovers_the_owner_of_our_keys(answers):
    import base58

    assert len(answers["keys"]) == CASES
    for key, layout, scheme, message, owner in answers["keys"]:
        body = base58.b58decode(key.split(":")[1])
        if layout == "text":
            first, second = body.decode().split(":")
            body = bytes.fromhex(first[2:]) + bytes.fromhex(second[2:])
        assert body[:32].hex() == message
        raw = scheme == "eip191"
        content = encode_defunct(primitive=body[:32]) if raw else encode_defunct(text="0x" + message)
        assert Account.recover_message(content, signature=body[32:]) == owner
