"""The committed files are what the pinned compiler makes of the sources."""

import os
import shutil
import subprocess
import sys

from support.places import CONTRACTS, ROOT


def check(folder) -> subprocess.CompletedProcess:
    environment = {**os.environ, "VYPER_VENV": sys.prefix}
    return subprocess.run([folder / "build", "--check"], env=environment, capture_output=True, text=True)


def test_everything_recompiles_to_the_same_bytes():
    outcome = check(CONTRACTS)
    assert outcome.returncode == 0, outcome.stderr


def test_altered_files_are_noticed(tmp_path):
    copy = shutil.copytree(CONTRACTS, tmp_path / "contracts-abi")
    shutil.copytree(ROOT / "etc" / "devchain" / "node", tmp_path / "etc" / "devchain" / "node")
    altered = ("ApiKeys.abi.json", "ApiKeys.bytecode")
    for name in altered:
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace("6", "7", 1))
    outcome = check(copy)
    assert outcome.returncode == 1
    complaints = [f"build: contracts-abi/{name} is not what ApiKeys.vy compiles to" for name in altered]
    assert outcome.stderr.splitlines() == complaints


def test_unknown_arguments_are_refused():
    outcome = subprocess.run([CONTRACTS / "build", "--chekc"], capture_output=True, text=True)
    assert outcome.returncode == 64 and "--help" in outcome.stderr
