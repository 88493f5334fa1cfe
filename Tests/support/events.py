"""Server-sent events, read from a program that prints them."""

import json


def next_event(process) -> tuple[str, dict]:
    """The next server-sent event with data; comments are passed over."""
    name = data = None
    while True:
        line = process.stdout.readline()
        assert line, "the stream has ended"
        line = line.rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data = json.loads(line[6:])
        elif not line and name:
            return name, data
