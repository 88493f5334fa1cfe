"""The node: a chain, a mempool and a way of mining, changed under one lock."""

import threading
from dataclasses import dataclass

from eth_keys import keys

from . import opstack
from .chain import Chain
from .clock import Clock
from .encoding import data, quantity
from .errors import invalid
from .fees import next_base_fee
from .mempool import Mempool, decode_transaction
from .producer import build_block
from .settings import Settings

ACCOUNTS = 10
INITIAL_BALANCE = 10**24


@dataclass
class Snapshot:
    block_hash: bytes
    state_root: bytes
    waiting: list


class Node:
    def __init__(self, settings: Settings, automine: bool = True):
        self.settings = settings
        self.lock = threading.RLock()
        self._head_changed = threading.Condition(self.lock)
        # Private keys 1 to 10: known to everybody, for throw-away chains only
        self.keys = [keys.PrivateKey(i.to_bytes(32, "big")) for i in range(1, ACCOUNTS + 1)]
        self.addresses = [key.public_key.to_canonical_address() for key in self.keys]
        self.chain = Chain(settings, dict.fromkeys(self.addresses, INITIAL_BALANCE), opstack.genesis_code(settings))
        if settings.l1_fee_per_byte is not None:
            self.chain.edit_head(lambda state: opstack.set_price(state, settings.l1_fee_per_byte))
        self.mempool = Mempool()
        self.clock = Clock()
        self.automine = automine
        self.paused = False
        self.min_base_fee = settings.min_base_fee
        self._forced_base_fee: int | None = None
        self._snapshots: dict[int, Snapshot] = {}
        self._blocks_made = 0

    # Fees

    def pending_base_fee(self) -> int | None:
        """Of the block that would be made now; None on a chain without base fee."""
        if self.settings.initial_base_fee is None:
            return None
        if self._forced_base_fee is not None:
            return self._forced_base_fee
        header = self.chain.head.header
        return next_base_fee(header.base_fee_per_gas, header.gas_used, header.gas_limit, self.min_base_fee)

    def force_base_fee(self, fee: int):
        if self.settings.initial_base_fee is None:
            raise invalid("this chain has no base fee")
        self._forced_base_fee = fee

    def l1_fee(self, transaction) -> int | None:
        return opstack.l1_fee(self.chain, transaction)

    # Transactions

    def submit(self, raw: bytes) -> bytes:
        transaction = decode_transaction(raw)
        self.mempool.admit(transaction, self.chain, lambda t: self.l1_fee(t) or 0)
        if self.automine and self._is_minable(transaction):
            self.mine()
        return transaction.hash

    def _is_minable(self, transaction) -> bool:
        reachable = transaction.nonce < self.next_nonce(transaction.sender)
        return reachable and transaction.max_fee_per_gas >= (self.pending_base_fee() or 0)

    def next_nonce(self, sender: bytes) -> int:
        return self.mempool.next_nonce(sender, self.chain.state_after(self.chain.head))

    # Blocks

    def mine(self, count: int = 1, order=(), held=()):
        """Adds blocks to the head; nothing while mining is paused. Called with the lock."""
        if self.paused:
            return
        for _ in range(count):
            self._blocks_made += 1
            block = build_block(
                self.chain, self.mempool, base_fee=self.pending_base_fee(), salt=self._blocks_made, l1_fee=self.l1_fee,
                timestamp=self.clock.timestamp_after(self.chain.head.timestamp), order=order, held=held,
            )
            self.chain.push(block)
            self._head_changed.notify_all()
            self.clock.block_was_made()
            self._forced_base_fee = None
            for transaction in block.transactions:
                self.mempool.remove(transaction.hash)
            if self.mempool.by_sender:
                self.mempool.prune(self.chain.state_after(block))

    def wait_for_head(self, number: int, timeout: float) -> int:
        """Returns the head's number once it is at least `number`, or when the time is up. Called without the lock."""
        with self._head_changed:
            self._head_changed.wait_for(lambda: self.chain.head.number >= number, timeout)
            return self.chain.head.number

    def mine_waiting(self):
        if self.mempool.by_hash:
            self.mine()

    def reorg(self, depth: int, lose=(), hold=(), order=(), include=(), length: int | None = None) -> dict:
        """Replaces the last `depth` blocks by `length` others (depth + 1 unless told).

        Their transactions are mined again, except `lose` (gone for good) and `hold` (back in the pool); `order` names
        those to come first; `include` are raw transactions that take the place of others with their nonce.
        """
        if not 1 <= depth <= self.chain.head.number:
            raise invalid(f"bad depth: {depth}, the head is at {self.chain.head.number}")
        length = depth + 1 if length is None else length
        included = [decode_transaction(raw) for raw in include]
        latest = self.chain.head.timestamp
        for _ in range(depth):
            for transaction in self.chain.pop().transactions:
                self.mempool.insert(transaction)
        ancestor = self.chain.head
        for transaction in included:
            self.mempool.insert(transaction)
        for transaction_hash in lose:
            self.mempool.remove(transaction_hash)
        self.mempool.prune(self.chain.state_after(ancestor))
        if length:
            self.clock.set_next(max(ancestor.timestamp + 1, latest - depth + 1), ancestor.timestamp)
            paused, self.paused = self.paused, False
            self.mine(length, order=order, held=hold)
            self.paused = paused
        return {
            "commonAncestor": quantity(ancestor.number),
            "head": quantity(self.chain.head.number),
            "hash": data(self.chain.head.hash),
        }

    # Snapshots

    def take_snapshot(self) -> int:
        number = max(self._snapshots, default=0) + 1
        head = self.chain.head
        self._snapshots[number] = Snapshot(head.hash, head.state_root, list(self.mempool.by_hash.values()))
        return number

    def restore_snapshot(self, number: int) -> bool:
        """As in anvil: later snapshots go, and so does this one."""
        snapshot = self._snapshots.get(number)
        block = snapshot and self.chain.by_hash[snapshot.block_hash]
        if not block or not self.chain.is_canonical(block):
            return False
        while self.chain.head is not block:
            self.chain.pop()
        block.state_root = snapshot.state_root
        self.mempool.clear()
        for transaction in snapshot.waiting:
            self.mempool.insert(transaction)
        self._snapshots = {n: s for n, s in self._snapshots.items() if n < number}
        return True
