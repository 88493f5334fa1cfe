"""Gas that a transaction needs before it executes anything."""

TRANSACTION_GAS = 21_000
# EIP-7623: tokens are 1 for a zero byte and 4 for another
FLOOR_PER_TOKEN = 10
TOKENS_PER_NONZERO_BYTE = 4


def floor_gas(call_data: bytes) -> int:
    """EIP-7623, the least a transaction with this data costs."""
    zeros = call_data.count(0)
    return TRANSACTION_GAS + FLOOR_PER_TOKEN * (zeros + TOKENS_PER_NONZERO_BYTE * (len(call_data) - zeros))


def minimum_gas(transaction) -> int:
    return max(transaction.intrinsic_gas, floor_gas(transaction.data))
