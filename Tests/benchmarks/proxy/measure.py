"""What a request costs more through the proxy than straight: orakeyd against nginx's proxy_pass.

Behind both is the same server, an nginx with a fixed answer of a chat, over TCP with kept connections. Everything is
pinned to one core, the sides take turns, and the median of the turns' ratios counts.
"""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
sys.path.insert(0, str(HERE.parent / "sockets"))

import measure as sockets  # noqa: E402
from support.contracts import ApiKeys  # noqa: E402
from support.daemon import eventually  # noqa: E402
from support.debian import program  # noqa: E402
from support.devchain import DevChain  # noqa: E402
from support.mining import mining  # noqa: E402
from support.places import binaries  # noqa: E402
from support.quick import QuickDaemon  # noqa: E402
from support.turns import TURNS, Table, compared, pin  # noqa: E402

BODY = json.dumps({"model": "deepseek-ai/DeepSeek-V3", "messages": [
    {"role": "user", "content": "What are some fun things to do in New York?"}]})
ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "deepseek-ai/DeepSeek-V3",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Walk. " * 40}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 80, "total_tokens": 90}})
REQUEST = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           f"Content-Length: {len(BODY)}\r\n\r\n{BODY}")
# nginx's own default is a new connection to the upstream for each request; kept ones are what a careful operator sets.
CONFIGURATION = """
    daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr crit;
    events {{ worker_connections 1024; }}
    http {{
        client_body_temp_path {folder}/b{name}; proxy_temp_path {folder}/p{name}; fastcgi_temp_path {folder}/f{name};
        uwsgi_temp_path {folder}/u{name}; scgi_temp_path {folder}/s{name};
        access_log off; keepalive_requests 1000000000; default_type application/json;
        {more}
    }}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(folder: pathlib.Path, name: str, more: str):
    """An nginx of this run's own; gives its Unix socket."""
    binary = program("nginx")
    if binary is None:
        sys.exit("bench: there is no nginx, and Debian's package can't be fetched: apt-get update")
    path, configuration = folder / f"{name}.sock", folder / f"{name}.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, name=name, more=more.replace("SOCKET", str(path))))
    with sockets.process([binary, "-p", folder, "-e", "stderr", "-c", configuration]):
        eventually("nginx listens", path.exists)
        yield path


def compare(table, program, question, straight, ours, peer):
    kind = f"http:{question}"
    added, peak = [], []
    for _ in range(TURNS):
        base = sockets.load(program, straight, kind, "kept", 1)["p50"]
        added.append((sockets.load(program, ours, kind, "kept", 1)["p50"] - base,
                      sockets.load(program, peer, kind, "kept", 1)["p50"] - base))
        peak.append((sockets.load(program, ours, kind, "kept", 32)["rate"],
                     sockets.load(program, peer, kind, "kept", 32)["rate"]))
    mine, other, ratio = compared(added)
    table.row("proxy: added latency, median", f"{mine:.0f} us", f"{other:.0f} us", f"{ratio:.2f}",
                "nginx proxy_pass: <= 1.5", ratio <= 1.5)
    mine, other, ratio = compared(peak)
    table.row("proxy: 32 connections", f"{mine:.0f} /s", f"{other:.0f} /s", f"{ratio:.2f}",
                "nginx proxy_pass: >= 0.5", ratio >= 0.5)


def main() -> int:
    table = Table("orakeyd")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    try:
        program, question, port = folder / "load", folder / "question", free_port()
        subprocess.run(["cc", "-O2", "-o", program, HERE.parent / "sockets" / "load.c"], check=True)
        question.write_bytes(REQUEST.encode())
        answer = f"location / {{ return 200 '{ANSWER}'; }}"
        model = f"server {{ listen unix:SOCKET backlog=1024; listen 127.0.0.1:{port} backlog=1024; {answer} }}"
        relay = f"""
            upstream model {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 1000000000; }}
            server {{ listen unix:SOCKET backlog=1024; location / {{
                proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
                proxy_set_header Authorization "Bearer {'x' * 280}"; }} }}"""
        with nginx(folder, "model", model) as straight, nginx(folder, "relay", relay) as peer, DevChain() as chain:
            (folder / "d").mkdir(mode=0o700)
            daemon = QuickDaemon(binaries(), folder / "d", chain, ApiKeys.deploy(chain), poll_interval="10s")
            daemon.fund(daemon.make_wallet(), 10**20)
            ours = folder / "d" / "proxy.sock"
            daemon.configure(proxy={"socket": str(ours), "upstream": f"http://127.0.0.1:{port}"})
            with mining(chain, 0.1):
                daemon.start("--log-level", "warning")
                daemon.wait_for_key()
                daemon.settle()
            try:
                pin(daemon.process.pid)
                compare(table, program, question, straight, ours, peer)
            finally:
                daemon.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
