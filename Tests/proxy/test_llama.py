"""OpenAI's client, the proxy, the gateway and llama.cpp: what is said through all of them is what the model said."""

import asyncio
import json
import os
import pathlib
import shutil
import tempfile
import types

import openai
import pytest
from support.contracts import ApiKeys
from support.daemon import Daemon, eventually
from support.devchain import DevChain
from support.gateway import Gateway
from support.llama import LONGEST_ANSWER, LlamaServer
from support.mining import mining
from support.places import binaries

from proxy.conftest import start

MODEL = "deepseek-ai/DeepSeek-V3"
QUESTIONS = [[{"role": "user", "content": f"What are some fun things to do in {place}?"}]
             for place in ("New York", "Bologna", "Łódź", "東京", "Reykjavík")]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    with LlamaServer(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(llama):
    program = binaries() / "orakey-gateway"
    if not os.access(program, os.X_OK):
        pytest.fail(f"{program} not found: run `swift build`, or set ORAKEY_BIN", pytrace=False)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    with DevChain() as chain, mining(chain):
        daemon = Daemon(binaries(), folder, chain, ApiKeys.deploy(chain), pool={"target": 4})
        daemon.fund(daemon.make_wallet())
        (folder / "gateway").mkdir()
        gateway = Gateway(program, folder / "gateway", {"BASE": {
            "chain_id": chain.chain_id, "rpc": [chain.url], "contract": daemon.contract.address, "poll_interval": "200ms"}},
            backends={"model": {"url": llama.url}}, models={"*": "model"})
        gateway.start()
        proxy = start(daemon, types.SimpleNamespace(url=f"http://127.0.0.1:{gateway.port}"))
        try:
            daemon.wait_for_key()
            eventually("the gateway knows the key", lambda: gateway.auth(proxy.key()).status == 200)
            yield proxy
        finally:
            proxy.close()
            daemon.stop()
            gateway.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def answers(llama):
    """What the model says to each question, asked without anybody between."""
    with openai.OpenAI(base_url=f"{llama.url}/v1", api_key="none") as client:
        return [completion(client, question) for question in QUESTIONS]


def completion(client, question, **more):
    return client.chat.completions.create(model=MODEL, messages=question, temperature=0, **more)


def said(chunks) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_plain(proxy, answers):
    client = proxy.client()
    for question, direct in zip(QUESTIONS, answers):
        answer = completion(client, question)
        assert answer.choices == direct.choices and answer.usage.completion_tokens == direct.usage.completion_tokens
        assert answer.usage.prompt_tokens == direct.usage.prompt_tokens
    assert {exchange["hashes"] for exchange in proxy.exchanges()} == {"match"}
    [row] = proxy.usage()
    assert (row["requests"], row["model"]) == (len(QUESTIONS), MODEL)
    assert row["completion_tokens"] == sum(answer.usage.completion_tokens for answer in answers)
    assert row["prompt_tokens"] == sum(answer.usage.prompt_tokens for answer in answers)


def test_streamed(proxy, answers):
    client = proxy.client()
    for question, direct in zip(QUESTIONS, answers):
        chunks = list(completion(client, question, stream=True, stream_options={"include_usage": True}))
        assert said(chunks) == direct.choices[0].message.content
        [usage] = [chunk.usage for chunk in chunks if chunk.usage]
        assert usage.completion_tokens == direct.usage.completion_tokens
        # Word for word, and not all at its end.
        assert len(chunks) > direct.usage.completion_tokens // 2
    assert {exchange["hashes"] for exchange in proxy.exchanges()} == {"match"}


def test_at_the_same_time(proxy, answers):
    async def one(client, question):
        stream = await client.chat.completions.create(model=MODEL, messages=question, temperature=0, stream=True)
        return said([chunk async for chunk in stream])

    async def everything():
        async with proxy.async_client() as client:
            return await asyncio.gather(*(one(client, question) for question in QUESTIONS * 3))

    assert asyncio.run(everything()) == [direct.choices[0].message.content for direct in answers] * 3


def test_an_error_of_the_model_server(proxy):
    with pytest.raises(openai.BadRequestError, match="context size"):
        completion(proxy.client(), [{"role": "user", "content": "word " * 5000}])


def test_a_stream_that_is_left(proxy, answers):
    """The model server has two places; who leaves must not hold one."""
    client = proxy.client()
    for question in QUESTIONS * 2:
        stream = completion(client, question, stream=True, max_tokens=LONGEST_ANSWER)
        assert next(iter(stream)).object == "chat.completion.chunk"
        stream.close()
    assert completion(client, QUESTIONS[0]).choices == answers[0].choices


def test_with_a_schema(proxy):
    """Grammars are an option that the proxy knows nothing of."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["n"]}
    answer = completion(proxy.client(), QUESTIONS[0], response_format={
        "type": "json_schema", "json_schema": {"name": "number", "schema": schema}})
    assert json.loads(answer.choices[0].message.content)["n"] in range(10)
