"""What consumers notice: how fast keys are handed out, what a command costs, how much memory is used.

Both sides of a row take turns, pinned to one core, and the median of the turns' ratios counts.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from support.contracts import ApiKeys  # noqa: E402
from support.daemon import Daemon, ask, eventually  # noqa: E402
from support.debian import program  # noqa: E402
from support.devchain import DevChain  # noqa: E402
from support.mining import mining  # noqa: E402
from support.places import binaries  # noqa: E402
from support.quick import QuickDaemon  # noqa: E402
from support.turns import ON_ONE_CORE, SECONDS, TURNS, Table, compared, memory, pin  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROCESSES = 200
STARTS = 5
KNOWN_KEYS = 1000


# Peers


@contextlib.contextmanager
def process(arguments, **options):
    """A process of this run's own, on the one core, ended by its id."""
    child = subprocess.Popen([*ON_ONE_CORE, *map(str, arguments)], stdin=subprocess.DEVNULL, **options)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


@contextlib.contextmanager
def ssh_agent(folder: pathlib.Path):
    """ssh-agent with one identity; gives its socket."""
    socket, key = folder / "ssh.sock", folder / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    # It complains of every connection that ends while an answer is under way.
    with process(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        eventually("ssh-agent listens", socket.exists)
        subprocess.run(["ssh-add", "-q", key], check=True, env=os.environ | {"SSH_AUTH_SOCK": str(socket)})
        yield socket


@contextlib.contextmanager
def nginx(folder: pathlib.Path, reply: bytes):
    """nginx, one worker, with a fixed answer; gives its socket, or None where there is no nginx."""
    binary = program("nginx")
    if binary is None:
        yield None
        return
    socket, configuration = folder / "nginx.sock", folder / "nginx.conf"
    configuration.write_text(f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
        events {{ worker_connections 1024; }}
        http {{
            client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            access_log off; keepalive_requests 1000000000; default_type application/json;
            server {{ listen unix:{socket} backlog=1024; location / {{ return 200 '{reply.decode().strip()}'; }} }}
        }}""")
    with process([binary, "-p", folder, "-e", "stderr", "-c", configuration]):
        eventually("nginx listens", socket.exists)
        yield socket


# Sockets


def load(client, path, kind: str, mode: str, connections: int) -> dict:
    run = subprocess.run(
        [*ON_ONE_CORE, client, path, kind, mode, str(connections), str(SECONDS)], check=True, capture_output=True)
    return json.loads(run.stdout)


def sockets(table, daemon, program, agent, web):
    rows = [
        ("GET /v1/key, kept alive, one connection", "kept", 1, "p50", "us", "ssh-agent", 1.0, None),
        ("GET /v1/key, 32 connections", "kept", 32, "rate", "/s", "ssh-agent", 0.65, 1.0),
        ("GET /v1/key, a connection each", "fresh", 1, "p50", "us", "ssh-agent", 1.8, 1.25),
    ]
    for what, mode, connections, figure, unit, peer, budget, goal in rows:
        turns, others = [], []
        for _ in range(TURNS):
            ours = load(program, daemon.agent, "http", mode, connections)[figure]
            turns.append((ours, load(program, agent, "agent", mode, connections)[figure]))
            if web:
                others.append((ours, load(program, web, "http", mode, connections)[figure]))
        ours, theirs, ratio = compared(turns)
        kept = ratio >= budget if figure == "rate" else ratio <= budget
        words = f"at {'least' if figure == 'rate' else 'most'} {budget}x of {peer}" + (f", goal {goal}x" if goal else "")
        table.row(what, f"{ours:.1f} {unit}", f"{theirs:.1f} {unit}", f"{ratio:.2f}x", words, kept)
        if others:
            _, theirs, ratio = compared(others)
            table.remark("the same against nginx, a fixed answer", "", f"{theirs:.1f} {unit}", f"{ratio:.2f}x")


# Processes


def spawned(arguments: list, environment: dict) -> float:
    """Seconds from spawn to exit."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawnp(arguments[0], [str(a) for a in arguments], environment, file_actions=quiet)
    _, status = os.waitpid(child, 0)
    took = time.perf_counter() - start
    assert status == 0, f"{arguments[0]}: status {status}"
    return took


def commands(table, daemon, agent):
    get = [str(daemon.programs / "orakey"), "get"]
    turns = []
    for _ in range(PROCESSES):
        turns.append(
            (spawned(get, daemon.env), spawned(["ssh-add", "-l"], os.environ | {"SSH_AUTH_SOCK": str(agent)})))
    ours, theirs, ratio = compared(turns)
    table.row("orakey get, the whole process", f"{ours * 1e3:.2f} ms", f"{theirs * 1e3:.2f} ms", f"{ratio:.2f}x",
        "at most 1.0x of ssh-add -l, goal 0.5x", ratio <= 1)


# Memory


def resident(table, daemon, program):
    pid = daemon.process.pid
    idle = memory(pid)
    table.row("memory idle: RssAnon", f"{idle['RssAnon']:.1f} MB", "", "", "at most 8 MB", idle["RssAnon"] <= 8)
    table.row("memory idle: VmRSS", f"{idle['VmRSS']:.1f} MB", "", "", "at most 36 MB", idle["VmRSS"] <= 36)
    load(program, daemon.agent, "http", "kept", 256)
    busy = memory(pid)
    table.row("memory after 256 connections: RssAnon", f"{busy['RssAnon']:.1f} MB", "", "", "at most 20 MB", busy["RssAnon"] <= 20)
    served = 0.0
    while served < 1_000_000:
        served += load(program, daemon.agent, "http", "kept", 32)["rate"] * SECONDS
    after = memory(pid)
    table.row("memory after a million requests: RssAnon", f"{after['RssAnon']:.1f} MB", f"{busy['RssAnon']:.1f} MB",
        f"{after['RssAnon'] / busy['RssAnon']:.2f}x", "flat", after["RssAnon"] <= busy["RssAnon"] * 1.05)


# Start


def start(table, chain: DevChain, folder: pathlib.Path):
    """A wallet with the default scrypt parameters, a journal that knows a thousand keys."""
    folder.mkdir(mode=0o700)
    daemon = Daemon(binaries(), folder, chain, ApiKeys.deploy(chain), pool={"target": 0})
    daemon.fund(daemon.make_wallet(), 10**20)
    daemon.configure()
    daemon.start("--log-level", "warning")
    with mining(chain, 0.1):
        daemon.wait_for_key()
        assert daemon.post("/v1/keys", {"count": KNOWN_KEYS}).status == 202
        eventually("the keys are confirmed", lambda: daemon.status()["pool"]["ready"] >= KNOWN_KEYS, 120)
        daemon.settle()
    daemon.stop()
    turns = []
    for _ in range(STARTS):
        began = time.perf_counter()
        hashlib.scrypt(b"x", salt=bytes(32), n=262144, r=8, p=1, maxmem=1 << 30, dklen=32)
        scrypt = time.perf_counter() - began
        began = time.perf_counter()
        daemon.start("--log-level", "warning", wait=False)
        while True:
            with contextlib.suppress(OSError):
                if ask(daemon.agent, "GET", "/v1/key").status == 200:
                    break
            time.sleep(0.001)
        turns.append((time.perf_counter() - began, scrypt))
        daemon.stop()
    ours, scrypt, _ = compared(turns)
    extra = statistics.median(a - b for a, b in turns)
    table.row(f"start to the first key, {KNOWN_KEYS:,} keys known", f"{ours * 1e3:.0f} ms", f"{scrypt * 1e3:.0f} ms",
        f"{extra * 1e3:+.0f} ms", "at most scrypt (OpenSSL) + 150 ms", extra <= 0.15)


def main() -> int:
    table = Table("orakeyd")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    try:
        program = folder / "load"
        subprocess.run(["cc", "-O2", "-o", program, HERE / "load.c"], check=True)
        with DevChain() as chain:
            (folder / "d").mkdir(mode=0o700)
            daemon = QuickDaemon(binaries(), folder / "d", chain, ApiKeys.deploy(chain), poll_interval="10s")
            daemon.fund(daemon.make_wallet(), 10**20)
            daemon.configure()
            with mining(chain, 0.1):
                daemon.start("--log-level", "warning")
                daemon.wait_for_key()
                daemon.settle()
            # A fresh process: what the set-up allocated is not what a service holds.
            daemon.stop()
            daemon.start("--log-level", "warning")
            daemon.wait_for_key()
            try:
                pin(daemon.process.pid)
                reply = ask(daemon.agent, "GET", "/v1/key").body
                with ssh_agent(folder) as agent, nginx(folder, reply) as web:
                    resident(table, daemon, program)
                    sockets(table, daemon, program, agent, web)
                    commands(table, daemon, agent)
            finally:
                daemon.stop()
            start(table, chain, folder / "start")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
