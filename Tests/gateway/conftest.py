"""Fixtures of the gateway's tests: a chain of the test's own, its contract, and gateways on it."""

import json
import os
import pathlib

import pytest
from support.contracts import ApiKeys
from support.gateway import Gateway
from support.keytext import key_text
from support.places import binaries
from support.scriptedbackend import ScriptedBackend, whole

from .service import BACKEND_KEY, RESULTS

POLL = "200ms"


@pytest.fixture(scope="session")
def program() -> pathlib.Path:
    path = binaries() / "orakey-gateway"
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} not found: run `swift build`, or set ORAKEY_BIN", pytrace=False)
    return path


@pytest.fixture
def own_chain(start_chain):
    return start_chain()


@pytest.fixture
def backend():
    """A model server of the test's own."""
    server = ScriptedBackend()
    yield server
    server.stop()


@pytest.fixture
def contract(own_chain) -> ApiKeys:
    return ApiKeys.deploy(own_chain)


def network_of(contract, **settings) -> dict:
    return {
        "chain_id": contract.chain.chain_id, "rpc": [contract.chain.url], "contract": contract.address,
        "poll_interval": POLL, **settings,
    }


@pytest.fixture
def make_gateway(program, tmp_path):
    """make_gateway({"BASE": network_of(contract)}, **settings): configured, not started; ends with the test."""
    made = []

    def make(networks: dict, **settings) -> Gateway:
        folder = tmp_path / f"gateway{len(made)}"
        folder.mkdir()
        made.append(Gateway(program, folder, networks, **settings))
        return made[-1]

    yield make
    for gateway in reversed(made):
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.stop()


@pytest.fixture
def gateway(make_gateway, contract) -> Gateway:
    """One gateway on one contract, following it."""
    return make_gateway({"BASE": network_of(contract)}).start()


class Owner:
    """A wallet with keys on a contract."""

    def __init__(self, account, contract, network="BASE"):
        self.account, self.contract, self.network = account, contract, network

    def create(self, count=1) -> list[str]:
        """Keys that are on the chain by now."""
        before = self.contract.view("keyCount", self.account.address)
        if count == 1:
            self.contract.transact(self.account, "createKey")
        else:
            self.contract.transact(self.account, "createKeys", count)
        return [self.text(before + n) for n in range(1, count + 1)]

    def text(self, n: int, network=None) -> str:
        return key_text(network or self.network, self.account, self.contract.message(n))

    def disable(self, n: int) -> str:
        """The transaction."""
        return self.contract.transact(self.account, "disableKey", self.contract.message(n))["transactionHash"]


@pytest.fixture
def key_owner(owner, contract) -> Owner:
    return Owner(owner, contract)


@pytest.fixture
def second_backend():
    server = ScriptedBackend()
    yield server
    server.stop()


@pytest.fixture
def serve(make_gateway, contract, key_owner, own_chain, backend, second_backend, tmp_path):
    """serve(**settings): a gateway before both backends, and a key that is good there."""

    def serve(**settings):
        secret = tmp_path / "backend.key"
        secret.write_text(BACKEND_KEY + "\n")
        secret.chmod(0o600)
        gateway = make_gateway(
            {"BASE": network_of(contract)},
            backends={"text": {"url": backend.url, "key_file": str(secret)}, "images": {"url": second_backend.url}},
            models={"tiny": "text", "vendor/Painter-1": "images", "vendor/Film-1": "images"}, **settings).start()
        [gateway.key] = key_owner.create()
        gateway.follows(own_chain.head())
        return gateway

    return serve


@pytest.fixture
def search_service():
    server = ScriptedBackend()
    server.answer = lambda asked, send: send(whole(200, json.dumps(RESULTS).encode()))
    yield server
    server.stop()
