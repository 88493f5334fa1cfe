"""Hex forms of JSON-RPC: quantities, data, addresses, hashes. Reading is strict where geth is."""

from .errors import invalid


def quantity(value: int) -> str:
    return hex(value)


def data(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def word(value: int) -> str:
    return f"0x{value:064x}"


def read_quantity(text, what: str = "argument") -> int:
    """A hex quantity; plain JSON integers pass too, because people type them at evm_* methods."""
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    if not isinstance(text, str) or not text.startswith(("0x", "0X")):
        raise invalid(f"invalid {what}: hex string without 0x prefix")
    try:
        return int(text[2:], 16)
    except ValueError:
        raise invalid(f"invalid {what}: invalid hex number") from None


def read_data(text, what: str = "argument") -> bytes:
    if not isinstance(text, str) or not text.startswith(("0x", "0X")):
        raise invalid(f"invalid {what}: hex string without 0x prefix")
    try:
        return bytes.fromhex(text[2:]) if " " not in text else bytes.fromhex("x")
    except ValueError:
        odd = len(text) % 2
        raise invalid(f"invalid {what}: hex string of odd length" if odd else f"invalid {what}: invalid hex string") from None


def _read_fixed(text, length: int, type_name: str, what: str) -> bytes:
    value = read_data(text, what)
    if len(value) != length:
        raise invalid(f"invalid {what}: hex string has length {2 * len(value)}, want {2 * length} for {type_name}")
    return value


def read_address(text, what: str = "argument 0") -> bytes:
    return _read_fixed(text, 20, "common.Address", what)


def read_hash(text, what: str = "argument 0") -> bytes:
    return _read_fixed(text, 32, "common.Hash", what)
