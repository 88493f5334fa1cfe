#!/usr/bin/env python3
"""Writes Sources/EthereumWallet/BIP39/NFKDTable.swift from Python's copy of the Unicode database.

Decompositions of assigned characters never change (Unicode normalization stability policy), so the table only grows
with new versions of Unicode. Run by hand: python3 Tests/oracles/wallet_generate_nfkd.py
"""

import base64
import pathlib
import unicodedata

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Sources/EthereumWallet/BIP39/NFKDTable.swift"


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def main():
    data, previous, entries = bytearray(), 0, 0
    for code in range(0x80, 0x110000):
        if 0xD800 <= code <= 0xDFFF or 0xAC00 <= code <= 0xD7A3:
            continue  # surrogates have none, Hangul syllables are computed
        text = unicodedata.normalize("NFKD", chr(code))
        if text == chr(code):
            continue
        data += varint(code - previous) + varint(len(text)) + b"".join(varint(ord(c)) for c in text)
        previous, entries = code, entries + 1
    text = base64.b64encode(bytes(data)).decode().rstrip("=")
    lines = [text[i : i + 112] for i in range(0, len(text), 112)]
    TARGET.write_text(
        f"""// Made by Tests/oracles/wallet_generate_nfkd.py; not to be edited.

extension NFKD {{
    /// Full compatibility decompositions of Unicode {unicodedata.unidata_version}: {entries} characters, Hangul apart.
    ///
    /// Base64 without padding of one record each, in rising order: distance from the character before, number of
    /// scalars, the scalars, all as little-endian base-128 numbers.
    static let table: StaticString = \"\"\"
"""
        + "\n".join("        " + line + "\\" for line in lines)[:-1]
        + '\n        """\n}\n'
    )
    print(entries, "characters,", len(data), "bytes")


if __name__ == "__main__":
    main()
