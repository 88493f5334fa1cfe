"""The creation code in the binary is the one in contracts-abi. ORAKEY_UPDATE=1 writes it anew."""

import os
import re
import textwrap
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SWIFT = TOP / "Sources/OrakeyCLI/Contract/ReferenceBytecode.swift"
HEAD = '''/// Creation code of `contracts-abi/ApiKeys.vy` in hex, compiled in so that a deployment needs no other file.
/// `Tests/cli/test_bytecode.py` compares it with `contracts-abi/ApiKeys.bytecode`, and writes it with ORAKEY_UPDATE=1.
let referenceBytecode: StaticString = """
'''
TAIL = '    """\n'


def generated(code: str) -> str:
    lines = textwrap.wrap(code, 100)
    return HEAD + "".join(f"    {line}\\\n" for line in lines[:-1]) + f"    {lines[-1]}\n" + TAIL


def test_embedded_bytecode_is_the_contract_s():
    code = (TOP / "contracts-abi/ApiKeys.bytecode").read_text().strip().removeprefix("0x")
    assert re.fullmatch(r"([0-9a-f]{2})+", code)
    if os.environ.get("ORAKEY_UPDATE") == "1":
        SWIFT.write_text(generated(code))
    assert SWIFT.read_text() == generated(code)
