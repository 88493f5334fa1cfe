"""API keys as the design defines them, made by eth-account and base58 instead of by the product."""

import base58
from eth_account.messages import encode_defunct


def key_text(network: str, account, message: bytes, layout: str = "text", signing: str = "eip191") -> str:
    """The key of `account` for `message`."""
    content = message if signing == "eip191" else ("0x" + message.hex()).encode()
    signature = bytes(account.sign_message(encode_defunct(content)).signature)
    inside = message + signature if layout == "binary" else f"0x{message.hex()}:0x{signature.hex()}".encode()
    return f"{network}:{base58.b58encode(inside).decode()}"
