"""Ending with whoever started us, so that no chain outlives its test."""

import os
import select
import signal
import threading


def end_with_process(pid: int):
    """SIGTERM to ourselves once that process has ended."""
    descriptor = os.pidfd_open(pid)
    _in_background(lambda: select.select([descriptor], [], []))


def end_with_stdin():
    """SIGTERM to ourselves once standard input is closed."""
    # Not through sys.stdin: a thread that holds its lock would abort the interpreter's own end
    _in_background(lambda: all(iter(lambda: os.read(0, 4096), b"")))


def _in_background(wait):
    def run():
        wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=run, name="lifetime", daemon=True).start()
