"""Each client as a person would use it, asking once: no retries of its own, and a time limit."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Callable
from typing import Any

import aiohttp
import boto3
import httpx
import requests
import urllib3
from botocore.config import Config
from google import genai
from google.genai import types

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks for a list of prices over the network
import litellm

litellm.suppress_debug_info = True

CHAT = "/v1/chat/completions"
HI = [{"role": "user", "content": "hi"}]


def chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": HI}


def by_httpx(url: str, model: str, limit: float) -> Any:
    with httpx.Client(timeout=limit) as client:
        return client.post(url + CHAT, json=chat(model)).raise_for_status().json()


def by_httpx_async(url: str, model: str, limit: float) -> Any:
    async def main() -> Any:
        async with httpx.AsyncClient(timeout=limit) as client:
            return (await client.post(url + CHAT, json=chat(model))).raise_for_status().json()

    return asyncio.run(main())


def by_httpx_stream(url: str, model: str, limit: float) -> Any:
    with httpx.Client(timeout=limit) as client, client.stream("POST", url + CHAT, json=chat(model)) as response:
        response.raise_for_status()
        return response.read()


def by_requests(url: str, model: str, limit: float) -> Any:
    response = requests.post(url + CHAT, json=chat(model), timeout=limit)
    response.raise_for_status()
    return response.json()


def by_requests_stream(url: str, model: str, limit: float) -> Any:
    response = requests.post(url + CHAT, json=chat(model), timeout=limit, stream=True)
    response.raise_for_status()
    return response.content


def by_aiohttp(url: str, model: str, limit: float) -> Any:
    async def main() -> Any:
        timeout = aiohttp.ClientTimeout(total=limit)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.post(url + CHAT, json=chat(model)) as response,
        ):
            return await response.json()

    return asyncio.run(main())


def by_aiohttp_sockets(url: str, model: str, limit: float) -> Any:
    """With limits of connecting and of reading, where the other has one of all."""

    async def main() -> Any:
        timeout = aiohttp.ClientTimeout(sock_connect=limit, sock_read=limit)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url + CHAT, json=chat(model)) as got:
            got.raise_for_status()
            return await got.json()

    return asyncio.run(main())


def by_urllib3(url: str, model: str, limit: float) -> Any:
    response = urllib3.PoolManager(retries=False).request("POST", url + CHAT, json=chat(model), timeout=limit)
    return response.json()


def by_urllib3_counting(url: str, model: str, limit: float) -> Any:
    """With its own account of retries, of which there are none: so it wraps what went wrong."""
    retries = urllib3.Retry(total=0)
    return urllib3.PoolManager().request("POST", url + CHAT, json=chat(model), timeout=limit, retries=retries).json()


def by_urllib(url: str, model: str, limit: float) -> Any:
    request = urllib.request.Request(url + CHAT, json.dumps(chat(model)).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=limit) as response:
        return json.load(response)


def _google(url: str, limit: float) -> genai.Client:
    once = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=url, timeout=int(limit * 1000), retry_options=once)
    return genai.Client(api_key="any", http_options=options)


def by_google(url: str, model: str, limit: float) -> Any:
    with _google(url, limit) as client:
        return client.models.generate_content(model=model, contents="hi")


def by_google_async(url: str, model: str, limit: float) -> Any:
    async def main() -> Any:
        async with _google(url, limit).aio as client:
            return await client.models.generate_content(model=model, contents="hi")

    return asyncio.run(main())


def by_google_stream(url: str, model: str, limit: float) -> Any:
    with _google(url, limit) as client:
        return list(client.models.generate_content_stream(model=model, contents="hi"))


def bedrock(url: str, limit: float, **more: Any) -> Any:
    options = {"retries": {"total_max_attempts": 1}, "read_timeout": limit, "connect_timeout": limit, **more}
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(**options),
    )


def by_bedrock(url: str, model: str, limit: float) -> Any:
    return bedrock(url, limit).converse(modelId=model, messages=[{"role": "user", "content": [{"text": "hi"}]}])


def by_bedrock_stream(url: str, model: str, limit: float) -> Any:
    reply = bedrock(url, limit).converse_stream(modelId=model, messages=[{"role": "user", "content": [{"text": "hi"}]}])
    return list(reply["stream"])


def by_bedrock_invoke(url: str, model: str, limit: float) -> Any:
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": HI})
    return json.load(bedrock(url, limit).invoke_model(modelId=model, body=body)["body"])


def by_litellm(url: str, model: str, limit: float) -> Any:
    return litellm.completion(f"openai/{model}", HI, api_base=url + "/v1", api_key="any", timeout=limit, max_retries=0)


def by_litellm_anthropic(url: str, model: str, limit: float) -> Any:
    return litellm.completion(f"anthropic/{model}", HI, api_base=url, api_key="any", timeout=limit, max_retries=0)


def by_litellm_async(url: str, model: str, limit: float) -> Any:
    return asyncio.run(
        litellm.acompletion(f"openai/{model}", HI, api_base=url + "/v1", api_key="any", timeout=limit, max_retries=0)
    )


def by_litellm_stream(url: str, model: str, limit: float) -> Any:
    call = litellm.completion(
        f"openai/{model}", HI, api_base=url + "/v1", api_key="any", timeout=limit, max_retries=0, stream=True
    )
    return list(call)


CLIENTS: dict[str, Callable[[str, str, float], Any]] = {
    name.removeprefix("by_"): ask for name, ask in list(globals().items()) if name.startswith("by_")
}


def error_of(client: str, url: str, limit: float = 10) -> Exception:
    """What the client raises."""
    try:
        value = CLIENTS[client](url, "m", limit)
    except Exception as error:
        return error
    raise AssertionError(f"{client} took {value!r} for an answer")
