"""Mining on a timer."""

import threading


class MiningTimer:
    def __init__(self, node):
        self._node = node
        self._changed = threading.Condition()
        self._interval = 0.0
        self._thread: threading.Thread | None = None

    def set_interval(self, seconds: float):
        """A block every so many seconds from now on; 0 stops."""
        with self._changed:
            self._interval = seconds
            self._changed.notify()
            if seconds and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mining", daemon=True)
                self._thread.start()

    def _run(self):
        while True:
            with self._changed:
                interrupted = self._changed.wait(self._interval or None)
            if not interrupted and self._interval:
                with self._node.lock:
                    self._node.mine()
