"""Completions, as the shells themselves offer them: each loads the script the way it is installed."""

import os
import pathlib
import pty
import re
import select
import shutil
import time

import pytest
from support.places import binaries

PATIENCE = 60
# What is typed, and words that have to be among those offered.
CASES = [
    ("orakey wal", {"wallet"}),
    ("orakey wallet new --pass", {"--passphrase-file", "--passphrase-fd"}),
    ("orakey keys ", {"list", "create", "adopt"}),
    ("orakey exec --on-rotate ", {"ignore", "restart"}),
    ("orakeyd --log-format ", {"text", "json"}),
    ("orakeyd --pass", {"--passphrase-file", "--passphrase-fd"}),
]


def script(shell, program: str, name: str) -> pathlib.Path:
    """The script of `program` for the shell `name`, under the file name it is installed as."""
    done = shell.run(binaries() / program, "--generate-completion-script", name)
    assert done.code == 0, done.err
    folder = shell.folder / "completions"
    folder.mkdir(exist_ok=True)
    path = folder / {"bash": program, "zsh": f"_{program}", "fish": f"{program}.fish"}[name]
    path.write_text(done.out)
    return path


def needs(name):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name} on this host")


@pytest.mark.parametrize("typed,words", CASES, ids=[typed for typed, _ in CASES])
def test_bash(shell, typed, words):
    path = script(shell, typed.split()[0], "bash")
    # What readline does when tab is pressed.
    parts = typed.split(" ")
    program = """
        . "$1"; shift
        function=$(complete -p "$1"); function=${function##*-F }; function=${function%% *}
        COMP_LINE="$*"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_POINT=${#COMP_LINE}
        "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = shell.run("bash", "--norc", "-c", program, "bash", path, *parts)
    assert done.err == ""
    assert words <= {word.strip() for word in done.out.splitlines()}


@needs("bash")
@pytest.mark.skipif(not os.path.exists("/usr/share/bash-completion/bash_completion"), reason="no bash-completion")
def test_bash_finds_the_script_where_it_is_installed(shell):
    folder = shell.folder / "share" / "bash-completion" / "completions"
    folder.mkdir(parents=True)
    shutil.copy(script(shell, "orakey", "bash"), folder / "orakey")
    shell.environment["XDG_DATA_DIRS"] = str(shell.folder / "share")
    done = shell.run(
        "bash", "--norc", "-c", ". /usr/share/bash-completion/bash_completion; _completion_loader orakey; complete -p orakey")
    assert "-F _orakey orakey" in done.out


@needs("fish")
@pytest.mark.parametrize("typed,words", CASES, ids=[typed for typed, _ in CASES])
def test_fish(shell, typed, words):
    path = script(shell, typed.split()[0], "fish")
    done = shell.run("fish", "--no-config", "-c", f'source {path}; complete -C "{typed}"')
    assert done.err == ""
    assert words <= {line.split("\t")[0] for line in done.out.splitlines()}


class Zsh:
    """An interactive zsh on a terminal of its own, without the user's files."""

    def __init__(self, shell, fpath):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(shell.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], shell.environment | {"TERM": "dumb"})
        self.seen = ""
        self.type(f"fpath=({fpath} $fpath); autoload -Uz compinit; compinit -u -D; PROMPT='rea''dy> '\n")
        # Only once the prompt is there does zsh read keys by itself; until then the terminal would take control-D for the end.
        self.wait("ready> ")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern):
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end, f"{pattern} not in {self.seen}"
            if select.select([self.terminal], [], [], 1)[0]:
                self.seen += os.read(self.terminal, 4096).decode(errors="replace")

    def end(self):
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@needs("zsh")
@pytest.mark.parametrize("typed,words", CASES, ids=[typed for typed, _ in CASES])
def test_zsh(shell, typed, words):
    path = script(shell, typed.split()[0], "zsh")
    # The completions of orakey come from the program itself where they depend on what is typed.
    shell.environment["PATH"] = f"{binaries()}:{shell.environment['PATH']}"
    zsh = Zsh(shell, path.parent)
    try:
        # Control-D lists what tab would choose from; a single word is put on the line.
        zsh.type(typed + ("\t" if len(words) == 1 else "\x04"))
        for word in words:
            zsh.wait(r"(?<![\w-])" + re.escape(word) + r"(?![\w-])")
    finally:
        zsh.end()
