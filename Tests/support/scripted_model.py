"""A stand-in for a model server: OpenAI-compatible on the outside, deterministic and without a model on the inside.

It answers chat (plain and streamed), images, videos with polling, models and embeddings, and remembers each request. A
test makes it misbehave with `server.next(...)`; as a program it serves on a loopback port until it is ended:

    python scripted_model.py [--port N]        prints its address
"""

import argparse
import hashlib
import http.server
import json
import socket
import threading
import time

MODELS = ("deepseek-ai/DeepSeek-V3", "black-forest-labs/FLUX.1-dev", "KumoAnonymous/KumoVideo-Turbo")


class Seen:
    """One request as it arrived."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def key(self):
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.method} {self.path}"


def words_for(messages) -> list[str]:
    """The answer to a conversation: the same one for the same messages, and told apart for others."""
    digest = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()
    return ["You", " said", " it", " like", f" {digest[:8]}", "."]


def tokens_of(messages) -> int:
    return sum(len(str(message.get("content", "")).split()) for message in messages)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def serve(self):
        body = self.read_body()
        seen = Seen(self.command, self.path, self.headers, body)
        with self.server.lock:
            self.server.seen.append(seen)
            self.server.arrived.notify_all()
            trick = self.server.tricks.pop(0) if self.server.tricks else self.server.always
        if trick is not None:
            trick(self, seen)
        elif seen.key in self.server.refused:
            self.error(401, "invalid_api_key", "this key is not active")
        else:
            self.answer(seen)

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, seen):
        path = seen.path.split("?")[0]
        try:
            if seen.method == "POST" and path == "/v1/chat/completions":
                self.chat(seen.json)
            elif seen.method == "POST" and path == "/v1/images/generations":
                self.images(seen.json)
            elif seen.method == "POST" and path == "/v1/videos/generations":
                self.video(seen.json)
            elif seen.method == "GET" and path.startswith("/v1/videos/result/"):
                self.video_result(path.rsplit("/", 1)[1])
            elif seen.method in ("GET", "HEAD") and path == "/v1/models":
                self.send({"object": "list", "data": [{"id": name, "object": "model", "created": 1, "owned_by": "test"}
                                                      for name in MODELS]})
            elif path.startswith("/v1/echo"):
                self.raw(200, "application/octet-stream", seen.body)
            else:
                self.error(404, "not_found", "there is nothing at this path")
        except (ValueError, KeyError, TypeError, AttributeError):
            self.error(400, "invalid_request", "the body is not understood")

    def chat(self, request):
        model, words = request["model"], words_for(request["messages"])
        if model not in MODELS:
            return self.error(404, "model_not_found", "there is no such model")
        usage = {"prompt_tokens": tokens_of(request["messages"]), "completion_tokens": len(words)}
        usage["total_tokens"] = sum(usage.values())
        if not request.get("stream"):
            return self.send({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "usage": usage,
                "choices": [{"index": 0, "logprobs": None, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": "".join(words)}}]})
        self.begin_stream()
        for index, word in enumerate(words):
            self.event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
                        "choices": [{"index": 0, "delta": {"role": "assistant", "content": word},
                                     "finish_reason": "stop" if index == len(words) - 1 else None}]})
            self.server.between_events()
        if (request.get("stream_options") or {}).get("include_usage"):
            self.event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
                        "choices": [], "usage": usage})
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def images(self, request):
        name = hashlib.sha256(request["prompt"].encode()).hexdigest()
        self.send({"model": request["model"], "object": "list", "created": 1,
                   "data": [{"index": index, "url": f"https://gateway.invalid/ipfs/{name}{index}"}
                            for index in range(request.get("n", 1))]})

    def video(self, request):
        task = hashlib.sha256(f"{request['prompt']}{request.get('seed', 0)}".encode()).hexdigest()[:32]
        self.server.videos[task] = 2
        self.send({"task_id": task, "hash_val": task, "status": "PROCESSING", "content": ""})

    def video_result(self, task):
        """Ready at the third look."""
        if task not in self.server.videos:
            return self.error(404, "not_found", "there is no such task")
        left = self.server.videos[task]
        self.server.videos[task] = max(0, left - 1)
        if left:
            return self.send({"task_id": task, "hash_val": task, "status": "PROCESSING"})
        self.send({"task_id": task, "hash_val": task, "status": "OK", "video": f"https://gateway.invalid/ipfs/{task}"})

    # Writing

    def error(self, status, code, message, headers=()):
        self.send({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status, headers)

    def send(self, document, status=200, headers=()):
        self.raw(status, "application/json", json.dumps(document).encode(), headers)

    def raw(self, status, kind, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, document):
        self.chunk(b"data: " + json.dumps(document).encode() + b"\n\n")

    def chunk(self, data: bytes):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def bytes(self, data: bytes):
        """Whatever a test wants on the wire; ends the connection."""
        self.wfile.write(data)
        self.close_connection = True

    def drop(self):
        """Ends the connection at once."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class ScriptedModel(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self.seen: list[Seen] = []
        self.tricks: list = []
        self.always = None
        self.refused: set[str] = set()
        self.videos: dict[str, int] = {}
        self.between_events = lambda: None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, request, client_address):
        """Clients of these tests go away in the middle of things."""

    def reset(self):
        """As new."""
        with self.lock:
            self.seen, self.tricks, self.always, self.refused = [], [], None, set()
            self.between_events = lambda: None

    def next(self, *tricks):
        """What to do with the next requests in place of answering them: functions of the handler and the request."""
        with self.lock:
            self.tricks += tricks

    def wait_for(self, count: int, seconds=30) -> list[Seen]:
        """All requests, once there are that many."""
        with self.lock:
            assert self.arrived.wait_for(lambda: len(self.seen) >= count, seconds), f"{len(self.seen)} requests"
            return list(self.seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    with ScriptedModel(parser.parse_args().port) as server:
        print(server.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
