"""Where things are."""

import os
import pathlib

TESTS = pathlib.Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
CONTRACTS = ROOT / "contracts-abi"
TEST_CONTRACTS = TESTS / "contract"
DEVCHAIN = ROOT / "etc" / "devchain" / "devchain"


def binaries() -> pathlib.Path:
    """The folder with orakeyd, orakey and orakey-cli: $ORAKEY_BIN, else the debug build."""
    return pathlib.Path(os.environ.get("ORAKEY_BIN", ROOT / ".build" / "debug")).resolve()
