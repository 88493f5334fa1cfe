"""HTTP and JSON-RPC, whatever the method."""

import json
import socket

import pytest
from support.devchain import RPCFailure


def answer(chain, body):
    status, payload = chain.post(body)
    assert status == 200
    return json.loads(payload) if payload else None


@pytest.mark.parametrize("body", [b"", b"{", b'{"jsonrpc":', b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_a_parse_error(chain, body):
    assert answer(chain, body)["error"]["code"] == -32700


@pytest.mark.parametrize("body", [1, "text", None, {}, {"id": 1}, {"id": 1, "method": 7}, []])
def test_what_is_no_request_is_invalid(chain, body):
    assert answer(chain, body)["error"]["code"] == -32600


def test_unknown_methods(chain):
    with pytest.raises(RPCFailure) as failure:
        chain.rpc("eth_nonsense")
    assert (failure.value.code, failure.value.message) == (-32601, "the method eth_nonsense does not exist/is not available")


@pytest.mark.parametrize(
    "method, params, message",
    [
        ("eth_getBalance", [], "missing value for required argument 0"),
        ("eth_chainId", [1], "too many arguments, want at most 0"),
        ("eth_getBalance", {"address": "0x"}, "non-array args"),
        ("eth_getBalance", ["0x12", "latest"], "invalid argument 0: hex string has length 2, want 40 for common.Address"),
        ("eth_getBalance", ["0x" + "1" * 39, "latest"], "invalid argument 0: hex string of odd length"),
        ("eth_getBalance", ["11" * 20, "latest"], "invalid argument 0: hex string without 0x prefix"),
        ("eth_getBalance", ["0x" + "zz" * 20, "latest"], "invalid argument 0: invalid hex string"),
        ("eth_getBalance", ["0x" + "11" * 20, "newest"], "invalid block number: hex string without 0x prefix"),
        ("eth_getBalance", ["0x" + "11" * 20, {"blockHash": "0x12"}],
         "invalid block hash: hex string has length 2, want 64 for common.Hash"),
        ("eth_getTransactionReceipt", ["0x1234"], "invalid argument 0: hex string has length 4, want 64 for common.Hash"),
        ("eth_sendRawTransaction", ["nonsense"], "invalid argument: hex string without 0x prefix"),
    ],
)
def test_bad_parameters(chain, method, params, message):
    error = answer(chain, {"jsonrpc": "2.0", "id": 5, "method": method, "params": params})["error"]
    assert error == {"code": -32602, "message": message}


def test_batches_are_answered_in_order(chain):
    batch = [chain.request("eth_chainId"), {"id": 1}, chain.request("eth_nonsense"), chain.request("net_version")]
    answers = answer(chain, batch)
    assert [a["id"] for a in answers] == [b["id"] for b in batch]
    assert [a.get("result") or a["error"]["code"] for a in answers] == ["0x7a69", -32600, -32601, "31337"]


def test_ids_come_back_as_they_were(chain):
    for identifier in ("text", 7, 2**60, None, 1.5):
        assert answer(chain, {"jsonrpc": "2.0", "id": identifier, "method": "eth_chainId"})["id"] == identifier


def test_notifications_have_no_answer(chain):
    assert answer(chain, {"jsonrpc": "2.0", "method": "eth_chainId"}) is None
    assert answer(chain, [{"jsonrpc": "2.0", "method": "eth_chainId"}]) is None


def test_batches_have_a_limit(chain):
    (failure,) = answer(chain, [chain.request("eth_chainId")] * 1001)
    assert failure["error"] == {"code": -32600, "message": "batch too large"}


def test_bodies_have_a_limit(chain):
    assert chain.post(b" " * (5 * 1024 * 1024 + 1))[0] == 413


def raw(chain, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(chain.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_chunked_bodies_are_refused_clearly(chain):
    assert raw(chain, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").startswith(b"HTTP/1.1 411 ")


def test_connections_are_kept(chain):
    request = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 52\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}     '
    assert raw(chain, request * 3).count(b'"result":"0x7a69"') == 3


def test_get_says_ok(chain):
    assert b'{"ok":true}' in raw(chain, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
