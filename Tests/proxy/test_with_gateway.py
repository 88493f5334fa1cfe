"""The whole way with real parts: OpenAI's client, the proxy, the gateway, the contract on a real EVM; only the model is none."""

import os

import pytest
from support.daemon import eventually
from support.gateway import Gateway
from support.mining import mining
from support.places import binaries
from support.scripted_model import ScriptedModel, words_for

from proxy.conftest import start

MODEL = "deepseek-ai/DeepSeek-V3"
MESSAGES = [{"role": "user", "content": "What are some fun things to do in New York?"}]


@pytest.fixture
def chain_of_proxies(own_chain, make_daemon, private_dir):
    program = binaries() / "orakey-gateway"
    if not os.access(program, os.X_OK):
        pytest.fail(f"{program} not found: run `swift build`, or set ORAKEY_BIN", pytrace=False)
    daemon = make_daemon(own_chain, pool={"target": 4})
    with mining(own_chain), ScriptedModel() as model:
        gateway = Gateway(program, private_dir, {"BASE": {
            "chain_id": own_chain.chain_id, "rpc": [own_chain.url], "contract": daemon.contract.address,
            "poll_interval": "200ms"}},
            backends={"model": {"url": model.url}}, models={"*": "model"})
        gateway.start()
        model.url = f"http://127.0.0.1:{gateway.port}"
        proxy = start(daemon, model)
        try:
            daemon.wait_for_key()
            yield proxy, gateway
        finally:
            proxy.close()
            gateway.stop()


def test_a_revoked_key_is_replaced_and_its_copy_is_dead(chain_of_proxies):
    proxy, gateway = chain_of_proxies
    client = proxy.client()

    def ask() -> str:
        return client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message.content

    eventually("the gateway knows the key", lambda: gateway.auth(proxy.key()).status == 200)
    assert ask() == "".join(words_for(MESSAGES))
    chunks = client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content for chunk in chunks if chunk.choices) == "".join(words_for(MESSAGES))
    # What the gateway sealed is what was sent and what arrived.
    assert [exchange["hashes"] for exchange in proxy.exchanges()] == ["match", "match"]
    stolen = proxy.key()
    assert all(seen.key == "" for seen in proxy.model.seen), "no key gets as far as the model"

    proxy.daemon.orakey("revoke", proxy.daemon.get("/v1/key").json["fingerprint"])
    assert ask() == "".join(words_for(MESSAGES))
    assert proxy.key() != stolen
    eventually("the stolen copy is refused", lambda: gateway.auth(stolen).status == 401)
    answer = gateway.get("/v1/chat/completions", {"Authorization": f"Bearer {stolen}"}, "POST", body=b"{}")
    assert (answer.status, set(answer.json["error"])) == (401, {"message", "type", "code"})
    assert len({row["fingerprint"] for row in proxy.usage()}) == 2


def test_a_gateway_that_knows_earlier_than_the_daemon(chain_of_proxies):
    """Rotation without grace under load: whichever of the two is first, no caller sees a 401."""
    proxy, gateway = chain_of_proxies
    client = proxy.client()
    eventually("the gateway knows the key", lambda: gateway.auth(proxy.key()).status == 200)
    for _ in range(3):
        proxy.daemon.orakey("rotate", "--grace", "0s", "--no-wait")
        for _ in range(20):
            client.chat.completions.create(model=MODEL, messages=MESSAGES)
        eventually("the pool is filled again", lambda: proxy.daemon.status()["pool"]["ready"] > 0)
