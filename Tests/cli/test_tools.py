"""The offline tools against eth-abi and eth-account."""

import json

import pytest
import rlp
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak


def test_call_is_what_eth_abi_encodes(shell):
    signature = "f(uint256,(bytes32,string)[])"
    rows = [(bytes([1]) * 32, "a"), (bytes([2]) * 32, "ä" * 40)]
    done = shell.orakey(
        "abi", "encode", signature, json.dumps([2**255, [["0x" + row[0].hex(), row[1]] for row in rows]]))
    expected = keccak(text=signature)[:4] + encode(["uint256", "(bytes32,string)[]"], [2**255, rows])
    assert (done.code, done.out) == (0, "0x" + expected.hex() + "\n"), done.err


def test_arguments_without_a_name_and_from_standard_input(shell):
    done = shell.orakey("abi", "encode", "(int8,bool)", "-", stdin='["-1", true]')
    assert done.out == "0x" + encode(["int8", "bool"], [-1, True]).hex() + "\n"


def test_decode_prints_integers_as_decimal_strings(shell):
    data = encode(["uint256", "string", "bytes"], [2**256 - 1, "x", b"\1\2"])
    done = shell.orakey("abi", "decode", "(uint256,string,bytes)", "0x" + data.hex())
    assert json.loads(done.out) == [str(2**256 - 1), "x", "0x0102"]


def test_decode_of_a_call(shell):
    data = keccak(text="disableKey(bytes32)")[:4] + bytes([7]) * 32
    done = shell.orakey("abi", "decode", "disableKey(bytes32)", "0x" + data.hex())
    assert json.loads(done.out) == ["0x" + "07" * 32]
    assert shell.orakey("abi", "decode", "other(bytes32)", "0x" + data.hex()).code == 65


def test_selector_and_topic(shell):
    assert shell.orakey("abi", "selector", "transfer(address,uint256)").out == "0xa9059cbb\n"
    assert json.loads(shell.orakey("abi", "selector", "f()", "--json").out) == {"selector": "0x26121ff0"}
    assert json.loads(shell.orakey("abi", "encode", "f()", "[]", "--json").out) == {"data": "0x26121ff0"}
    topic = keccak(text="KeyCreated(address,bytes32)").hex()
    assert shell.orakey("abi", "selector", "--event", "KeyCreated(address,bytes32)").out == f"0x{topic}\n"


@pytest.mark.parametrize("types", ["(uint8)", " (uint8)"])
def test_types_without_a_name(shell, types):
    assert shell.orakey("abi", "encode", types, "[5]").out == f"0x{5:064x}\n"
    assert json.loads(shell.orakey("abi", "decode", types, f"0x{5:064x}").out) == ["5"]


@pytest.mark.parametrize("arguments", [
    ["encode", "f(uint8)", "[256]"], ["encode", "f(uint8)", "[1"], ["encode", "f(uint8)", "[]"],
    ["encode", "f(nonsense)", "[1]"], ["decode", "(string)", "0x00"], ["decode", "(bool)", "0x" + "02" * 32],
    ["decode", "(bool)", "02" * 32],
    # An offset that points back among the offsets.
    ["decode", "(uint256[])", "0x" + "00" * 64],
])
def test_bad_data(shell, arguments):
    done = shell.orakey("abi", *arguments)
    assert done.code == 65
    assert done.line()


@pytest.mark.parametrize("fields", [
    {"gasPrice": 10**9}, {"gasPrice": 10**9, "accessList": [{"address": "0x" + "11" * 20, "storageKeys": ["0x" + "22" * 32]}]},
    {"maxFeePerGas": 2 * 10**9, "maxPriorityFeePerGas": 10**9, "type": 2},
])
def test_transactions_of_eth_account(shell, fields):
    account = Account.create()
    signed = account.sign_transaction(
        {"chainId": 8453, "nonce": 7, "gas": 50_000, "to": "0x" + "33" * 20, "value": 10**20, "data": "0x0102", **fields})
    done = shell.orakey("tx", "decode", "0x" + signed.raw_transaction.hex())
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["hash"] == "0x" + signed.hash.hex()
    assert facts["sender"] == account.address
    assert (facts["chain_id"], facts["nonce"], facts["value"]) == ("8453", "7", str(10**20))
    assert facts["issues"] == []


def test_what_a_fork_refuses_is_listed(shell):
    signed = Account.create().sign_transaction(
        {"chainId": 1, "nonce": 0, "gas": 20_999, "gasPrice": 1, "to": "0x" + "33" * 20, "value": 0})
    facts = json.loads(shell.orakey("tx", "decode", "0x" + signed.raw_transaction.hex()).out)
    assert [issue["code"] for issue in facts["issues"]] == ["gas_limit_too_low"]


def test_the_floor_of_prague_applies_unless_an_older_fork_is_asked_for(shell):
    signed = Account.create().sign_transaction(
        {"chainId": 1, "nonce": 0, "gas": 40_000, "gasPrice": 1, "to": "0x" + "33" * 20, "value": 0, "data": "0x" + "01" * 1000})
    raw = "0x" + signed.raw_transaction.hex()
    issue, = json.loads(shell.orakey("tx", "decode", raw).out)["issues"]
    assert issue["code"] == "gas_limit_too_low" and "61000" in issue["message"]
    assert json.loads(shell.orakey("tx", "decode", raw, "--fork", "cancun").out)["issues"] == []


@pytest.mark.parametrize("chain", [{"chainId": 8453}, {}])
def test_high_s_is_shown_as_it_is(shell, chain):
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    account = Account.create()
    signed = account.sign_transaction({**chain, "nonce": 0, "gas": 21_000, "gasPrice": 1, "to": "0x" + "33" * 20, "value": 0})
    fields = rlp.decode(bytes(signed.raw_transaction))
    v, s = signed.v + (1 if signed.v % 2 else -1), order - signed.s
    twin = rlp.encode([*fields[:6], v, fields[7], s])
    facts = json.loads(shell.orakey("tx", "decode", "0x" + twin.hex()).out)
    parity = (v - 35) % 2 if chain else v - 27
    assert facts["signature"] == {
        "r": f"0x{signed.r:064x}", "s": f"0x{s:064x}", "y_parity": parity, "high_s": True, "v": str(v)}
    assert [issue["code"] for issue in facts["issues"]] == ["high_s"] and "EIP-2" in facts["issues"][0]["message"]
    assert (facts["sender"], facts["hash"]) == (account.address, "0x" + keccak(twin).hex())
    plain = json.loads(shell.orakey("tx", "decode", "0x" + signed.raw_transaction.hex()).out)
    assert plain["signature"]["high_s"] is False and plain["signature"]["v"] == str(signed.v)


@pytest.mark.parametrize("typed", [False, True])
def test_chain_ids_of_more_than_64_bits(shell, typed):
    fields = {"nonce": 0, "gas": 21_000, "to": "0x" + "33" * 20, "value": 0}
    fields |= {"maxFeePerGas": 1, "maxPriorityFeePerGas": 1} if typed else {"gasPrice": 1}
    account = Account.create()
    for chain, code in ((2**64 - 1, 0), (2**64, 65), (2**200, 65)):
        signed = account.sign_transaction({"chainId": chain, **fields})
        done = shell.orakey("tx", "decode", "0x" + signed.raw_transaction.hex())
        assert done.code == code
        if code:
            assert done.line() == "chainId: does not fit into 64 bits"
        else:
            facts = json.loads(done.out)
            assert (facts["chain_id"], facts["sender"]) == (str(chain), account.address)


def test_constructors_have_arguments_only(shell):
    expected = "0x" + encode(["address", "uint256"], ["0x" + "11" * 20, 5]).hex()
    signature = " constructor(address owner, uint256 limit) payable"
    assert shell.orakey("abi", "encode", signature, f'["0x{"11" * 20}", 5]').out == expected + "\n"
    assert json.loads(shell.orakey("abi", "decode", signature, expected).out) == ["0x" + "11" * 20, "5"]


@pytest.mark.parametrize("command", [["encode", "{}", "[]"], ["decode", "{}", "0x"], ["selector", "{}"]])
@pytest.mark.parametrize("signature, reason", [
    ("fallback()", "neither a selector"), ("receive() external payable", "neither a selector"),
    ("function(uint256)", "names no function"), ("function (uint256)", "expected a name"),
])
def test_what_is_no_function(shell, command, signature, reason):
    done = shell.orakey("abi", *(part.format(signature) for part in command))
    assert done.code == 65
    assert reason in done.line()


def test_a_constructor_has_no_selector(shell):
    done = shell.orakey("abi", "selector", "constructor(uint256)")
    assert done.code == 65 and "a constructor has no selector" in done.line()
    assert shell.orakey("abi", "selector", "function receive(uint256)").out == f"0x{keccak(text='receive(uint256)')[:4].hex()}\n"


def test_errors_are_encoded_like_calls(shell):
    signature, canonical = "error Insufficient(uint256 available, uint256 required)", "Insufficient(uint256,uint256)"
    selector = keccak(text=canonical)[:4]
    data = "0x" + (selector + encode(["uint256", "uint256"], [1, 2])).hex()
    assert shell.orakey("abi", "selector", signature).out == f"0x{selector.hex()}\n"
    assert shell.orakey("abi", "encode", signature, "[1, 2]").out == data + "\n"
    assert json.loads(shell.orakey("abi", "decode", signature, data).out) == ["1", "2"]
    assert shell.orakey("abi", "selector", "error(uint8)").out == f"0x{keccak(text='error(uint8)')[:4].hex()}\n"
    done = shell.orakey("abi", "selector", "event E(uint256)")
    assert done.code == 65 and "--event" in done.line()


def test_parameters_as_solidity_writes_them(shell):
    for signature, canonical in (
        ("f(address payable[] x)", "f(address[])"), ("f(function(uint) external cb)", "f(function)"),
        ("f(function(bytes memory) external view returns (bool)[2] cbs)", "f(function[2])")):
        assert shell.orakey("abi", "selector", signature).out == f"0x{keccak(text=canonical)[:4].hex()}\n"
    for name in ("payable", "returns", "calldata"):
        done = shell.orakey("abi", "selector", f"f(uint256 {name})")
        assert done.code == 65 and f"'{name}' is a word of Solidity and no name" in done.line()
    done = shell.orakey("abi", "encode", "f(uint256 a, uint256 a)", "[1, 2]")
    assert done.code == 65 and done.line() == "two parameters are named a"


@pytest.mark.parametrize("raw", ["0x", "0x02", "zz", "0xc0"])
def test_no_transaction(shell, raw):
    done = shell.orakey("tx", "decode", raw)
    assert done.code == 65
    assert done.line()


@pytest.mark.parametrize("kind, name", [(3, "blob"), (4, "set-code")])
def test_other_envelopes_are_named(shell, kind, name):
    done = shell.orakey("tx", "decode", f"0x0{kind}f872")
    assert done.code == 65
    assert name in done.line()
