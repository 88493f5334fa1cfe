"""Two daemons on one account, announced by shared_wallet: the chain decides, nobody's key is touched by the other."""

import pytest
from support.daemon import eventually

from crash.harness import ALIVE, FINAL, SETTLE_SECONDS, all_intents, chain_keys, owner_transactions
from crash.world import World

USED = {"pending", "pooled", "current", "retiring"}


@pytest.fixture
def pair(bin_dir, private_dir):
    """Two hosts on one wallet, chain and contract."""
    options = {"shared_wallet": True, "confirmations": 2, "pool": {"target": 2}, "poll_interval": "100ms"}
    first = World(bin_dir, private_dir / "a", **options)
    second = World(
        bin_dir, private_dir / "b", wallet=first.daemon.account, chain=first.chain, contract=first.contract, **options)
    yield first, second
    second.close()
    first.close()


def at_rest(w: World) -> bool:
    status = w.daemon.control_get("/v1/status")
    pool = status["networks"][0]["pool"]
    return (
        all(i["state"] in FINAL for i in all_intents(w.daemon)) and pool["ready"] >= pool["target"]
        and not pool["pending"] and all(c.get("fingerprint") for c in status["consumers"]))


def check_pair(first: World, second: World):
    on_chain = chain_keys(first.contract, first.owner)
    used, created, nonces = [], [], []
    for w in (first, second):
        local = {k["message"]: k["state"] for k in w.daemon.keys() if k["state"] != "orphaned"}
        assert set(local) == set(on_chain)
        for message, active in on_chain.items():
            assert active == (local[message] in ALIVE), f"{message} is {local[message]} here, active on chain: {active}"
        used.append({m for m, state in local.items() if state in USED})
        intents = all_intents(w.daemon)
        assert {i["state"] for i in intents} <= {"confirmed"}, intents
        created += [m for i in intents if i["kind"] == "create" for m in i["messages"]]
        nonces.append({i["nonce"] for i in intents if i["nonce"] is not None})
    assert not used[0] & used[1], "a key is in use on both hosts"
    assert len(created) == len(set(created)) and set(created) == set(on_chain), "every key belongs to one intent of one host"
    assert not nonces[0] & nonces[1], "one transaction counts on both hosts"
    assert nonces[0] | nonces[1] == set(owner_transactions(first.chain, first.owner))


def test_two_hosts_under_load(pair):
    first, second = pair
    for w in pair:
        w.daemon.start()
    with first.blocks():
        for w in pair:
            eventually("the first key", lambda w=w: w.daemon.get("/v1/key").status == 200, SETTLE_SECONDS)
        for _ in range(3):
            for w in pair:
                w.post("/v1/keys", count=2)
                w.post("/v1/rotate", grace_seconds=0)
        second.daemon.kill()
        first.post("/v1/revoke", consumer="default", reason="leaked")
        second.daemon.start()
        eventually("both have come to rest", lambda: all(at_rest(w) for w in pair), 150)
    first.mine(4)
    for w in pair:
        w.sees_head()
    check_pair(first, second)


def test_a_key_that_the_other_host_disables_is_not_handed_out(pair):
    first, second = pair
    for w in pair:
        w.daemon.start()
    with first.blocks():
        eventually("both have come to rest", lambda: all(at_rest(w) for w in pair), 150)
        victim = first.current()["message"]
        # The other host knows the key as foreign; its operator may revoke it all the same.
        eventually("it is known there", lambda: second.key_state(victim) in ("foreign", "recovered"))
        second.post("/v1/revoke", message=victim, reason="found in a repository")
        eventually("it is gone here", lambda: first.key_state(victim) in ("disabling", "disabled"))
        assert first.daemon.get("/v1/key").json["message"] != victim
        eventually("both have come to rest", lambda: all(at_rest(w) for w in pair), 150)
    first.mine(4)
    for w in pair:
        w.sees_head()
    check_pair(first, second)
