"""A dev chain as a process of the test's own."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from .places import DEVCHAIN

STOP_SECONDS = 30
ANSWER_SECONDS = 60
GWEI = 10**9


class RPCFailure(Exception):
    def __init__(self, error: dict):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


def throwaway_account(number: int) -> LocalAccount:
    """Account 1 to 10 of every dev chain (private keys 1 to 10), funded; others have nothing."""
    return Account.from_key(number.to_bytes(32, "big"))


class DevChain:
    """Started on a free loopback port; ends with `stop`, and in any case when this process ends."""

    def __init__(self, *arguments: str, tcp: bool = True):
        self.process = subprocess.Popen(
            [DEVCHAIN, "--exit-with-stdin", *(["--port", "0"] if tcp else ["--no-tcp"]), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "DEVCHAIN_VENV": sys.prefix},
        )
        self.ready_line = self.process.stdout.readline().strip()
        if not self.ready_line.startswith("ready "):
            raise RuntimeError(f"the dev chain did not start: {self.process.communicate()[1]}")
        facts = dict(fact.split("=", 1) for fact in self.ready_line.split()[1:])
        self.chain_id = int(facts["chainId"])
        self.url = facts.get("url")
        self.web3 = Web3(Web3.HTTPProvider(self.url)) if self.url else None
        self._request_id = 0

    def stop(self) -> int:
        """Ends it and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.stdin and self.process.stdin.closed:
            self.process.stdin = None  # which communicate would try to flush
        try:
            _, self.stderr = self.process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # JSON-RPC

    def request(self, method: str, *params) -> dict:
        self._request_id += 1
        return {"jsonrpc": "2.0", "id": self._request_id, "method": method, "params": list(params)}

    def post(self, body, endpoint: str = "") -> tuple[int, bytes]:
        """Any JSON, or raw bytes; endpoint is a path of the URL with faults of its own."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{endpoint}", payload, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def rpc(self, method: str, *params, endpoint: str = ""):
        """The result, or RPCFailure."""
        answer = json.loads(self.post(self.request(method, *params), endpoint)[1])
        if "error" in answer:
            raise RPCFailure(answer["error"])
        return answer["result"]

    # Transactions

    def sign(self, account: LocalAccount, to: str | None = None, data="0x", **fields) -> str:
        """A raw transaction with generous fees, nonce and gas unless given."""
        if "gasPrice" in fields:
            fees = {}
        else:
            fees = {"maxFeePerGas": 100 * GWEI, "maxPriorityFeePerGas": GWEI}
        transaction = {"chainId": self.chain_id, "gas": 1_000_000, "value": 0, "data": data, **fees, **fields}
        if to is not None:
            transaction["to"] = Web3.to_checksum_address(to)
        if "nonce" not in transaction:
            transaction["nonce"] = int(self.rpc("eth_getTransactionCount", account.address, "pending"), 16)
        return Web3.to_hex(account.sign_transaction(transaction).raw_transaction)

    def send(self, account: LocalAccount, to: str | None = None, data="0x", **fields) -> str:
        """The hash."""
        return self.rpc("eth_sendRawTransaction", self.sign(account, to, data, **fields))

    def receipt(self, transaction_hash: str) -> dict | None:
        return self.rpc("eth_getTransactionReceipt", transaction_hash)

    def head(self) -> int:
        return int(self.rpc("eth_blockNumber"), 16)
