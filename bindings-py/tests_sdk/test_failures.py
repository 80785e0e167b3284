"""What ``openai`` and ``anthropic`` raise when they are asked without an adapter, plain and streaming."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anthropic
import openai
import pytest
from failsoft import Policy, Session
from failsoft.errors import Exhausted
from harness import HI, Provider
from told import Told, told

LIMIT = 0.5


def by_openai(url: str, **more: Any) -> Any:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", **{"max_retries": 0, "timeout": LIMIT, **more}) as client:
        return client.chat.completions.create(model="m", messages=HI)


def by_openai_stream(url: str) -> Any:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=LIMIT) as client:
        return list(client.chat.completions.create(model="m", messages=HI, stream=True))


def by_openai_async(url: str) -> Any:
    async def main() -> Any:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=LIMIT) as client:
            return [one async for one in await client.chat.completions.create(model="m", messages=HI, stream=True)]

    return asyncio.run(main())


def by_anthropic(url: str, **more: Any) -> Any:
    with anthropic.Anthropic(base_url=url, api_key="any", **{"max_retries": 0, "timeout": LIMIT, **more}) as client:
        return client.messages.create(model="m", max_tokens=9, messages=HI)


def by_anthropic_stream(url: str) -> Any:
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0, timeout=LIMIT) as client:
        return list(client.messages.create(model="m", max_tokens=9, messages=HI, stream=True))


def by_anthropic_async(url: str) -> Any:
    async def main() -> Any:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0, timeout=LIMIT) as client:
            return [
                one async for one in await client.messages.create(model="m", max_tokens=9, messages=HI, stream=True)
            ]

    return asyncio.run(main())


OPENAI = (by_openai, by_openai_stream, by_openai_async)
ANTHROPIC = (by_anthropic, by_anthropic_stream, by_anthropic_async)
BOTH = (*OPENAI, *ANTHROPIC)
STREAMING = (by_openai_stream, by_openai_async, by_anthropic_stream, by_anthropic_async)
Ask = Callable[[str], Any]


def error_of(ask: Ask, url: str) -> Exception:
    try:
        value = ask(url)
    except Exception as error:
        return error
    raise AssertionError(f"{value!r} was taken for an answer")


def said(status: int, body: Any = None, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"do": "status", "status": status, "headers": named, **({} if body is None else {"body": body})}


def openai_says(status: int, message: str, **fields: Any) -> dict[str, Any]:
    return said(status, {"error": {"message": message, "param": None, **fields}})


def anthropic_says(status: int, kind: str, message: str, **headers: str) -> dict[str, Any]:
    return said(status, {"type": "error", "error": {"type": kind, "message": message}}, **headers)


LOST = Told("connect", "lost")
READ_LIMIT = Told("read_timeout", "read_timeout")
CONNECTING = Told("connect", "connecting", effect="none", phase="connect")
CERTIFICATE = Told("certificate", "certificate", effect="none", phase="connect")
RATE = Told("rate_limited", "rate_limit", 429)

SAID: dict[str, tuple[tuple[Ask, ...], Any, Told]] = {
    "a limit with its resets": (
        OPENAI,
        said(
            429,
            {"error": {"message": "Rate limit reached", "type": "tokens", "code": "rate_limit_exceeded"}},
            x_ratelimit_remaining_requests="99",
            x_ratelimit_reset_requests="8.64s",
            x_ratelimit_remaining_tokens="0",
            x_ratelimit_reset_tokens="6m0s",
        ),
        replace(RATE, reset_after=360),
    ),
    "a quota": (
        OPENAI,
        openai_says(429, "You exceeded your current quota", type="insufficient_quota", code="insufficient_quota"),
        Told("quota_exhausted", "quota", 429),
    ),
    "a context": (
        OPENAI,
        openai_says(400, "This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
        Told("context_overflow", "context", 400),
    ),
    "no such model": (
        OPENAI,
        openai_says(404, "The model `m` does not exist", code="model_not_found", type="invalid_request_error"),
        Told("not_found", "model", 404),
    ),
    "no such key": (
        OPENAI,
        openai_says(401, "Incorrect API key provided", code="invalid_api_key", type="invalid_request_error"),
        Told("auth", "auth_by_word", 401),
    ),
    "a server error": (OPENAI, openai_says(500, "oops", type="server_error"), Told("server_error", "server_5xx", 500)),
    "Anthropic's limit": (
        ANTHROPIC,
        anthropic_says(429, "rate_limit_error", "This request would exceed your rate limit", retry_after="17"),
        replace(RATE, retry_after=17),
    ),
    "Anthropic's overload": (
        ANTHROPIC,
        anthropic_says(529, "overloaded_error", "Overloaded"),
        Told("overloaded", "overloaded", 529),
    ),
    "Anthropic's bill": (
        ANTHROPIC,
        anthropic_says(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        Told("quota_exhausted", "quota_by_phrase", 400),
    ),
    "Anthropic's context": (
        ANTHROPIC,
        anthropic_says(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        Told("context_overflow", "context_by_phrase", 400),
    ),
    "Anthropic's key": (
        ANTHROPIC,
        anthropic_says(401, "authentication_error", "invalid x-api-key"),
        Told("auth", "auth_401_403", 401),
    ),
    "a server that is busy": (BOTH, said(503, "busy"), Told("overloaded", "overloaded_503_529", 503)),
    "a reset": (BOTH, "reset", LOST),
    "silence": (BOTH, "silence", READ_LIMIT),
    "a cut stream": (STREAMING, "cut:2:the answer is forty two", LOST),
    "a stalled stream": (STREAMING, "stall:2:the answer is forty two", READ_LIMIT),
    "an overload amid a stream": (STREAMING, "overloaded:2", Told("overloaded", "overloaded")),
}


@pytest.mark.parametrize(("case", "ask"), [(case, ask) for case, (asks, *_) in SAID.items() for ask in asks])
def test_what_it_is(provider: Provider, case: str, ask: Ask) -> None:
    _, behaviour, expected = SAID[case]
    provider.script(m=behaviour)
    raised = error_of(ask, provider.url)
    seen = told(raised)
    if case.endswith("amid a stream") and seen.status == 200:  # Anthropic's says under which status it came
        seen = replace(seen, status=None)
    assert seen == expected, repr(raised)
    assert len(provider.log("m")) == 1


@pytest.mark.parametrize("ask", BOTH)
def test_a_request_that_never_was_heard(provider: Provider, ask: Ask) -> None:
    for door, expected in {
        "closed": CONNECTING,
        "untrusted": CERTIFICATE,
        "mute": replace(CONNECTING, rule="connect_timeout"),
        "not_tls": CONNECTING,
    }.items():
        raised = error_of(ask, provider.doors[door])
        assert told(raised) == expected, (door, raised)
    assert told(error_of(ask, "http://x.invalid")) == CONNECTING


@pytest.mark.parametrize("ask", (by_openai, by_anthropic))
def test_a_client_that_asks_again_by_itself_is_warned_of(
    provider: Provider, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    provider.script(m="503:retry-after-ms=1")
    session = Session(Policy(retry={"max_attempts": 2}), routes=["primary"], sleep=lambda _: None)
    with pytest.raises(Exhausted):
        session.turn().call(lambda _: ask(provider.url, max_retries=1))
    assert len(provider.log("m")) == 4
    assert [one for one in caplog.messages if "by itself" in one] == [
        "the client under route primary retries 1 time by itself: up to 2 x 2 = 4 requests a call; "
        "switch its retries off (max_retries=0)"
    ]
