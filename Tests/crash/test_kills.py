"""kill -9 at every step of the journal and at every boundary of a call to the chain.

A dry run numbers the places that an operation passes; then the operation is run again and again from the same state,
each time killed at another place, restarted, repeated with its Idempotency-Key as by a client whose reply was lost, and
left to settle. ORAKEY_KILLS=all visits every place of every operation (more than a thousand kills, a quarter of an hour);
otherwise thirty for each, with every kind of place among them.
"""

import itertools

import pytest

from crash.harness import Crasher, chain_keys, evenly, kills_wanted, sampled

# Where the daemon was killed, by operation.
KILLS: dict[str, list[str]] = {}

CALLS = ["eth_sendRawTransaction", "eth_estimateGas", "eth_feeHistory", "eth_getBlockByNumber", "eth_getLogs",
         "eth_getTransactionReceipt"]

# What an operation adds to the chain: keys created (with the refill of the pool), keys disabled.
OPERATIONS = {
    "create": (2, lambda d: ("/v1/keys", {"count": 1}), (1, 0)),
    "create-8": (2, lambda d: ("/v1/keys", {"count": 8}), (8, 0)),
    "revoke": (2, lambda d: ("/v1/revoke", {"fingerprint": current(d), "reason": "leaked"}), (1, 1)),
    "rotate": (2, lambda d: ("/v1/rotate", {"grace_seconds": 0}), (1, 1)),
    "revoke-all": (2, lambda d: ("/v1/revoke", {"all": True}), (3, 3)),
    "revoker": (2, lambda d: ("/v1/revoker", {"address": "0x" + "5e" * 20}), (0, 0)),
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


@pytest.fixture
def case(crashers, request):
    """An operation with its prepared wallet: kill(at, again) checks everything and says where the process died."""
    pool, make, effect = OPERATIONS[request.param]
    crasher = crashers(pool)
    crasher.go_back()
    crasher.start(kill_at=None)
    daemon, operation = crasher.daemon, make(crasher.daemon)
    before = chain_keys(daemon.contract, daemon.owner)

    def kill(at: int | str, again: int | None = None) -> list[str]:
        died = crasher.kill(operation, at, again)
        after = chain_keys(daemon.contract, daemon.owner)
        seen = len(after) - len(before), sum(before[m] and not after[m] for m in before)
        assert seen == effect, f"killed at {at}, {again} ({died}): created, disabled = {seen}"
        return died

    return request.param, crasher.enumerate(operation), kill


@pytest.mark.parametrize("case", OPERATIONS, indirect=True)
def test_killed_anywhere(case):
    name, places, kill = case
    assert any(p.startswith("after-sync") for p in places) and any("eth_sendRawTransaction" in p for p in places)
    died = [place for number in sampled(places, kills_wanted()) for place in kill(number)]
    KILLS[name] = died
    print(f"\n{name}: {len(places)} places, {len(died)} kills")
    assert died


@pytest.mark.parametrize("case", OPERATIONS, indirect=True)
def test_killed_again_while_it_recovers(case):
    name, places, kill = case
    firsts, seconds = ((2, [5, 12]) if kills_wanted() is not None else (5, [1, 4, 9, 16, 25, 40]))
    died = [p for first in evenly(sampled(places, None), firsts + 1)[1:] for second in seconds for p in kill(first, second)]
    KILLS[f"{name}, twice"] = died
    print(f"\n{name}: {len(died)} kills in pairs")
    assert died


@pytest.mark.parametrize("case", ["create"], indirect=True)
def test_killed_at_every_call_by_its_name(case):
    # The places are numbered in a run like these, not in these: where it must be this call, it is named.
    _, _, kill = case
    for kind, method in itertools.product(["before-send", "after-send"], CALLS):
        died = kill(f"{kind}:{method}")
        assert died and died[0].startswith(kind) and method in died[0].split(":")[1].split("+")
        KILLS.setdefault("by name", []).extend(died)


def test_every_kind_of_place_and_two_hundred_kills():
    if len(KILLS) < 2 * len(OPERATIONS):
        pytest.skip("not all operations were run")
    every = [place for died in KILLS.values() for place in died]
    print(f"\n{len(every)} kills")
    assert {"before-write", "before-sync", "after-sync", "after-answer"} <= {place.split(":")[0] for place in every}
    assert kills_wanted() is not None and kills_wanted() < 30 or len(every) >= 200
