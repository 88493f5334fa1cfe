"""HTTP/1.1 by hand on a Unix socket, for what no client library would send."""

import socket
import time


class Ended(Exception):
    """The other end closed the connection."""


class RawConnection:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A connect waits for its turn in the queue; one with a timeout would be turned away.
        self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes | str):
        """What the other end takes of it; it may have closed."""
        try:
            self.socket.sendall(data.encode() if isinstance(data, str) else data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def get(self, target: str, *headers: str) -> tuple[int, dict, bytes]:
        self.send(request("GET", target, *headers))
        return self.answer()

    def end_of_requests(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            raise Ended
        self.received += part

    def answer(self, has_body=True) -> tuple[int, dict, bytes]:
        """(status, headers in lower case, body) of the next answer."""
        while b"\r\n\r\n" not in self.received:
            self._more()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0)) if has_body else 0
        while len(self.received) < size:
            self._more()
        body, self.received = self.received[:size], self.received[size:]
        return int(first.split()[1]), headers, body

    def is_ended(self, seconds=30) -> bool:
        """Waits for the other end to close; what it still says is thrown away."""
        self.socket.settimeout(seconds)
        try:
            while True:
                self._more()
        except Ended:
            return True
        except TimeoutError:
            return False

    def drip(self, data: bytes, pause=0.2, seconds=30) -> bool:
        """Sends a byte now and then; True when the other end gave up on it, False when the time was up first."""
        end = time.monotonic() + seconds
        self.socket.settimeout(pause)
        for number in range(1 << 30):
            if time.monotonic() > end:
                return False
            try:
                self.socket.sendall(data[number % len(data):][:1])
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False


def request(method: str, target: str, *headers: str, body=b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
