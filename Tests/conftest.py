"""Fixtures of all Python tests: a dev chain that the session shares, as new for each test, and chains of one's own."""

import pytest

from support.contracts import ApiKeys
from support.devchain import DevChain, throwaway_account


@pytest.fixture(scope="session")
def shared_chain():
    with DevChain() as chain:
        yield chain


@pytest.fixture
def chain(shared_chain):
    """The session's chain; whatever the test does to it is undone."""
    number = shared_chain.rpc("evm_snapshot")
    yield shared_chain
    shared_chain.rpc("dev_clearFaults")
    shared_chain.rpc("dev_resumeMining")
    assert shared_chain.rpc("evm_revert", number), "the test has thrown out the block it began with"
    shared_chain.rpc("evm_setAutomine", True)


@pytest.fixture
def start_chain():
    """Starts chains with options of the test's own; they end with the test."""
    started = []

    def start(*arguments, **options) -> DevChain:
        started.append(DevChain(*arguments, **options))
        return started[-1]

    yield start
    for chain in reversed(started):
        chain.stop()


@pytest.fixture
def api_keys(chain) -> ApiKeys:
    return ApiKeys.deploy(chain)


@pytest.fixture
def owner():
    return throwaway_account(2)


@pytest.fixture
def other():
    return throwaway_account(3)
