"""JSON-RPC over HTTP/1.1, on a loopback port and on a Unix socket.

Every path of the URL is an endpoint of its own on the same chain, with faults of its own: http://.../a and .../b are two
providers, of which one can lie while the other does not.
"""

import contextlib
import json
import logging
import os
import select
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

from .errors import PARSE_ERROR
from .faults import HTTPFault
from .rpc.dispatcher import Dispatcher

log = logging.getLogger(__name__)
MAX_BODY = 5 * 1024 * 1024
# How much of a longer one is read before it is refused
MAX_DISCARDED = 64 * 1024 * 1024
MAX_ENDPOINTS = 64
# py-evm lifts Python's recursion limit for nested calls; this is what that takes in C frames
THREAD_STACK_BYTES = 64 * 1024 * 1024
LOOPBACK = "127.0.0.1"


class Endpoints:
    def __init__(self, node, timer, request_log):
        self._node, self._timer, self.request_log = node, timer, request_log
        self._by_name: dict[str, Dispatcher] = {}
        self._lock = threading.Lock()

    def named(self, name: str) -> Dispatcher | None:
        with self._lock:
            if name not in self._by_name:
                if len(self._by_name) >= MAX_ENDPOINTS:
                    return None
                self._by_name[name] = Dispatcher(name, self._node, self._timer, self.request_log)
            return self._by_name[name]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "devchain"
    wbufsize = -1  # one write for headers and body

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"

    def do_GET(self):
        self._reply(200, b'{"ok":true}')

    def do_POST(self):
        endpoints = self.server.endpoints
        endpoint = endpoints.named(self.path.split("?")[0].strip("/"))
        if endpoint is None:
            return self._reply(404, b'{"error":"too many endpoints"}')
        body = self._read_body()
        if body is None:
            return None
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            failure = {"jsonrpc": "2.0", "id": None, "error": {"code": PARSE_ERROR, "message": "parse error"}}
            return self._reply(200, json.dumps(failure).encode())
        try:
            answer = endpoint.handle(request, endpoints.request_log.http_request(), self._client_is_gone)
        except HTTPFault as fault:
            return self._fail(fault)
        return self._reply(200, b"" if answer is None else json.dumps(answer, separators=(",", ":")).encode())

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            self._reply(411, b'{"error":"Content-Length is missing"}')
            return None
        if int(length) > MAX_BODY:
            self.close_connection = True
            self._discard(min(int(length), MAX_DISCARDED))
            self._reply(413, b'{"error":"request body too large"}')
            return None
        return self.rfile.read(int(length))

    def _discard(self, length: int):
        """A client still sending would not see the answer."""
        while length > 0 and (chunk := self.rfile.read(min(length, 65536))):
            length -= len(chunk)

    def _fail(self, fault: HTTPFault):
        self.close_connection = True
        if fault.status is not None:
            self._reply(fault.status, fault.body.encode(), fault.headers)

    def _reply(self, status: int, body: bytes, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _client_is_gone(self) -> bool:
        watch = select.poll()
        watch.register(self.connection, select.POLLIN)
        if not watch.poll(0):
            return False
        with contextlib.suppress(OSError):
            return not self.connection.recv(1, socket.MSG_PEEK)
        return True

    def handle(self):
        with contextlib.suppress(ConnectionError):  # clients of tests die in the middle
            super().handle()


class TCPHandler(Handler):
    disable_nagle_algorithm = True


class _ThreadingServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address, handler: type[Handler], endpoints: Endpoints):
        self.endpoints = endpoints
        threading.stack_size(THREAD_STACK_BYTES)
        super().__init__(address, handler)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            log.exception("a connection failed")


class TCPServer(_ThreadingServer):
    def __init__(self, port: int, endpoints: Endpoints):
        super().__init__((LOOPBACK, port), TCPHandler, endpoints)

    @property
    def port(self) -> int:
        return self.server_address[1]


class UnixServer(_ThreadingServer):
    address_family = socket.AF_UNIX

    def __init__(self, path: str, endpoints: Endpoints):
        super().__init__(path, Handler, endpoints)

    def server_bind(self):
        if os.path.exists(self.server_address):
            os.unlink(self.server_address)
        super().server_bind()
