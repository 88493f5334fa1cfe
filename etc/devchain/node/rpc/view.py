"""The chain as one endpoint shows it: up to its head, or some blocks less where the endpoint lags behind."""

from ..encoding import quantity, read_hash, read_quantity
from ..errors import invalid, refused


class ChainView:
    def __init__(self, chain, faults):
        self._chain, self._faults = chain, faults

    @property
    def head(self):
        blocks = self._chain.blocks
        newest = max(0, len(blocks) - 1 - self._faults.lag_blocks)
        return blocks[newest if self._faults.stands_at is None else min(newest, self._faults.stands_at)]

    def block(self, tag):
        """By tag, number or EIP-1898 object; None where there is none (yet)."""
        if isinstance(tag, dict):
            return self._block_by_object(tag)
        settings, head = self._chain.settings, self.head.number
        numbers = {
            None: head, "latest": head, "pending": head, "earliest": 0,
            "safe": max(0, head - settings.safe_depth), "finalized": max(0, head - settings.final_depth),
        }
        if not isinstance(tag, (str, int, type(None))):
            raise invalid("invalid argument: block tag or number expected")
        number = numbers[tag] if tag in numbers else read_quantity(tag, "block number")
        return self._chain.blocks[number] if number <= head else None

    def _block_by_object(self, tag: dict):
        if unknown := set(tag) - {"blockHash", "blockNumber", "requireCanonical"}:
            raise invalid(f"unknown field in block identifier: {sorted(unknown)[0]}")
        if "blockHash" not in tag:
            return self.block(tag.get("blockNumber"))
        block = self.block_by_hash(read_hash(tag["blockHash"], "block hash"))
        if block is not None and tag.get("requireCanonical") and not self._chain.is_canonical(block):
            raise refused("hash is not currently canonical")
        return block

    def block_by_hash(self, block_hash: bytes):
        """Also a block that a reorg has thrown out, as nodes answer."""
        block = self._chain.by_hash.get(block_hash)
        return block if block is not None and block.number <= self.head.number else None

    def existing_block(self, tag):
        block = self.block(tag)
        if block is None:
            raise refused("header not found")
        return block

    def state(self, tag):
        return self._chain.state_after(self.existing_block(tag))

    def mined(self, transaction_hash: bytes):
        """(block, index) of a transaction in the canonical chain, or None."""
        place = self._chain.transactions.get(transaction_hash)
        return place if place and place[0].number <= self.head.number else None

    def range(self, first, last) -> tuple[int, int]:
        """Block numbers of a log filter; the end is cut at the head."""
        def number(tag):
            block = self.block(tag)
            return block.number if block is not None else read_quantity(tag, "block number")

        low, high = number(first), number(last)
        if low > high:
            raise invalid("invalid block range params")
        high = min(high, self.head.number)
        if high - low >= self._chain.settings.max_range:
            raise invalid(f"block range is too wide: {quantity(high - low)}, at most {self._chain.settings.max_range}")
        return low, high
