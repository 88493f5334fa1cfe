"""Hand-outs without end, while keys rotate, are revoked and the daemon is killed.

Short in the everyday tests. The long run, with a release build in ORAKEY_BIN:
ORAKEY_SOAK=1000000 .venv-tests/bin/python -m pytest -s Tests/soak
"""

import contextlib
import http.client
import os
import pathlib
import threading

import base58
from eth_account import Account
from eth_account.messages import encode_defunct
from support.daemon import ask, eventually
from support.quick import farm, world  # noqa: F401
from support.rawhttp import Ended, RawConnection

HANDOUTS = int(os.environ.get("ORAKEY_SOAK", 20_000))
ROTATIONS = max(12, HANDOUTS // 10_000)
KILLS = max(3, HANDOUTS // 100_000)
POOL = 6
REQUEST = b"GET /v1/key HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n"


def megabytes(pid: int) -> float:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


class Ledger:
    """What may be handed out, as an outsider knows it."""

    def __init__(self, daemon):
        self.daemon, self.owner = daemon, daemon.address
        self.current: str | None = None
        self.dead: set[str] = set()
        self.messages: dict[str, str] = {}

    def change(self, key: str):
        """A key that was not handed out before takes the place of the last one."""
        assert key not in self.dead, "a key that was replaced or revoked is handed out again"
        network, _, text = key.partition(":")
        message, _, signature = base58.b58decode(text).decode().partition(":")
        assert network == "BASE"
        signer = Account.recover_message(encode_defunct(hexstr=message), signature=signature)
        assert signer == self.owner, "not a key of this wallet"
        assert message not in self.messages.values(), "two keys for one message"
        self.messages[key] = message
        if self.current:
            self.dead.add(self.current)
        self.current = key


class Consumer:
    """Asks on one connection; whatever comes is held against the ledger."""

    def __init__(self, ledger: Ledger):
        self.ledger, self.connection = ledger, None

    def ask(self) -> str | None:
        """The key, None where there is none at the moment. A daemon that is gone is an answer of no key."""
        try:
            if self.connection is None:
                self.connection = RawConnection(self.ledger.daemon.agent)
            self.connection.send(REQUEST)
            status, _, body = self.connection.answer()
        except (OSError, Ended):
            self.connection = None
            return None
        assert status in (200, 503), body
        return body.decode().strip() if status == 200 else None

    def demand(self, may_change: bool):
        """One hand-out."""
        key = self.ask()
        if key is None:
            key = eventually("a key is handed out", self.ask)
        if key != self.ledger.current:
            assert may_change, "the key changed and nobody asked for it"
            self.ledger.change(key)

    def close(self):
        if self.connection:
            self.connection.socket.close()
        self.connection = None


def rotate(consumer: Consumer, is_revocation: bool):
    """After the reply the old key is out of circulation, whatever way it was asked for."""
    ledger = consumer.ledger
    daemon = ledger.daemon
    eventually("the pool has a key", lambda: daemon.status()["pool"]["ready"] > 0)
    old = ledger.current
    if is_revocation:
        answer = daemon.post("/v1/revoke", {"consumer": "default", "reason": "soak"})
    else:
        answer = daemon.post("/v1/rotate", {"grace_seconds": 1})
    assert answer.status == 202, answer
    consumer.demand(may_change=True)
    assert ledger.current != old


def kill(consumer: Consumer, in_the_middle: bool):
    """kill -9, half of them while a rotation is asked for whose reply nobody reads."""
    daemon = consumer.ledger.daemon
    if in_the_middle:
        asking = threading.Thread(target=ask_and_forget, args=(daemon.control,))
        asking.start()
        consumer.demand(may_change=True)
        daemon.kill()
        asking.join()
    else:
        daemon.kill()
    consumer.close()
    daemon.start("--log-level", "warning")
    consumer.demand(may_change=in_the_middle)


def ask_and_forget(path):
    with contextlib.suppress(OSError, http.client.HTTPException):
        ask(path, "POST", "/v1/rotate", {"grace_seconds": 1})


def test_no_wrong_key_is_ever_handed_out(farm, world):  # noqa: F811
    daemon = farm.make(fund=10**20, pool={"target": POOL}, confirmations=1, poll_interval="200ms")
    daemon.start("--log-level", "warning")
    ledger = Ledger(daemon)
    consumer = Consumer(ledger)
    consumer.demand(may_change=True)
    memory = []
    for number in range(1, HANDOUTS + 1):
        consumer.demand(may_change=False)
        if number % (HANDOUTS // ROTATIONS) == 0:
            rotate(consumer, is_revocation=len(ledger.messages) % 5 == 0)
        if number % (HANDOUTS // KILLS) == 0:
            memory.append(megabytes(daemon.process.pid))
            kill(consumer, in_the_middle=len(memory) % 2 == 0)
    consumer.close()
    assert len(ledger.messages) > ROTATIONS
    print(f"{HANDOUTS} hand-outs, {len(ledger.messages)} keys, {len(memory)} kills; RssAnon at their ends:",
          " ".join(f"{m:.1f}" for m in memory), "MB")
    assert max(memory) < min(memory) * 1.25 + 1, memory

    def is_active(key: str) -> bool:
        return world.contract.view("isActive", ledger.owner, bytes.fromhex(ledger.messages[key][2:]))

    assert is_active(ledger.current)
    eventually("every replaced key is dead on chain", lambda: not any(map(is_active, ledger.dead)), 120)
    assert daemon.alarms() == set()
