"""Starting and ending."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import pytest
from support.devchain import DevChain
from support.places import DEVCHAIN

ENVIRONMENT = {**os.environ, "DEVCHAIN_VENV": sys.prefix}


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([DEVCHAIN, *arguments], env=ENVIRONMENT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def over_unix(path, body) -> dict:
    payload = json.dumps(body).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + payload)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])


def test_the_ready_line_says_where(start_chain):
    chain = start_chain("--chain-id", 8453)
    port = chain.url.rsplit(":", 1)[1]
    assert chain.ready_line == f"ready url=http://127.0.0.1:{port} port={port} chainId=8453"
    assert chain.rpc("eth_chainId") == hex(8453)
    assert chain.rpc("net_version") == "8453"


def test_unix_socket_and_ready_file(start_chain, tmp_path):
    path, ready_file = tmp_path / "rpc", tmp_path / "ready"
    chain = start_chain("--unix", path, "--ready-file", ready_file)
    assert ready_file.read_text() == chain.ready_line + "\n"
    assert chain.ready_line.endswith(f" unix={path}")
    answer = over_unix(path, chain.request("eth_blockNumber"))
    assert answer["result"] == "0x0"
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert chain.stop() == 0
    assert not path.exists() and not ready_file.exists()


def test_unix_socket_alone(start_chain, tmp_path):
    chain = start_chain("--unix", tmp_path / "rpc", tcp=False)
    assert chain.ready_line == f"ready chainId=31337 unix={tmp_path / 'rpc'}"
    assert over_unix(tmp_path / "rpc", {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId"})["id"] == "a"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_0(start_chain, number):
    chain = start_chain()
    chain.process.send_signal(number)
    assert chain.process.wait() == 0


def test_it_ends_with_standard_input(start_chain):
    chain = start_chain()
    chain.process.stdin.close()
    assert chain.process.wait() == 0


def test_it_ends_with_another_process():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as parent:
        chain = DevChain("--parent-pid", parent.pid)
        assert chain.process.poll() is None
        parent.stdin.close()
        assert chain.process.wait() == 0
        chain.stop()


def test_help_and_version():
    assert run("--version").stdout.startswith("devchain ")
    text = run("--help").stdout
    for option in ("--port", "--unix", "--mine", "--no-base-fee", "--l1-fee-per-byte", "--parent-pid", "ready url="):
        assert option in text


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--mine", "sometimes"], "--mine takes auto, manual or seconds"),
        (["--port", "70000"], "not between 0 and 65535"),
        (["--no-tcp"], "nothing to listen on"),
        (["--port", "0", "--parent-pid", "4194304"], "--parent-pid"),
        (["--port", "0", "--unix", "/nonexistent/socket"], "cannot listen"),
        (["--port", "0", "--log-rpc", "/nonexistent/log"], "cannot listen or log"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_bad_options_are_explained(arguments, complaint):
    outcome = run(*arguments)
    assert outcome.returncode in (1, 2) and complaint in outcome.stderr and "Traceback" not in outcome.stderr


def test_a_port_in_use_is_explained(shared_chain):
    outcome = run("--port", shared_chain.url.rsplit(":", 1)[1])
    assert outcome.returncode == 1 and "Address already in use" in outcome.stderr


def test_mining_on_a_timer(start_chain):
    chain = start_chain("--mine", "0.05")
    assert chain.rpc("dev_awaitHead", 3) >= 3
    chain.rpc("evm_setIntervalMining", 0)


def test_every_call_is_logged(start_chain, tmp_path):
    chain = start_chain("--log-rpc", tmp_path / "log")
    chain.rpc("eth_blockNumber")
    chain.post([chain.request("eth_getBalance", "0x" + "11" * 20, "latest"), chain.request("eth_chainId")], endpoint="second")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["request"], line["endpoint"], line["method"], line["params"]) for line in lines] == [
        (1, "", "eth_blockNumber", []),
        (2, "second", "eth_getBalance", ["0x" + "11" * 20, "latest"]),
        (2, "second", "eth_chainId", []),
    ]
    counts = chain.rpc("dev_calls")
    assert counts["requests"] == 3
    assert counts["methods"] == {"eth_blockNumber": 1, "eth_getBalance": 1, "eth_chainId": 1, "dev_calls": 1}
