# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title  GasPriceOracle of the dev chain
@notice The two functions of the OP stack's predeploy that a client asks for the L1 data fee of a transaction
@dev    GasPriceOracle.bytecode is the runtime code, made by contracts-abi/build
"""

# Slot 0: wei for each byte of the raw transaction
pricePerByte: public(uint256)
# What signing adds to the bytes of an unsigned transaction, at most
SIGNATURE_BYTES: constant(uint256) = 68


@external
@view
def getL1Fee(unsigned: Bytes[131072]) -> uint256:
    return self.pricePerByte * (len(unsigned) + SIGNATURE_BYTES)


@external
@view
def getL1FeeUpperBound(unsignedSize: uint256) -> uint256:
    return self.pricePerByte * (unsignedSize + SIGNATURE_BYTES)
