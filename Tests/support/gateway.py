"""orakey-gateway as a process of the test's own, spoken to without the project's client."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess

from .daemon import Answer, eventually

START_SECONDS = 60
STOP_SECONDS = 30


class Gateway:
    """A folder with a configuration, and orakey-gateway on it."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path, networks: dict, **settings):
        self.program, self.folder = program, folder
        self.config = folder / "gateway.yaml"
        self.document = {
            "listen": "127.0.0.1:0", "metrics": {"listen": "127.0.0.1:0"}, "networks": networks,
            "state_dir": str(folder / "state"), **settings,
        }
        self.process = None
        self.configure()

    def configure(self):
        # JSON is YAML.
        self.config.write_text(json.dumps(self.document, indent=2))

    @property
    def log_file(self) -> pathlib.Path:
        return self.folder / "gateway.log"

    def log_text(self) -> str:
        return self.log_file.read_text(errors="replace")

    def start(self, ready=True, healthy=True):
        skip = len(self.log_text()) if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--config", self.config, "--log-level", "debug"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})

        def addresses():
            assert self.process.poll() is None, f"orakey-gateway ended: {self.log_text()[skip:]}"
            return re.search(r' ready listen="?([^"]*?)"? version=', self.log_text()[skip:])

        if ready:
            *public, self.metrics_port = [
                int(address.rpartition(":")[2]) for address in eventually("it listens", addresses, START_SECONDS)[1].split()]
            self.port = public[0]
        if ready and healthy:
            eventually("it follows the chain", lambda: self.get("/healthz").status == 200, START_SECONDS)
        return self

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()

    def get(self, target: str, headers=None, method="GET", port=None, body=None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def auth(self, key: str | None, target="/auth", **headers) -> Answer:
        return self.get(target, {**({} if key is None else {"Authorization": f"Bearer {key}"}), **headers})

    def metrics(self) -> dict[str, float]:
        lines = self.get("/metrics", port=self.metrics_port).body.decode().splitlines()
        return {name: float(value) for name, value in (
            line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}

    def follows(self, block: int, network="BASE"):
        """Until the gateway acts on this block."""
        name = f'orakey_gateway_head_block{{network="{network}"}}'
        eventually(f"block {block} is followed", lambda: self.metrics().get(name, -1) >= block)
