"""A TLS upstream that speaks HTTP/2: a real nginx in front of the scripted model server."""

import asyncio
import os
import socket
import subprocess

import pytest
from support.daemon import eventually
from support.debian import program
from support.mining import mining
from support.scripted_model import ScriptedModel, words_for
from support.tls import authority

from proxy.conftest import start

NGINX = program("nginx")
MODEL = "deepseek-ai/DeepSeek-V3"


@pytest.mark.skipif(NGINX is None, reason="no nginx")
def test_streams_share_one_connection(own_chain, make_daemon, private_dir):
    folder = private_dir / "tls"
    folder.mkdir()
    authority(folder)
    daemon = make_daemon(own_chain, pool={"target": 4})
    with mining(own_chain), ScriptedModel() as model:
        port = free_port()
        (folder / "conf").write_text(f"""
            daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
            events {{ worker_connections 256; }}
            http {{
                client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
                uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                log_format seen "$server_protocol $connection $status"; access_log {folder}/access.log seen;
                server {{
                    listen 127.0.0.1:{port} ssl http2; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
                    client_max_body_size 0; proxy_request_buffering off; proxy_buffering off;
                    location / {{ proxy_pass {model.url}; proxy_http_version 1.1; proxy_set_header Connection ""; }}
                }}
            }}""")
        nginx = subprocess.Popen([NGINX, "-p", folder, "-e", "stderr", "-c", folder / "conf"], stderr=subprocess.DEVNULL)
        try:
            eventually("nginx listens", lambda: (folder / "pid").exists())
            model.url = f"https://localhost:{port}"
            proxy = start(daemon, model, ca_file=str(folder / "ca.pem"))
            daemon.wait_for_key()
            assert proxy.ask("GET", "/v1/models").status == 200

            async def one(client, number):
                messages = [{"role": "user", "content": f"question {number}"}]
                stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
                return [chunk.choices[0].delta.content async for chunk in stream] == words_for(messages)

            async def everything():
                async with proxy.async_client() as client:
                    return await asyncio.gather(*(one(client, number) for number in range(30)))

            assert asyncio.run(everything()) == [True] * 30
            body = os.urandom(3 << 20)
            assert proxy.ask("POST", "/v1/echo", body).body == body
            assert all(seen.key == proxy.key() for seen in model.seen)
            lines = eventually("all are logged", lambda: (
                found := (folder / "access.log").read_text().splitlines()) and len(found) == 32 and found)
            assert {line.split()[0] for line in lines} == {"HTTP/2.0"}
            assert len({line.split()[1] for line in lines}) == 1, "one connection for all"

            def breaks_off(handler, _):
                handler.begin_stream()
                handler.event({"n": 1})
                handler.drop()

            model.next(breaks_off)
            body = proxy.ask("POST", "/v1/chat/completions", {"model": MODEL, "messages": [], "stream": True}).body
            assert body.startswith(b'data: {"n": 1}\n\n') and b"stream_broken" in body
            proxy.close()
        finally:
            nginx.terminate()
            nginx.wait(20)


def test_an_unknown_authority_is_not_trusted(own_chain, make_daemon, private_dir):
    """The key must not go to whoever answers at that port."""
    folder = private_dir / "tls"
    folder.mkdir()
    authority(folder)
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", folder / "tls.pem", "-key",
         folder / "tls.key"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    daemon = make_daemon(own_chain, pool={"target": 1})
    try:
        with mining(own_chain), ScriptedModel() as model:
            model.url = f"https://localhost:{port}"
            proxy = start(daemon, model)
            daemon.wait_for_key()
            answer = proxy.ask("POST", "/v1/chat/completions", {"model": MODEL, "messages": []})
            assert (answer.status, answer.json["error"]["code"]) == (502, "upstream_failed")
            assert "certificate" in answer.json["error"]["message"]
    finally:
        server.kill()
        output = server.communicate()[0]
    assert b"Bearer" not in output and b"BASE:" not in output


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
