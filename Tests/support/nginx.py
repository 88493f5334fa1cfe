"""nginx from Debian, run by hand: on loopback, with a configuration of the test's own."""

import contextlib
import pathlib
import shutil
import subprocess

from .daemon import eventually
from .places import ROOT

CACHE = ROOT / ".build" / "nginx"


def program() -> pathlib.Path | None:
    """nginx of this host, else the one in Debian's package, unpacked below .build and not installed: installing it would
    start a server. None where it can't be had."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found:
        return pathlib.Path(found)
    unpacked = CACHE / "root" / "usr" / "sbin" / "nginx"
    if not unpacked.exists() and shutil.which("apt-get"):
        CACHE.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(subprocess.CalledProcessError, IndexError):
            subprocess.run(["apt-get", "-q", "download", "nginx"], cwd=CACHE, check=True, capture_output=True)
            package = sorted(CACHE.glob("nginx_*.deb"))[-1]
            subprocess.run(["dpkg", "-x", package, CACHE / "root"], check=True, capture_output=True)
    return unpacked if unpacked.exists() else None


@contextlib.contextmanager
def nginx(binary: pathlib.Path, folder: pathlib.Path, inside_http: str, is_ready):
    """nginx with this text in its http context, until the block ends; everything it writes is in `folder`."""
    configuration = folder / "nginx-main.conf"
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration.write_text(f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{ {temporary} access_log {folder}/access.log; keepalive_requests 1000000000; {inside_http} }}
        """)
    process = subprocess.Popen([binary, "-p", folder, "-e", folder / "error.log", "-c", configuration], stdin=subprocess.DEVNULL)
    try:
        eventually("nginx answers", is_ready)
        yield process
    finally:
        process.terminate()
        process.wait(30)
