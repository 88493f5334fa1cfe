"""What a provider notices: how fast keys are judged, how soon a disable counts, how much memory a million keys take.

Both sides of a row take turns, pinned to one core with the program that asks, and the median of the turns' ratios counts.
"""

import json
import os
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

HERE = pathlib.Path(__file__).resolve().parent
TURNS = 9
SECONDS = 0.5
DISABLES = 20
POLL_SECONDS = 0.5
KEYS = 1_000_000
CORE = max(os.sched_getaffinity(0))
ON_ONE_CORE = ["taskset", "-c", str(CORE)]

failed = False


def row(what: str, ours: str, peer: str, ratio: str, budget: str, kept: bool):
    global failed
    failed |= not kept
    print(f"{what:48} {ours:>14} {peer:>14} {ratio:>8}   {budget}{'' if kept else ' MISSED'}", flush=True)


def pin(process: subprocess.Popen):
    subprocess.run(["taskset", "-a", "-c", "-p", str(CORE), str(process.pid)], check=True, stdout=subprocess.DEVNULL)


def memory(process: subprocess.Popen) -> dict[str, float]:
    """Megabytes by the names of /proc/PID/status."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return {name: int(rest.split()[0]) * 1024 / 1e6 for name, rest in (line.split(":", 1) for line in lines if " kB" in line)}


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


def known_keys(gateway, ask, keys, folder):
    pin(gateway.process)
    binary = program("nginx")
    if binary is None:
        return row("known key, 32 connections", "", "no nginx", "", "at least 0.6x of nginx's return 200", False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    text = f"server {{ listen 127.0.0.1:{port} backlog=1024; access_log off; location / {{ return 200; }} }}"
    turns = []
    with nginx(binary, folder, text, lambda: (folder / "nginx.pid").exists()) as peer:
        pin(peer)
        for child in subprocess.run(["pgrep", "-P", str(peer.pid)], capture_output=True, text=True).stdout.split():
            subprocess.run(["taskset", "-c", "-p", str(CORE), child], check=True, stdout=subprocess.DEVNULL)
        ask(gateway.port, keys, 32, SECONDS)
        for _ in range(TURNS):
            turns.append((ask(gateway.port, keys, 32, SECONDS)["rate"], ask(port, keys, 32, SECONDS)["rate"]))
    ours, theirs = (statistics.median(side) for side in zip(*turns))
    ratio = statistics.median(a / b for a, b in turns)
    row("known key, 32 connections, one core", f"{ours:,.0f} /s", f"{theirs:,.0f} /s", f"{ratio:.2f}x",
        "at least 0.6x of nginx's return 200", ratio >= 0.6)


def first_sight(make, ask, keys, folder):
    """Each turn has a gateway of its own: a key is seen for the first time once only."""
    recover = folder / "recover"
    subprocess.run(["cc", "-O2", "-o", recover, HERE / "recover.c", "-lsecp256k1"], check=True)
    turns = []
    for _ in range(TURNS):
        gateway = make()
        pin(gateway.process)
        ask(gateway.port, keys[:1], 1, 0.2)
        first = ask(gateway.port, keys[1:], 1, 0)["p50"]
        known = ask(gateway.port, keys[1:], 1, 0)["p50"]
        floor = float(subprocess.run([*ON_ONE_CORE, recover], check=True, capture_output=True, text=True).stdout)
        gateway.stop()
        turns.append((first - known, floor, known))
    more, floor, known = (statistics.median(side) for side in zip(*turns))
    beyond = statistics.median(a - b for a, b, _ in turns)
    row("key seen for the first time, beyond a known one", f"{more:.1f} us", f"{floor:.1f} us", f"{beyond:+.1f}",
        f"at most C's recover + 30 us (a known key: {known:.1f} us with the socket)", beyond <= 30)


def disables(gateway, contract, owner, keys):
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
    row(f"disable on chain to 401, the worst of {DISABLES}", f"{worst * 1e3:.0f} ms", f"{POLL_SECONDS * 1e3:.0f} ms",
        "", f"at most one poll + 50 ms (median {usual * 1e3:.0f} ms)", worst <= POLL_SECONDS + 0.05)
    lag = gateway.metrics()['orakey_gateway_lag_max_seconds{network="BASE"}']
    print(f"{'  the maximum lag that it publishes':48} {lag * 1e3:>11.0f} ms", flush=True)


def a_million_keys(folder):
    server = LogServer(KEYS)
    try:
        network = {"chain_id": CHAIN_ID, "rpc": [server.url], "contract": CONTRACT, "poll_interval": "500ms"}
        gateway = Gateway(binaries() / "orakey-gateway", folder, {"BASE": network})
        began = time.monotonic()
        gateway.start(healthy=False)
        eventually("all keys are followed", lambda: gateway.metrics().get("orakey_gateway_keys") == KEYS, 600)
        eventually("the chain is followed", lambda: gateway.get("/healthz").status == 200, 60)
        took = time.monotonic() - began
        first = memory(gateway.process)
        gateway.stop()
        began = time.monotonic()
        gateway.start()
        again = time.monotonic() - began
        second = memory(gateway.process)
        gateway.stop()
    finally:
        server.stop()
    row(f"{KEYS:,} keys, first sync ({took:.0f} s): VmHWM", f"{first['VmHWM']:.0f} MB", "", "", "at most 200 MB",
        first["VmHWM"] <= 200)
    row(f"{KEYS:,} keys, restart ({again:.1f} s): VmHWM", f"{second['VmHWM']:.0f} MB", "", "", "at most 200 MB",
        second["VmHWM"] <= 200)


def main() -> int:
    print(f"{'what':48} {'orakey-gateway':>14} {'peer':>14} {'ratio':>8}   budget")
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
            known_keys(gateway, ask, keys[:1], folder)
            disables(gateway, contract, owner, keys)
            gateway.stop()
            first_sight(make, ask, keys[DISABLES:], folder)
        (folder / "million").mkdir()
        a_million_keys(folder / "million")
    finally:
        for gateway in made:
            if gateway.process is not None and gateway.process.poll() is None:
                gateway.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
