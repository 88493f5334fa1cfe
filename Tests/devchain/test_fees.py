"""Base fees, fee history, chains without base fee, and the L1 fee of OP-stack-like chains."""

import pytest
from eth_abi import decode, encode
from eth_utils import keccak
from support.devchain import GWEI, RPCFailure, throwaway_account

TARGET = "0x" + "77" * 20
ORACLE = "0x420000000000000000000000000000000000000F"


@pytest.fixture
def sender():
    return throwaway_account(6)


def base_fee(chain, tag="latest") -> int:
    return int(chain.rpc("eth_getBlockByNumber", tag)["baseFeePerGas"], 16)


def test_empty_blocks_lower_the_base_fee_by_an_eighth(chain):
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(800))
    chain.rpc("evm_mine", 3)
    assert [base_fee(chain, hex(chain.head() - i)) for i in (2, 1, 0)] == [800, 700, 613]


def test_full_blocks_raise_it(start_chain, sender):
    chain = start_chain("--mine", "manual", "--gas-limit", 42_000, "--base-fee", 800)
    for _ in range(2):
        chain.send(sender, TARGET, gas=21_000)
    chain.rpc("evm_mine", 2)
    assert [base_fee(chain, hex(n)) for n in (1, 2)] == [700, 787]


def test_the_base_fee_has_a_floor(start_chain):
    chain = start_chain("--min-base-fee", 900_000_000)
    chain.rpc("evm_mine", 3)
    assert base_fee(chain) == 900_000_000
    chain.rpc("dev_setMinBaseFee", hex(2 * GWEI))
    chain.rpc("evm_mine")
    assert base_fee(chain) == 2 * GWEI


def test_fee_history(chain, sender):
    for tip in (1, 2, 3):
        chain.send(sender, TARGET, gas=21_000, maxPriorityFeePerGas=tip * GWEI)
    history = chain.rpc("eth_feeHistory", "0x4", "latest", [0, 50, 100])
    head = chain.head()
    assert history["oldestBlock"] == hex(head - 3)
    assert [int(fee, 16) for fee in history["baseFeePerGas"][:4]] == [base_fee(chain, hex(head - i)) for i in (3, 2, 1, 0)]
    assert history["reward"] == [["0x0"] * 3] + [[hex(tip * GWEI)] * 3 for tip in (1, 2, 3)]
    assert history["gasUsedRatio"][1:] == [21_000 / 30_000_000] * 3
    chain.rpc("evm_mine")
    assert history["baseFeePerGas"][4] == hex(base_fee(chain))


def test_rewards_are_weighted_by_gas(chain):
    chain.rpc("evm_setAutomine", False)
    for number, tip, gas in ((5, 1, 21_000), (6, 2, 21_000), (7, 9, 21_000)):
        chain.send(throwaway_account(number), TARGET, gas=gas, maxPriorityFeePerGas=tip * GWEI)
    chain.rpc("evm_mine")
    (row,) = chain.rpc("eth_feeHistory", 1, "latest", [0, 33, 34, 66, 67, 100])["reward"]
    assert [int(reward, 16) // GWEI for reward in row] == [1, 1, 2, 2, 9, 9]


def test_fee_history_at_its_edges(chain):
    chain.rpc("evm_mine", 3)
    everything = chain.rpc("eth_feeHistory", "0xffff", "latest")
    assert everything["oldestBlock"] == "0x0" and "reward" not in everything
    older = chain.rpc("eth_feeHistory", "0x1", hex(chain.head() - 1))
    assert [int(fee, 16) for fee in older["baseFeePerGas"]] == [base_fee(chain, hex(chain.head() - 1)), base_fee(chain)]
    for arguments, message in [(("0x1", hex(chain.head() + 1)), "request beyond head block"),
                               (("0x1", "latest", [101]), "invalid reward percentile"),
                               (("0x1", "latest", [50, 10]), "invalid reward percentile")]:
        with pytest.raises(RPCFailure, match=message):
            chain.rpc("eth_feeHistory", *arguments)


def test_gas_price_is_next_base_fee_and_tip(chain):
    expected = int(chain.rpc("eth_feeHistory", 1, "latest")["baseFeePerGas"][1], 16) + GWEI
    assert int(chain.rpc("eth_gasPrice"), 16) == expected
    assert chain.rpc("eth_maxPriorityFeePerGas") == hex(GWEI)


def test_what_a_transaction_pays(chain, sender):
    before = int(chain.rpc("eth_getBalance", sender.address, "latest"), 16)
    receipt = chain.receipt(chain.send(sender, TARGET, value=5, maxPriorityFeePerGas=3 * GWEI))
    assert int(receipt["effectiveGasPrice"], 16) == base_fee(chain) + 3 * GWEI
    paid = before - int(chain.rpc("eth_getBalance", sender.address, "latest"), 16)
    assert paid == 5 + int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)


def test_a_chain_without_base_fee(start_chain, sender):
    chain = start_chain("--no-base-fee")
    raw = chain.sign(sender, TARGET)
    with pytest.raises(RPCFailure, match="transaction type not supported"):
        chain.rpc("eth_sendRawTransaction", raw)
    receipt = chain.receipt(chain.send(sender, TARGET, gasPrice=7))
    assert receipt["effectiveGasPrice"] == "0x7"
    assert "baseFeePerGas" not in chain.rpc("eth_getBlockByNumber", "latest")
    assert chain.rpc("eth_gasPrice") == hex(GWEI)
    assert chain.rpc("eth_feeHistory", 1, "latest", [50]) == {
        "oldestBlock": "0x1", "baseFeePerGas": ["0x0", "0x0"], "gasUsedRatio": [21_000 / 30_000_000], "reward": [["0x7"]],
    }
    for method, params in [("eth_maxPriorityFeePerGas", []), ("anvil_setNextBlockBaseFeePerGas", ["0x1"])]:
        with pytest.raises(RPCFailure, match="has no base fee"):
            chain.rpc(method, *params)


def ask(chain, function: str, types: list, values: list) -> int:
    data = keccak(text=f"{function}({','.join(types)})")[:4] + encode(types, values)
    return decode(["uint256"], bytes.fromhex(chain.rpc("eth_call", {"to": ORACLE, "data": "0x" + data.hex()}, "latest")[2:]))[0]


def test_l1_fees(start_chain, sender):
    price = 10 * GWEI
    chain = start_chain("--l1-fee-per-byte", price, "--base-fee", 100)
    raw = chain.sign(sender, TARGET, value=1, maxFeePerGas=1000, maxPriorityFeePerGas=10)
    size = len(raw) // 2 - 1
    before = int(chain.rpc("eth_getBalance", sender.address, "latest"), 16)
    receipt = chain.receipt(chain.rpc("eth_sendRawTransaction", raw))
    assert int(receipt["l1Fee"], 16) == price * size
    paid = before - int(chain.rpc("eth_getBalance", sender.address, "latest"), 16)
    assert paid == 1 + 21_000 * int(receipt["effectiveGasPrice"], 16) + price * size
    assert ask(chain, "getL1Fee", ["bytes"], [b"\1" * 100]) == price * 168
    assert ask(chain, "getL1FeeUpperBound", ["uint256"], [100]) == price * 168
    chain.rpc("dev_setL1FeePerByte", "0x5")
    assert ask(chain, "getL1Fee", ["bytes"], [b""]) == 5 * 68


def test_balances_cover_l1_fees(start_chain):
    from eth_account import Account

    chain, poor = start_chain("--l1-fee-per-byte", GWEI), Account.from_key(b"\x41" * 32)
    chain.rpc("anvil_setBalance", poor.address, hex(21_000 * 100 * GWEI))
    with pytest.raises(RPCFailure, match="insufficient funds for gas"):
        chain.send(poor, TARGET, gas=21_000)


def test_other_chains_have_no_l1_fee(chain, sender):
    assert "l1Fee" not in chain.receipt(chain.send(sender, TARGET))
    assert chain.rpc("eth_getCode", ORACLE, "latest") == "0x"
    with pytest.raises(RPCFailure, match="takes no L1 data fee"):
        chain.rpc("dev_setL1FeePerByte", "0x1")
