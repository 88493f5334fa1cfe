"""What is let in, in which words it is refused, and what waits for what."""

import pytest
from eth_account import Account
from support.devchain import GWEI, RPCFailure, throwaway_account

GAS = 21_000
TARGET = "0x" + "77" * 20


@pytest.fixture
def sender():
    return throwaway_account(6)


@pytest.fixture
def waiting(chain):
    """Nothing is mined unless the test says so."""
    chain.rpc("evm_setAutomine", False)
    return chain


def refusal(chain, raw: str) -> str:
    with pytest.raises(RPCFailure) as failure:
        chain.rpc("eth_sendRawTransaction", raw)
    assert failure.value.code == -32000
    return failure.value.message


def simple(chain, account, **fields) -> str:
    return chain.sign(account, TARGET, **{"gas": GAS, "value": 1, **fields})


def test_known_transactions_are_refused(waiting, sender):
    raw = simple(waiting, sender)
    waiting.rpc("eth_sendRawTransaction", raw)
    assert refusal(waiting, raw) == "already known"
    waiting.rpc("evm_mine")
    assert refusal(waiting, raw) == "nonce too low: next nonce 1, tx nonce 0", "geth knows only what waits"


def test_used_nonces_are_too_low(chain, sender):
    chain.send(sender, TARGET)
    assert refusal(chain, simple(chain, sender, nonce=0)) == "nonce too low: next nonce 1, tx nonce 0"


def test_chain_ids_must_match(chain, sender):
    expected = "invalid sender: invalid chain id for signer: have 1 want 31337"
    assert refusal(chain, simple(chain, sender, chainId=1)) == expected
    assert refusal(chain, simple(chain, sender, chainId=1, gasPrice=GWEI * 9)) == expected


def test_transactions_before_eip_155_are_refused(chain, sender):
    fields = {"nonce": 0, "gasPrice": GWEI * 9, "gas": GAS, "to": TARGET, "value": 1, "data": b""}
    raw = "0x" + sender.sign_transaction(fields).raw_transaction.hex()
    assert refusal(chain, raw) == "only replay-protected (EIP-155) transactions allowed over RPC"


@pytest.mark.parametrize(
    "raw, message",
    [
        ("0x", "typed transaction too short"),
        ("0x03c0", "transaction type not supported"),
        ("0x04c0", "transaction type not supported"),
        ("0x7fc0", "transaction type not supported"),
        ("0x02c0", "rlp: "),
        ("0xc0", "rlp: "),
        ("0xf86c", "rlp: "),
        ("0x02" + "ff" * 40, "rlp: "),
    ],
)
def test_garbage_is_refused(chain, raw, message):
    assert refusal(chain, raw).startswith(message)


def test_high_s_is_refused(chain, sender):
    """EIP-2."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    from eth_account._utils.legacy_transactions import encode_transaction, serializable_unsigned_transaction_from_dict

    fields = {"nonce": 0, "gasPrice": GWEI * 9, "gas": GAS, "to": TARGET, "value": 1, "data": b"", "chainId": 31337}
    signed = sender.sign_transaction(fields)
    unsigned = serializable_unsigned_transaction_from_dict(fields)
    v = signed.v + (1 if signed.v % 2 else -1)
    raw = "0x" + encode_transaction(unsigned, vrs=(v, signed.r, order - signed.s)).hex()
    assert refusal(chain, raw) == "invalid sender: invalid transaction v, r, s values"


def test_gas_must_cover_the_data(chain, sender):
    assert refusal(chain, simple(chain, sender, gas=20_999)) == "intrinsic gas too low: gas 20999, minimum needed 21000"
    floor = 21_000 + 10 * (4 * 10 + 10)
    raw = simple(chain, sender, data="0x" + "ff" * 10 + "00" * 10, gas=floor - 1)
    assert refusal(chain, raw) == f"intrinsic gas too low: gas {floor - 1}, minimum needed {floor}"
    assert refusal(chain, simple(chain, sender, gas=30_000_001)) == "exceeds block gas limit"


def test_tip_above_the_fee_cap_is_refused(chain, sender):
    raw = simple(chain, sender, maxFeePerGas=5, maxPriorityFeePerGas=6)
    assert refusal(chain, raw) == (
        "max priority fee per gas higher than max fee per gas: "
        f"address {sender.address}, maxPriorityFeePerGas: 6, maxFeePerGas: 5"
    )


def test_balances_cover_everything_that_waits(waiting):
    poor = Account.from_key(b"\x51" * 32)
    cost = GAS * 100 * GWEI + 1
    assert refusal(waiting, simple(waiting, poor)) == (
        f"insufficient funds for gas * price + value: balance 0, tx cost {cost}, overshot {cost}"
    )
    waiting.rpc("anvil_setBalance", poor.address, hex(2 * cost))
    for nonce in (0, 1):
        waiting.rpc("eth_sendRawTransaction", simple(waiting, poor, nonce=nonce))
    assert refusal(waiting, simple(waiting, poor, nonce=2)) == (
        f"insufficient funds for gas * price + value: balance {2 * cost}, queued cost {2 * cost}, tx cost {cost}, overshot {cost}"
    )


@pytest.mark.parametrize(
    "old, new, accepted",
    [
        ((100, 10), (110, 11), True),
        ((100, 10), (109, 11), False),
        ((100, 10), (200, 10), False),
        ((100, 10), (100, 11), False),
        ((100, 10), (50, 5), False),
        ((100, 0), (110, 0), False),
    ],
)
def test_replacements_pay_a_tenth_more(waiting, sender, old, new, accepted):
    def raw(fees, value):
        return simple(waiting, sender, nonce=0, value=value, maxFeePerGas=fees[0] * GWEI, maxPriorityFeePerGas=fees[1] * GWEI)

    first = waiting.rpc("eth_sendRawTransaction", raw(old, 1))
    if not accepted:
        assert refusal(waiting, raw(new, 2)) == "replacement transaction underpriced"
        assert waiting.rpc("eth_getTransactionByHash", first)["blockHash"] is None
        return
    second = waiting.rpc("eth_sendRawTransaction", raw(new, 2))
    assert waiting.rpc("eth_getTransactionByHash", first) is None
    waiting.rpc("evm_mine")
    assert waiting.receipt(second)["status"] == "0x1"


def test_gaps_wait(chain, sender):
    late = chain.send(sender, TARGET, nonce=1)
    assert chain.receipt(late) is None
    assert chain.rpc("txpool_status") == {"pending": "0x0", "queued": "0x1"}
    assert chain.rpc("eth_getTransactionCount", sender.address, "pending") == "0x0"
    early = chain.send(sender, TARGET, nonce=0)
    assert chain.receipt(early)["blockNumber"] == chain.receipt(late)["blockNumber"]
    assert chain.rpc("txpool_status") == {"pending": "0x0", "queued": "0x0"}


def test_the_pending_count_includes_what_waits(waiting, sender):
    for nonce in (0, 1, 3):
        waiting.send(sender, TARGET, nonce=nonce)
    counts = [waiting.rpc("eth_getTransactionCount", sender.address, tag) for tag in ("latest", "pending")]
    assert counts == ["0x0", "0x2"]
    content = waiting.rpc("txpool_content")
    assert set(content["pending"][sender.address]) == {"0", "1"}
    assert set(content["queued"][sender.address]) == {"3"}


def test_waiting_transactions_are_shown_without_a_block(waiting, sender):
    transaction_hash = waiting.send(sender, TARGET)
    shown = waiting.rpc("eth_getTransactionByHash", transaction_hash)
    assert shown["blockHash"] is shown["blockNumber"] is shown["transactionIndex"] is None
    assert shown["gasPrice"] == shown["maxFeePerGas"] == hex(100 * GWEI)
    assert waiting.receipt(transaction_hash) is None


def test_the_highest_tip_comes_first(waiting):
    tips = {7: 1, 8: 3, 9: 2}
    hashes = {number: waiting.send(throwaway_account(number), TARGET, maxPriorityFeePerGas=tip * GWEI)
              for number, tip in tips.items()}
    waiting.rpc("evm_mine")
    order = waiting.rpc("eth_getBlockByNumber", "latest")["transactions"]
    assert order == [hashes[8], hashes[9], hashes[7]]


def test_underpriced_transactions_wait_for_the_base_fee(chain, sender):
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * GWEI))
    transaction_hash = chain.send(sender, TARGET, maxFeePerGas=49 * GWEI)
    chain.rpc("evm_mine")
    assert chain.rpc("eth_getBlockByNumber", "latest")["baseFeePerGas"] == hex(50 * GWEI)
    assert chain.receipt(transaction_hash) is None
    chain.rpc("evm_mine")
    assert chain.receipt(transaction_hash)["status"] == "0x1"


def test_blocks_hold_no_more_than_their_gas(start_chain, sender):
    chain = start_chain("--mine", "manual", "--gas-limit", 3 * GAS)
    for nonce in range(4):
        chain.send(sender, TARGET, nonce=nonce, gas=GAS)
    chain.rpc("evm_mine", 2)
    counts = [len(chain.rpc("eth_getBlockByNumber", hex(n))["transactions"]) for n in (1, 2)]
    assert counts == [3, 1]


def test_a_balance_spent_meanwhile_leaves_the_transaction_waiting(waiting, sender):
    cost = GAS * 100 * GWEI + 1
    transaction_hash = waiting.rpc("eth_sendRawTransaction", simple(waiting, sender))
    waiting.rpc("anvil_setBalance", sender.address, hex(cost - 1))
    waiting.rpc("evm_mine")
    assert waiting.receipt(transaction_hash) is None
    waiting.rpc("anvil_setBalance", sender.address, hex(cost))
    waiting.rpc("evm_mine")
    assert waiting.receipt(transaction_hash)["status"] == "0x1"


def test_dropping(waiting, sender):
    hashes = [waiting.send(sender, TARGET, nonce=nonce) for nonce in range(3)]
    assert waiting.rpc("anvil_dropTransaction", hashes[1]) == hashes[1]
    assert waiting.rpc("anvil_dropTransaction", hashes[1]) is None
    assert waiting.rpc("eth_getTransactionCount", sender.address, "pending") == "0x1"
    assert sorted(waiting.rpc("dev_dropPool")) == sorted([hashes[0], hashes[2]])
    assert waiting.rpc("eth_getTransactionByHash", hashes[0]) is None
    waiting.send(sender, TARGET, nonce=0)
