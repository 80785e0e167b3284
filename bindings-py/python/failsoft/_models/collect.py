"""A reply collected from a stream of the real SDKs: their bytes where these are server-sent events, else their chunks.

Read as bytes, a chunk that is no JSON can be skipped; the SDKs' own iterators break at it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from .. import _native
from .._loops.effects import Do, Flow, Through, Within
from .._loops.pull import aclose, hang_up, shut
from .._native import given_up_on, monotonic
from ..errors import CallTimeout
from .chunks import Parts, Reply, error_in
from .sse import Decoder, Event
from .watch import Watch
from .wrong import UnusableReply, provider_error

_END = object()
Usage = dict[str, int | None] | None


class Collecting:
    """The reply of one request while its stream is read."""

    def __init__(
        self,
        name: str,
        reply: Reply,
        read_usage: Callable[[Any], Usage],
        accept_cut: bool,
        wants_usage: bool,
        limit: float | None,
        watch: Watch | None,
    ) -> None:
        self.name, self.reply, self.watch = name, reply, watch
        self._read_usage = read_usage
        self._spent: Usage = None
        self.stream = _native.Stream(accept_cut=accept_cut, wants_usage=wants_usage)
        self.whole: Any = None
        """The reply itself, where the provider sent it whole in place of a stream."""
        self._limit, self._until = limit, float("inf") if limit is None else monotonic() + limit
        self.heard = monotonic()
        """When bytes came last."""
        self._tail = float("inf")

    def opened(self, response: Any) -> None:
        if self.watch is not None:
            self.watch.opened(partial(hang_up, response, self.watch.ended))

    def closed(self) -> None:
        if self.watch is not None:
            self.watch.ended.set()

    def on_time(self) -> None:
        """Bytes came. That they come is the client's to watch; that they come to an end is ours.

        :raises CallTimeout: the time for the whole is over.
        """
        self.heard = monotonic()
        if self.heard >= self._until:
            raise CallTimeout(given_up_on(self.name, self._limit))

    @property
    def patience(self) -> float | None:
        """For how long to wait for what comes next; None is as long as the client does."""
        return None if self._tail == float("inf") else max(0.0, self._tail - monotonic())

    def take_event(self, event: Event) -> bool:
        """Takes an event: whether the stream is read no further."""
        name, data = event[0], event[1].strip()
        if data == "[DONE]":
            return self._take({"terminator": True})
        chunk = _parsed_json(data) if data else {}
        if name == "error" and (chunk is None or error_in(chunk) is None):
            # Its name alone says what it is.
            chunk = {"error": data if chunk is None else chunk}
        if not isinstance(chunk, Mapping):
            return self._take({"malformed": True})
        return self.take_chunk(chunk)

    def take_chunk(self, chunk: Any) -> bool:
        """As ``take_event``, of a chunk that the SDK has read.

        :raises ProviderError: the provider's own, amid the stream.
        """
        wrong = provider_error(chunk)
        if wrong is not None:
            raise wrong
        try:
            return self._take(self.reply.read(chunk), self.reply.add(chunk))
        except (AttributeError, LookupError, TypeError, ValueError):
            # JSON, but in no shape of this API.
            return self._take({"malformed": True})

    def _take(self, facts: Mapping[str, Any], text: str = "") -> bool:
        seen = self.stream.take(**facts)
        spent, known = self.spent(), self._spent
        if self.watch is not None and (text or seen != "nothing" or spent != known):
            self._spent = spent
            # What is not part of the answer is told for its usage alone.
            self.watch.saw(text, seen != "nothing" and self.stream.has_progressed, spent)
        if seen == "finished" and self._tail == float("inf"):
            self._tail = monotonic() + _native.Stream.TAIL
        return seen == "done"

    def spent(self) -> Usage:
        """The usage that was told so far."""
        return self._read_usage(self.reply.spent)

    def parts(self) -> Parts:
        """What it came to, now that nothing more is read.

        :raises UnusableReply: it may not be taken for a whole answer.
        """
        ended = self.stream.end()
        if ended is not None:
            kind, what = ended
            raise UnusableReply(_native.stream_failed(self.name, what), kind)
        return self.reply.parts()


def collecting(manager: Any, course: Collecting, is_async: bool) -> Flow[None]:
    """Reads the stream of a client as far as it must be read.

    :param manager: makes the request on entering, and closes the response on leaving.
    """
    response = yield Do(manager.__aenter__ if is_async else manager.__enter__)
    try:
        if not is_async:
            course.opened(response)  # a thread is woken by what closes its response; a task is cancelled
        if _brings(response, "application/json"):
            course.whole = _read_whole((yield Do(response.read)))
        elif _brings(response, "text/event-stream"):
            source: Any = _aevents(response, course) if is_async else _events(response, course)
            yield from _reading(source, course.take_event, response, course, is_async)
        else:
            chunks = yield Do(partial(_parsed, response))
            source = aiter(chunks) if is_async else iter(chunks)
            yield from _reading(source, course.take_chunk, response, course, is_async)
    finally:
        yield Do(partial(manager.__aexit__ if is_async else manager.__exit__, None, None, None))
        course.closed()


def _reading(source: Any, take: Callable[[Any], bool], response: Any, course: Collecting, is_async: bool) -> Flow[None]:
    pull = Do(partial(anext if is_async else next, source, _END))
    try:
        while (patience := course.patience) is None or patience > 0:
            # After the end is known, only the usage is waited for.
            came = yield pull if patience is None else Within(patience, pull, "the stream")
            if came is _END:
                return
            if take(came):
                with contextlib.suppress(Exception):
                    yield Within(_native.Stream.LINGER, Through(_read_out(pull)), "the stream")
                return
    except CallTimeout:
        if course.patience is None:
            raise
    finally:
        yield Do(partial(aclose, source) if is_async else partial(shut, response))


def _read_out(pull: Do) -> Flow[None]:
    """Reads on, for a source that goes on to end by itself."""
    while (yield pull) is not _END:
        pass


def _events(response: Any, course: Collecting) -> Iterator[Event]:
    decoder = Decoder()
    for piece in response.iter_bytes():
        course.on_time()
        yield from decoder.feed(piece)
    yield from decoder.end()


async def _aevents(response: Any, course: Collecting) -> AsyncIterator[Event]:
    decoder = Decoder()
    async with contextlib.aclosing(response.iter_bytes()) as pieces:
        async for piece in pieces:
            course.on_time()
            for event in decoder.feed(piece):
                yield event
    for event in decoder.end():
        yield event


def opened(resource: Any, request: Mapping[str, Any]) -> Any:
    """The request of a sync client, to be made on entering and closed on leaving."""
    if hasattr(resource, "with_streaming_response"):
        return resource.with_streaming_response.create(**request)
    return contextlib.closing(resource.create(**request))


@contextlib.asynccontextmanager
async def aopened(resource: Any, request: Mapping[str, Any]) -> AsyncIterator[Any]:
    """As ``opened``, of an async client."""
    if hasattr(resource, "with_streaming_response"):
        async with resource.with_streaming_response.create(**request) as response:
            yield response
    else:
        stream = await resource.create(**request)
        try:
            yield stream
        finally:
            await aclose(stream)


def _parsed(response: Any) -> Any:
    """The SDK's own iterator of chunks; of a client that answers with nothing else, the answer."""
    return response.parse() if hasattr(response, "parse") else response


def _read_whole(body: bytes) -> Any:
    """A reply that came whole; what is no JSON is a text."""
    read = _parsed_json(body)
    return body.decode("utf-8", "replace") if read is None else read


def _parsed_json(text: str | bytes) -> Any:
    """What the JSON says, or None; what is nested beyond reading is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _brings(response: Any, kind: str) -> bool:
    headers = getattr(response, "headers", None)
    return str(headers.get("content-type", "") if headers is not None else "").lower().startswith(kind)
