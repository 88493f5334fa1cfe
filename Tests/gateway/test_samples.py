"""The samples in etc/gateway in a real nginx, Caddy and Envoy, before a real gateway."""

import contextlib
import http.client
import json
import pathlib
import socket
import subprocess

import pytest
from support.daemon import Answer, eventually
from support.debian import program
from support.nginx import nginx
from support.places import ROOT

from .conftest import Owner, network_of

SAMPLES = ROOT / "etc" / "gateway"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Front:
    """nginx as callers see it."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, target, body=None, **headers) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def chat(self, key=None, **headers) -> Answer:
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.ask("POST", "/v1/chat/completions", json.dumps({"model": "m", "messages": []}), **headers)


@contextlib.contextmanager
def caddy(binary: pathlib.Path, folder: pathlib.Path, text: str, answers):
    (folder / "Caddyfile").write_text("{\nadmin off\nauto_https off\n}\n" + text)
    with process(folder, [binary, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"], answers):
        yield


@contextlib.contextmanager
def envoy(binary: pathlib.Path, folder: pathlib.Path, text: str, answers):
    (folder / "envoy.yaml").write_text(text)
    with process(folder, [binary, "-c", folder / "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1"], answers):
        yield


@contextlib.contextmanager
def process(folder: pathlib.Path, command: list, answers):
    with (folder / "error.log").open("wb") as log:
        running = subprocess.Popen(
            command, cwd=folder, env={"HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            eventually("it answers", answers)
            yield
        finally:
            running.terminate()
            running.wait(30)


# The sample, and what runs it.
FRONTS = {"nginx": ("nginx.conf", nginx), "caddy": ("Caddyfile", caddy), "envoy": ("envoy.yaml", envoy)}


def front_program(kind: str) -> pathlib.Path | None:
    """Envoy is no package of Debian's; the tests' environment has it from PyPI."""
    if kind == "envoy":
        import envoy._bin
        return pathlib.Path(envoy._bin.__file__).with_name("envoy")
    return program(kind)


@pytest.fixture(params=FRONTS)
def behind(tmp_path, backend, request):
    """behind(gateway): a web server with the sample, its addresses replaced by the test's."""
    sample, run = FRONTS[request.param]
    binary = front_program(request.param)
    if binary is None:
        pytest.skip(f"there is no {request.param}, and Debian's package can't be fetched: apt-get update")
    running = contextlib.ExitStack()

    def start(gateway) -> Front:
        port = free_port()
        text = (SAMPLES / sample).read_text()
        for old, new in addresses(request.param, gateway.port, port, int(backend.url.rpartition(":")[2])):
            assert old in text
            text = text.replace(old, new)
        front = Front(port)

        def answers():
            try:
                return front.ask("GET", "/").status
            except OSError:
                return None

        front.folder = tmp_path / "front"
        front.folder.mkdir()
        running.enter_context(run(binary, front.folder, text, answers))
        return front

    with running:
        yield start


def addresses(kind: str, gateway: int, port: int, backend: int):
    """What the sample says, and what the test needs."""
    if kind == "envoy":
        return [(f"port_value: {old} ", f"port_value: {new} ") for old, new in ((8787, gateway), (8080, port), (8000, backend))]
    listens = (":8080 {", f"http://127.0.0.1:{port} {{") if kind == "caddy" else ("127.0.0.1:8080", f"127.0.0.1:{port}")
    return [("127.0.0.1:8787", f"127.0.0.1:{gateway}"), listens, ("127.0.0.1:8000", f"127.0.0.1:{backend}")]


def test_good_keys_pass_and_bad_ones_do_not(behind, gateway, backend, key_owner, own_chain):
    front = behind(gateway)
    [key, dead] = key_owner.create(2)
    key_owner.disable(2)
    gateway.follows(own_chain.head())
    answer = front.chat(key, **{"X-Ora-Owner": "0xforged"})
    assert answer.status == 200 and answer.json["choices"]
    [asked] = backend.asked
    assert [value for name, value in asked.headers if name == "x-ora-owner"] == [key_owner.account.address]
    assert asked.header("x-ora-network") == "BASE" and asked.header("authorization") is None
    for bad in (dead, key[:-1], key_owner.text(3), None):
        refused = front.chat(bad)
        assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert refused.json["error"]["code"] == "invalid_api_key"
    assert len(backend.asked) == 1
    # The question to the gateway is nobody else's to ask.
    assert front.ask("GET", "/ora-auth", Authorization=f"Bearer {key}").status == 404
    # A key that is disabled later is refused over the connections that are kept.
    key_owner.disable(1)
    gateway.follows(own_chain.head())
    assert front.chat(key).status == 401
    logs = "".join(path.read_text() for path in front.folder.glob("*.log"))
    assert key.partition(":")[2] not in logs


def test_a_key_opens_nothing_but_v1(behind, gateway, backend, key_owner, own_chain):
    front = behind(gateway)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    for path in ("/", "/admin", "/v1/../admin", "/v1/%2e%2e/admin", "/v1/x/..%2f..%2fadmin"):
        assert front.ask("POST", path, "{}", Authorization=f"Bearer {key}").status in (400, 404), path
    assert not backend.asked


def test_a_stream_passes(behind, gateway, key_owner, own_chain):
    front = behind(gateway)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    answer = front.ask(
        "POST", "/v1/chat/completions", json.dumps({"model": "m", "stream": True}), Authorization=f"Bearer {key}")
    assert answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n")


def test_limits_reach_the_caller_as_what_they_are(behind, make_gateway, contract, key_owner, own_chain, other, backend):
    gateway = make_gateway(
        {"BASE": network_of(contract)}, limits={"requests_per_minute": 1},
        owners=[{"address": other.address, "blocked": True}]).start()
    front = behind(gateway)
    [key], [blocked] = key_owner.create(), Owner(other, contract).create()
    gateway.follows(own_chain.head())
    assert front.chat(key).status == 200
    limited = front.chat(key)
    assert limited.status == 429 and int(limited.headers["Retry-After"]) > 0
    assert limited.json["error"]["type"] == "rate_limit_error"
    refused = front.chat(blocked)
    assert refused.status == 403 and refused.json["error"]["code"] == "owner_blocked"
    assert len(backend.asked) == 1


def test_without_a_view_or_a_gateway_nobody_passes(behind, make_gateway, contract, key_owner, own_chain, backend):
    gateway = make_gateway({"BASE": network_of(contract, max_chain_age="1s")}).start()
    front = behind(gateway)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    own_chain.rpc("dev_setFaults", {"methods": {"*": {"disconnect": True}}})
    eventually("nobody passes", lambda: front.chat(key).status == 503)
    assert front.chat(key).json["error"]["code"] == "key_state_unknown"
    gateway.stop()
    before = len(backend.asked)
    answer = front.chat(key)
    # Caddy cannot say which of the two servers behind it is away.
    assert answer.status == 503 and answer.json["error"]["code"] in ("key_state_unknown", "service_unavailable")
    assert len(backend.asked) == before


@pytest.mark.parametrize("path", [
    "/v1/../admin", "/v1/%2e%2e/admin", "/v1/x/..%2f..%2fadmin", "/v1/%2E%2E%2Fadmin", "/v1/.%2e/admin", "/v1//../../admin",
])
def test_no_path_leads_out_of_v1(behind, gateway, backend, key_owner, own_chain, path):
    front = behind(gateway)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    front.ask("POST", path, "{}", Authorization=f"Bearer {key}")
    assert not [asked.target for asked in backend.asked]


def test_a_model_server_that_is_away_is_told_in_openais_form(behind, gateway, backend, key_owner, own_chain):
    front = behind(gateway)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    backend.stop()
    answer = front.chat(key)
    assert answer.status in (502, 503) and answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json["error"]) == {"message", "type", "code"}
