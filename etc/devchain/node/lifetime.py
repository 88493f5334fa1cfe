"""Ending with whoever started us, so that no chain outlives its test."""

import os
import select
import signal
import sys
import threading


def end_with_process(pid: int):
    """SIGTERM to ourselves once that process has ended."""
    descriptor = os.pidfd_open(pid)
    _in_background(lambda: select.select([descriptor], [], []))


def end_with_stdin():
    """SIGTERM to ourselves once standard input is closed."""
    _in_background(lambda: all(iter(lambda: sys.stdin.buffer.read1(4096), b"")))


def _in_background(wait):
    def run():
        wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=run, name="lifetime", daemon=True).start()
