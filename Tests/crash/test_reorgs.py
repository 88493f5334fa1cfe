"""The chain takes back what it had: creates and disables un-mined, mined again, lost, or replaced by somebody else's."""

import pytest
from eth_utils import keccak
from support.daemon import eventually
from support.devchain import throwaway_account

from crash.world import DEPTH, world

DEEP = {"deep_reorg"}
STRANGER = {"foreign_create", "foreign_disable", "foreign_transaction"}


@pytest.fixture
def begin(bin_dir, private_dir):
    """begin(): a context with a world of its own."""
    number = iter(range(9))
    return lambda **options: world(bin_dir, private_dir / f"w{next(number)}", **options)


@pytest.fixture(scope="module")
def shared(bin_dir, short_dir):
    """A world for all the cases that end as they began; made anew after a case that failed."""
    made, number = [], iter(range(99))

    def get(failed=False):
        if failed and made:
            made.pop().__exit__(None, None, None)
            return None
        if not made:
            made.append(world(bin_dir, short_dir / f"s{next(number)}"))
            get.world = made[0].__enter__()
        return get.world

    yield get
    get(failed=True)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("fate", ["mined again", "held", "lost"])
@pytest.mark.parametrize("kind", ["create", "disable"])
def test_an_unmined_transaction_ends_as_if_nothing_had_been(shared, kind, fate, depth):
    w = shared()
    try:
        unmine_once(w, kind, fate, depth)
    except BaseException as error:
        error.add_note(w.daemon.tail())
        shared(failed=True)
        raise


def unmine_once(w, kind, fate, depth):
    keys, dead = w.counts()
    victim = w.current()["fingerprint"]
    surplus = w.daemon.status()["pool"]["ready"] > w.daemon.status()["pool"]["target"]
    if kind == "create":
        accepted = w.post("/v1/keys", count=3)
    else:
        accepted = w.post("/v1/revoke", fingerprint=victim)
    number = accepted["intents"][0]
    sent = w.in_pool(number)
    w.mine(depth)
    assert w.intent(number)["block"] == w.chain.head() - depth + 1
    assert w.intent(number)["state"] == ("confirmed" if depth >= DEPTH else "mined")
    options = {"mined again": {}, "held": {"hold": [sent]}, "lost": {"lose": [sent]}}[fate]
    w.chain.rpc("dev_reorg", depth, options)
    if fate != "mined again":
        eventually("the daemon has noticed", lambda: w.intent(number)["block"] is None)
    w.settle()
    assert w.intent(number)["state"] == "confirmed"
    refill = 0 if kind == "create" or surplus else 1
    assert w.counts() == (keys + (3 if kind == "create" else refill), dead + (kind == "disable"))
    if kind == "disable":
        assert w.daemon.get("/v1/key").json["fingerprint"] != victim
    w.check(alarms=DEEP)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_transactions_that_a_reorg_puts_into_another_order(shared, depth):
    """A create and a disable in blocks of their own, between another owner's; then the other way round, in other blocks."""
    w = shared()
    try:
        keys, dead = w.counts()
        surplus = w.daemon.status()["pool"]["ready"] > w.daemon.status()["pool"]["target"]
        other = throwaway_account(3)
        before = w.chain.send(other, w.contract.address, w.contract.data("createKeys", 3))
        created = w.post("/v1/keys", count=3)["intents"][0]
        sent = [w.in_pool(created)]
        w.mine()
        revoked = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
        sent.append(w.in_pool(revoked))
        after = w.chain.send(other, w.contract.address, w.contract.data("createKeys", 2))
        w.mine(depth)
        places = [place(w, h) for h in sent]
        w.chain.rpc("dev_reorg", depth + 1, {"order": [before, after, *sent] if depth % 2 else [*sent, after, before]})
        w.sees_head()
        assert [place(w, h) for h in sent] != places
        w.settle()
        assert [w.intent(i)["state"] for i in (created, revoked)] == ["confirmed"] * 2
        assert w.counts()[1] == dead + 1 and w.counts()[0] - keys in ((3, 4) if surplus else (3, 4))
        w.check(alarms=DEEP)
    except BaseException as error:
        error.add_note(w.daemon.tail())
        shared(failed=True)
        raise


def place(w, sent: str) -> tuple[str, str]:
    receipt = w.chain.receipt(sent)
    return receipt["blockHash"], receipt["transactionIndex"]


def test_a_message_that_changes_hands_before_it_is_settled(begin):
    with begin() as w:
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        nonce = w.next_nonce()
        w.mine()
        (message,) = w.intent(number)["messages"]
        stranger = w.foreign("createKey", nonce=nonce)
        w.chain.rpc("dev_reorg", 1, {"include": [stranger]})
        w.settle()
        assert w.key_state(message) == "foreign", "somebody else has created it by now"
        assert w.intent(number)["state"] == "confirmed" and w.intent(number)["nonce"] == nonce + 1
        assert w.intent(number)["messages"] != [message]
        w.check(alarms=STRANGER, foreign={hash_of(stranger)})


def test_a_message_that_changes_hands_is_recalled_from_its_consumer(begin):
    """Deeper than the settled depth, with the key in a consumer's hands."""
    with begin(pool={"target": 0}) as w:
        number = w.post("/v1/rotate", grace_seconds=0)["intents"][0]
        w.in_pool(number)
        nonce = w.next_nonce()
        w.mine(DEPTH)
        (message,) = w.intent(number)["messages"]
        eventually("it is handed out", lambda: w.current()["message"] == message)
        stranger = w.foreign("createKey", nonce=nonce)
        w.chain.rpc("dev_reorg", w.chain.head() - w.intent(number)["block"] + 1, {"include": [stranger]})
        eventually("it is recalled", lambda: w.key_state(message) == "foreign")
        answer = w.daemon.get("/v1/key")
        assert answer.status == 503 or answer.json["message"] != message
        w.settle()
        assert w.current()["message"] != message
        assert w.key_state(message) == "foreign"
        w.check(alarms=STRANGER | DEEP, foreign={hash_of(stranger)})


def test_a_key_that_was_handed_out_never_comes_back_into_the_pool(begin):
    """The create of a key that was rotated out is un-mined and mined again: the key has been in somebody's hands."""
    with begin(pool={"target": 1}) as w:
        number = w.post("/v1/rotate", grace_seconds=3600)["intents"][0]
        old = w.daemon.keys("retiring")[0]
        w.settle_but_retiring()
        w.chain.rpc("dev_reorg", w.chain.head() - old["created_block"] + 1, {"length": 2})
        w.settle_but_retiring()
        assert w.key_state(old["message"]) in ("retiring", "disabling", "disabled")
        assert w.current()["message"] != old["message"]
        assert number


def test_a_revoked_key_stays_revoked_when_its_create_is_unmined_and_mined_again(begin):
    with begin() as w:
        keys, dead = w.counts()
        number = w.post("/v1/keys", count=1)["intents"][0]
        sent = w.in_pool(number)
        w.mine()
        (message,) = w.intent(number)["messages"]
        w.chain.rpc("dev_reorg", 1, {"lose": [sent], "length": 2})
        eventually("it is gone", lambda: w.key_state(message) == "orphaned")
        w.post("/v1/revoke", message=message)
        w.settle()
        assert w.counts() == (keys + 1, dead + 1), "the key exists again, and is dead"
        w.check()


def test_a_nonce_that_is_given_back_within_the_depth(begin):
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        nonce = w.next_nonce()
        stranger = w.foreign("createKey", nonce=nonce)
        w.chain.rpc("eth_sendRawTransaction", stranger)
        w.mine()
        assert w.intent(number)["state"] == "broadcast" and w.intent(number)["nonce"] == nonce
        w.chain.rpc("dev_reorg", 1, {"lose": [hash_of(stranger)], "length": 2})
        w.settle()
        assert w.intent(number)["nonce"] == nonce
        assert w.counts()[0] == keys + 1
        w.check(alarms=STRANGER)


def test_a_nonce_that_is_given_back_below_the_depth(begin):
    """The intent has moved on to another nonce by then; the gap is filled, and there is still one effect."""
    with begin() as w:
        keys, _ = w.counts()
        number = w.post("/v1/keys", count=1)["intents"][0]
        w.in_pool(number)
        nonce = w.next_nonce()
        stranger = w.foreign("createKey", nonce=nonce)
        w.chain.rpc("eth_sendRawTransaction", stranger)
        start = w.chain.head()
        for _ in range(DEPTH + 4):
            w.mine()
        w.wait_for_intent(number, "broadcast", "mined", "confirmed")
        assert w.intent(number)["nonce"] == nonce + 1
        w.mine()
        w.chain.rpc("dev_reorg", w.chain.head() - start, {"lose": [hash_of(stranger)]})
        w.sees_head()
        w.settle()
        assert w.intent(number)["state"] == "confirmed" and w.intent(number)["nonce"] == nonce
        assert w.counts()[0] == keys + 1
        w.check(alarms=STRANGER | DEEP)


def test_a_reorg_while_the_daemon_was_down(begin):
    with begin() as w:
        keys, dead = w.counts()
        victim = w.current()["message"]
        number = w.post("/v1/revoke", message=victim)["intents"][0]
        sent = w.in_pool(number)
        w.mine(DEPTH + 1)
        assert w.key_state(victim) == "disabled"
        w.daemon.kill()
        w.chain.rpc("dev_reorg", w.chain.head() - block_of(w, sent) + 1, {"lose": [sent]})
        w.chain.rpc("evm_mine", 3)
        w.daemon.start()
        w.settle()
        assert w.counts() == (keys + 1, dead + 1)
        w.check(alarms=DEEP)


def block_of(w, sent: str) -> int:
    return int(w.chain.receipt(sent)["blockNumber"], 16)


def hash_of(raw: str) -> str:
    return "0x" + keccak(hexstr=raw).hex()


def test_a_foreign_nonce_that_nobody_takes_again(begin):
    """Gone from chain and pool, with a transaction of ours above it."""
    with begin() as w:
        keys, dead = w.counts()
        stranger = w.foreign("createKey", nonce=w.next_nonce())
        w.chain.rpc("eth_sendRawTransaction", stranger)
        w.mine()
        number = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
        w.in_pool(number)
        w.mine()
        w.chain.rpc("dev_reorg", 2, {"lose": [hash_of(stranger)]})
        w.sees_head()
        w.settle()
        assert w.intent(number)["state"] == "confirmed"
        assert w.counts() == (keys + 1, dead + 1)
        w.check(alarms=STRANGER)
