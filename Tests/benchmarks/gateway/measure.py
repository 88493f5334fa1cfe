"""What a provider notices: how fast keys are judged, how soon a disable counts, how much memory a million keys take.

Both sides of a row take turns, pinned to one core with the program that asks, and the median of the turns' ratios counts.
"""

import json
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from logserver import CHAIN_ID, CONTRACT, LogServer  # noqa: E402
from support.contracts import MAX_BATCH, ApiKeys  # noqa: E402
from support.daemon import eventually  # noqa: E402
from support.devchain import DevChain, throwaway_account  # noqa: E402
from support.gateway import Gateway  # noqa: E402
from support.keytext import key_text  # noqa: E402
from support.debian import program  # noqa: E402
from support.nginx import nginx  # noqa: E402
from support.places import binaries  # noqa: E402
from support.turns import CORE, ON_ONE_CORE, SECONDS, TURNS, Table, compared, memory, pin  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
DISABLES = 20
POLL_SECONDS = 0.5
KEYS = 1_000_000


class Asker:
    """load.c with a file of requests, one for each key; keys all have one length, so that requests do."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.program = folder, folder / "load"
        subprocess.run(["cc", "-O2", "-o", self.program, HERE / "load.c"], check=True)

    def __call__(self, port: int, keys: list[str], connections: int, seconds: float) -> dict:
        made = [f"GET /auth HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {key}\r\n\r\n".encode() for key in keys]
        size = len(made[0])
        file = self.folder / "requests"
        file.write_bytes(b"".join(request for request in made if len(request) == size))
        run = subprocess.run(
            [*ON_ONE_CORE, self.program, str(port), file, str(size), str(connections), str(seconds)], check=True,
            capture_output=True)
        return json.loads(run.stdout)


def known_keys(table, gateway, ask, keys, folder):
    pin(gateway.process.pid)
    binary = program("nginx")
    if binary is None:
        return table.row("known key, 32 connections", "", "no nginx", "", "at least 0.6x of nginx's return 200", False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    text = f"server {{ listen 127.0.0.1:{port} backlog=1024; access_log off; location / {{ return 200; }} }}"
    turns = []
    with nginx(binary, folder, text, lambda: (folder / "nginx.pid").exists()) as peer:
        pin(peer.pid)
        for child in subprocess.run(["pgrep", "-P", str(peer.pid)], capture_output=True, text=True).stdout.split():
            subprocess.run(["taskset", "-c", "-p", str(CORE), child], check=True, stdout=subprocess.DEVNULL)
        ask(gateway.port, keys, 32, SECONDS)
        for _ in range(TURNS):
            turns.append((ask(gateway.port, keys, 32, SECONDS)["rate"], ask(port, keys, 32, SECONDS)["rate"]))
    ours, theirs, ratio = compared(turns)
    table.row("known key, 32 connections, one core", f"{ours:,.0f} /s", f"{theirs:,.0f} /s", f"{ratio:.2f}x",
        "at least 0.6x of nginx's return 200", ratio >= 0.6)


def first_sight(table, make, ask, keys, folder):
    """Each turn has a gateway of its own: a key is seen for the first time once only."""
    recover = folder / "recover"
    subprocess.run(["cc", "-O2", "-o", recover, HERE / "recover.c", "-lsecp256k1"], check=True)
    turns = []
    for _ in range(TURNS):
        gateway = make()
        pin(gateway.process.pid)
        ask(gateway.port, keys[:1], 1, 0.2)
        first = ask(gateway.port, keys[1:], 1, 0)["p50"]
        known = ask(gateway.port, keys[1:], 1, 0)["p50"]
        floor = float(subprocess.run([*ON_ONE_CORE, recover], check=True, capture_output=True, text=True).stdout)
        gateway.stop()
        turns.append((first - known, floor, known))
    more, floor, known = (statistics.median(side) for side in zip(*turns))
    beyond = statistics.median(a - b for a, b, _ in turns)
    table.row("key seen for the first time, beyond a known one", f"{more:.1f} us", f"{floor:.1f} us", f"{beyond:+.1f}",
        f"at most C's recover + 30 us (a known key: {known:.1f} us with the socket)", beyond <= 30)


def disables(table, gateway, contract, owner, keys):
    times = []
    for number in range(1, DISABLES + 1):
        key = keys[number - 1]
        assert gateway.auth(key).status == 200
        # At a time that has nothing to do with the gateway's looks.
        time.sleep(0.037 * number % POLL_SECONDS)
        contract.transact(owner, "disableKey", contract.message(number))
        mined = time.monotonic()
        while gateway.auth(key).status == 200:
            time.sleep(0.002)
        times.append(time.monotonic() - mined)
    worst, usual = max(times), statistics.median(times)
    table.row(f"disable on chain to 401, the worst of {DISABLES}", f"{worst * 1e3:.0f} ms", f"{POLL_SECONDS * 1e3:.0f} ms",
        "", f"at most one poll + 50 ms (median {usual * 1e3:.0f} ms)", worst <= POLL_SECONDS + 0.05)
    lag = gateway.metrics()['orakey_gateway_lag_max_seconds{network="BASE"}']
    table.remark("the maximum lag that it publishes", f"{lag * 1e3:.0f} ms")


def a_million_keys(table, folder):
    server = LogServer(KEYS)
    try:
        network = {"chain_id": CHAIN_ID, "rpc": [server.url], "contract": CONTRACT, "poll_interval": "500ms"}
        gateway = Gateway(binaries() / "orakey-gateway", folder, {"BASE": network})
        began = time.monotonic()
        gateway.start(healthy=False)
        eventually("all keys are followed", lambda: gateway.metrics().get("orakey_gateway_keys") == KEYS, 600)
        eventually("the chain is followed", lambda: gateway.get("/healthz").status == 200, 60)
        took = time.monotonic() - began
        first = memory(gateway.process.pid)
        gateway.stop()
        began = time.monotonic()
        gateway.start()
        again = time.monotonic() - began
        second = memory(gateway.process.pid)
        gateway.stop()
    finally:
        server.stop()
    table.row(f"{KEYS:,} keys, first sync ({took:.0f} s): VmHWM", f"{first['VmHWM']:.0f} MB", "", "", "at most 200 MB",
        first["VmHWM"] <= 200)
    table.row(f"{KEYS:,} keys, restart ({again:.1f} s): VmHWM", f"{second['VmHWM']:.0f} MB", "", "", "at most 200 MB",
        second["VmHWM"] <= 200)


def main() -> int:
    table = Table("orakey-gateway", 48, 14)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    made = []
    try:
        ask = Asker(folder)
        with DevChain() as chain:
            contract, owner = ApiKeys.deploy(chain), throwaway_account(2)
            for _ in range(4):
                contract.transact(owner, "createKeys", MAX_BATCH)
            keys = [key_text("BASE", owner, contract.message(n)) for n in range(1, 4 * MAX_BATCH + 1)]

            def make() -> Gateway:
                place = folder / f"g{len(made)}"
                place.mkdir()
                network = {
                    "chain_id": chain.chain_id, "rpc": [chain.url], "contract": contract.address,
                    "poll_interval": f"{POLL_SECONDS * 1e3:.0f}ms"}
                made.append(Gateway(binaries() / "orakey-gateway", place, {"BASE": network}))
                return made[-1].start()

            gateway = make()
            known_keys(table, gateway, ask, keys[:1], folder)
            disables(table, gateway, contract, owner, keys)
            gateway.stop()
            first_sight(table, make, ask, keys[DISABLES:], folder)
        (folder / "million").mkdir()
        a_million_keys(table, folder / "million")
    finally:
        for gateway in made:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
