"""The chain's clock: the real one plus an offset, or what a test sets."""

import time

from .errors import invalid


class Clock:
    def __init__(self):
        self.offset = 0
        self._next: int | None = None

    def timestamp_after(self, parent: int) -> int:
        """For the next block; later than its parent, as consensus demands."""
        wanted = self._next if self._next is not None else int(time.time()) + self.offset
        return max(parent + 1, wanted)

    def block_was_made(self):
        self._next = None

    def set_next(self, timestamp: int, parent: int):
        if timestamp <= parent:
            raise invalid(f"timestamp {timestamp} is not later than the head's {parent}")
        self._next = timestamp

    def set_now(self, timestamp: int):
        self.offset = timestamp - int(time.time())
