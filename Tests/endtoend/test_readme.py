"""The commands of the README exist, with the options that it gives them."""

import re
import shlex
import subprocess

import pytest
from support.places import ROOT


def commands():
    """The command lines of the README's shell blocks, taken apart at pipes and substitutions."""
    text = (ROOT / "README.md").read_text()
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            line = line.partition("  #")[0]
            for part in re.split(r"[|&;]|\$\(|\)", line):
                words = shlex.split(part.replace('"', ""))
                if words and words[0].startswith("orakey"):
                    yield words


ALL = sorted({tuple(words) for words in commands()})


def test_the_readme_has_commands():
    assert len(ALL) > 12
    assert {words[0] for words in ALL} >= {"orakey", "orakeyd", "orakey-revoke"}


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_command_and_options_are_known(words, bin_dir):
    program = ROOT / "etc" / "orakey-revoke" if words[0] == "orakey-revoke" else bin_dir / words[0]
    subcommands = []
    for word in words[1:]:
        if not re.fullmatch(r"[a-z]+", word):
            break
        subcommands.append(word)
    answer = subprocess.run([program, *subcommands, "--help"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    usage = answer.stdout
    if subcommands:
        assert subcommands[-1] in usage, "the help is not that of the command"
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", usage), f"{option} is not in the help"


@pytest.mark.parametrize("service", ["orakeyd", "orakey-gateway"])
def test_the_manual_has_every_option_of_the_service(bin_dir, service):
    usage = subprocess.run([bin_dir / service, "--help"], capture_output=True, text=True, timeout=60).stdout
    manual = (ROOT / "etc" / "man" / f"{service}.8").read_text()
    options = set(re.findall(r"^ +(--[a-z-]+)", usage, re.MULTILINE))
    assert options >= {"--config", "--check-config", "--version"}
    for option in options - {"--version"}:
        assert f"Fl -{option[2:]} " in manual or f"Fl -{option[2:]}\n" in manual, option
    statuses = re.search(r"Exit status.*?sysexits\.h:\s*(.*?)\.\n", usage, re.DOTALL)[1]
    described = manual.partition(".Sh EXIT STATUS")[2]
    for status in re.findall(r"\d+", statuses):
        assert re.search(rf"\b{status}\b", described), status


def test_the_makefile_has_the_tasks():
    tasks = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^ *|`)make ([a-z]+)", (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert named <= tasks
