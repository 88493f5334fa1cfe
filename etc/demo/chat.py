"""OpenAI's client as anybody uses it: OPENAI_BASE_URL and OPENAI_API_KEY say where to and as whom."""

import sys

import openai

client = openai.OpenAI()
answer = client.chat.completions.with_raw_response.create(
    model="deepseek-ai/DeepSeek-V3", messages=[{"role": "user", "content": sys.argv[1]}])
print(answer.parse().choices[0].message.content.strip())
print("key used:", answer.headers["X-Orakey-Fingerprint"])
