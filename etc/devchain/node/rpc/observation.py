"""dev_: faults of this endpoint, and waiting for calls and blocks. These run without the node's lock, because they wait."""

from ..encoding import read_quantity

DEFAULT_TIMEOUT_MS = 10_000


class ObservationMethods:
    def __init__(self, node, faults, request_log):
        self._node, self._faults, self._log = node, faults, request_log

    def dev_setFaults(self, options):
        return self._faults.configure(options)

    def dev_faults(self):
        return self._faults.as_json()

    def dev_clearFaults(self):
        self._faults.clear()
        return True

    def dev_awaitHeld(self, calls=1, timeoutMs=DEFAULT_TIMEOUT_MS):
        """True once so many calls are held (none for 0), false when the time is up."""
        return self._faults.wait_until_held(read_quantity(calls), read_quantity(timeoutMs) / 1000)

    def dev_release(self):
        """Lets the held calls go on; answers how many there were."""
        return self._faults.release()

    def dev_calls(self):
        return self._log.counts()

    def dev_awaitCalls(self, method, calls, timeoutMs=DEFAULT_TIMEOUT_MS):
        """Answers how often the method was called, once that is `calls` or the time is up."""
        return self._log.wait_for(method, read_quantity(calls), read_quantity(timeoutMs) / 1000)

    def dev_awaitHead(self, number, timeoutMs=DEFAULT_TIMEOUT_MS):
        """Answers the head's number, once it is at least `number` or the time is up."""
        return self._node.wait_for_head(read_quantity(number), read_quantity(timeoutMs) / 1000)
