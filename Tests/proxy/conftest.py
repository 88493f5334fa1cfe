"""Fixtures of the proxy's tests: a daemon with a key, a proxy in front of a scripted model server, OpenAI's clients."""

import json
import pathlib
import shutil
import tempfile

import httpx2
import openai
import pytest

# What the end-to-end tests use as well.
from endtoend.conftest import bin_dir, keys_on, make_daemon, own_chain, private_dir  # noqa: F401
from support.contracts import ApiKeys
from support.daemon import Answer, Daemon, ask
from support.devchain import DevChain
from support.mining import mining
from support.places import binaries
from support.scripted_model import ScriptedModel


class Proxy:
    """A daemon's proxy, from outside."""

    def __init__(self, daemon: Daemon, model: ScriptedModel):
        self.daemon, self.model = daemon, model
        self.clients: list[openai.OpenAI] = []
        self.socket = daemon.folder / "proxy.sock"

    def token(self, *arguments) -> dict:
        return json.loads(self.daemon.orakey("token", "--json", *arguments).stdout)

    @property
    def base_url(self) -> str:
        return self.token()["base_url"]

    @property
    def port(self) -> int:
        return httpx2.URL(self.base_url).port

    def key(self) -> str:
        return self.daemon.orakey("get").stdout.strip()

    def ask(self, method: str, target: str, body=None, headers=None) -> Answer:
        return ask(self.socket, method, target, body, headers)

    def client(self, consumer=None, **options) -> openai.OpenAI:
        """Unchanged but for base_url and api_key."""
        token = self.token(*(["--consumer", consumer] if consumer else []))
        self.clients.append(openai.OpenAI(
            base_url=token["base_url"], api_key=token["token"], **{"max_retries": 0, **options}))
        return self.clients[-1]

    def async_client(self, **options) -> openai.AsyncOpenAI:
        token = self.token()
        return openai.AsyncOpenAI(base_url=token["base_url"], api_key=token["token"], **{"max_retries": 0, **options})

    def socket_client(self) -> openai.OpenAI:
        client = httpx2.Client(transport=httpx2.HTTPTransport(uds=str(self.socket)))
        self.clients.append(openai.OpenAI(
            base_url="http://localhost/v1", api_key="not needed here", http_client=client, max_retries=0))
        return self.clients[-1]

    def close(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def usage(self) -> list[dict]:
        return json.loads(self.daemon.orakey("usage", "--json").stdout)["usage"]

    def exchanges(self) -> list[dict]:
        return json.loads(self.daemon.orakey("usage", "--exchanges", "1000", "--json").stdout)["exchanges"]


def start(daemon: Daemon, model: ScriptedModel, consumers=None, **settings) -> Proxy:
    """Starts a daemon with a proxy in front of that model server."""
    daemon.consumers = consumers
    daemon.configure(proxy={"socket": str(daemon.folder / "proxy.sock"), "port": 0, "upstream": model.url, **settings})
    daemon.chain.rpc("evm_setAutomine", True)
    daemon.start()
    return Proxy(daemon, model)


@pytest.fixture
def make_proxy(own_chain, make_daemon):  # noqa: F811
    """Starts a daemon of the test's own: make_proxy(), with further settings of `proxy:` as keywords."""
    with mining(own_chain), ScriptedModel() as model:
        made = []

        def make(consumers=None, **settings) -> Proxy:
            made.append(start(make_daemon(own_chain, pool={"target": 4}), model, consumers, **settings))
            return made[-1]

        yield make
        for proxy in made:
            proxy.close()
            proxy.daemon.stop()


@pytest.fixture(scope="module")
def standing():
    """The proxy that the tests of a module share; its one consumer, this user, has a key."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    with DevChain() as chain, mining(chain), ScriptedModel() as model:
        daemon = Daemon(binaries(), folder, chain, ApiKeys.deploy(chain), pool={"target": 4})
        daemon.fund(daemon.make_wallet())
        made = start(daemon, model)
        try:
            daemon.wait_for_key()
            yield made
        finally:
            daemon.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def proxy(standing):
    """That proxy, in front of a model server that has seen nothing yet."""
    standing.model.reset()
    yield standing
    standing.close()
