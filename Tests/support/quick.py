"""Daemons that start at once: a key file whose key stretching is one round, and a chain that a module's tests share."""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import threading
import types

import pytest
from eth_account import Account

from .contracts import ApiKeys
from .daemon import PASSPHRASE, Daemon
from .devchain import DevChain
from .mining import mining

# Nothing listens there: ports below 1024 are root's, and this one is unassigned.
DEAD_ENDPOINT = "http://127.0.0.1:4"


def key_file(private_key: bytes, passphrase: str = PASSPHRASE, **options) -> dict:
    """Web3 Secret Storage by an outside implementation, with one round of PBKDF2: quick to open, worthless as a guard."""
    return Account.encrypt(private_key, passphrase, **(options or {"kdf": "pbkdf2", "iterations": 1}))


class QuickDaemon(Daemon):
    """The daemon of support/daemon.py with a wallet that costs no time."""

    def make_wallet(self) -> str:
        self.private_key = secrets.token_bytes(32)
        self.write_wallet(key_file(self.private_key))
        return self.address

    def write_wallet(self, content: dict | str):
        self.wallet.write_text(content if isinstance(content, str) else json.dumps(content))
        self.wallet.chmod(0o600)

    @property
    def address(self) -> str:
        return Account.from_key(self.private_key).address

    def fails(self, *arguments, unlocked=True) -> subprocess.CompletedProcess:
        """Runs a daemon that is to end by itself."""
        secret = ["--passphrase-file", self.passphrase] if unlocked else []
        return subprocess.run(
            [str(a) for a in (self.programs / "orakeyd", "--config", self.config, "--state-dir", self.folder / "state",
                              *secret, *arguments)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self.env, timeout=20)


class Farm:
    """Makes daemons, each in a folder of its own, and stops them all."""

    def __init__(self, programs, folder, chain, contract):
        self.programs, self.folder, self.chain, self.contract = programs, folder, chain, contract
        self.made: list[QuickDaemon] = []

    def make(self, fund=10**18, contract=True, endpoint="", **network) -> QuickDaemon:
        folder = self.folder / f"d{len(self.made)}"
        folder.mkdir(mode=0o700)
        daemon = QuickDaemon(
            self.programs, folder, self.chain, self.contract if contract else None,
            **{"pool": {"target": 0}, "rpc": [f"{self.chain.url}/{endpoint}"], **network})
        self.made.append(daemon)
        address = daemon.make_wallet()
        if fund and isinstance(self.chain, DevChain):
            daemon.fund(address, fund)
        daemon.configure()
        return daemon

    def stop(self):
        for daemon in self.made:
            if daemon.process is not None:
                daemon.stop()


class SharedChain:
    """A chain with the reference contract on it."""

    def __init__(self):
        self.chain = DevChain()
        self.contract = ApiKeys.deploy(self.chain)


@pytest.fixture(scope="module")
def world():
    """The module's chain, which mines a block every 0.2 s."""
    shared = SharedChain()
    with shared.chain, mining(shared.chain):
        yield shared


@pytest.fixture
def farm(bin_dir, private_dir, world):
    """Daemons on the module's chain."""
    farm = Farm(bin_dir, private_dir, world.chain, world.contract)
    yield farm
    farm.stop()


@pytest.fixture(scope="module")
def served(bin_dir, world):
    """One daemon with a key, for tests that leave it as it was."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    farm = Farm(bin_dir, folder, world.chain, world.contract)
    daemon = farm.make()
    daemon.start()
    daemon.wait_for_key()
    yield daemon
    farm.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def chainless(bin_dir, private_dir):
    """Daemons whose only endpoint is dead."""
    chain = types.SimpleNamespace(chain_id=31337, url=DEAD_ENDPOINT)
    contract = types.SimpleNamespace(address="0x" + "11" * 20)
    farm = Farm(bin_dir, private_dir, chain, contract)
    yield farm
    farm.stop()


@contextlib.contextmanager
def in_thread(work):
    """Runs `work` beside the body; its result is in the list that the body gets, after the body has ended."""
    results: list = []
    thread = threading.Thread(target=lambda: results.append(work()), daemon=True)
    thread.start()
    yield results
    thread.join(60)


# Users for whom there need be no account.
STRANGER, CONSUMER_A, CONSUMER_B = 61_001, 61_002, 61_003

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="several users take root")


def curl_as(user: int, socket, target: str, *arguments, groups=()) -> tuple[int, bytes]:
    """(status, body) of a request by another user; status 0 without an answer."""
    run = subprocess.run(
        ["curl", "-s", "--max-time", "30", "-w", "\n%{http_code}", "--unix-socket", str(socket), *arguments,
         f"http://localhost{target}"],
        capture_output=True, user=user, group=user, extra_groups=list(groups), env={"PATH": os.environ["PATH"]})
    body, _, status = run.stdout.rpartition(b"\n")
    return int(status), body
