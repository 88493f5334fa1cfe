"""Rotation against commits of SQLite, creates against pre-signed transactions, and how often the chain is asked."""

import contextlib
import http.client
import json
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from eth_account import Account  # noqa: E402
from support.contracts import ApiKeys  # noqa: E402
from support.daemon import UnixConnection, eventually  # noqa: E402
from support.devchain import DevChain  # noqa: E402
from support.looks import calls_per_look, logged  # noqa: E402
from support.mining import mining  # noqa: E402
from support.places import binaries  # noqa: E402
from support.quick import QuickDaemon  # noqa: E402

ROTATIONS = 31
COMMITS = 301
CREATES = 500
TURNS = 3
BLOCKS = 40
KEYS = 1_000_000


# Budgets that were missed.
MISSED: list[str] = []


def row(what: str, ours: str, peer: str, ratio: str, budget: str, kept: bool):
    if not kept:
        MISSED.append(what)
    print(f"{what:52} {ours:>12} {peer:>12} {ratio:>8}   {budget}{'' if kept else ' MISSED'}", flush=True)


@contextlib.contextmanager
def running(chain: DevChain, folder: pathlib.Path, **network):
    """A daemon on the chain, with its first key and a full pool."""
    folder.mkdir(mode=0o700)
    daemon = QuickDaemon(binaries(), folder, chain, ApiKeys.deploy(chain), **network)
    daemon.fund(daemon.make_wallet(), 10**21)
    daemon.configure()
    # A word of YAML, where JSON has only strings.
    daemon.config.write_text(daemon.config.read_text().replace('"safe"', "safe"))
    daemon.start("--log-level", "warning")
    try:
        yield daemon
    finally:
        daemon.stop()


def is_full(daemon) -> bool:
    pool = daemon.status()["pool"]
    return pool["ready"] >= pool["target"] and daemon.get("/v1/key").status == 200


# Rotation


class Watcher:
    """Reads a consumer's stream and notes when each key came."""

    def __init__(self, daemon):
        self.connection = UnixConnection(daemon.agent)
        self.connection.request("GET", "/v1/watch")
        self.response = self.connection.getresponse()
        self.came, self.message, self.arrived = 0.0, None, threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        name = None
        with contextlib.suppress(OSError, ValueError, AttributeError):
            while line := self.response.fp.readline():
                if line.startswith(b"event: "):
                    name = line[7:].strip()
                elif line.startswith(b"data: ") and name == b"key":
                    self.came = time.perf_counter()
                    self.message = json.loads(line[6:])["message"]
                    self.arrived.set()


def commits(folder: pathlib.Path) -> float:
    """Seconds for a small durable commit, the median."""
    database = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB)")
    times = []
    for number in range(COMMITS):
        start = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for part in range(3):
            database.execute("INSERT INTO t VALUES (?, ?)", (number * 3 + part, bytes(200)))
        database.execute("COMMIT")
        times.append(time.perf_counter() - start)
    database.close()
    return statistics.median(times)


def rotation(chain: DevChain, folder: pathlib.Path):
    with running(chain, folder, pool={"target": ROTATIONS + 5}, poll_interval="2s") as daemon:
        with mining(chain, 0.1):
            eventually("the pool is full", lambda: is_full(daemon), 120)
            daemon.settle()
        watcher = Watcher(daemon)
        assert watcher.arrived.wait(30)
        control = UnixConnection(daemon.control)
        times = []
        for _ in range(ROTATIONS):
            watcher.arrived.clear()
            start = time.perf_counter()
            control.request("POST", "/v1/rotate", b'{"grace_seconds":3600}')
            answer = control.getresponse()
            assert answer.status == 202, answer.read()
            answer.read()
            assert watcher.arrived.wait(30)
            times.append(watcher.came - start)
        commit = commits(folder)
    took, budget = statistics.median(times), 3 * commit + 0.002
    row("rotation with a filled pool, to the watcher's stream", f"{took * 1e3:.2f} ms", f"{commit * 1e3:.2f} ms",
        f"{took / budget:.2f}x", f"at most 3 commits + 2 ms = {budget * 1e3:.2f} ms", took <= budget)


# Creates


def nonce(chain: DevChain, address: str) -> int:
    return int(chain.rpc("eth_getTransactionCount", address, "latest"), 16)


def presigned(chain: DevChain, contract: ApiKeys) -> float:
    """Keys per second: one transaction each, signed beforehand, sent one after the other on one connection."""
    account = Account.create()
    chain.rpc("anvil_setBalance", account.address, hex(10**21))
    data = contract.data("createKey")
    raw = [chain.sign(account, contract.address, data, nonce=n, gas=200_000) for n in range(CREATES)]
    bodies = [json.dumps(chain.request("eth_sendRawTransaction", r)) for r in raw]
    host = urllib.parse.urlsplit(chain.url)
    connection = http.client.HTTPConnection(host.hostname, host.port)
    start = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
    eventually("all are mined", lambda: nonce(chain, account.address) == CREATES, 300)
    took = time.perf_counter() - start
    assert contract.view("keyCount", account.address) == CREATES
    return CREATES / took


def through_the_daemon(daemon, calls: list[int]) -> float:
    before = daemon.contract.view("keyCount", daemon.address)
    connection = UnixConnection(daemon.control, timeout=300)
    start = time.perf_counter()
    for count in calls:
        connection.request("POST", "/v1/keys", json.dumps({"count": count}))
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        answer.read()
    eventually("all are on chain", lambda: daemon.contract.view("keyCount", daemon.address) == before + CREATES, 600)
    took = time.perf_counter() - start
    daemon.settle(300)
    return CREATES / took


def creates(chain: DevChain, folder: pathlib.Path):
    forms = {f"{CREATES} creates in one call": [CREATES], f"{CREATES} creates in {CREATES} calls": [1] * CREATES}
    with running(chain, folder, pool={"target": 0}, poll_interval="500ms") as daemon, mining(chain, 0.2):
        eventually("the first key is there", lambda: is_full(daemon), 120)
        daemon.settle()
        turns = {form: [] for form in forms}
        for _ in range(TURNS):
            for form, calls in forms.items():
                plain = presigned(chain, daemon.contract)
                turns[form].append((through_the_daemon(daemon, calls), plain))
    for form, pairs in turns.items():
        ours, plain = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(a / b for a, b in pairs)
        row(form, f"{ours:.0f}/s", f"{plain:.0f}/s", f"{ratio:.2f}x", "at least 0.80x of a plain script", ratio >= 0.8)


# Calls


def idle(folder: pathlib.Path, step: int, **network):
    """Counted by the chain, from one look to the next."""
    log = folder / f"rpc{step}.log"
    with DevChain("--log-rpc", log) as chain, running(
            chain, folder / f"i{step}", pool={"target": 1}, poll_interval="100ms", **network) as daemon:
        with mining(chain, 0.1):
            eventually("the pool is full", lambda: is_full(daemon), 120)
            daemon.settle()
        chain.rpc("evm_mine", 8)
        eventually("the head is seen", lambda: daemon.status()["head"] == chain.head())
        first = len(logged(log))
        for number in range(BLOCKS):
            chain.rpc("evm_mine", step)
            eventually("the block is seen", lambda: daemon.status()["head"] == chain.head())
        looks = [len(calls) for calls in calls_per_look(logged(log)[first:])]
    what = ", ".join([f"{step} new block{'s' if step > 1 else ''} each", *map(str, network.values())])
    row(f"calls for a poll of an idle network, {what}", f"{max(looks)} at most", "", "", "at most 2", max(looks) <= 2)
    print(f"  {statistics.mean(looks):.2f} on average of {len(looks)}", flush=True)


def eth_calls(chain: DevChain) -> int:
    return sum(n for method, n in chain.rpc("dev_calls")["methods"].items() if method.startswith("eth_"))


def first_sync(chain: DevChain, folder: pathlib.Path):
    folder.mkdir(mode=0o700)
    daemon = QuickDaemon(binaries(), folder, chain, ApiKeys.deploy(chain), pool={"target": 0})
    daemon.fund(daemon.make_wallet())
    daemon.configure(consumers=[])
    daemon.contract.set_up_keys(daemon.address, KEYS, {0: 0b101})
    chain.rpc("evm_mine", 3)
    before, start = eth_calls(chain), time.perf_counter()
    daemon.start("--log-level", "warning")
    try:
        eventually("the head is seen", lambda: daemon.status()["head"], 600)
        took, used = time.perf_counter() - start, eth_calls(chain) - before
    finally:
        daemon.stop()
    count = sqlite3.connect(folder / "state" / "journal.sqlite").execute("SELECT count(*) FROM key").fetchone()[0]
    assert count == KEYS, count
    row(f"first sync of {KEYS:,} keys ({took:.1f} s)", f"{used} calls", "", "", "at most 64 calls", used <= 64)


def main() -> int:
    print(f"{'what':52} {'orakeyd':>12} {'peer':>12} {'ratio':>8}   budget")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    try:
        with DevChain() as chain:
            rotation(chain, folder / "r")
            creates(chain, folder / "c")
            first_sync(chain, folder / "s")
        idle(folder, 1)
        idle(folder, 3)
        idle(folder, 2, confirmations="safe")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if MISSED else 0


if __name__ == "__main__":
    sys.exit(main())
