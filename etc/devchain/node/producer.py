"""Makes a block out of waiting transactions, by effective tip, nonces in order."""

import heapq

from eth.db.trie import make_trie_root_and_nodes
from eth.vm.forks import PragueVM
from eth_utils import ValidationError
import rlp

from .block import Block, encoded_size, make_header
from .chain import COINBASE, Chain, header_base_fee, mix_hash
from .mempool import cost
from .presentation import receipt_json


class Candidates:
    """The transactions that could be next, best first: one for each sender, the one with the next nonce."""

    def __init__(self, mempool, state, base_fee: int, preferred: dict[bytes, int], held: set[bytes]):
        self._mempool, self._base_fee, self._preferred, self._held = mempool, base_fee, preferred, held
        self._heap: list[tuple] = []
        for sender in mempool.by_sender:
            self.offer(sender, state.get_nonce(sender))

    def offer(self, sender: bytes, nonce: int):
        transaction = self._mempool.by_sender.get(sender, {}).get(nonce)
        if transaction is None or transaction.hash in self._held or transaction.max_fee_per_gas < self._base_fee:
            return
        tip = min(transaction.max_priority_fee_per_gas, transaction.max_fee_per_gas - self._base_fee)
        rank = self._preferred.get(transaction.hash, len(self._preferred))
        heapq.heappush(self._heap, (rank, -tip, self._mempool.arrival[transaction.hash], transaction))

    def take(self):
        return heapq.heappop(self._heap)[-1] if self._heap else None


def build_block(chain: Chain, mempool, *, base_fee, timestamp, salt, l1_fee, order=(), held=()) -> Block:
    """The head's child; `order` names transactions to try first, `held` those to leave in the pool."""
    parent = chain.head
    header = make_header(
        base_fee,
        parent_hash=parent.hash,
        block_number=parent.number + 1,
        coinbase=COINBASE,
        gas_limit=chain.settings.gas_limit,
        timestamp=timestamp,
        mix_hash=mix_hash(parent.hash, salt),
    )
    state = chain.state_for_child(header)
    candidates = Candidates(mempool, state, base_fee or 0, {h: i for i, h in enumerate(order)}, set(held))
    included, receipts, computations = [], [], []
    while (transaction := candidates.take()) is not None:
        if header.gas_used + transaction.gas > header.gas_limit:
            continue
        fee = l1_fee(transaction) or 0
        if state.get_balance(transaction.sender) < cost(transaction) + fee:
            continue  # the balance went elsewhere meanwhile: it stays in the pool, as in geth
        state.lock_changes()
        before = state.snapshot()
        try:
            if fee:
                state.delta_balance(transaction.sender, -fee)
            computation = state.apply_transaction(transaction)
        except ValidationError:
            state.revert(before)
            continue
        state.commit(before)
        receipt = PragueVM.make_receipt(header, transaction, computation, state)
        header = header.copy(gas_used=receipt.gas_used, bloom=header.bloom | receipt.bloom)
        included.append(transaction)
        receipts.append(receipt)
        computations.append(computation)
        candidates.offer(transaction.sender, transaction.nonce + 1)
    state.persist()
    header = header.copy(
        state_root=state.state_root,
        transaction_root=make_trie_root_and_nodes(included)[0],
        receipt_root=make_trie_root_and_nodes(receipts)[0],
    )
    size = encoded_size(rlp.encode(header), [t.encode() for t in included], base_fee is not None)
    block = Block(header, included, [], [r.encode() for r in receipts], state.state_root, size)
    gas_before, log_index = 0, 0
    for index, (transaction, receipt, computation) in enumerate(zip(included, receipts, computations)):
        block.receipts.append(
            receipt_json(block, index, transaction, receipt, gas_before, log_index, header_base_fee(header),
                         computation.is_success, l1_fee(transaction))
        )
        gas_before, log_index = receipt.gas_used, log_index + len(receipt.logs)
    return block
