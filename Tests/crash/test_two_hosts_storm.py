"""Two daemons on one account in a storm: both create, rotate and revoke at once, either is killed at a random place while
the other goes on, and the chain takes blocks back. Afterwards each intent has had one effect, and both hosts say what the
chain says.

ORAKEY_SEED repeats the choices, ORAKEY_STORM sets the number of rounds. The places of death are numbered: see killpoint.c.
"""

import concurrent.futures
import os
import random
import secrets

import pytest
from support.daemon import eventually

from crash.harness import GONE, SETTLE_SECONDS, Board, all_intents, compile_shim
from crash.test_two_hosts import at_rest, check_pair
from crash.world import DEPTH, World

ROUNDS = int(os.environ.get("ORAKEY_STORM", "14"))
# A start that is killed again and again would make no progress; most of the time nobody is doomed.
DOOM, REORG = 0.4, 0.35
LAST_PLACE = 90


class Host:
    """One of the two, with a client that repeats each call until there is a reply."""

    def __init__(self, world: World, board: Board):
        self.world, self.daemon, self.board = world, world.daemon, board
        self.calls: list[concurrent.futures.Future] = []
        self.kills = 0

    def revive(self):
        if self.daemon.lives:
            return
        self.board.arm(False)
        if self.daemon.process is not None:
            assert self.daemon.process.returncode == -9, self.daemon.tail()
            self.daemon.log.close()
            self.kills += 1
        self.daemon.start()

    def doom(self, place: int):
        self.board.reset(place)
        self.board.arm(True)

    def call(self, target: str, body: dict) -> tuple[dict, dict | None]:
        headers = {"Idempotency-Key": secrets.token_hex(8)}

        def reply():
            try:
                return self.daemon.post(target, body, headers=headers, timeout=30)
            except GONE:
                return None

        answer = eventually(f"a reply to {target} {body}", reply, SETTLE_SECONDS)
        # Between its last key and the next a consumer has none to be revoked.
        nothing = target == "/v1/revoke" and answer.status == 404 and answer.json["error"]["code"] == "unknown_key"
        assert nothing or answer.status == 202, answer
        return body, None if nothing else answer.json

    # A death that was under way when the board was disarmed may show only later.

    def is_answered(self) -> bool:
        self.revive()
        return all(call.done() for call in self.calls)

    def rests(self) -> bool:
        self.revive()
        try:
            return at_rest(self.world)
        except GONE:
            return False

    def has_seen(self, block: int) -> bool:
        try:
            return (self.daemon.status()["head"] or 0) >= block
        except GONE:
            return True


@pytest.fixture
def hosts(bin_dir, private_dir):
    shim = compile_shim(private_dir)
    options = {"shared_wallet": True, "pool": {"target": 2}}
    worlds = []
    for name in "ab":
        first = {"wallet": worlds[0].daemon.account, "chain": worlds[0].chain, "contract": worlds[0].contract} if worlds else {}
        worlds.append(World(bin_dir, private_dir / name, **first, **options))
    boards = [Board(private_dir / f"board-{name}") for name in "ab"]
    for w, board in zip(worlds, boards):
        w.daemon.env |= {"LD_PRELOAD": str(shim), "KILLPOINT_BOARD": str(board.path)}
    yield [Host(w, board) for w, board in zip(worlds, boards)]
    for w in reversed(worlds):
        w.close()


def operation(dice: random.Random, world: World) -> tuple[str, dict]:
    """For a host that may not know of the key yet, or have it from the other, which may be revoking it as well."""
    anyone = world.contract.message(dice.randint(1, world.contract.view("keyCount", world.owner)))
    return dice.choice([
        ("/v1/keys", {"count": dice.randint(1, 3)}),
        ("/v1/rotate", {"grace_seconds": 0}),
        ("/v1/revoke", {"consumer": "default", "reason": "leaked"}),
        ("/v1/revoke", {"message": "0x" + anyone.hex(), "reason": "found in a repository"}),
    ])


def take_back(chain, dice: random.Random):
    """Fewer blocks than a confirmation takes; of their transactions some are lost, some wait in the pool again."""
    depth = dice.randint(1, DEPTH - 1)
    head = chain.head()
    fates = {"lose": [], "hold": []}
    for number in range(max(0, head - depth + 1), head + 1):
        for transaction in chain.rpc("eth_getBlockByNumber", hex(number), False)["transactions"]:
            fate = dice.choice(["lose", "hold", None])
            if fate:
                fates[fate].append(transaction)
    chain.rpc("dev_reorg", depth, fates)


def rage(hosts: list[Host], chain, dice: random.Random):
    with concurrent.futures.ThreadPoolExecutor(4 * len(hosts)) as clients:
        for _ in range(ROUNDS):
            # Both ask for the same now and then: to revoke one and the same key, if it is that.
            asked = operation(dice, hosts[0].world)
            for host in hosts:
                host.revive()
                host.calls.append(clients.submit(host.call, *asked))
                asked = dice.choice([asked, operation(dice, host.world)])
            if dice.random() < DOOM:
                dice.choice(hosts).doom(dice.randint(1, LAST_PLACE))
            chain.rpc("evm_mine")
            if dice.random() < REORG:
                take_back(chain, dice)
            head = chain.head()
            eventually(f"block {head} is seen", lambda: any(host.has_seen(head) for host in hosts))
        for host in hosts:
            host.board.arm(False)
        # A call repeats itself until there is a reply, whoever has to be started again for it.
        for host in hosts:
            eventually("each call has its reply", host.is_answered, SETTLE_SECONDS)
        for host in hosts:
            host.calls = [call.result() for call in host.calls]


def test_a_storm_over_two_hosts(hosts):
    seed = int(os.environ.get("ORAKEY_SEED") or random.getrandbits(32))
    print(f"\nORAKEY_SEED={seed}")
    chain = hosts[0].world.chain
    try:
        for host in hosts:
            host.daemon.start()
        with hosts[0].world.blocks():
            eventually("both have a key and a pool", lambda: all(at_rest(h.world) for h in hosts), SETTLE_SECONDS)
        rage(hosts, chain, random.Random(seed))
        with hosts[0].world.blocks():
            eventually("both have come to rest", lambda: all(host.rests() for host in hosts), SETTLE_SECONDS)
        for host in hosts:
            host.world.mine(DEPTH + 1)
        for host in hosts:
            host.world.sees_head()
        check_pair(*(host.world for host in hosts))
        for host in hosts:
            check_calls(host)
            assert not host.daemon.alarms(), host.daemon.status()["alarms"]
    except BaseException as error:
        for host in hosts:
            error.add_note(host.daemon.tail())
        raise
    print(f"{sum(h.kills for h in hosts)} kills, {chain.head()} blocks")


def check_calls(host: Host):
    """Each create that was asked for made as many keys as it was to, however often the call was repeated."""
    intents = {intent["id"]: intent for intent in all_intents(host.daemon)}
    asked = set()
    for body, reply in host.calls:
        if reply is not None and "count" in body:
            (number,) = reply["intents"]
            assert len(intents[number]["messages"]) == body["count"] and number not in asked
            asked.add(number)
