"""orakeyd as a process of the test's own, and its two sockets spoken to without the project's client."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from .contracts import Contract
from .devchain import DevChain

START_SECONDS = 60
STOP_SECONDS = 30
PASSPHRASE = "correct horse battery staple"
# How POST /v1/unlock wants it.
OCTETS = {"Content-Type": "application/octet-stream"}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status: int, headers, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def ask(path, method: str, target: str, body=None, headers=None, timeout=60) -> Answer:
    """One request on a connection of its own. A dict becomes JSON."""
    connection = UnixConnection(path, timeout)
    try:
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def eventually(what: str, condition, seconds=60):
    """The first true value of `condition`, asked again and again; fails with `what` when the time is up."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Daemon:
    """A folder with a wallet and a configuration, and orakeyd on it. Start and stop it as often as the test likes."""

    def __init__(self, programs: pathlib.Path, folder: pathlib.Path, chain: DevChain, contract: Contract | None,
                 **network):
        self.programs, self.folder, self.chain, self.contract = programs, folder, chain, contract
        self.agent, self.control = folder / "agent.sock", folder / "control.sock"
        self.config, self.wallet = folder / "orakeyd.yaml", folder / "wallet.json"
        self.passphrase = folder / "passphrase"
        self.network = {"confirmations": 2, "poll_interval": "1s", **network}
        self.consumers: list[dict] | None = None
        self.process = None
        # For subprocess.Popen: another user, another folder to run in.
        self.process_options: dict = {}
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "ORAKEY_AGENT_SOCK": str(self.agent),
            "ORAKEY_CONTROL_SOCK": str(self.control),
        }
        if not self.passphrase.exists():
            self.passphrase.write_text(PASSPHRASE + "\n")
            self.passphrase.chmod(0o600)

    # Preparation

    def make_wallet(self) -> str:
        """A fresh wallet; returns its address."""
        self.orakey("wallet", "new", "--wallet", self.wallet, "--passphrase-file", self.passphrase)
        return self.address

    @property
    def address(self) -> str:
        out = self.orakey("wallet", "address", "--wallet", self.wallet, "--passphrase-file", self.passphrase)
        return out.stdout.strip().splitlines()[-1]

    def fund(self, address: str, wei: int = 10**18):
        self.chain.rpc("anvil_setBalance", address, hex(wei))

    def configure(self, **extra):
        network = {"chain_id": self.chain.chain_id, "rpc": [self.chain.url], **self.network}
        if self.contract is not None:
            network["contract"] = self.contract.address
        document = {"wallet": {"keystore": str(self.wallet)}, "networks": {"BASE": network}, **extra}
        if self.consumers is not None:
            document["consumers"] = self.consumers
        # JSON is YAML.
        self.config.write_text(json.dumps(document, indent=2))

    # The process

    def start(self, *arguments, unlocked=True, wait=True):
        secret = ["--passphrase-file", self.passphrase] if unlocked else []
        self.log = (self.folder / "orakeyd.log").open("ab")
        self.process = subprocess.Popen(
            [str(a) for a in (self.programs / "orakeyd", "--config", self.config, "--state-dir", self.folder / "state",
                              "--log-level", "debug", *secret, *arguments)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.env, **self.process_options)
        if wait:
            eventually("orakeyd serves its sockets", self.serves, START_SECONDS)
        return self

    def serves(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"orakeyd ended with {self.process.returncode}:\n{self.log_text()}")
        try:
            return ask(self.control, "GET", "/v1/status").status == 200
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def stop(self) -> int:
        """Ends it with SIGTERM; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.log.close()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def log_text(self) -> str:
        return (self.folder / "orakeyd.log").read_text(errors="replace")

    # Clients

    def orakey(self, *arguments, check=True, stdin: str | None = None, program="orakey") -> subprocess.CompletedProcess:
        run = subprocess.run(
            [str(a) for a in (self.programs / program, *arguments)], input=stdin, capture_output=True, text=True,
            env=self.env, timeout=180)
        if check and run.returncode != 0:
            raise AssertionError(f"orakey {arguments} ended with {run.returncode}: {run.stderr}\n{self.tail()}")
        return run

    def tail(self) -> str:
        path = self.folder / "orakeyd.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-25:]) if path.exists() else ""

    def get(self, target: str, **options) -> Answer:
        return ask(self.agent, "GET", target, **options)

    def control_get(self, target: str) -> dict:
        answer = ask(self.control, "GET", target)
        assert answer.status == 200, answer
        return answer.json

    def control_get_text(self, target: str) -> str:
        answer = ask(self.control, "GET", target)
        assert answer.status == 200, answer
        return answer.body.decode()

    def post(self, target: str, body=None, **options) -> Answer:
        return ask(self.control, "POST", target, body if body is not None else {}, **options)

    def status(self) -> dict:
        return self.control_get("/v1/status")["networks"][0]

    def alarms(self) -> set[str]:
        return {alarm["code"] for alarm in self.status()["alarms"]}

    def keys(self, state: str | None = None) -> list[dict]:
        found, after = [], ""
        while True:
            page = self.control_get(f"/v1/keys?limit=500{after}" + (f"&state={state}" if state else ""))
            found += page["keys"]
            if not page.get("next"):
                return found
            after = f"&after={page['next']}"

    def intents(self) -> list[dict]:
        return self.control_get("/v1/intents?limit=1000")["intents"]

    def wait_for_key(self, seconds=60) -> dict:
        def key():
            answer = self.get("/v1/key")
            return answer.json if answer.status == 200 else None

        return eventually("a key is handed out", key, seconds)

    def settle(self, seconds=60):
        """Until every intent that is due has ended."""
        eventually("all intents have ended", lambda: self.status()["pending_intents"] == 0, seconds)
