"""Streams that follow a script, for tests. Public in ``failsoft.testing``."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from .._engine import timing
from .chat import ChatModel
from .openai import OpenAIChat

__all__ = ["achunks", "chunks", "ends", "streams"]

Part = str | int | float | BaseException | Mapping[str, Any]


class ends(str):  # a function to its users
    """A part of a stream: it ends here, by this reason; ``ends("")`` is a stream that breaks off without any."""


def chunks(*parts: Part) -> Iterator[dict[str, Any]]:
    """A stream in the shape of Chat Completions, for ``turn.stream(lambda attempt: chunks("the ", 0.5, "answer"))``.

    A text becomes a chunk; a number lets so many seconds pass on the virtual clock of ``instant()``; an exception is
    raised; ``calls(..)`` becomes a tool call in parts; any other dict is a chunk as it stands. At the end come the
    reason for it and the usage, unless the last part is ``ends(..)``, an exception, or a dict.
    """
    for step in _steps(parts):
        if isinstance(step, dict):
            yield step
        else:
            _clock().hang(step)


async def achunks(*parts: Part) -> AsyncGenerator[dict[str, Any], None]:
    """As ``chunks``, for ``turn.astream``."""
    for step in _steps(parts):
        if isinstance(step, dict):
            yield step
        else:
            await _clock().ahang(step)


def streams(*requests: Sequence[Part], is_async: bool = False) -> ChatModel:
    """A model that streams by a script: one list of parts (see ``chunks``) a request, the last one repeated.

    It is the adapter of ``openai_chat(.., stream=True)`` over a client that only pretends; ``model.client.requests``
    keeps what was asked. ::

        agent = Agent(streams(["the ans", ConnectionError()], ["the answer"]))
    """
    client = AsyncScriptedClient(requests) if is_async else ScriptedClient(requests)
    model = OpenAIChat(client, "scripted", {}, {}, False, True)
    model.route = {}  # two of them are two deployments
    return model


class ScriptedClient:
    timeout = None

    def __init__(self, script: Sequence[Sequence[Part]]) -> None:
        self.script = list(script)
        self.requests: list[dict[str, Any]] = []
        self.closed = 0
        """How many streams were closed, or came to their end."""
        self.chat = self.completions = self

    def with_options(self, **_: Any) -> ScriptedClient:
        return self

    def create(self, **request: Any) -> Any:
        return self._count(self._next(request))

    def _next(self, request: dict[str, Any]) -> Sequence[Part]:
        parts = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append(request)
        return parts

    def _count(self, parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
        try:
            yield from chunks(*parts)
        finally:
            self.closed += 1


class AsyncScriptedClient(ScriptedClient):
    async def create(self, **request: Any) -> Any:
        return self._acount(self._next(request))

    async def _acount(self, parts: Sequence[Part]) -> AsyncIterator[dict[str, Any]]:
        try:
            async with aclosing(achunks(*parts)) as inner:
                async for chunk in inner:
                    yield chunk
        finally:
            self.closed += 1


def _steps(parts: Sequence[Part]) -> Iterator[dict[str, Any] | float]:
    """Chunks to hand out, and seconds to let pass."""
    yield _chunk({"role": "assistant", "content": ""})
    reason: str | None = "stop"
    for part in parts:
        if isinstance(part, BaseException):
            raise part
        if isinstance(part, ends):
            reason = str(part)
        elif isinstance(part, str):
            yield _chunk({"content": part})
        elif isinstance(part, int | float):
            yield float(part)
        elif "tool_calls" in part:
            reason = "tool_calls"
            yield from _call_chunks(part["tool_calls"])
        else:
            reason = None
            yield dict(part)
    if reason:
        yield _chunk({}, reason)
        usage = {"prompt_tokens": 1, "completion_tokens": len(parts)}
        yield {**_chunk({}), "choices": [], "usage": usage}


def _call_chunks(calls: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for index, call in enumerate(calls):
        arguments = json.dumps(call["arguments"])
        function = {"name": call["name"], "arguments": ""}
        yield _chunk({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": function}]})
        for piece in (arguments[:5], arguments[5:]):
            yield _chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "model": "scripted-1", "choices": [choice]}


def _clock() -> Any:
    source = timing.current()
    if not hasattr(source, "hang"):
        raise RuntimeError("a pause in a stream needs the virtual clock of failsoft.testing.instant()")
    return source
