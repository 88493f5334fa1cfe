"""What a chain is started with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    chain_id: int = 31337
    gas_limit: int = 30_000_000
    # wei; None: a chain without base fee (headers and transactions of before London)
    initial_base_fee: int | None = 10**9
    min_base_fee: int = 0
    # How many blocks `safe` and `finalized` stay behind the head
    safe_depth: int = 2
    final_depth: int = 4
    # Widest block range and most logs that eth_getLogs answers
    max_range: int = 100_000
    max_logs: int = 10_000
    # Most calls in one batch (geth: 1000)
    max_batch: int = 1000
    # wei for each byte of a raw transaction, as on OP-stack chains; None: not such a chain
    l1_fee_per_byte: int | None = None
