"""EthereumABI against eth-abi and faster-eth-abi, on random types and values of a printed seed, in both directions.

Python makes cases that the Swift tests (OracleCorpusTests.swift) encode and decode; Swift makes cases for Python. The
test bundle is that of the debug build, or $ORAKEY_ABI_TESTS. ORAKEY_SEED repeats a run, ORAKEY_ORACLE_CASES sets its
size (5,000 each way).
"""

import json
import os
import random
import subprocess
from decimal import Decimal

import eth_abi
import faster_eth_abi
import pytest
from eth_abi.packed import encode_packed
from eth_utils import keccak

from support.places import binaries

CASES = int(os.environ.get("ORAKEY_ORACLE_CASES", 5000))
TEXT = "aZ0 \"\\\n\0é漢🔑\x7f"


class Maker:
    """Random types, values, and the JSON form of the values."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def type(self, depth=0):
        bits = 8 * self.random.randint(1, 32)
        kinds = [
            f"uint{bits}", f"int{bits}", "address", "bool", "bytes", "string", "function",
            f"bytes{self.random.randint(1, 32)}",
            f"fixed{bits}x{self.random.randint(1, 80)}", f"ufixed{bits}x{self.random.randint(1, 80)}",
        ]
        choice = self.random.randrange(len(kinds) + (0 if depth == 3 else 4))
        if choice < len(kinds):
            return kinds[choice]
        if choice == len(kinds):
            return self.type(depth + 1) + "[]"
        if choice == len(kinds) + 1:
            return f"{self.type(depth + 1)}[{self.random.randint(1, 4)}]"
        return "(" + ",".join(self.type(depth + 1) for _ in range(self.random.randint(1, 4))) + ")"

    def integer(self, low, high):
        """The limits, numbers near them and small ones as often as any others."""
        bits = self.random.randint(0, max(high.bit_length(), 1))
        near = self.random.choice([low, high, 0, self.random.getrandbits(bits), -self.random.getrandbits(bits)])
        return min(max(near, low), high)

    def value(self, name):
        """A value as eth-abi takes it, and its JSON form."""
        if name.endswith("]"):
            element, _, count = name[:-1].rpartition("[")
            pairs = [self.value(element) for _ in range(int(count) if count else self.random.randint(0, 4))]
            return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        if name.startswith("("):
            pairs = [self.value(member) for member in members(name)]
            return tuple(pair[0] for pair in pairs), [pair[1] for pair in pairs]
        if name == "bool":
            flag = self.random.random() < 0.5
            return flag, flag
        if name == "string":
            text = "".join(self.random.choice(TEXT) for _ in range(self.random.randint(0, 40)))
            return text, text
        if name == "address":
            text = "0x" + self.random.randbytes(20).hex()
            return text, text
        if name == "function" or name.startswith("bytes"):
            count = 24 if name == "function" else int(name[5:] or self.random.randint(0, 70))
            data = self.random.choice([bytes(count), b"\xff" * count, self.random.randbytes(count)])
            return data, "0x" + data.hex()
        bits, _, decimals = name.lstrip("uintfxed").partition("x")
        if name.startswith("u"):
            number = self.integer(0, 2 ** int(bits) - 1)
        else:
            number = self.integer(-(2 ** (int(bits) - 1)), 2 ** (int(bits) - 1) - 1)
        return (scaled(number, int(decimals)) if decimals else number), str(number)


def scaled(number, decimals):
    """number / 10^decimals, exactly whatever the context's precision."""
    return Decimal((int(number < 0), tuple(int(digit) for digit in str(abs(number))), -decimals))


def members(name):
    """The member types of a tuple type."""
    parts, depth, start = [], 0, 1
    for index, character in enumerate(name):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        if depth == 0 and character == ")" or depth == 1 and character == ",":
            parts.append(name[start:index])
            start = index + 1
    return parts


def from_json(name, value):
    """A value from its JSON form, as eth-abi takes and returns it."""
    if name.endswith("]"):
        return tuple(from_json(name[: name.rindex("[")], element) for element in value)
    if name.startswith("("):
        return tuple(from_json(member, element) for member, element in zip(members(name), value, strict=True))
    if name in ("bool", "string"):
        return value
    if name == "address":
        return value.lower()
    if name == "function" or name.startswith("bytes"):
        return bytes.fromhex(value[2:])
    decimals = name.lstrip("uintfxed").partition("x")[2]
    return scaled(int(value), int(decimals)) if decimals else int(value)


def packed(name, value):
    """The packed form by the specification; None where it has none. eth-abi does not pad the elements of arrays, and
    packs tuples and nested arrays too, so that its ordinary encoding is the model for arrays."""
    element, bracket, _ = name.partition("[")
    if name.startswith("(") or name.count("[") > 1 or bracket and element in ("bytes", "string"):
        return None
    if not bracket:
        return encode_packed([name], [value])
    return eth_abi.encode([f"{element}[{len(value)}]"], [value]) if value else b""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with the cases of both sides; the Swift side has run."""
    seed = os.environ.get("ORAKEY_SEED") or str(random.getrandbits(63))
    print(f"ORAKEY_SEED={seed}")
    maker = Maker(int(seed))
    cases = []
    for _ in range(CASES):
        types = [maker.type() for _ in range(maker.random.randint(1, 4))]
        pairs = [maker.value(name) for name in types]
        values = [pair[0] for pair in pairs]
        data = eth_abi.encode(types, values)
        parts = [packed(name, value) for name, value in zip(types, values, strict=True)]
        assert faster_eth_abi.encode(types, values) == data
        cases.append(
            {
                "types": types,
                "values": [pair[1] for pair in pairs],
                "data": data.hex(),
                "selector": "0x" + keccak(text=f"f({','.join(types)})")[:4].hex(),
                "packed": None if None in parts else b"".join(parts).hex(),
            }
        )
    folder = tmp_path_factory.mktemp("abi")
    (folder / "eth-abi.json").write_text(json.dumps(cases))
    bundle = os.environ.get("ORAKEY_ABI_TESTS") or binaries() / "orakeydPackageTests.xctest"
    done = subprocess.run(
        [bundle, "--testing-library", "swift-testing", "--filter", "OracleCorpusTests"],
        env=os.environ | {"ORAKEY_SEED": seed, "ORAKEY_ORACLE_CORPUS": str(folder), "ORAKEY_ORACLE_CASES": str(CASES)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder


def test_cases_of_eth_abi(corpus):
    assert int((corpus / "checked").read_text()) == CASES


@pytest.mark.parametrize("library", [eth_abi, faster_eth_abi], ids=lambda library: library.__name__)
def test_cases_for_eth_abi(corpus, library):
    cases = json.loads((corpus / "orakey.json").read_text())
    assert len(cases) == CASES
    for case in cases:
        types, data = case["types"], bytes.fromhex(case["data"])
        values = tuple(from_json(name, value) for name, value in zip(types, case["values"], strict=True))
        assert library.encode(types, values) == data, types
        assert tuple(library.decode(types, data)) == values, types
