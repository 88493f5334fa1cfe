"""Fixtures for tests that type commands: a clean environment, wallet files, and a daemon that follows a script."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import pytest
from eth_account import Account
from support.places import ROOT, binaries

from .scripted_daemon import ScriptedDaemon

PASSPHRASE = "correct horse battery staple"
# The mnemonic every Ethereum tool tests with; its first address is known everywhere.
WORDS = "test test test test test test test test test test test junk"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TIMEOUT = 120


@dataclass
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    def line(self) -> str:
        """The failure's one line."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("orakey: "), self.err
        return self.err.removeprefix("orakey: ").rstrip("\n")


class Shell:
    """Runs commands in a folder of their own, with nothing of the user's in the environment."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "LANG": "C.UTF-8",
        }

    def run(self, *command, stdin: str | bytes = b"", **options) -> Result:
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run(
            [str(part) for part in command], input=stdin, capture_output=True, cwd=self.folder, timeout=TIMEOUT,
            env=self.environment, **options)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def orakey(self, *arguments, stdin: str | bytes = b"", **options) -> Result:
        return self.run(binaries() / "orakey", *arguments, stdin=stdin, **options)

    def private_file(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path


def type_into(shell: Shell, command: list, typed: dict[str, str]) -> tuple[int, str]:
    """Runs a command on a terminal of its own and types each answer when its prompt has come."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(shell.folder)
        os.execve(command[0], [str(part) for part in command], {**shell.environment, "TERM": "xterm"})
    seen, waiting = b"", list(typed.items())
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        while waiting and waiting[0][0].encode() in seen:
            os.write(terminal, waiting.pop(0)[1].encode() + b"\r")
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen.decode()


@pytest.fixture
def shell():
    """A shell in an empty private folder whose path is short enough for a Unix socket."""
    for program in ("orakey", "orakey-cli"):
        if not os.access(binaries() / program, os.X_OK):
            pytest.fail(f"{program} not found in {binaries()}: run `swift build`, or set ORAKEY_BIN", pytrace=False)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="okc-"))
    yield Shell(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def passphrase(shell):
    return shell.private_file("passphrase", PASSPHRASE + "\n")


@pytest.fixture(scope="session")
def wallet_text():
    """The text of a wallet file with WORDS, made once: encryption takes a second."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="okc-"))
    once = Shell(folder)
    passphrase = once.private_file("passphrase", PASSPHRASE)
    done = once.orakey(
        "wallet", "import", "--mnemonic", "--wallet", "wallet.json", "--passphrase-file", passphrase, stdin=WORDS)
    assert done.code == 0, done.err
    text = (folder / "wallet.json").read_text()
    shutil.rmtree(folder)
    return text


@pytest.fixture
def wallet(shell, wallet_text):
    """A wallet file with WORDS, under PASSPHRASE."""
    return shell.private_file("wallet.json", wallet_text)


@pytest.fixture(scope="session")
def light_text():
    """The first account of WORDS as eth-account writes it, with a derivation that costs next to nothing."""
    Account.enable_unaudited_hdwallet_features()
    return json.dumps(Account.encrypt(Account.from_mnemonic(WORDS).key, PASSPHRASE, kdf="scrypt", iterations=2))


@pytest.fixture
def light_wallet(shell, light_text):
    """A wallet file of ADDRESS, under PASSPHRASE, for tests that are not about wallets."""
    return shell.private_file("light.json", light_text)


@pytest.fixture
def daemon(shell):
    """A program that listens in orakeyd's place and answers as the test says."""
    with ScriptedDaemon(shell.folder / "daemon.sock") as scripted:
        shell.environment["ORAKEY_AGENT_SOCK"] = shell.environment["ORAKEY_CONTROL_SOCK"] = str(scripted.path)
        yield scripted


@pytest.fixture
def revoke(shell):
    """Runs etc/orakey-revoke."""
    return lambda *arguments, stdin="": shell.run(ROOT / "etc" / "orakey-revoke", *arguments, stdin=stdin)
