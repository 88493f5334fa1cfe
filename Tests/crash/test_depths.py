"""Other notions of settled than a number of blocks, and views that do not fit one question."""

import pytest
from support.daemon import eventually
from support.devchain import DevChain

from crash.test_reorgs import DEEP, STRANGER, begin, hash_of  # noqa: F401


@pytest.mark.parametrize("confirmations", [1, "safe", "finalized"])
def test_reorgs_under_another_notion_of_settled(begin, confirmations):  # noqa: F811
    with begin(confirmations=confirmations) as w:
        keys, dead = w.counts()
        created = w.post("/v1/keys", count=2)["intents"][0]
        revoked = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
        for intent in (created, revoked):
            w.in_pool(intent)
        for depth in (1, 2):
            w.mine(depth)
            # All of them: a create that holds up a revocation is offered more as soon as a block has passed it over.
            sent = [attempt["hash"] for intent in (created, revoked) for attempt in w.intent(intent)["attempts"]]
            w.chain.rpc("dev_reorg", depth, {"hold": sent})
            w.sees_head()
            eventually("noticed", lambda: w.intent(created)["block"] is None and w.intent(revoked)["block"] is None)
        w.settle()
        assert w.counts() == (keys + 2, dead + 1)
        w.check(alarms=DEEP)


@pytest.fixture
def strict_chain():
    with DevChain("--mine", "manual", "--max-range", "40") as chain:
        yield chain


def test_a_daemon_that_was_away_for_longer_than_one_question_may_span(begin, strict_chain):  # noqa: F811
    with begin(chain=strict_chain) as w:
        keys, dead = w.counts()
        victim = w.current()["message"]
        w.daemon.kill()
        stranger = w.foreign("disableKey", bytes.fromhex(victim[2:]), nonce=w.next_nonce())
        w.chain.rpc("eth_sendRawTransaction", stranger)
        w.chain.rpc("evm_mine", 300)
        w.daemon.start()
        eventually("it is known", lambda: w.key_state(victim) in ("disabling", "disabled"))
        w.settle()
        assert w.counts() == (keys + 1, dead + 1)
        w.check(alarms=STRANGER, foreign={hash_of(stranger)})
