"""kill -9 at every step of the journal and at every boundary of a call to the chain.

A dry run numbers the places that an operation passes; then the operation is run again and again from the same state,
each time killed at another place, restarted, repeated with its Idempotency-Key as by a client whose reply was lost, and
left to settle. ORAKEY_KILLS=all visits every place of every operation (several hundred kills, about a quarter of an hour);
otherwise a few for each.
"""

import pytest

from crash.harness import Crasher, chain_keys, kills_wanted, sampled

# What an operation adds to the chain: keys created (with the refill of the pool), keys disabled.
OPERATIONS = {
    "create": (2, lambda d: ("/v1/keys", {"count": 1}), (1, 0)),
    "create-8": (2, lambda d: ("/v1/keys", {"count": 8}), (8, 0)),
    "revoke": (2, lambda d: ("/v1/revoke", {"fingerprint": current(d), "reason": "leaked"}), (1, 1)),
    "rotate": (2, lambda d: ("/v1/rotate", {"grace_seconds": 0}), (1, 1)),
    "revoke-all": (2, lambda d: ("/v1/revoke", {"all": True}), (3, 3)),
    "rotate-empty-pool": (0, lambda d: ("/v1/rotate", {"grace_seconds": 0}), (1, 1)),
}


def current(daemon) -> str:
    return next(k["fingerprint"] for k in daemon.keys("current"))


@pytest.fixture(scope="module")
def crashers(bin_dir, short_dir):
    """crashers(pool): the prepared wallet with that pool."""
    made = {}

    def get(pool: int) -> Crasher:
        if pool not in made:
            made[pool] = Crasher(bin_dir, short_dir / f"p{pool}", pool)
        return made[pool]

    yield get
    for crasher in made.values():
        crasher.close()


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_anywhere(crashers, name, record_property):
    pool, make, (created, disabled) = OPERATIONS[name]
    crasher = crashers(pool)
    crasher.go_back()
    crasher.start(kill_at=None)
    before = chain_keys(crasher.daemon.contract, crasher.daemon.owner)
    operation = make(crasher.daemon)
    names = crasher.enumerate(operation)
    assert any(n.startswith("after-sync") for n in names) and any("eth_sendRawTransaction" in n for n in names)
    died = []
    for number in sampled(names, kills_wanted()):
        died += crasher.kill(operation, number)
        after = chain_keys(crasher.daemon.contract, crasher.daemon.owner)
        effect = len(after) - len(before), sum(before[m] and not after[m] for m in before)
        assert effect == (created, disabled), f"killed at {number} ({died[-1:]}): created, disabled = {effect}"
    record_property("places", len(names))
    record_property("kills", len(died))
    print(f"\n{name}: {len(names)} places, {len(died)} kills")
    assert died
