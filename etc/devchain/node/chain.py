"""The canonical chain: blocks, indices, and the states that blocks stand for."""

import time

from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState
from eth_utils import keccak

from .block import Block, make_header
from .logs import LogIndex
from .settings import Settings

COINBASE = b"\xc0" * 20
# How many ancestors BLOCKHASH sees
ANCESTORS = 256


class Chain:
    def __init__(self, settings: Settings, balances: dict[bytes, int], code: dict[bytes, bytes]):
        self.settings = settings
        self._db = AtomicDB()
        genesis = make_header(
            settings.initial_base_fee, block_number=0, gas_limit=settings.gas_limit, timestamp=int(time.time()) - 1
        )
        state = self._open(genesis, BLANK_ROOT_HASH, base_fee=0)
        for address, balance in balances.items():
            state.set_balance(address, balance)
        for address, bytecode in code.items():
            state.set_code(address, bytecode)
        state.persist()
        genesis = genesis.copy(state_root=state.state_root)
        self.blocks: list[Block] = []
        self.by_hash: dict[bytes, Block] = {}  # also what reorgs have thrown out, as nodes keep it
        self.transactions: dict[bytes, tuple[Block, int]] = {}
        self.logs = LogIndex()
        self._warm_states: dict[tuple, PragueState] = {}
        self.push(Block(genesis, [], [], [], state.state_root, size=540))

    @property
    def head(self) -> Block:
        return self.blocks[-1]

    def is_canonical(self, block: Block) -> bool:
        return block.number < len(self.blocks) and self.blocks[block.number] is block

    def push(self, block: Block):
        self.blocks.append(block)
        self.by_hash[block.hash] = block
        self.logs.push(block)
        for index, transaction in enumerate(block.transactions):
            self.transactions[transaction.hash] = (block, index)

    def pop(self) -> Block:
        block = self.blocks.pop()
        self.logs.pop(block)
        for transaction in block.transactions:
            self.transactions.pop(transaction.hash, None)
        return block

    # States

    def _open(self, header, state_root: bytes, base_fee: int) -> PragueState:
        context = ExecutionContext(
            coinbase=header.coinbase,
            timestamp=header.timestamp,
            block_number=header.block_number,
            difficulty=0,
            mix_hash=header.mix_hash,
            gas_limit=header.gas_limit,
            prev_hashes=self._ancestors(header.parent_hash),
            chain_id=self.settings.chain_id,
            base_fee_per_gas=base_fee,
            excess_blob_gas=0,
        )
        return PragueState(self._db, context, state_root)

    def _ancestors(self, parent_hash: bytes):
        block = self.by_hash.get(parent_hash) if parent_hash else None
        for _ in range(ANCESTORS):
            if block is None:
                return
            yield block.hash
            block = self.by_hash.get(block.header.parent_hash)

    def state_for_child(self, header) -> PragueState:
        """A state of its own, in which the transactions of the head's child are to be executed."""
        return self._open(header, self.head.state_root, header_base_fee(header))

    def state_after(self, block: Block) -> PragueState:
        """The state after a block, for reading and for calls that are reverted; kept warm for the next call.

        Its base fee is 0, so that calls may come without a gas price, as in geth's eth_call.
        """
        key = (block.hash, block.state_root)
        if key not in self._warm_states:
            while len(self._warm_states) >= 8:
                del self._warm_states[next(iter(self._warm_states))]
            self._warm_states[key] = self._open(block.header, block.state_root, base_fee=0)
        return self._warm_states[key]

    def edit_head(self, change):
        """Applies `change(state)` to the state after the head, as the anvil_set* methods do. The header stays."""
        state = self._open(self.head.header, self.head.state_root, base_fee=0)
        change(state)
        state.persist()
        self.head.state_root = state.state_root


def header_base_fee(header) -> int:
    return getattr(header, "base_fee_per_gas", 0)


def mix_hash(parent_hash: bytes, salt: int) -> bytes:
    """A block's RANDAO value; the salt gives two blocks with equal parents and contents different hashes."""
    return keccak(parent_hash + salt.to_bytes(8, "big"))
