"""What wallets see of an OP-stack chain: the L1 data fee, asked from a predeployed contract and taken at inclusion.

The fee here is a price for each byte of the raw transaction. The real formula also compresses and scales; what a client
has to cope with is the same: a second fee that eth_estimateGas does not know, in `l1Fee` of the receipt.
"""

import pathlib

GAS_PRICE_ORACLE = bytes.fromhex("420000000000000000000000000000000000000f")
PRICE_SLOT = 0
_RUNTIME = pathlib.Path(__file__).with_name("GasPriceOracle.bytecode")


def genesis_code(settings) -> dict[bytes, bytes]:
    if settings.l1_fee_per_byte is None:
        return {}
    return {GAS_PRICE_ORACLE: bytes.fromhex(_RUNTIME.read_text().strip().removeprefix("0x"))}


def set_price(state, wei_per_byte: int):
    state.set_storage(GAS_PRICE_ORACLE, PRICE_SLOT, wei_per_byte)


def l1_fee(chain, transaction) -> int | None:
    """Wei that inclusion costs on top of gas; None on other chains."""
    if chain.settings.l1_fee_per_byte is None:
        return None
    price = chain.state_after(chain.head).get_storage(GAS_PRICE_ORACLE, PRICE_SLOT)
    return price * len(transaction.encode())
