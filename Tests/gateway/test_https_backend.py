"""A model server behind TLS and HTTP/2: a real nginx in front of the scripted one."""

import concurrent.futures
import contextlib
import json
import socket

import pytest
from support.daemon import eventually
from support.debian import program
from support.nginx import nginx
from support.scriptedbackend import ScriptedBackend
from support.tls import authority

from .conftest import network_of

NGINX = program("nginx")
CHAT = "/v1/chat/completions"


@pytest.fixture
def https_backend(tmp_path):
    """(URL, what was asked, nginx's folder)."""
    if NGINX is None:
        pytest.skip("there is no nginx, and Debian's package can't be fetched: apt-get update")
    folder = tmp_path / "tls"
    folder.mkdir()
    authority(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    backend = ScriptedBackend()
    listens = f"""
        log_format seen "$server_protocol $connection $status $uri"; access_log {folder}/seen.log seen;
        server {{
            listen 127.0.0.1:{port} ssl http2; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
            location / {{ proxy_pass {backend.url}; proxy_http_version 1.1; proxy_buffering off; }}
        }}"""
    with contextlib.ExitStack() as running:
        running.callback(backend.stop)
        running.enter_context(nginx(NGINX, folder, listens, lambda: (folder / "nginx.pid").exists()))
        yield f"https://localhost:{port}", backend, folder


@pytest.fixture
def serve(make_gateway, contract, key_owner, own_chain):
    def start(backend: dict):
        gateway = make_gateway({"BASE": network_of(contract)}, backends={"text": backend}, models={"tiny": "text"}).start()
        [key] = key_owner.create()
        gateway.follows(own_chain.head())
        body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "Say three words."}]}).encode()
        fields = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        return lambda: gateway.get(CHAT, fields, "POST", body=body)

    return start


def test_requests_share_one_connection(serve, https_backend):
    url, backend, folder = https_backend
    ask = serve({"url": url, "ca_file": str(folder / "ca.pem")})
    assert ask().status == 200
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {answer.status for answer in pool.map(lambda _: ask(), range(24))} == {200}
    assert len(backend.asked) == 25 and all(asked.header("authorization") is None for asked in backend.asked)
    lines = eventually("all are logged", lambda: (
        found := (folder / "seen.log").read_text().splitlines()) and len(found) == 25 and found)
    seen = [line.split() for line in lines]
    assert {line[0] for line in seen} == {"HTTP/2.0"} and len({line[1] for line in seen}) == 1


def test_an_unknown_authority_is_not_trusted(serve, https_backend):
    url, backend, _ = https_backend
    answer = serve({"url": url})()
    assert answer.status == 502 and answer.json["error"]["type"] == "server_error"
    assert not backend.asked
