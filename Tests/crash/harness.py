"""orakeyd killed at numbered places, started again, and held to its promises."""

import http.client
import json
import mmap
import os
import pathlib
import secrets
import shutil
import struct
import subprocess

from eth_account import Account
from support.contracts import ApiKeys
from support.daemon import PASSPHRASE, Daemon, eventually
from support.devchain import DevChain
from support.mining import mining

ALIVE = {"pooled", "current", "retiring", "pending", "recovered", "foreign"}
FINAL = {"confirmed", "failed", "cancelled"}
SETTLE_SECONDS = 90
BLOCK_SECONDS = 0.08
# While one of these is true, nobody answers.
GONE = (ConnectionError, FileNotFoundError, http.client.HTTPException, TimeoutError)


def compiler() -> str:
    """The system's C compiler, else the one that every Swift toolchain brings."""
    beside_swift = pathlib.Path(shutil.which(os.environ.get("SWIFT", "swift")) or "/").resolve().with_name("clang")
    return shutil.which("cc") or shutil.which("clang") or str(beside_swift)


def compile_shim(folder: pathlib.Path) -> pathlib.Path:
    source, library = pathlib.Path(__file__).with_name("killpoint.c"), folder / "killpoint.so"
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler(), *flags, "-o", library, source, "-ldl"], check=True)
    return library


class Board:
    """What the shim and the test share: six words and a text in a file, see killpoint.c."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.write_bytes(bytes(4096))
        with path.open("r+b") as file:
            self._words = mmap.mmap(file.fileno(), 4096)

    def reset(self, kill_at: int | str):
        """Death at that number, or at the first place of that kind and method."""
        number, name = (0, kill_at) if isinstance(kill_at, str) else (kill_at, "")
        self._words[:12] = struct.pack("=III", 0, 0, number)
        self._words[24:88] = struct.pack("=64s", name.encode())

    def count_from_here(self):
        """The next place is number 1."""
        self._words[4:8] = struct.pack("=I", 0)

    def arm(self, on: bool):
        self._words[:4] = struct.pack("=I", on)

    def break_disk(self, error: int):
        """Writing the journal fails with this errno; 0 mends it."""
        self._words[12:16] = struct.pack("=I", error)

    def set_clock(self, seconds: int):
        """The host's clock is wrong by so much from now on."""
        self._words[16:20] = struct.pack("=i", seconds)

    def pass_time(self, seconds: int):
        """So much time has passed, in no time at all."""
        passed = struct.unpack("=i", self._words[20:24])[0]
        self._words[20:24] = struct.pack("=i", passed + seconds)


class LightDaemon(Daemon):
    """A daemon whose wallet opens in no time: hundreds of starts are what these tests are made of."""

    def make_wallet(self, account=None) -> str:
        self.account = account or Account.create()
        keystore = Account.encrypt(self.account.key, PASSPHRASE, kdf="pbkdf2", iterations=1)
        self.wallet.write_text(json.dumps(keystore))
        self.wallet.chmod(0o600)
        self.owner = self.account.address
        return self.owner

    @property
    def address(self) -> str:
        return self.owner

    def forget_log(self):
        (self.folder / "orakeyd.log").write_bytes(b"")

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None


def settled(daemon: Daemon) -> bool:
    """Nothing is under way, the pool is full, every consumer has a key."""
    status = daemon.control_get("/v1/status")
    network = status["networks"][0]
    return (
        network["pending_intents"] == 0 and network["pool"]["pending"] == 0
        and network["pool"]["ready"] >= network["pool"]["target"]
        and all(consumer.get("fingerprint") for consumer in status["consumers"])
    )


def all_intents(daemon: Daemon) -> list[dict]:
    found, after = [], ""
    while True:
        page = daemon.control_get(f"/v1/intents?limit=500{after}")
        found += page["intents"]
        if not page.get("next"):
            return found
        after = f"&after={page['next']}"


def chain_keys(contract: ApiKeys, owner: str) -> dict[str, bool]:
    """Every message of the owner, and whether it is active, in the contract's own words."""
    count = contract.view("keyCount", owner)
    messages = [contract.message(n) for n in range(1, count + 1)]
    return {"0x" + m.hex(): contract.view("isActive", owner, m) for m in messages}


def owner_transactions(chain: DevChain, owner: str) -> dict[int, str]:
    """Hash by nonce of everything the owner has on the canonical chain, read block by block; not what only takes a nonce."""
    found = {}
    for number in range(chain.head() + 1):
        for transaction in chain.rpc("eth_getBlockByNumber", hex(number), True)["transactions"]:
            does_nothing = transaction["to"] == transaction["from"] and transaction["input"] == "0x"
            if transaction["from"].lower() == owner.lower() and not does_nothing:
                found[int(transaction["nonce"], 16)] = transaction["hash"]
    return found


def check_promises(daemon: Daemon, *, alarms=frozenset(), foreign=frozenset()):
    """One effect for each intent, nothing forgotten, local state = chain state, no alarm but the expected.

    `foreign` are hashes of transactions that the owner has on chain and this host did not send."""
    intents, local = all_intents(daemon), {k["message"]: k for k in daemon.keys()}
    open_ones = [i for i in intents if i["state"] not in FINAL]
    assert not open_ones, f"open intents: {open_ones}"
    check_keys(intents, local, chain_keys(daemon.contract, daemon.owner), foreign)
    check_transactions(intents, owner_transactions(daemon.chain, daemon.owner), set(foreign))
    assert daemon.alarms() <= set(alarms), daemon.status()["alarms"]


def check_keys(intents: list[dict], local: dict[str, dict], on_chain: dict[str, bool], foreign):
    known = {m for m, key in local.items() if key["state"] != "orphaned"}
    assert known == set(on_chain), f"only here {known - set(on_chain)}, only on chain {set(on_chain) - known}"
    for message, active in on_chain.items():
        state = local[message]["state"]
        assert active == (state in ALIVE), f"{message} is {'active' if active else 'dead'} on chain and {state} here"
    # The messages of confirmed creates are disjoint, and together exactly the chain's own.
    created = [m for i in intents if i["kind"] == "create" and i["state"] == "confirmed" for m in i["messages"]]
    assert len(created) == len(set(created)), "a message belongs to two creates"
    assert set(created) <= set(on_chain), "a create confirmed what the chain does not have"
    strange = {m for m in on_chain if local[m]["created_tx"] in foreign}
    assert set(created) == set(on_chain) - strange, f"keys of no intent: {set(on_chain) - strange - set(created)}"
    assert not {local[m]["state"] for m in strange} & {"pending", "pooled", "current", "retiring"}, "a stranger's key is in use"


def check_transactions(intents: list[dict], mined: dict[int, str], foreign: set[str]):
    """Every transaction of the owner is an attempt of one slot, and every slot has one transaction."""
    attempts = {a["hash"] for i in intents for a in i["attempts"]}
    strangers = set(mined.values()) - attempts - foreign
    assert not strangers, f"transactions of no intent: {strangers}"
    slots = {i["nonce"] for i in intents if i["state"] in ("confirmed", "failed") and i["nonce"] is not None}
    assert slots == {n for n, h in mined.items() if h not in foreign}, f"slots {slots}, chain {mined}"


class Crasher:
    """One prepared wallet, contract and state, to which it goes back before each kill."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path, pool: int):
        folder.mkdir(mode=0o700)
        self.chain = DevChain("--mine", "manual")
        self.chain.rpc("evm_setAutomine", True)
        self.daemon = LightDaemon(
            programs, folder, self.chain, ApiKeys.deploy(self.chain), poll_interval="100ms", pool={"target": pool})
        self.chain.rpc("evm_setAutomine", False)
        self.daemon.fund(self.daemon.make_wallet())
        self.daemon.configure()
        self.board = Board(folder / "board")
        self.plain_env = dict(self.daemon.env)
        self.shim = compile_shim(folder)
        self.points = folder / "points"
        self.pool = pool
        self.daemon.start()
        with mining(self.chain, BLOCK_SECONDS):
            eventually("the first key and the pool are there", lambda: settled(self.daemon), SETTLE_SECONDS)
        assert self.daemon.stop() == 0
        self.state, self.saved = folder / "state", folder / "saved"
        shutil.copytree(self.state, self.saved)
        self.snapshot = self.chain.rpc("evm_snapshot")

    def close(self):
        if self.daemon.lives:
            self.daemon.kill()
        self.chain.stop()

    def go_back(self):
        if self.daemon.lives:
            self.daemon.kill()
        shutil.rmtree(self.state)
        shutil.copytree(self.saved, self.state)
        self.daemon.forget_log()
        assert self.chain.rpc("evm_revert", self.snapshot)
        self.snapshot = self.chain.rpc("evm_snapshot")

    def start(self, kill_at: int | str | None):
        """Ready to be asked; None: without the shim."""
        if kill_at is None:
            self.daemon.env = dict(self.plain_env)
            self.daemon.start()
        else:
            self.board.reset(kill_at)
            self.points.write_bytes(b"")
            self.start_counting()
        eventually("the chain has been looked at", lambda: self.daemon.status()["head"] is not None)

    def ask(self, operation, key: str):
        """The reply, or None where the daemon was killed before it."""
        target, body = operation
        try:
            answer = self.daemon.post(target, body, headers={"Idempotency-Key": key}, timeout=30)
        except GONE:
            return None
        assert answer.status == 202, answer
        return answer.json

    def compare(self, first, second):
        """The reply, if there was one, and what the repeated call got."""
        assert second is not None
        assert first is None or first == second, f"the repeated call was answered otherwise: {first}, {second}"

    def ends(self) -> bool:
        """Dead, or done."""
        if not self.daemon.lives:
            return True
        try:
            return settled(self.daemon)
        except GONE:
            return False

    def enumerate(self, operation) -> list[str]:
        """The names of the places that an undisturbed run passes."""
        self.go_back()
        self.start(kill_at=0)
        self.board.arm(True)
        with mining(self.chain, BLOCK_SECONDS):
            self.ask(operation, "dry")
            eventually("the undisturbed run has settled", self.ends, SETTLE_SECONDS)
        self.board.arm(False)
        names = [line.split(" ", 1)[1] for line in self.points.read_text().splitlines()]
        check_promises(self.daemon)
        return names

    def kill(self, operation, at: int | str, again: int | None = None) -> list[str]:
        """Kills at place `at` of the operation (its number, or its kind and method), and at place `again` of the recovery; then all must come right.

        Returns the names of the places where the process died; none when it was done before."""
        self.go_back()
        key = secrets.token_hex(8)
        died = []
        with mining(self.chain, BLOCK_SECONDS):
            self.start(kill_at=at)
            self.board.arm(True)
            first = self.ask(operation, key)
            eventually("killed, or done", self.ends, SETTLE_SECONDS)
            died += self.reap()
            if again is not None:
                self.board.reset(again)
                self.board.arm(True)
                self.points.write_bytes(b"")
                try:
                    self.start_counting()
                    self.ask(operation, key)
                    eventually("killed again, or done", self.ends, SETTLE_SECONDS)
                except (AssertionError, *GONE):
                    # Dead before it served anyone, or about to be.
                    eventually("it is dead", lambda: not self.daemon.lives)
                died += self.reap()
            self.start(kill_at=None)
            self.compare(first, self.ask(operation, key))
            try:
                eventually("settled after the restart", lambda: settled(self.daemon), SETTLE_SECONDS)
            except AssertionError as error:
                raise AssertionError(f"{error}\nkilled at {died}\n{self.daemon.status()}\n{self.daemon.tail()}") from None
        check_promises(self.daemon)
        return died

    def start_counting(self):
        """With the shim on a board that is set up: places count from the first instruction on."""
        self.daemon.env = dict(self.plain_env) | {
            "LD_PRELOAD": str(self.shim), "KILLPOINT_BOARD": str(self.board.path), "KILLPOINT_LOG": str(self.points)}
        self.daemon.start()

    def reap(self) -> list[str]:
        """The place where the process died, if it did; else it is ended without warning."""
        self.board.arm(False)
        if self.daemon.lives:
            self.daemon.kill()
            return []
        assert self.daemon.process.returncode == -9, self.daemon.tail()
        self.daemon.log.close()
        return [self.points.read_text().splitlines()[-1].split(" ", 1)[1]]


def sampled(names: list[str], wanted: int | None) -> list[int]:
    """Numbers of places to kill at: all but the most similar ones, or about `wanted` of them: one of each name, the rest
    spread evenly."""
    # A commit writes many frames; every third is a place like its neighbours.
    places = [n for n, name in enumerate(names, 1) if not name.startswith("before-write") or n % 3 == 0]
    if wanted is None or wanted >= len(places):
        return places
    by_name: dict[str, list[int]] = {}
    for n in places:
        by_name.setdefault(names[n - 1], []).append(n)
    chosen = {same[len(same) // 2] for same in by_name.values()}
    return sorted(chosen | set(evenly([n for n in places if n not in chosen], wanted - len(chosen))))


def evenly(places: list[int], wanted: int) -> list[int]:
    """So many of them, or all."""
    wanted = min(len(places), max(0, wanted))
    return [places[i * len(places) // wanted] for i in range(wanted)]


def kills_wanted() -> int | None:
    """Kills for each operation: $ORAKEY_KILLS, `all` for every place."""
    asked = os.environ.get("ORAKEY_KILLS", "30")
    return None if asked == "all" else int(asked)
