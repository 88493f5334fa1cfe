"""No key, no token and no prompt where they don't belong."""

import pathlib
import re

import pytest

from support.daemon import ask

PROMPT = "xyzzy-the-prompt-that-nobody-else-may-read"
ANSWER = "plugh-the-answer-that-nobody-else-may-read"
CHAT = {"model": "deepseek-ai/DeepSeek-V3", "messages": [{"role": "user", "content": PROMPT}]}


def breaks_stream(handler, _):
    handler.begin_stream()
    handler.event({"content": ANSWER})
    handler.drop()


def breaks_head(handler, _):
    handler.bytes(f"HTTP/1.1 200 OK\r\nX: {ANSWER}\x01\r\n\r\n".encode())


def answers(handler, _):
    handler.send({"content": ANSWER, "model": ANSWER * 10})


TRICKS = [answers, breaks_stream, breaks_head, lambda handler, _: handler.drop(),
          lambda handler, _: handler.error(401, "x", ANSWER), lambda handler, _: handler.error(500, "x", ANSWER),
          lambda handler, _: handler.error(429, "x", ANSWER, [("Retry-After", "0")])]


@pytest.mark.parametrize("option", [[], ["--log-format", "json"]], ids=["text", "json"])
def test_no_key_and_no_prompt_in_any_log(make_proxy, option):
    proxy = make_proxy()
    proxy.daemon.stop()
    proxy.daemon.start(*option)
    proxy.daemon.wait_for_key()
    secrets = {PROMPT, ANSWER, proxy.key()}
    for trick in TRICKS:
        proxy.model.next(trick)
        proxy.ask("POST", f"/v1/chat/completions?q={PROMPT}", CHAT, {"X-Prompt": PROMPT, "Authorization": f"Bearer {PROMPT}"})
    proxy.ask("GET", f"/{PROMPT}")
    token = proxy.token()["token"]
    secrets.add(token)
    proxy.client().models.list()
    proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
    secrets.add(proxy.key())
    texts = {
        "usage": repr(proxy.usage()), "exchanges": repr(proxy.exchanges()),
        "metrics": proxy.daemon.control_get_text("/metrics"), "status": repr(proxy.daemon.control_get("/v1/status")),
    }
    assert proxy.daemon.stop() == 0
    texts["log"] = proxy.daemon.log_text()
    assert "answer broke off" in texts["log"] and "not relayed" in texts["log"], "the log was worth reading"
    files = [path for path in (proxy.daemon.folder / "state").rglob("*") if path.is_file()]
    assert files
    for path in files:
        texts[path.name] = path.read_bytes().decode("latin-1")
    for where, text in texts.items():
        for secret in secrets:
            assert secret not in text, where
        assert not re.search(r"BASE:5[A-Za-z0-9]{40}", text), where


def test_a_caller_never_sees_the_key(proxy):
    """Whatever the proxy itself says."""
    key = proxy.key()
    for trick in (breaks_head, lambda handler, _: handler.drop()):
        proxy.model.next(trick)
        answer = proxy.ask("POST", "/v1/chat/completions", CHAT)
        assert key.encode() not in answer.body and key not in str(answer.headers)
    assert key not in pathlib.Path(f"/proc/{proxy.daemon.process.pid}/cmdline").read_text()
    assert key not in pathlib.Path(f"/proc/{proxy.daemon.process.pid}/environ").read_text()


def test_without_the_section_there_is_no_proxy(own_chain, make_daemon):
    daemon = make_daemon(own_chain)
    daemon.start()
    assert not (daemon.folder / "proxy.sock").exists()
    assert ask(daemon.control, "GET", "/v1/usage").status == 404
    refused = daemon.orakey("usage", check=False)
    assert refused.returncode != 0 and "proxy:" in refused.stderr
    own_chain.rpc("evm_setAutomine", True)
    assert daemon.orakey("token", check=False).returncode != 0
