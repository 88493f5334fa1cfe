"""eth_call and eth_estimateGas."""

import json

import pytest
from eth_account import Account
from support.devchain import GWEI, RPCFailure


def failure(chain, method: str, *params) -> RPCFailure:
    with pytest.raises(RPCFailure) as caught:
        chain.rpc(method, *params)
    return caught.value


def message_of(contract, owner, function, *arguments) -> dict:
    return {"from": owner.address, "to": contract.address, "data": contract.data(function, *arguments)}


def test_reverts_carry_reason_and_data(chain, api_keys, owner):
    for method in ("eth_call", "eth_estimateGas"):
        error = failure(chain, method, message_of(api_keys, owner, "createKeys", 0), "latest")
        assert (error.code, error.message) == (3, "execution reverted: bad count")
        assert error.data.startswith("0x08c379a0")


def test_reverts_without_reason(chain, api_keys, owner):
    error = failure(chain, "eth_call", {"from": owner.address, "to": api_keys.address, "data": "0x12345678"}, "latest")
    assert (error.code, error.message, error.data) == (3, "execution reverted", "0x")


def test_calls_change_nothing(chain, api_keys, owner):
    before = chain.rpc("eth_getTransactionCount", owner.address, "latest")
    for _ in range(3):
        output = chain.rpc("eth_call", message_of(api_keys, owner, "createKey"), "latest")
        assert bytes.fromhex(output[2:]) == api_keys.message(1)
    assert api_keys.view("keyCount", owner.address) == 0
    assert chain.rpc("eth_getTransactionCount", owner.address, "latest") == before


def test_the_past_can_be_asked(chain, api_keys, owner):
    blocks = [chain.rpc("eth_getBlockByNumber", "latest")]
    for _ in range(3):
        api_keys.transact(owner, "createKey")
        blocks.append(chain.rpc("eth_getBlockByNumber", "latest"))
    call = {"to": api_keys.address, "data": api_keys.data("keyCount", owner.address)}
    for expected, block in enumerate(blocks):
        for place in (block["number"], {"blockNumber": block["number"]}, {"blockHash": block["hash"]},
                      {"blockHash": block["hash"], "requireCanonical": True}):
            assert int(chain.rpc("eth_call", call, place), 16) == expected
    assert failure(chain, "eth_call", call, hex(chain.head() + 1)).message == "header not found"
    assert failure(chain, "eth_call", call, {"blockHash": "0x" + "11" * 32}).message == "header not found"


def test_calls_see_the_block_they_run_on(chain):
    """TIMESTAMP, NUMBER, CHAINID and the parent's BLOCKHASH, returned by code that is run as a creation."""
    chain.rpc("evm_mine")
    block = chain.rpc("eth_getBlockByNumber", "latest")
    code = "0x425f524360205246604052600143034060605260805ff3"
    output = bytes.fromhex(chain.rpc("eth_call", {"data": code}, "latest")[2:])
    words = [int.from_bytes(output[i : i + 32], "big") for i in range(0, 128, 32)]
    assert words == [int(block["timestamp"], 16), int(block["number"], 16), 31337, int(block["parentHash"], 16)]


@pytest.mark.parametrize(
    "call, message",
    [
        ({"data": "0xfe"}, "invalid opcode"),
        ({"data": "0x50"}, "stack underflow"),
        ({"data": "0x600056"}, "invalid jump destination"),
        ({"data": "0x5b5f56", "gas": "0x186a0"}, "out of gas"),
        ({"to": "0x" + "11" * 20, "gas": "0x1"}, "err: intrinsic gas too low: have 1, want 21000 (supplied gas 1)"),
    ],
)
def test_failures_have_geths_words(chain, call, message):
    assert failure(chain, "eth_call", call, "latest").message == message


@pytest.mark.parametrize(
    "call, message",
    [
        ({"nonsense": 1}, "invalid argument 0: unknown field nonsense"),
        ({"data": "0x00", "input": "0x01"}, 'both "data" and "input" are set and not equal'),
        ({"to": "0x12"}, "invalid argument 0: hex string has length 2, want 40 for common.Address"),
        ([], "invalid argument 0: json: cannot unmarshal"),
    ],
)
def test_bad_call_objects(chain, call, message):
    error = failure(chain, "eth_call", call, "latest")
    assert error.code == -32602 and error.message.startswith(message)


def test_value_must_be_there(chain):
    poor = Account.from_key(b"\x61" * 32)
    call = {"from": poor.address, "to": "0x" + "11" * 20, "value": "0x1"}
    for method in ("eth_call", "eth_estimateGas"):
        assert failure(chain, method, call, "latest").message.startswith("insufficient funds for transfer")


@pytest.mark.parametrize("function, arguments", [("createKey", ()), ("createKeys", (50,)), ("setRevoker", ("0x" + "11" * 20,))])
def test_estimates_suffice_and_are_near(chain, api_keys, owner, function, arguments):
    estimate = int(chain.rpc("eth_estimateGas", message_of(api_keys, owner, function, *arguments)), 16)
    used = int(api_keys.transact(owner, function, *arguments, gas=estimate)["gasUsed"], 16)
    assert used <= estimate <= used * 1.05


def test_a_transfer_is_estimated_exactly(chain, owner):
    assert chain.rpc("eth_estimateGas", {"from": owner.address, "to": "0x" + "11" * 20, "value": "0x1"}) == hex(21_000)


def test_estimates_know_what_the_sender_can_pay(chain, api_keys):
    poor = Account.from_key(b"\x61" * 32)
    call = message_of(api_keys, poor, "createKey") | {"maxFeePerGas": hex(GWEI)}
    assert failure(chain, "eth_estimateGas", call).message == "gas required exceeds allowance (0)"
    chain.rpc("anvil_setBalance", poor.address, hex(30_000 * GWEI))
    assert failure(chain, "eth_estimateGas", call).message == "gas required exceeds allowance (30000)"
    chain.rpc("anvil_setBalance", poor.address, hex(60_000 * GWEI))
    assert 45_000 < int(chain.rpc("eth_estimateGas", call), 16) < 50_000


def test_repeated_calls_pay_for_cold_storage_each_time(chain, api_keys, owner):
    estimates = {chain.rpc("eth_estimateGas", message_of(api_keys, owner, "createKey")) for _ in range(3)}
    assert len(estimates) == 1


def test_an_access_list_is_honoured(chain, api_keys, owner):
    call = message_of(api_keys, owner, "createKey")
    plain = int(chain.rpc("eth_estimateGas", call), 16)
    listed = call | {"accessList": [{"address": "0x" + "22" * 20, "storageKeys": []}]}
    assert int(chain.rpc("eth_estimateGas", listed), 16) - plain == pytest.approx(2400, abs=800)


def test_deep_recursion_ends_in_an_error_not_a_crash(chain):
    """A contract that calls itself until its gas is gone."""
    code = "0x5f5f5f5f5f305af100"
    chain.rpc("anvil_setCode", "0x" + "ca" * 20, code)
    assert chain.rpc("eth_call", {"to": "0x" + "ca" * 20, "gas": hex(30_000_000)}, "latest") == "0x"
    assert chain.rpc("eth_chainId") == "0x7a69"


def test_batched_calls(chain, api_keys, owner):
    api_keys.transact(owner, "createKeys", 5)
    batch = [
        chain.request("eth_call", {"to": api_keys.address, "data": api_keys.data("messageAt", owner.address, i)}, "latest")
        for i in range(5)
    ]
    answers = json.loads(chain.post(batch)[1])
    assert [bytes.fromhex(a["result"][2:]) for a in answers] == [api_keys.message(n) for n in range(1, 6)]


def test_a_call_from_nobody_is_a_call_from_zero(chain, api_keys):
    output = chain.rpc("eth_call", {"to": api_keys.address, "data": api_keys.data("createKey")}, "latest")
    assert bytes.fromhex(output[2:]) == api_keys.message(1)
