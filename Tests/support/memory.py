"""The memory of another process, as root sees it through /proc."""

import pathlib
import re
from dataclasses import dataclass, field


@dataclass
class Mapping:
    """One mapping of proc(5)'s smaps: where it is, its rights, and its two-letter flags."""

    start: int
    end: int
    rights: str
    name: str
    flags: set[str] = field(default_factory=set)


def mappings(pid: int) -> list[Mapping]:
    found: list[Mapping] = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+\s*(.*)", line)
        if head:
            found.append(Mapping(int(head[1], 16), int(head[2], 16), head[3], head[4]))
        elif line.startswith("VmFlags:"):
            found[-1].flags = set(line.split()[1:])
    return found


def places(pid: int, needles: dict[str, bytes]) -> list[tuple[str, Mapping]]:
    """Where each needle lies in the process's writable memory, a pair for each copy."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for mapping in mappings(pid):
            if not mapping.rights.startswith("rw") or mapping.name in ("[vvar]", "[vsyscall]"):
                continue
            memory.seek(mapping.start)
            try:
                content = memory.read(mapping.end - mapping.start)
            except OSError:
                # Freed in the meantime.
                continue
            for name, needle in needles.items():
                found += [(name, mapping)] * content.count(needle)
    return found
