"""The manual page knows every command and every option."""

import json
import re
import shutil

import pytest
from support.places import ROOT

PAGE = ROOT / "etc" / "man" / "orakey.1"


@pytest.fixture
def manual():
    """The page's words: fonts and escapes taken out."""
    text = re.sub(r"\\f[A-Z]|\\&", "", PAGE.read_text())
    text = re.sub(r'^\.[A-Z]+ ?|"', "", text, flags=re.M)
    return text.replace("\\-", "-")


def commands(tree, path=()):
    for command in tree.get("subcommands", []):
        if command["commandName"] != "help":
            yield (*path, command["commandName"]), command
            yield from commands(command, (*path, command["commandName"]))


def test_every_command_and_option_is_in_the_manual(shell, manual):
    tree = json.loads(shell.orakey("--experimental-dump-help").out)["command"]
    everything = list(commands(tree))
    assert len(everything) > 20
    missing = []
    for path, command in everything:
        if not command.get("subcommands") and not re.search(r"\b" + r"\s+".join(path[-2:]) + r"\b", manual):
            if not re.search(r"\b" + path[-1] + r"\b", manual):
                missing.append(" ".join(path))
        for argument in command.get("arguments", []):
            for name in argument.get("names") or []:
                if name["kind"] == "long" and name["name"] not in ("help", "version"):
                    if not re.search(rf"--{name['name']}\b", manual):
                        missing.append(f"{' '.join(path)} --{name['name']}")
    assert missing == []


def test_the_page_has_no_mistakes(shell):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = shell.run("groff", "-man", "-ww", "-z", PAGE)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completions_can_be_made(shell, name):
    done = shell.orakey("--generate-completion-script", name)
    assert done.code == 0
    assert "contract" in done.out and "passphrase-file" in done.out
    if shutil.which(name):
        check = {"bash": ["-n"], "zsh": ["-n"], "fish": ["--no-execute"]}[name]
        (shell.folder / "completion").write_text(done.out)
        assert shell.run(name, *check, shell.folder / "completion").code == 0
