"""What transactions offer: EIP-1559 and legacy chains, haste, rising fees up to the cap, chains whose data costs more than gas."""

import pytest
from support.contracts import ApiKeys, artifact
from support.daemon import eventually
from support.devchain import GWEI, throwaway_account
from support.mining import mining
from support.quick import QuickDaemon
from web3 import Web3


@pytest.fixture
def begin(start_chain, bin_dir, private_dir):
    """begin(chain options, settings...): a running daemon with its first key; blocks only when asked for."""
    made = []

    def build(*options, **network) -> QuickDaemon:
        chain = start_chain("--mine", "manual", *options)
        price = {"gasPrice": 10 * GWEI} if "--no-base-fee" in options else {}
        sent = chain.send(throwaway_account(1), data=artifact("ApiKeys")[1], gas=3_000_000, **price)
        chain.rpc("evm_mine")
        contract = ApiKeys(chain, "ApiKeys", Web3.to_checksum_address(chain.receipt(sent)["contractAddress"]))
        settings = {"pool": {"target": 0}, "poll_interval": "100ms", **network}
        daemon = QuickDaemon(bin_dir, private_dir, chain, contract, **settings)
        made.append(daemon)
        daemon.fund(daemon.make_wallet())
        daemon.configure()
        # Amounts are decimal, which Python writes otherwise when they are small.
        daemon.config.write_text(daemon.config.read_text().replace("1e-09", "0.000000001"))
        daemon.start()
        with mining(chain, 0.1):
            daemon.wait_for_key()
            daemon.settle()
        return daemon

    yield build
    for daemon in made:
        if daemon.process is not None:
            daemon.stop()


def one(daemon, number: int) -> dict:
    return daemon.control_get(f"/v1/intents/{number}")


def create(daemon) -> int:
    return posted(daemon, "/v1/keys", count=1)


def posted(daemon, target: str, **body) -> int:
    answer = daemon.post(target, body)
    assert answer.status == 202, answer
    return answer.json["intents"][0]


def in_pool(daemon, number: int, attempts=1) -> dict:
    """The transaction of the intent's attempt number `attempts`, once the chain's pool has it."""
    def found():
        sent = one(daemon, number)["attempts"]
        return len(sent) >= attempts and daemon.chain.rpc("eth_getTransactionByHash", sent[attempts - 1]["hash"])

    return eventually(f"attempt {attempts} of intent {number} is in the pool", found)


def fee(transaction: dict, field: str) -> int:
    return int(transaction[field], 16)


def mine_until_settled(daemon):
    with mining(daemon.chain, 0.1):
        daemon.settle()


def busy_blocks(chain, tips: list[int], count=4):
    """Blocks with a transaction for each tip, so that the fee history has something to say."""
    for _ in range(count):
        for number, tip in enumerate(tips, start=2):
            chain.send(throwaway_account(number), "0x" + "77" * 20, maxPriorityFeePerGas=tip)
        chain.rpc("evm_mine")


def test_the_tip_follows_the_market_and_haste(begin):
    daemon = begin()
    # Gas weighs: all these transactions use as much, so the median tip is the third, the 90th percentile the last.
    busy_blocks(daemon.chain, [GWEI // 10, GWEI // 10, GWEI // 2, 2 * GWEI, 3 * GWEI])
    created = in_pool(daemon, create(daemon))
    revoked = in_pool(daemon, posted(daemon, "/v1/revoke", fingerprint=daemon.get("/v1/key").json["fingerprint"]))
    assert created["type"] == revoked["type"] == "0x2"
    normal, urgent = fee(created, "maxPriorityFeePerGas"), fee(revoked, "maxPriorityFeePerGas")
    assert GWEI // 10 <= normal <= GWEI, normal
    assert urgent >= 2 * GWEI, urgent
    base = fee(daemon.chain.rpc("eth_getBlockByNumber", "latest", False), "baseFeePerGas")
    assert fee(created, "maxFeePerGas") >= base + normal and fee(revoked, "maxFeePerGas") >= 2 * base + urgent
    mine_until_settled(daemon)


@pytest.mark.parametrize("options", [(), ("--no-base-fee",)], ids=["EIP-1559", "legacy"])
def test_a_revocation_speeds_up_a_disable_that_waits(begin, options):
    daemon = begin(*options, fees={"resubmit_after": "1h"})
    field = "gasPrice" if options else "maxPriorityFeePerGas"
    key = daemon.get("/v1/key").json["fingerprint"]
    created = create(daemon)
    in_pool(daemon, created)
    mine_until_settled(daemon)
    disable = posted(daemon, "/v1/rotate", grace_seconds=0)
    slow = in_pool(daemon, disable)
    assert posted(daemon, "/v1/revoke", fingerprint=key) == disable, "the same transaction, in a hurry"
    fast = in_pool(daemon, disable, 2)
    assert fast["nonce"] == slow["nonce"] and fast["type"] == slow["type"] == ("0x0" if options else "0x2")
    assert fee(fast, field) * 1000 >= fee(slow, field) * 1125
    mine_until_settled(daemon)
    assert len(one(daemon, disable)["attempts"]) == 2
    assert daemon.alarms() == set()


def test_a_legacy_chain(begin):
    daemon = begin("--no-base-fee")
    number = create(daemon)
    sent = in_pool(daemon, number)
    assert sent["type"] == "0x0" and "maxFeePerGas" not in sent
    usual = int(daemon.chain.rpc("eth_gasPrice"), 16)
    assert usual <= fee(sent, "gasPrice") <= usual + usual // 100
    revoked = in_pool(daemon, posted(daemon, "/v1/revoke", fingerprint=daemon.get("/v1/key").json["fingerprint"]))
    assert fee(revoked, "gasPrice") >= 2 * usual
    mine_until_settled(daemon)
    assert one(daemon, number)["attempts"][0]["max_fee"] is not None
    assert daemon.alarms() == set()


def test_a_rising_base_fee_up_to_the_cap(begin):
    caps = {"max_fee_gwei": 20, "max_tip_gwei": 2, "resubmit_after": "1s"}
    daemon = begin(fees=caps)
    chain = daemon.chain
    number = create(daemon)
    in_pool(daemon, number)
    chain.rpc("dev_setMinBaseFee", 30 * GWEI)
    with mining(chain, 0.3):
        eventually("the cap is told", lambda: "fee_cap_reached" in daemon.alarms())
        count = len(one(daemon, number)["attempts"])
        assert count > 1
        before = chain.rpc("dev_calls")["methods"].get("eth_sendRawTransaction", 0)
        head = chain.head()
        eventually("twenty blocks", lambda: daemon.status()["head"] > head + 20)
    attempts = one(daemon, number)["attempts"]
    assert len(attempts) == count, "no loop"
    assert chain.rpc("dev_calls")["methods"].get("eth_sendRawTransaction", 0) - before <= 2, "nor of the same bytes"
    for old, new in zip(attempts, attempts[1:]):
        assert int(new["max_fee"]) * 1000 >= int(old["max_fee"]) * 1125
        assert int(new["tip"]) * 1000 >= int(old["tip"]) * 1125
    assert all(int(a["max_fee"]) <= 20 * GWEI for a in attempts)
    assert all(int(a["tip"]) <= 2 * GWEI for a in attempts), [a["tip"] for a in attempts]
    (alarm,) = [a["message"] for a in daemon.status()["alarms"] if a["code"] == "fee_cap_reached"]
    assert "max_fee_gwei" in alarm
    chain.rpc("dev_setMinBaseFee", 0)
    chain.rpc("anvil_setNextBlockBaseFeePerGas", GWEI)
    mine_until_settled(daemon)
    assert one(daemon, number)["state"] == "confirmed"
    assert daemon.alarms() == set()


def test_a_cap_below_the_base_fee_from_the_start(begin):
    """Signed at the cap, mined when the fee has come down."""
    daemon = begin(fees={"max_fee_gwei": 5, "max_tip_gwei": 1, "resubmit_after": "1s"})
    chain = daemon.chain
    chain.rpc("dev_setMinBaseFee", 30 * GWEI)
    chain.rpc("evm_mine", 2)
    number = create(daemon)
    with mining(chain, 0.3):
        eventually("the cap is told", lambda: "fee_cap_reached" in daemon.alarms())
        head = chain.head()
        eventually("ten blocks", lambda: daemon.status()["head"] > head + 10)
    assert len(one(daemon, number)["attempts"]) == 1
    chain.rpc("dev_setMinBaseFee", 0)
    chain.rpc("anvil_setNextBlockBaseFeePerGas", GWEI)
    mine_until_settled(daemon)
    assert one(daemon, number)["state"] == "confirmed"
    assert daemon.alarms() == set()


TINY = ("--base-fee", "7", "--min-base-fee", "7", "--l1-fee-per-byte", str(10 * GWEI))


def test_a_chain_whose_data_costs_more_than_its_gas(begin):
    """Fees of a few wei, and an L1 data fee of a million times as much that the balance has to hold too."""
    daemon = begin(*TINY, fees={"resubmit_after": "1s", "tip_gwei": 0.000000001})
    chain, key = daemon.chain, daemon.get("/v1/key").json
    number = create(daemon)
    sent = in_pool(daemon, number)
    assert fee(sent, "maxPriorityFeePerGas") <= 2 and fee(sent, "maxFeePerGas") < 1000, sent
    mine_until_settled(daemon)
    receipt = chain.receipt(sent["hash"])
    data_fee = int(receipt["l1Fee"], 16)
    gas = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert data_fee > 1000 * gas, "what this test is about"

    # Enough for the gas, and not for the data.
    daemon.fund(daemon.address, data_fee // 2)
    nonce = chain.rpc("eth_getTransactionCount", daemon.address, "latest")
    created = create(daemon)
    revoked = posted(daemon, "/v1/revoke", fingerprint=key["fingerprint"])
    eventually("the alarm", lambda: "insufficient_funds" in daemon.alarms())
    chain.rpc("evm_mine", 3)
    head = chain.head()
    eventually("seen", lambda: daemon.status()["head"] == head)
    assert {one(daemon, i)["state"] for i in (created, revoked)} == {"planned"}, "nothing is signed"
    assert chain.rpc("eth_getTransactionCount", daemon.address, "pending") == nonce
    daemon.fund(daemon.address)
    mine_until_settled(daemon)
    assert {one(daemon, i)["state"] for i in (created, revoked)} == {"confirmed"}
    assert daemon.alarms() == set()


def test_replacements_at_a_few_wei(begin):
    daemon = begin(*TINY, fees={"resubmit_after": "1s"})
    chain = daemon.chain
    number = create(daemon)
    first = in_pool(daemon, number)
    chain.rpc("dev_setMinBaseFee", 40 * fee(first, "maxFeePerGas"))
    with mining(chain, 0.2):
        eventually("confirmed", lambda: one(daemon, number)["state"] == "confirmed")
    attempts = one(daemon, number)["attempts"]
    assert len(attempts) > 1
    for old, new in zip(attempts, attempts[1:]):
        assert int(new["max_fee"]) * 1000 >= int(old["max_fee"]) * 1125
        assert int(new["tip"]) > int(old["tip"]), "by one wei at least"
    assert daemon.alarms() == set()


def test_an_empty_account(begin):
    """Empty before the first transaction ever; filled, it goes on by itself."""
    daemon = begin()
    daemon.fund(daemon.address, 0)
    number = create(daemon)
    eventually("the alarm", lambda: "insufficient_funds" in daemon.alarms())
    (alarm,) = [a["message"] for a in daemon.status()["alarms"] if a["code"] == "insufficient_funds"]
    assert daemon.address in alarm and "wei" in alarm
    assert one(daemon, number)["error"]
    daemon.fund(daemon.address)
    in_pool(daemon, number)
    mine_until_settled(daemon)
    assert daemon.alarms() == set()
    intent = one(daemon, number)
    assert intent["state"] == "confirmed" and intent["error"] is None
