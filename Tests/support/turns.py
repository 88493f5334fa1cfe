"""How benchmarks compare: both sides take turns on one core, and the median of the turns counts."""

import os
import pathlib
import statistics
import subprocess

TURNS = 9
SECONDS = 0.5
CORE = max(os.sched_getaffinity(0))
ON_ONE_CORE = ["taskset", "-c", str(CORE)]


class Table:
    """Rows of figures with their budgets; `failed` once one was missed."""

    def __init__(self, who: str, width=50, column=12):
        self.form = f"{{:{width}}} {{:>{column}}} {{:>{column}}} {{:>8}}   {{}}"
        self.failed = False
        print(self.form.format("what", who, "peer", "ratio", "budget"), flush=True)

    def row(self, what: str, ours: str, peer: str, ratio: str, budget: str, kept: bool):
        self.failed |= not kept
        print(self.form.format(what, ours, peer, ratio, budget + ("" if kept else " MISSED")), flush=True)

    def remark(self, what: str, ours="", peer="", ratio=""):
        """A figure without a budget."""
        print(self.form.format(f"  {what}", ours, peer, ratio, "").rstrip(), flush=True)


def compared(turns: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Medians of both sides, and of the turns' ratios."""
    ours, peer = (statistics.median(side) for side in zip(*turns))
    return ours, peer, statistics.median(a / b for a, b in turns)


def pin(pid: int):
    """Keeps all threads of a process on the one core."""
    subprocess.run(["taskset", "-a", "-c", "-p", str(CORE), str(pid)], check=True, stdout=subprocess.DEVNULL)


def memory(pid: int) -> dict[str, float]:
    """Megabytes by the names of /proc/PID/status."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: int(rest.split()[0]) * 1024 / 1e6 for name, rest in (line.split(":", 1) for line in lines if " kB" in line)}
