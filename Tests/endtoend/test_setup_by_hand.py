"""The README's set-up and its tasks, typed on a terminal as they stand there, by a user with an empty home."""

import os
import pty
import re
import shutil
import subprocess
import time

import pytest
from support.places import ROOT

PASSPHRASE = "a passphrase for nothing"
MINUTES = 60


def block(heading):
    """The lines of the README's shell block under a heading, without their comments."""
    text = (ROOT / "README.md").read_text()
    found = re.search(rf"^### {heading}\n.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.partition("  #")[0].rstrip() for line in found[1].splitlines()]


class Terminal:
    """Runs commands on a terminal of their own and answers prompts for the passphrase."""

    def __init__(self, environment, folder):
        self.environment = environment
        self.folder = folder

    def run(self, line):
        """What a shell command showed. It has to end well."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "-c", line], self.environment)
        shown, since_answer = b"", b""
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # what reading gives when the other end has gone
                break
            if not data:
                break
            shown += data
            since_answer += data
            if re.search(rb"[Pp]assphrase[^\n]*: $", since_answer):
                os.write(terminal, PASSPHRASE.encode() + b"\n")
                since_answer = b""
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        text = shown.decode().replace("\r", "")
        assert status == 0, f"$ {line}\n{text}"
        assert PASSPHRASE not in text
        return text


@pytest.fixture
def home(private_dir, bin_dir):
    for name in ("home", "run"):
        (private_dir / name).mkdir(mode=0o700)
    environment = {
        "HOME": str(private_dir / "home"), "XDG_RUNTIME_DIR": str(private_dir / "run"), "TERM": "dumb",
        "PATH": f"{bin_dir}:{ROOT / 'etc'}:{os.environ['PATH']}",
    }
    return Terminal(environment, private_dir / "home")


@pytest.fixture
def start_daemon(home):
    started = []

    def start(line):
        started.append(subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=home.folder, env=home.environment, stderr=subprocess.PIPE, text=True))
        for entry in started[-1].stderr:
            if "ready" in entry:
                return started[-1]
        pytest.fail(f"{line} ended before it was ready")

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=MINUTES)
        assert process.returncode == 0


def test_set_up_and_tasks(home, start_daemon, start_chain):
    chain = start_chain("--mine", "0.2", "--chain-id", "8453")
    enter, make_wallet, copy, check, address, deploy, daemon, unlock = block("Set up")
    assert enter == "mkdir -p ~/.config/orakeyd && cd ~/.config/orakeyd"
    home.run(enter)
    home.folder = home.folder / ".config" / "orakeyd"

    words = home.run(make_wallet)
    assert re.search(r"^([a-z]+ ){11}[a-z]+$", words, re.MULTILINE)
    sample = home.folder / "orakeyd.yaml"
    assert copy == "cp /usr/local/share/doc/orakeyd/examples/orakeyd.yaml ."
    shutil.copy(ROOT / "etc" / "orakeyd.yaml", sample)
    assert "ok" in home.run(check)
    sample.write_text(sample.read_text().replace("https://mainnet.base.org", chain.url))
    owner = re.search(r"^0x\w{40}$", home.run(address), re.MULTILINE)[0]
    chain.rpc("anvil_setBalance", owner, hex(10**19))
    contract = re.search(r"0x\w{40}(?=\n)", home.run(deploy))[0]
    sample.write_text(sample.read_text().replace('# contract: "0x..."', f'contract: "{contract}"'))

    assert daemon == "orakeyd"
    start_daemon(daemon)
    home.run(unlock)
    until = time.monotonic() + 2 * MINUTES
    while "generation" not in (answer := home.run(
            'curl -s --unix-socket "$XDG_RUNTIME_DIR/orakeyd/agent.sock" http://localhost/v1/key')):
        assert time.monotonic() < until, answer

    get, as_json, as_text, *_ = block("Use the key")
    assert home.run(get) == home.run(as_text)
    assert home.run(get).strip() in home.run(as_json)
    inspect, verify = block("Check a key")
    assert owner in home.run(inspect)
    assert re.search("(?<!not )active at block", home.run(verify))

    for line in block("Rotate, revoke, look"):
        key = home.run(get).strip()
        line = line.replace("chatbot", "default").replace("orakey rotate", "orakey rotate --grace 0s")
        if line.endswith("SHA256:0123456789abcdef"):
            line = line.replace("SHA256:0123456789abcdef", re.search(r"SHA256:\w{16}", home.run("orakey status"))[0])
        if line.startswith("orakey-revoke"):
            line = f"{get} | {line}"
        home.run(line)
        if "rotate" in line or "revoke" in line:
            assert home.run(get).strip() != key, line
