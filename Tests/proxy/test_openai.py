"""OpenAI's own client for Python, unchanged, through the proxy."""

import asyncio
import hashlib
import threading

import openai
import pytest

from support.scripted_model import words_for

MODEL = "deepseek-ai/DeepSeek-V3"
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What are some fun things to do in New York?"},
]
ANSWER = "".join(words_for(MESSAGES))


def test_chat_through_the_port(proxy):
    answer = proxy.client().chat.completions.create(model=MODEL, messages=MESSAGES)
    assert answer.choices[0].message.content == ANSWER
    assert answer.usage.prompt_tokens == 15
    (seen,) = proxy.model.seen
    assert seen.key == proxy.key()
    assert seen.json["messages"] == MESSAGES


def test_chat_through_the_socket(proxy):
    answer = proxy.socket_client().chat.completions.create(model=MODEL, messages=MESSAGES)
    assert answer.choices[0].message.content == ANSWER
    assert proxy.model.seen[0].key == proxy.key()


def test_a_stream_comes_event_by_event(proxy):
    """The model server sends the next word only when the client has got the last one."""
    taken = threading.Semaphore(0)
    proxy.model.between_events = lambda: taken.acquire(timeout=30)
    words = []
    for chunk in proxy.client().chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}):
        if chunk.choices:
            words.append(chunk.choices[0].delta.content)
            taken.release()
        else:
            assert chunk.usage.completion_tokens == len(words)
    assert words == words_for(MESSAGES)


def test_many_at_once_from_asyncio(proxy):
    async def one(client, number):
        messages = [{"role": "user", "content": f"question {number}"}]
        if number % 2:
            answer = await client.chat.completions.create(model=MODEL, messages=messages)
            return answer.choices[0].message.content == "".join(words_for(messages))
        stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        return [chunk.choices[0].delta.content async for chunk in stream] == words_for(messages)

    async def everything():
        async with proxy.async_client() as client:
            return await asyncio.gather(*(one(client, number) for number in range(40)))

    assert asyncio.run(everything()) == [True] * 40


def test_images_and_models(proxy):
    client = proxy.client()
    images = client.images.generate(
        model="black-forest-labs/FLUX.1-dev", prompt="Cats eating popcorn", n=4, extra_body={"steps": 10})
    assert len(images.data) == 4
    assert MODEL in [model.id for model in client.models.list()]


def test_images_from_asyncio(proxy):
    """Each caller gets the images of its own prompt."""
    async def links(client, **request) -> list[str]:
        images = await client.images.generate(model="black-forest-labs/FLUX.1-dev", **request)
        return [image.url for image in images.data]

    async def everything():
        async with proxy.async_client() as client:
            return await asyncio.gather(*(
                links(client, prompt=f"cat {number}", n=number % 4 + 1) for number in range(20)))

    for number, got in enumerate(asyncio.run(everything())):
        name = hashlib.sha256(f"cat {number}".encode()).hexdigest()
        assert got == [f"https://gateway.invalid/ipfs/{name}{index}" for index in range(number % 4 + 1)]
    assert {seen.path for seen in proxy.model.seen} == {"/v1/images/generations"}
    assert {seen.key for seen in proxy.model.seen} == {proxy.key()}


def test_errors_of_the_upstream_keep_their_form(proxy):
    with pytest.raises(openai.NotFoundError) as error:
        proxy.client().chat.completions.create(model="none", messages=MESSAGES)
    assert error.value.code == "model_not_found"


def test_errors_of_the_proxy_have_openais_form(proxy):
    with openai.OpenAI(base_url=proxy.base_url, api_key="orakey-00", max_retries=0) as wrong:
        with pytest.raises(openai.AuthenticationError) as error:
            wrong.models.list()
    assert (error.value.code, error.value.type) == ("invalid_token", "authentication_error")
    assert not proxy.model.seen


def test_a_locked_wallet_relays_nothing(make_proxy):
    proxy = make_proxy()
    proxy.daemon.wait_for_key()
    proxy.daemon.orakey("lock")
    with pytest.raises(openai.APIStatusError) as error:
        proxy.socket_client().models.list()
    assert (error.value.status_code, error.value.code) == (423, "locked")
    assert not proxy.model.seen


def test_a_broken_stream_is_an_error_for_the_client(proxy):
    def breaks_off(handler, _):
        handler.begin_stream()
        handler.chunk(b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n')
        handler.chunk(b'data: {"id":"1","choi')
        handler.drop()

    proxy.model.next(breaks_off)
    got = []
    with pytest.raises(openai.APIError) as error:
        for chunk in proxy.client().chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            got.append(chunk)
    assert len(got) == 1
    assert "broke off" in error.value.message
    assert not isinstance(error.value, openai.APIConnectionError)


def test_usage_is_counted(make_proxy):
    proxy = make_proxy()
    proxy.daemon.wait_for_key()
    client = proxy.client()
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    list(client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    client.models.list()
    rows = {row["model"]: row for row in proxy.usage()}
    chat = rows[MODEL]
    assert chat["consumer"] == "default" and chat["network"] == "BASE"
    assert chat["fingerprint"] == proxy.daemon.get("/v1/key").json["fingerprint"]
    assert (chat["requests"], chat["statuses"]) == (2, {"200": 2})
    assert (chat["prompt_tokens"], chat["completion_tokens"]) == (30, 12)
    assert chat["bytes_up"] == sum(len(seen.body) for seen in proxy.model.seen[:2])
    assert rows["-"]["requests"] == 1
    metrics = proxy.daemon.control_get_text("/metrics")
    assert f'model="{MODEL}",fingerprint="{chat["fingerprint"]}",kind="completion"}} 12' in metrics
    assert "New York" not in metrics
