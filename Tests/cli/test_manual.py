"""The manual page knows every command and every option."""

import json
import re
import shutil

import pytest
from support.places import ROOT, binaries

PAGE = ROOT / "etc" / "man" / "orakey.1"
SERVICE = ROOT / "etc" / "man" / "orakeyd.8"


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


def test_the_manual_names_no_option_that_is_not_there(shell, manual):
    tree = json.loads(shell.orakey("--experimental-dump-help").out)["command"]
    there = {name["name"] for _, command in commands(tree) for argument in command.get("arguments", [])
             for name in argument.get("names") or [] if name["kind"] == "long"}
    named = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", manual))
    assert named - there - {"generate-completion-script"} == set()


def test_every_option_of_the_service_is_in_its_manual(shell):
    tree = json.loads(shell.run(binaries() / "orakeyd", "--experimental-dump-help").out)["command"]
    options = {name["name"] for argument in tree["arguments"] for name in argument.get("names") or []
               if name["kind"] == "long"}
    page = SERVICE.read_text()
    named = set(re.findall(r"Fl -([a-z-]+)", page))
    assert named == options - {"help", "version"}
    for line in re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh DESCRIPTION", page, re.MULTILINE | re.DOTALL)[1].splitlines():
        assert line == ".Nm" or line.startswith(".Op Fl -"), line
    synopsis = page[:page.index(".Sh DESCRIPTION")]
    assert set(re.findall(r"Fl -([a-z-]+)", synopsis)) == named


@pytest.mark.parametrize("program", ["orakeyd", "orakey-gateway"])
def test_every_exit_code_of_the_services_is_in_their_manuals(program):
    sources = ROOT / "Sources"
    found = {"64"}
    for source in (sources / program / "StartFailure.swift", sources / "OrakeyHost" / "StateDirectory.swift"):
        found |= set(re.findall(r": (?:\w+ == \w+(?: \|\| \w+ == \w+)* \? )?(\d\d)\b", source.read_text()))
        found |= set(re.findall(r"\? \d\d : (\d\d)\b", source.read_text()))
    status = (PAGE.parent / f"{program}.8").read_text().split(".Sh EXIT STATUS\n")[1].split(".Sh")[0]
    assert len(found) > 7 and found == set(re.findall(r"\b([67]\d)\b", status))


def test_every_option_of_the_revocation_script_is_in_its_manual(revoke):
    usage = revoke("--help").out
    options = set(re.findall(r"--([a-z]+)", usage))
    page = (PAGE.parent / "orakey-revoke.1").read_text()
    assert set(re.findall(r"Fl -([a-z]+)", page)) == options | {"help"}


def test_every_call_of_the_sockets_is_in_the_manual():
    routes = ROOT / "Sources" / "OrakeyServer" / "Routes"
    page = SERVICE.read_text()
    found = set()
    for source in routes.rglob("*.swift"):
        text = source.read_text()
        for method, path in re.findall(r"case \(\.(GET|POST), \[([^\]]+)\]\)", text):
            found.add(f"{method} /" + "/".join(re.findall(r'"([a-z0-9]+)"', path)))
        found |= {
                f"{method} {path}"
                for path, method in re.findall(r'case "(/v1/[a-z]+)":\s+try require\(\.(GET|POST)', text)}
    assert len(found) > 12
    assert [call for call in sorted(found) if f".It Cm {call}" not in page] == []


# They print nothing, become another command, or print a secret and nothing else.
WITHOUT_JSON = {"acknowledge", "reload", "exec", "wallet passwd", "wallet export"}


def test_every_command_that_prints_data_prints_json(shell):
    tree = json.loads(shell.orakey("--experimental-dump-help").out)["command"]
    without = set()
    for path, command in commands(tree):
        options = {name["name"] for argument in command.get("arguments", []) for name in argument.get("names") or []}
        if not command.get("subcommands") and "json" not in options:
            without.add(" ".join(path))
    assert without == WITHOUT_JSON
