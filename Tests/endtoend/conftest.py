"""Fixtures for tests that drive the real binaries: a private chain, contracts, folders, and where the programs are."""

import os
import pathlib
import shutil
import tempfile

import pytest
from support.contracts import ApiKeys, Contract
from support.daemon import Daemon
from support.places import binaries

PROGRAMS = ("orakeyd", "orakey", "orakey-cli", "orakey-gateway")


@pytest.fixture(scope="session")
def bin_dir() -> pathlib.Path:
    """The folder of the programs under test ($ORAKEY_BIN, else the debug build); fails where one is missing."""
    folder = binaries()
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        pytest.fail(f"{', '.join(missing)} not found in {folder}: run `swift build`, or set ORAKEY_BIN", pytrace=False)
    return folder


@pytest.fixture
def own_chain(start_chain):
    """A chain of the test's own, for daemons that must not meet another test's blocks."""
    return start_chain()


@pytest.fixture
def keys_on(request):
    """Deploys a contract on a chain, without the product's help: keys_on(chain), keys_on(chain, "MinimalKeys")."""

    def deploy(chain, name: str = "ApiKeys") -> Contract:
        return (Contract if name == "MinimalKeys" else ApiKeys).deploy(chain, name)

    return deploy


@pytest.fixture
def private_dir():
    """An empty folder, mode 0700, with a path short enough for Unix sockets (108 bytes), which pytest's own is not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_daemon(bin_dir, private_dir, keys_on):
    """Sets up orakeyd on a chain: make_daemon(chain), with networks.BASE settings as keywords; stopped after the test."""
    made = []

    def make(chain, contract=None, folder=None, **network) -> Daemon:
        folder = private_dir / f"d{len(made)}" if folder is None else folder
        folder.mkdir(mode=0o700, exist_ok=True)
        daemon = Daemon(bin_dir, folder, chain, contract or keys_on(chain), **network)
        made.append(daemon)
        daemon.fund(daemon.make_wallet())
        daemon.configure()
        return daemon

    yield make
    for daemon in made:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.stop()
