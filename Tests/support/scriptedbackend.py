"""A model server that answers what a test tells it, byte by byte, and remembers what it was asked. No model is in it."""

import json
import socket
import threading


class Asked:
    """One request as it came."""

    def __init__(self, head: bytes, body: bytes):
        line, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        self.body = body

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class ScriptedBackend:
    """Listens on a free loopback port. `answer` gets an Asked and a function that sends bytes; by default it completes."""

    def __init__(self):
        self.asked: list[Asked] = []
        self.answer = complete
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket):
        with connection:
            received = b""
            while True:
                while b"\r\n\r\n" not in received:
                    try:
                        part = connection.recv(65536)
                    except ConnectionResetError:
                        return
                    if not part:
                        return
                    received += part
                head, _, received = received.partition(b"\r\n\r\n")
                asked = Asked(head, b"")
                length = int(asked.header("content-length") or 0)
                while len(received) < length:
                    received += connection.recv(65536)
                asked.body, received = received[:length], received[length:]
                self.asked.append(asked)
                try:
                    if self.answer(asked, connection.sendall) == "close":
                        return
                except OSError:
                    return

    def stop(self):
        # A thread that accepts is not woken by close alone.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(10)


def whole(status: int, body: bytes, content_type="application/json", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def completion(model: str, text: str) -> dict:
    return {
        "id": "c-1", "object": "chat.completion", "created": 1700000000, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def events(model: str, words: list[str], usage=True) -> list[bytes]:
    def chunk(choices, **more):
        body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model, "choices": choices}
        return b"data: " + json.dumps({**body, **more}).encode() + b"\n\n"

    made = [chunk([{"index": 0, "delta": {"content": word}, "finish_reason": None}]) for word in words]
    made.append(chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if usage:
        made.append(chunk([], usage={"prompt_tokens": 7, "completion_tokens": len(words), "total_tokens": 7 + len(words)}))
    return made


def chunked(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def complete(asked: Asked, send):
    """The same words for every request, streamed where that is asked for."""
    wanted = json.loads(asked.body or b"{}")
    model = wanted.get("model", "none")
    if not wanted.get("stream"):
        return send(whole(200, json.dumps(completion(model, "three words here")).encode()))
    send(STREAM_HEAD)
    for event in [*events(model, ["three ", "words ", "here"]), b"data: [DONE]\n\n"]:
        send(chunked(event))
    send(b"0\r\n\r\n")
