"""A program in orakeyd's place: keeps every request and answers from a script, so that the client is tested alone."""

import http.server
import json
import pathlib
import socketserver
import sys
import threading
import urllib.parse
from dataclasses import dataclass


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.target).path

    @property
    def query(self) -> dict:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: object = None
    content_type: str = "application/json"
    # Ends the connection in the place of an answer.
    lost: bool = False

    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":")).encode()


def error(status: int, code: str, message: str = "what happened", hint: str = "what to do") -> Answer:
    return Answer(status, {"error": {"code": code, "message": message, "hint": hint}})


class ScriptedDaemon:
    """`script[(method, path)]` is an answer, a list of answers to take one after the other, or a function of the request."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.script = {}
        self.requests: list[Request] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                self.client_address = ("unix", 0)
                super().handle_one_request()

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
                outer.requests.append(request)
                answer = outer.answer(request)
                self.close_connection = True
                if answer.lost:
                    return
                body = answer.bytes()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True

            def handle_error(self, request, _):
                # A client that has been killed reads no answer.
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, _)

        self.server = Server(str(path), Handler)

    def answer(self, request: Request) -> Answer:
        entry = self.script.get((request.method, request.path))
        if entry is None:
            return error(404, "not_found")
        if callable(entry):
            return entry(request)
        if isinstance(entry, list):
            return entry.pop(0) if len(entry) > 1 else entry[0]
        return entry

    def calls(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
