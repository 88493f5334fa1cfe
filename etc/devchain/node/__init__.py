"""A development chain: a real EVM (py-evm) with blocks, a mempool and reorgs, behind geth-like JSON-RPC."""

__version__ = "1.0.0"
CLIENT_VERSION = f"devchain/v{__version__}/py-evm-prague"
