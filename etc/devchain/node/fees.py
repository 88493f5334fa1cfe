"""The base fee of EIP-1559 and the answer of eth_feeHistory."""

from .encoding import quantity, read_quantity
from .errors import invalid

ELASTICITY = 2
CHANGE_DENOMINATOR = 8
GWEI = 10**9
MAX_HISTORY = 1024


def next_base_fee(base_fee: int, gas_used: int, gas_limit: int, floor: int) -> int:
    """EIP-1559, "base fee per gas" of the child block; `floor` keeps it from sinking further (0 on the main net)."""
    target = gas_limit // ELASTICITY
    if gas_used == target:
        fee = base_fee
    elif gas_used > target:
        fee = base_fee + max(base_fee * (gas_used - target) // target // CHANGE_DENOMINATOR, 1)
    else:
        fee = base_fee - base_fee * (target - gas_used) // target // CHANGE_DENOMINATOR
    return max(fee, floor)


def fee_history(blocks: list, following_base_fee: int, percentiles: list) -> dict:
    """eth_feeHistory over consecutive blocks; rewards are weighted by gas, as the method's text says."""
    if any(not 0 <= p <= 100 for p in percentiles) or percentiles != sorted(percentiles):
        raise invalid("invalid reward percentile")
    answer = {
        "oldestBlock": quantity(blocks[0].number),
        "baseFeePerGas": [quantity(b.base_fee or 0) for b in blocks] + [quantity(following_base_fee)],
        "gasUsedRatio": [b.header.gas_used / b.header.gas_limit for b in blocks],
    }
    if percentiles:
        answer["reward"] = [[quantity(_reward(b, p)) for p in percentiles] for b in blocks]
    return answer


def _reward(block, percentile: float) -> int:
    tips = sorted(
        (read_quantity(r["effectiveGasPrice"]) - (block.base_fee or 0), read_quantity(r["gasUsed"])) for r in block.receipts
    )
    used = 0
    for tip, gas in tips:
        used += gas
        if used >= block.header.gas_used * percentile / 100:
            return tip
    return 0
