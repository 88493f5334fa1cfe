"""Clocks that are set while the daemon runs or is down, and time that passes: what was promised for ten minutes lasts ten minutes.

The shim under the real daemon gives it any clock at once, so that no test has to wait for one."""

import pytest
from support.daemon import eventually
from support.devchain import DevChain

from crash.harness import Board, compile_shim
from crash.world import World

HOUR, DAY = 3600, 86400
GRACE = 2 * HOUR
JUMPS = {"a day ahead": DAY, "three hours ahead": 3 * HOUR, "a day back": -DAY, "back to another century": -40 * 365 * DAY}


@pytest.fixture
def clocked(bin_dir, private_dir):
    """clocked(settings...): a world whose daemon has a clock of the test's own, `w.board`."""
    board, made = Board(private_dir / "board"), []

    def begin(consumers=None, **options) -> World:
        w = World(bin_dir, private_dir / "c", **options)
        made.append(w)
        w.board = board
        w.daemon.env |= {"LD_PRELOAD": str(compile_shim(private_dir)), "KILLPOINT_BOARD": str(board.path)}
        w.daemon.consumers = consumers
        w.daemon.configure()
        return w.begin()

    yield begin
    for w in made:
        w.close()


def looks(w: World, count=12):
    """The daemon has looked at the chain so often, and decided what follows from the time."""
    calls = w.chain.rpc("dev_calls")["methods"].get("eth_getBlockByNumber", 0)
    assert w.chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", calls + count, 60_000)


def set_clock(w: World, seconds: int):
    w.board.set_clock(seconds)
    eventually("the daemon has noticed", lambda: "the system's clock was set" in w.daemon.log_text())
    looks(w)


def is_active(w: World, message: str) -> bool:
    return w.contract.view("isActive", w.owner, bytes.fromhex(message[2:]))


def retire(w: World) -> str:
    """A key in its grace period, and nothing else to do."""
    old = w.current_message()
    w.post("/v1/rotate", grace_seconds=GRACE)
    w.settle_but_retiring()
    return old


def ends_with_its_grace(w: World, old: str):
    """Half of the time is not enough, the other half is."""
    w.board.pass_time(GRACE // 2 - 300)
    looks(w)
    w.mine(4)
    assert w.key_state(old) == "retiring" and is_active(w, old)
    w.board.pass_time(GRACE // 2 + 301)
    w.settle()
    assert w.key_state(old) == "disabled" and not is_active(w, old)
    w.check()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_grace_period_outlasts_a_clock_that_is_set(clocked, jump):
    w = clocked()
    old = retire(w)
    set_clock(w, JUMPS[jump])
    w.mine(4)
    assert w.key_state(old) == "retiring" and is_active(w, old), "nothing is disabled before its time"
    ends_with_its_grace(w, old)


@pytest.mark.parametrize("jump", ["a day back", "back to another century"])
def test_a_grace_period_ends_although_the_clock_was_set_back_while_the_daemon_was_down(clocked, jump):
    w = clocked()
    old = retire(w)
    w.daemon.kill()
    w.board.set_clock(JUMPS[jump])
    w.daemon.start()
    looks(w)
    ends_with_its_grace(w, old)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_schedule_keeps_its_distance_when_the_clock_is_set(clocked, jump):
    """The schedule is a day, less what the key's own jitter takes, which is a tenth at most."""
    w = clocked([{"name": "app", "network": "BASE", "match": {"uid": 0}, "rotate_every": "24h", "grace": "0s"}])
    first = w.daemon.get("/v1/key").json
    set_clock(w, JUMPS[jump])
    w.mine(4)
    moved = w.daemon.get("/v1/key").json
    assert moved["message"] == first["message"], "not before its time"
    assert moved["not_after"] != first["not_after"], "which is another time of day now"
    w.board.pass_time(20 * HOUR)
    looks(w)
    assert w.current_message() == first["message"]
    w.board.pass_time(4 * HOUR + 60)
    eventually("it is rotated", lambda: w.current_message() != first["message"])
    w.settle()
    assert w.daemon.get("/v1/key").json["generation"] == first["generation"] + 1
    assert w.key_state(first["message"]) == "disabled"
    w.check()


@pytest.mark.parametrize("jump", JUMPS)
def test_what_is_under_way_when_the_clock_is_set_is_done_once(clocked, jump):
    w = clocked(fees={"resubmit_after": "1h"})
    keys, dead = w.counts()
    created = w.post("/v1/keys", count=3)["intents"][0]
    revoked = w.post("/v1/revoke", fingerprint=w.current()["fingerprint"])["intents"][0]
    sent = {w.in_pool(created), w.in_pool(revoked)}
    set_clock(w, JUMPS[jump])
    assert set(w.chain.rpc("dev_dropPool")) == sent
    w.board.pass_time(30)
    eventually("the same bytes are back", lambda: all(w.chain.rpc("eth_getTransactionByHash", h) for h in sent))
    w.settle()
    assert all(len(w.intent(i)["attempts"]) == 1 for i in (created, revoked))
    assert w.counts() == (keys + 3, dead + 1)
    w.check()


def test_ten_minutes_without_a_block_and_then_a_hundred(clocked):
    w = clocked(fees={"resubmit_after": "30s"})
    keys, dead = w.counts()
    retiring = w.current_message()
    w.post("/v1/rotate", grace_seconds=300)
    created = w.post("/v1/keys", count=5)["intents"][0]
    w.in_pool(created)
    key = w.daemon.get("/v1/key").json["message"]
    for _ in range(10):
        w.board.pass_time(60)
        looks(w)
    assert w.daemon.get("/v1/key").json["message"] == key
    assert len(w.intent(created)["attempts"]) == 1, "no block has passed it over"
    w.mine(100)
    w.settle()
    assert w.key_state(retiring) == "disabled", "its grace was over long ago"
    assert w.counts() == (keys + 6, dead + 1), "five asked for, one for the pool"
    w.check()


@pytest.mark.parametrize("endpoints", [1, 2])
def test_a_chain_that_rests_is_fresh_as_long_as_a_second_endpoint_says_so(bin_dir, private_dir, endpoints):
    """A chain that rests and an endpoint that stands still look the same; without a second one the age counts."""
    with DevChain("--mine", "manual") as chain:
        board = Board(private_dir / "board")
        w = World(bin_dir, private_dir / "c", chain=chain)
        w.daemon.env |= {"LD_PRELOAD": str(compile_shim(private_dir)), "KILLPOINT_BOARD": str(board.path)}
        w.daemon.network["rpc"] = [f"{chain.url}/{n}" for n in range(endpoints)]
        w.daemon.configure(limits={"max_chain_age": "1h"})
        try:
            w.begin()
            for _ in range(4):
                board.pass_time(HOUR // 2 + 60)
                looks(w, 24)
            assert w.daemon.get("/v1/key").status == (503 if endpoints == 1 else 200)
            w.mine()
            assert w.daemon.get("/v1/key").status == 200
        finally:
            w.close()


def test_a_view_that_grows_too_old_between_two_looks(bin_dir, private_dir):
    """The age decides when the key is asked for, not when the daemon looks at the chain the next time."""
    with DevChain("--mine", "manual") as chain:
        board = Board(private_dir / "board")
        w = World(bin_dir, private_dir / "c", chain=chain)
        w.daemon.env |= {"LD_PRELOAD": str(compile_shim(private_dir)), "KILLPOINT_BOARD": str(board.path)}
        w.daemon.configure(limits={"max_chain_age": "1h"})
        try:
            w.begin()
            # The next look gets no answer, and after that none is due for ten minutes.
            stuck = {"hold": "before"}
            chain.rpc("dev_setFaults", {"methods": {"eth_getBlockByNumber": stuck, "eth_getLogs": stuck}})
            assert chain.rpc("dev_awaitHeld", 1, 30_000)
            w.daemon.network |= {"poll_interval": "10m"}
            w.daemon.configure(limits={"max_chain_age": "1h"})
            assert w.daemon.post("/v1/reload").status == 200
            board.pass_time(HOUR - 60)
            assert w.daemon.get("/v1/key").status == 200
            board.pass_time(120)
            answer = w.daemon.get("/v1/key")
            assert answer.status == 503 and answer.json["error"]["code"] == "chain_stale"
            assert w.daemon.get("/v1/health").status == 503
        finally:
            w.close()
