"""nginx from Debian, run by hand: on loopback, with a configuration of the test's own."""

import contextlib
import pathlib
import subprocess

from .daemon import eventually


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
