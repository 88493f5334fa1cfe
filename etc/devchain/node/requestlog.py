"""Counts of the calls that came in, and a file with one JSON line for each, so that tests can say how many there were."""

import json
import threading
import time
from collections import Counter


class RequestLog:
    def __init__(self, path: str | None = None):
        self._file = open(path, "a", encoding="utf-8") if path else None
        self._counts: Counter[str] = Counter()
        self._http_requests = 0
        self._changed = threading.Condition()

    def http_request(self) -> int:
        with self._changed:
            self._http_requests += 1
            return self._http_requests

    def call(self, request: int, endpoint: str, method: str, params):
        with self._changed:
            self._counts[method] += 1
            if self._file:
                line = {"time": time.time(), "request": request, "endpoint": endpoint, "method": method, "params": params}
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
            self._changed.notify_all()

    def counts(self) -> dict:
        with self._changed:
            return {"requests": self._http_requests, "methods": dict(self._counts)}

    def wait_for(self, method: str, calls: int, timeout: float) -> int:
        """Blocks until the method has been called that often since the start; returns how often it was."""
        with self._changed:
            self._changed.wait_for(lambda: self._counts[method] >= calls, timeout)
            return self._counts[method]
