"""What the adapters share: one request within its limits, and what may be taken for a reply. See ``adapters``."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from . import _native
from ._classify import classify
from ._native import Attempt, Failure
from .errors import CallTimeout

Message = Mapping[str, Any]


class UnusableReply(Exception):
    """The provider replied, but with nothing that may be taken for a whole answer.

    ``failsoft_failure`` is what the engine makes of it, ``reply`` the SDK's own object, with all that there was.
    """

    def __init__(self, message: str, kind: str, reply: Any = None) -> None:
        super().__init__(message)
        self.failsoft_failure = Failure(kind)
        self.reply = reply

    def __reduce__(self) -> tuple[type[UnusableReply], tuple[str, str, Any]]:
        return type(self), (str(self), self.failsoft_failure.kind, self.reply)


class ChatModel:
    """A model that an ``Agent`` takes, made by ``openai_chat`` or ``anthropic_messages``.

    ``ask`` is what an agent calls, and what fits ``turn.call(lambda attempt: model.ask(messages, tools, attempt))``.
    The model itself is a function of ``(messages, tools)``, with the client's own time limit. With an async client
    both return awaitables. A reply is ``{"answer": str}`` or ``{"tool_calls": [{"id", "name", "arguments"}]}``, the
    latter with the text beside them, if any, as ``answer``; and ``usage``, if the provider told it. Arguments that are
    no JSON object stay the text that they were.
    """

    package = ""

    def __init__(
        self, client: Any, model: str, options: Mapping[str, Any], route: Mapping[str, Any] | None, accept_cut: bool
    ) -> None:
        if isinstance(client, type) or not hasattr(client, "with_options") or not self._fits(client):
            raise TypeError(f"client: {client!r} is not allowed; use a client of the package {self.package}")
        if options.get("stream"):
            raise ValueError("stream: True is not allowed; leave it out, whole replies are what an agent needs")
        accepted = inspect.signature(self._create(client)).parameters
        if not any(one.kind is one.VAR_KEYWORD for one in accepted.values()):
            for name in options:
                if name not in accepted:
                    raise TypeError(f"options: {name} is not allowed; this version of {self.package} does not know it")
        self.client, self.model, self.options, self.accept_cut = client, model, dict(options), accept_cut
        self.is_async = any(kind.__name__.startswith("Async") for kind in client.__class__.__mro__)
        self.honours_timeout = not self.is_async
        self.route = {**_route(client, model), **(route or {})}

    def __repr__(self) -> str:
        return f"<{type(self.client).__name__} {self.model}>"

    def __call__(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Any:
        return self._send(messages, tools, None, None)

    def ask(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], attempt: Attempt) -> Any:
        """Makes the request of this attempt: within its time limit, under its idempotency key, once."""
        return self._send(messages, tools, attempt.timeout, attempt.idempotency_key)

    def _send(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], limit: float | None, key: str | None
    ) -> Any:
        own = self.options.get("timeout", getattr(self.client, "timeout", None))
        timeout, is_ours = _shorter(own, limit)
        request = {**self._request(messages, tools), "model": self.model, "timeout": timeout}
        if key is not None:
            request["extra_headers"] = {"Idempotency-Key": key, **(self.options.get("extra_headers") or {})}
        create = self._create(self.client.with_options(max_retries=0))
        ours = limit if is_ours else None
        if self.is_async:
            return self._asend(create, request, ours)
        try:
            reply = create(**request)
        except Exception as error:
            self._give_up(error, ours)
            raise
        return self._whole(reply)

    async def _asend(self, create: Callable[..., Any], request: dict[str, Any], ours: float | None) -> Any:
        try:
            reply = await create(**request)
        except Exception as error:
            self._give_up(error, ours)
            raise
        return self._whole(reply)

    def _give_up(self, error: Exception, ours: float | None) -> None:
        """Reports the SDK's time limit as our own where it was."""
        if ours is not None and classify(error).kind == "read_timeout":
            raise CallTimeout(f"{_native.given_up_on(self.model, ours)} of silence") from error

    def _whole(self, reply: Any) -> dict[str, Any]:
        try:
            return self._read(reply)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The SDKs make an object of whatever came; what cannot even be read is no bug of the caller's.
            raise UnusableReply(f"{self.model}: {said_instead(reply)}", "malformed", reply) from error

    def _unusable(self, what: str, kind: str, reply: Any) -> NoReturn:
        raise UnusableReply(f"{self.model}: {what}", kind, reply)

    def _refuse_unfinished(self, reason: Any, refusal: Any, reply: Any) -> None:
        wrong = _native.judge_finish(_text(reason), _text(refusal), self.accept_cut)
        if wrong is not None:
            kind, what = wrong
            self._unusable(what, kind, reply)

    def _reply(
        self, calls: list[dict[str, Any]], text: Any, usage: dict[str, int] | None, reply: Any
    ) -> dict[str, Any]:
        text = text if isinstance(text, str) else ""
        if _native.read_reply(text, len(calls)) == "nothing":
            self._unusable(_native.empty_reply(), "malformed", reply)
        told: dict[str, Any] = {"answer": text} if text else {}
        if calls:
            told["tool_calls"] = calls
        if usage is not None:
            told["usage"] = usage
        return told

    # ---- What differs between the SDKs. ----

    def _fits(self, client: Any) -> bool:
        raise NotImplementedError

    def _create(self, client: Any) -> Callable[..., Any]:
        raise NotImplementedError

    def _request(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        raise NotImplementedError

    def _read(self, reply: Any) -> dict[str, Any]:
        raise NotImplementedError


def _text(word: Any) -> str | None:
    """What the SDKs let through is not always text."""
    return word if word is None or isinstance(word, str) else str(word)


def with_tools(options: Mapping[str, Any], tools: list[dict[str, Any]], only_beside: Sequence[str]) -> dict[str, Any]:
    """The options and the tools of both; without tools also without the options that the API refuses alone."""
    request = dict(options)
    every = [*(request.pop("tools", None) or ()), *tools]
    if every:
        return {**request, "tools": every}
    return {name: value for name, value in request.items() if name not in only_beside}


def _shorter(own: Any, limit: float | None) -> tuple[Any, bool]:
    """A client's own time limit shortened to ours, phase by phase, and whether reading now ends at ours."""
    if limit is None or limit == float("inf"):
        return own, False
    if own is None or isinstance(own, int | float):
        return (limit, True) if own is None or limit <= own else (own, False)
    phases = {name: getattr(own, name, None) for name in ("connect", "read", "write", "pool")}
    shortened = {name: limit if span is None else min(span, limit) for name, span in phases.items()}
    return type(own)(**shortened), phases["read"] is None or limit <= phases["read"]


def _route(client: Any, model: str) -> dict[str, Any]:
    """What a client tells of the place it asks. Of its key only a fingerprint, so that quotas are told apart."""
    key, address = getattr(client, "api_key", None), getattr(client, "base_url", None)
    fingerprint = hashlib.sha256(key.encode()).hexdigest()[:12] if isinstance(key, str) and key else None
    return {
        "provider": type(client).__name__.removeprefix("Async").lower(),
        "model": model,
        "endpoint": None if address is None else str(address),
        "credential": fingerprint and f"sha256:{fingerprint}",
    }


def read_arguments(given: Any) -> Any:
    """Arguments as an object; what is none stays as it came, for the core to refuse and the model to hear of."""
    if not isinstance(given, str):
        return given
    try:
        read = json.loads(given) if given.strip() else {}
    except ValueError:
        return given
    return read if isinstance(read, dict) else given


def read_usage(reply: Any, read: str | Sequence[str], written: str) -> dict[str, int] | None:
    usage = getattr(reply, "usage", None)
    names = (read,) if isinstance(read, str) else read
    counts = [getattr(usage, name, None) for name in names]
    output = getattr(usage, written, None)
    if not isinstance(counts[0], int) or not isinstance(output, int):
        return None
    return {"input_tokens": sum(count for count in counts if isinstance(count, int)), "output_tokens": output}


def said_instead(reply: Any) -> str:
    """What came in place of a reply, for people: the error under a status of 200, or what kind of thing it is."""
    error = getattr(reply, "error", None)
    if error:
        return f"the reply under status 200 is an error: {json.dumps(error, default=str)[:500]}"
    if isinstance(reply, str):
        return f"the reply is a text and no object: {reply[:200]!r}"
    return f"the reply is not what this API sends: {type(reply).__name__} without content"
