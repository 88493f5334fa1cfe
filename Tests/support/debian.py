"""Programs from Debian's packages that tests run by hand. `python -m support.debian PACKAGE...` fetches them."""

import contextlib
import pathlib
import shutil
import subprocess
import sys

from .places import ROOT


def program(package: str) -> pathlib.Path | None:
    """The program of this name on this host, else the one in Debian's package of the same name, unpacked below .build and
    not installed: installing a server would start it. None where it can't be had."""
    found = shutil.which(package) or shutil.which(package, path="/usr/sbin")
    if found:
        return pathlib.Path(found)
    cache = ROOT / ".build" / package
    if not (cache / "root").exists() and shutil.which("apt-get"):
        cache.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(subprocess.CalledProcessError, IndexError):
            subprocess.run(["apt-get", "-q", "download", package], cwd=cache, check=True, capture_output=True)
            archive = sorted(cache.glob(f"{package}_*.deb"))[-1]
            subprocess.run(["dpkg", "-x", archive, cache / "root"], check=True, capture_output=True)
    unpacked = [cache / "root" / "usr" / folder / package for folder in ("sbin", "bin")]
    return next((path for path in unpacked if path.exists()), None)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {program(name) or 'not to be had; its tests are skipped'}")
