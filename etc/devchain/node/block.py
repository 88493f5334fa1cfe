"""A block as the chain keeps it, and the making of its header."""

from dataclasses import dataclass, field

from eth.constants import BLANK_ROOT_HASH, POST_MERGE_NONCE
from eth.rlp.headers import BlockHeader
from eth.vm.forks.prague.blocks import PragueBlockHeader


@dataclass(eq=False)
class Block:
    header: BlockHeader | PragueBlockHeader
    transactions: list
    # As eth_getTransactionReceipt shows them, and as the receipt trie holds them (EIP-2718 encoded)
    receipts: list[dict]
    raw_receipts: list[bytes]
    # State after the block. Differs from the header's root where anvil_set* edited it afterwards.
    state_root: bytes
    size: int
    number: int = field(init=False)
    hash: bytes = field(init=False)

    def __post_init__(self):
        self.number = self.header.block_number
        self.hash = self.header.hash

    @property
    def timestamp(self) -> int:
        return self.header.timestamp

    @property
    def base_fee(self) -> int | None:
        return getattr(self.header, "base_fee_per_gas", None)


def make_header(base_fee: int | None, **fields):
    """A Prague header, or one of before London where there is no base fee, so that hashing it gives the block hash."""
    fields = dict(fields, difficulty=0, nonce=POST_MERGE_NONCE)
    if base_fee is None:
        return BlockHeader(**fields)
    return PragueBlockHeader(**fields, base_fee_per_gas=base_fee, parent_beacon_block_root=BLANK_ROOT_HASH)


def encoded_size(header_bytes: bytes, transactions: list[bytes], has_withdrawals: bool) -> int:
    """Length of the block's RLP."""
    body = sum(len(t) if t[0] >= 0xC0 else _string_length(len(t)) for t in transactions)
    return _list_length(len(header_bytes) + _list_length(body) + 1 + has_withdrawals)


def _list_length(payload: int) -> int:
    return payload + 1 + ((payload.bit_length() + 7) // 8 if payload > 55 else 0)


def _string_length(payload: int) -> int:
    return _list_length(payload)
