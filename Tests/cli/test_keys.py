"""Keys without a daemon: derived here, read by eth-account and base58."""

import hashlib
import json
import subprocess

import base58
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from support.places import binaries

from .conftest import ADDRESS, WORDS

Account.enable_unaudited_hdwallet_features()
FIRST = "0x" + "00" * 31 + "fe"


def derive(shell, wallet, passphrase, *options):
    return shell.orakey("derive", "--wallet", wallet, "--passphrase-file", passphrase, *options)


@pytest.fixture
def key(shell, light_wallet, passphrase):
    return derive(shell, light_wallet, passphrase, "--message", FIRST).out.strip()


def test_consecutive_keys_are_what_eth_account_signs(shell, light_wallet, passphrase):
    done = derive(shell, light_wallet, passphrase, "--message", FIRST, "--count", 3, "--network", "OPTIMISM")
    assert done.code == 0, done.err
    account = Account.from_mnemonic(WORDS)
    for number, key in enumerate(done.out.splitlines()):
        network, body = key.split(":")
        message, signature = base58.b58decode(body).decode().split(":")
        assert network == "OPTIMISM"
        assert int(message, 16) == 0xFE + number
        signed = account.sign_message(encode_defunct(hexstr=message))
        assert signature == "0x" + signed.signature.hex()
    assert number == 2


@pytest.mark.parametrize("layout", ["text", "binary"])
@pytest.mark.parametrize("signing", ["eip191", "eip191-hex"])
def test_layouts_and_schemes(shell, light_wallet, passphrase, layout, signing):
    key = derive(
        shell, light_wallet, passphrase, "--message", FIRST, "--layout", layout, "--signing", signing).out.strip()
    raw = base58.b58decode(key.split(":")[1])
    message, signature = (raw[:32], raw[32:]) if layout == "binary" else (
        bytes.fromhex(raw[2:66].decode()), bytes.fromhex(raw[69:].decode()))
    signable = encode_defunct(message) if signing == "eip191" else encode_defunct(text="0x" + message.hex())
    assert Account.recover_message(signable, signature=signature) == ADDRESS
    done = shell.orakey("inspect", "-", "--json", "--signing", signing, stdin=key)
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert (facts["owner"], facts["layout"], facts["message"]) == (ADDRESS, layout, FIRST)


def test_inspect_for_people(shell, key):
    done = shell.orakey("inspect", "-", stdin=key + "\n")
    assert done.code == 0
    fields = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert fields["network"] == "BASE" and fields["owner"] == ADDRESS and fields["message"] == FIRST
    assert fields["fingerprint"].startswith("SHA256:") and len(fields["fingerprint"]) == 23
    assert key not in done.out + done.err


def signers(text):
    """Who signed the key in each scheme, by eth-account."""
    message, signature = base58.b58decode(text.split(":")[1]).decode().split(":")
    return {
        "eip191": Account.recover_message(encode_defunct(hexstr=message), signature=signature),
        "eip191-hex": Account.recover_message(encode_defunct(text=message), signature=signature),
    }


@pytest.mark.parametrize("signing", ["eip191", "eip191-hex"])
def test_inspect_says_which_scheme_fits(shell, light_wallet, passphrase, signing):
    key = derive(shell, light_wallet, passphrase, "--message", FIRST, "--signing", signing).out.strip()
    expected = signers(key)
    assert expected[signing] == ADDRESS
    facts = json.loads(shell.orakey("inspect", "-", "--json", stdin=key).out)
    assert (facts["signers"], facts["signing"], facts["owner"]) == (expected, "eip191", expected["eip191"])
    facts = json.loads(shell.orakey("inspect", "-", "--json", "--owner", ADDRESS.lower(), stdin=key).out)
    assert (facts["signing"], facts["owner"]) == (signing, ADDRESS)
    for people in (shell.orakey("inspect", "-", stdin=key).out, shell.orakey("inspect", stdin=key).out):
        assert all(address in people for address in expected.values())
    assert f"signing      {signing}\n" in shell.orakey("inspect", "-", "--owner", ADDRESS, stdin=key).out


def test_inspect_of_somebody_elses_key(shell, key):
    other = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    done = shell.orakey("inspect", "-", "--owner", other, stdin=key)
    assert done.code == 1
    assert done.line() == f"well-formed, but {other} did not sign it"
    wrong = shell.orakey("inspect", "-", "--owner", ADDRESS, "--signing", "eip191-hex", stdin=key)
    assert wrong.code == 1 and "as eip191-hex" in wrong.line()
    checksum = shell.orakey("inspect", "-", "--owner", ADDRESS[:-1] + ADDRESS[-1].swapcase(), stdin=key)
    assert checksum.code == 64 or ADDRESS[-1].isdigit()
    assert shell.orakey("inspect", "-", "--owner", other.swapcase().replace("0X", "0x"), stdin=key).code == 64


def test_keys_of_a_batch_arrive_whole_and_in_order(shell, light_wallet, passphrase):
    first = 2**64 - 700
    done = derive(shell, light_wallet, passphrase, "--message", f"0x{first:064x}", "--count", 1500)
    messages = [base58.b58decode(line.split(":")[1])[:66].decode() for line in done.out.splitlines()]
    assert [int(message, 16) for message in messages] == list(range(first, first + 1500))
    assert done.out.endswith("\n")


def test_batch_to_a_full_disk(light_wallet, passphrase):
    command = [binaries() / "orakey", "derive", "--wallet", light_wallet, "--passphrase-file", passphrase, "--message", FIRST]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 74
    assert "No space left" in done.stderr


@pytest.mark.parametrize("damage", [
    lambda key: "", lambda key: key[:-1], lambda key: key + "1", lambda key: key.replace(":", ""),
    lambda key: key.lower(), lambda key: "base" + key[4:], lambda key: key[:40] + "0" + key[41:], lambda key: key * 50,
])
def test_malformed_key(shell, key, damage):
    bad = damage(key)
    done = shell.orakey("inspect", "-", stdin=bad)
    assert done.code == 1
    assert done.out == ""
    assert done.line()
    assert not bad or bad not in done.err
    facts = json.loads(shell.orakey("inspect", "-", "--json", stdin=bad).out)
    assert facts["well_formed"] is False and facts["error"]


@pytest.mark.parametrize("command", ["inspect", "verify"])
@pytest.mark.parametrize("length", [2000, 2**20 + 1, 3 * 2**20])
def test_json_of_far_too_much_input(shell, command, length):
    done = shell.orakey(command, "-", "--json", stdin="B" * length)
    assert done.code == 1
    facts = json.loads(done.out)
    assert facts["well_formed"] is False and facts["error"] in done.line()
    assert "BBBB" not in done.out + done.err


@pytest.mark.parametrize("command", ["inspect", "verify", "revoke"])
def test_a_key_on_the_command_line_is_refused_and_not_repeated(shell, key, command):
    done = shell.orakey(command, key)
    assert done.code == 64
    assert key not in done.err
    assert "standard input" in done.line()


@pytest.mark.parametrize("options", [
    ["--message", "0x12"], ["--message", FIRST, "--count", "0"], [], ["--message", FIRST, "--network", "base"],
    ["--message", "0x" + "ff" * 32, "--count", "2"], ["--message", FIRST, "--path", "44/60"],
    ["--message", FIRST, "--path", "m/0", "--account", "1"],
])
def test_wrong_usage_of_derive(shell, light_wallet, passphrase, options):
    done = derive(shell, light_wallet, passphrase, *options)
    assert done.code == 64
    assert "see orakey derive --help" in done.line() or "derive" in done.line()


def test_derived_keys_as_json(shell, light_wallet, passphrase):
    plain = derive(shell, light_wallet, passphrase, "--message", FIRST, "--count", 40).out.split()
    keys = json.loads(derive(shell, light_wallet, passphrase, "--message", FIRST, "--count", 40, "--json").out)["keys"]
    assert [row["key"] for row in keys] == plain
    assert [int(row["message"], 16) - int(FIRST, 16) for row in keys] == list(range(40))
    assert all(set(row) == {"network", "message", "fingerprint", "key"} for row in keys)
    assert keys[0]["fingerprint"] == "SHA256:" + hashlib.sha256(plain[0].encode()).hexdigest()[:16]
