"""What the adapters share: one request within its limits, and what may be taken for a reply. See ``adapters``."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from .. import _native
from .._engine import check
from .._facts.classify import classify
from .._loops import aio
from .._loops.effects import Do, Flow
from .._loops.here import Host
from .._loops.runners import arun, run
from .._native import Attempt, monotonic
from ..errors import CallTimeout
from .chunks import Parts, Reply, error_in, item, text_in, word
from .collect import Collecting, aopened, collecting, opened
from .watch import Watch
from .wrong import ProviderError, UnusableReply, mark

Message = Mapping[str, Any]


class Ours(NamedTuple):
    """A limit of the engine's own, whether it is what ends the client's reading, and since when it has run."""

    limit: float | None
    ends_reading: bool
    since: float


class ChatModel:
    """A model that an ``Agent`` takes, made by ``openai_chat`` or ``anthropic_messages``.

    ``ask`` is what an agent calls, and what fits ``turn.call(lambda attempt: model.ask(messages, tools, attempt))``.
    The model itself is a function of ``(messages, tools)``, with the client's own time limit. With an async client
    both return awaitables. A reply is ``{"answer": str}`` or ``{"tool_calls": [{"id", "name", "arguments"}]}``, the
    latter with the text beside them, if any, as ``answer``; and ``model`` and ``usage``, if the provider told them.
    Arguments that are no JSON object stay the text that they were.
    """

    package = ""

    def __init__(
        self,
        client: Any,
        model: str,
        options: Mapping[str, Any],
        route: Mapping[str, Any] | None,
        accept_cut: bool,
        stream: bool,
    ) -> None:
        if isinstance(client, type) or not hasattr(client, "with_options") or not self._fits(client):
            raise TypeError(f"client: {check.shown(client)} is not allowed; use a client of the package {self.package}")
        accepted = inspect.signature(self._resource(client).create).parameters
        if not any(one.kind is one.VAR_KEYWORD for one in accepted.values()):
            for name in options:
                if name not in accepted:
                    wrong = _native.foreign_name(name)
                    raise TypeError(f"options: {wrong} is not allowed; this version of {self.package} does not know it")
        self.client, self.model, self.options, self.accept_cut = client, model, dict(options), accept_cut
        self.is_async = any(kind.__name__.startswith("Async") for kind in client.__class__.__mro__)
        self.streams = stream
        # The clocks of a stream are its driver's: the client only knows how long it waited for bytes.
        self.honours_timeout = not self.is_async and not stream
        self.route = {**_route(client, model), **(route or {})}

    def __repr__(self) -> str:
        return f"<{type(self.client).__name__} {self.model}>"

    def __call__(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Any:
        return self._send(messages, tools, None, None)

    def ask(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        attempt: Attempt,
        watch: Watch | None = None,
    ) -> Any:
        """Makes the request of this attempt: within its time limits, under its idempotency key, once.

        :param watch: told of what a stream brings, by models whose ``streams`` is true.
        """
        return self._send(messages, tools, attempt, watch)

    def _send(
        self,
        messages: Sequence[Message],
        tools: Sequence[Mapping[str, Any]],
        attempt: Attempt | None,
        watch: Watch | None,
    ) -> Any:
        limit, total = _limits(attempt)
        own = self.options.get("timeout", getattr(self.client, "timeout", None))
        timeout, is_ours = _shorter(own, limit)
        request = {**self._request(messages, tools), "model": self.model, "timeout": timeout}
        if attempt is not None:
            headers = self.options.get("extra_headers") or {}
            request["extra_headers"] = {"Idempotency-Key": attempt.idempotency_key, **headers}
        resource = self._resource(self.client.with_options(max_retries=0))
        flow = self._asking(resource, request, Ours(limit, is_ours, monotonic()), total, watch)
        return arun(flow, aio.Host().do) if self.is_async else run(flow, Host(is_isolated=True).do)

    def _asking(
        self, resource: Any, request: dict[str, Any], ours: Ours, total: float | None, watch: Watch | None
    ) -> Flow[dict[str, Any]]:
        if self.streams:
            request, wants_usage = self._streamed(request)
            course = Collecting(self.model, self._collected(), self._usage, self.accept_cut, wants_usage, total, watch)
            try:
                manager = (aopened if self.is_async else opened)(resource, request)
                yield from collecting(manager, course, self.is_async)
                return self._whole(course.whole) if course.whole is not None else self._settle(course.parts(), None)
            except Exception as error:
                self._stream_broke(error, ours, course)
                raise
        try:
            reply = yield Do(partial(resource.create, **request), self.model)
        except Exception as error:
            self._give_up(error, ours)
            raise
        return self._whole(reply)

    # ---- What came of it. ----

    def _give_up(self, error: Exception, ours: Ours) -> None:
        """Reports the SDK's time limit as our own where it was."""
        if ours.limit is None:
            return
        waited = monotonic() - ours.since
        if _native.is_limit_of_ours(classify(error).kind, ours.ends_reading, waited, ours.limit):
            raise CallTimeout(f"{_native.given_up_on(self.model, ours.limit)} of silence") from error

    def _stream_broke(self, error: Exception, ours: Ours, course: Collecting) -> None:
        spent = course.spent()
        try:
            self._give_up(error, ours._replace(since=course.heard))
        except CallTimeout as late:
            mark(late, course.stream, spent)
            raise
        if not hasattr(error, "failsoft_usage"):
            mark(error, course.stream, spent)

    def _whole(self, reply: Any) -> dict[str, Any]:
        if error := _error_of(reply):
            raise ProviderError(f"{_native.foreign_name(self.model)}: {said_instead(reply)}", {"error": error})
        try:
            parts = self._parts(reply)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # The SDKs make an object of whatever came; what cannot even be read is no bug of the caller's.
            raise UnusableReply(
                f"{_native.foreign_name(self.model)}: {said_instead(reply)}", "malformed", reply
            ) from error
        wrong = _native.judge_finish(word(parts.finish), word(parts.refusal), self.accept_cut)
        if wrong is not None:
            kind, what = wrong
            raise self._unusable(what, kind, reply, parts)
        return self._settle(parts, reply)

    def _settle(self, parts: Parts, reply: Any) -> dict[str, Any]:
        text, usage = text_in(parts.text), self._usage(parts.usage)
        if _native.read_reply(text, len(parts.calls)) == "nothing":
            raise self._unusable(_native.empty_reply(), "malformed", reply, parts)
        told: dict[str, Any] = {"answer": text} if text else {}
        if parts.calls:
            told["tool_calls"] = parts.calls
        if isinstance(parts.model, str):
            told["model"] = parts.model
        if usage is not None and usage["output_tokens"] is not None:
            told["usage"] = usage
        return told

    def _unusable(self, what: str, kind: str, reply: Any, parts: Parts | None = None) -> UnusableReply:
        error = UnusableReply(f"{_native.foreign_name(self.model)}: {what}", kind, reply)
        setattr(error, "failsoft_usage", self._usage(parts.usage) if parts else None)
        return error

    # ---- What differs between the SDKs. ----

    def _fits(self, client: Any) -> bool:
        raise NotImplementedError

    def _resource(self, client: Any) -> Any:
        raise NotImplementedError

    def _request(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        raise NotImplementedError

    def _streamed(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The request as one for a stream, and whether its usage comes after the reason for its end."""
        raise NotImplementedError

    def _collected(self) -> Reply:
        raise NotImplementedError

    def _parts(self, reply: Any) -> Parts:
        raise NotImplementedError

    def _usage(self, usage: Any) -> dict[str, int | None] | None:
        raise NotImplementedError


def with_tools(options: Mapping[str, Any], tools: list[dict[str, Any]], only_beside: Sequence[str]) -> dict[str, Any]:
    """The options and the tools of both; without tools also without the options that the API refuses alone."""
    request = dict(options)
    every = [*(request.pop("tools", None) or ()), *tools]
    if every:
        return {**request, "tools": every}
    return {name: value for name, value in request.items() if name not in only_beside}


def _limits(attempt: Attempt | None) -> tuple[float | None, float | None]:
    """How long to wait for bytes, and for the whole; None is for ever. A stream that makes progress has no limit."""
    if attempt is None:
        return None, None
    clocks = [span for span in (attempt.first_progress, attempt.idle) if span is not None]
    return (max(clocks), None) if clocks else (attempt.timeout, attempt.timeout)


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


def _error_of(reply: Any) -> Any:
    """The error under a status of 200, if the reply is one. The SDKs make an object of whatever came."""
    error = error_in(reply) or item(reply, "error")
    return error.model_dump() if hasattr(error, "model_dump") else error


def said_instead(reply: Any) -> str:
    """What came in place of a reply, for people: the error under a status of 200, or what kind of thing it is."""
    error = _error_of(reply)
    if error:
        return f"the reply under status 200 is an error: {_native.foreign_text(json.dumps(error, default=str))}"
    if isinstance(reply, str):
        return f"the reply is a text and no object: {_native.foreign_quoted(reply)}"
    return f"the reply is not what this API sends: {type(reply).__name__} without content"
