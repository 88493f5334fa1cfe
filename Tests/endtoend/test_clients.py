"""The documented snippets, run as they stand in the documentation against a real daemon.

The provider is a small HTTP server of this test's own: it takes a request only with the key that the chain knows as active.
"""

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading

import pytest
from support.places import ROOT, binaries
from support.quick import served, world  # noqa: F401 (fixtures)

PAGE = ROOT / "Sources" / "OrakeyClient" / "OrakeyClient.docc" / "Clients.md"
BLOCKS = [(language, text) for language, text in re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), re.M | re.S)]
MODELS = {"object": "list", "data": [{"id": "deepseek-ai/DeepSeek-V3", "object": "model"}]}


def snippet(language: str, holding: str) -> str:
    found = [text for kind, text in BLOCKS if kind == language and holding in text]
    assert len(found) == 1, f"{len(found)} blocks of {language} with {holding}"
    return found[0]


@pytest.fixture
def provider(served):
    """The URL of a provider, and the keys it was shown."""
    shown = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            kind, _, key = self.headers.get("Authorization", "").partition(" ")
            shown.append(key)
            known = kind == "Bearer" and served.orakey("verify", "-", "--config", served.config, stdin=key, check=False)
            if not known or known.returncode != 0:
                return self.reply(401, {"error": {"message": "no such key", "code": "invalid_api_key"}})
            if self.path == "/v1/models":
                return self.reply(200, MODELS)
            length = int(self.headers["Content-Length"])
            model = json.loads(self.rfile.read(length))["model"]
            message = {"role": "assistant", "content": "Hello."}
            return self.reply(200, {
                "id": "1", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}]})

        do_GET = do_POST = answer

        def reply(self, status, body):
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", shown
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(served, provider, tmp_path):
    """Runs a program with the daemon's socket in its environment; what it printed."""
    url, _ = provider

    def run(name: str, text: str, *command) -> str:
        (tmp_path / name).write_text(text.replace("https://api.ora.io", url))
        done = subprocess.run(
            [*command, name], cwd=tmp_path, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ORAKEY_AGENT_SOCK": str(served.agent)})
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_block_is_run_by_a_test():
    assert [language for language, _ in BLOCKS] == ["sh", "python", "python", "js", "swift"]


def test_shell(run, provider, served):
    assert json.loads(run("main.sh", snippet("sh", "curl"), "sh", "-eu")) == MODELS
    assert provider[1] == [served.get("/v1/key").json["key"]]


def test_python_alone(run, served):
    run("ora_key.py", snippet("python", "class Agent"), sys.executable)
    printed = run("main.py", "from ora_key import ora_key\nprint(ora_key())\n", sys.executable)
    assert printed.strip() == served.get("/v1/key").json["key"]


def test_python_with_the_openai_client_follows_a_rotation(run, provider, served):
    run("ora_key.py", snippet("python", "class Agent"), sys.executable)
    text = snippet("python", "OpenAI")
    assert run("main.py", text, sys.executable) == "Hello.\n"
    # One client, two requests, and a rotation in between: the second brings the new key.
    call = text[text.index("answer = "):]
    rotation = textwrap.dedent(f"""
        import subprocess
        subprocess.run({[str(binaries() / "orakey"), "rotate", "--grace", "0s"]!r}, check=True,
                       stdout=subprocess.DEVNULL, env={served.env!r})
    """)
    assert run("main.py", text + rotation + call, sys.executable) == "Hello.\nHello.\n"
    before, after = provider[1][-2:]
    assert before != after == served.get("/v1/key").json["key"]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this host")
def test_node(run, provider, served):
    assert json.loads(run("main.mjs", snippet("js", "oraKey"), "node")) == MODELS
    assert provider[1] == [served.get("/v1/key").json["key"]]


def test_swift(served, tmp_path):
    source = (ROOT / "Tests" / "OrakeyAPITests" / "SnippetTests.swift").read_text()
    compiled = re.search(r"// snippet\.begin\n(.*?) *// snippet\.end", source, re.S)[1]
    assert textwrap.dedent(compiled) == snippet("swift", "AgentClient"), "documentation and test differ"
    out = tmp_path / "header"
    done = subprocess.run(
        [binaries() / "orakeydPackageTests.xctest", "--testing-library", "swift-testing", "--filter", "SnippetTests"],
        env=os.environ | {"ORAKEY_AGENT_SOCK": str(served.agent), "ORAKEY_SNIPPET_OUT": str(out)},
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    key = served.get("/v1/key").json
    assert out.read_text() == f"Bearer {key['key']}"
    assert f"using {key['fingerprint']} of BASE\nkey\n" in done.stdout
