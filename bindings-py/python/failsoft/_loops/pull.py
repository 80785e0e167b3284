"""Pulls the chunks of a source one at a time, and leaves one that hangs: in a thread, or in a task."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NoReturn

from .._engine import timing
from .._native import monotonic
from ..errors import CallTimeout
from . import aio
from .functions import plain
from .here import Outcome, outcome_of, start
from .stream import chunks_of
from .tasks import Signal, on_trio


class ThreadPuller:
    """Pulls the chunks of a source one at a time, in a daemon thread that is left behind if it hangs."""

    def __init__(self, request: Callable[[], Iterable[Any]]) -> None:
        self._wanted, self._brought = timing.Inbox(), timing.Inbox()
        self._is_pulling = self._is_left = self.goes_on = False
        self._source: Any = None
        self._ended = threading.Event()
        start(partial(self._serve, request))

    def next(self, limit: float) -> Outcome | None:
        """What the source brings next: a chunk, or its end or another error; None if that takes longer."""
        source, until = timing.current(), monotonic() + limit
        with source.driving():
            if not self._is_pulling:
                self._is_pulling = True
                self._wanted.put(True)
            while (outcome := self._brought.take()) is None and (left := until - monotonic()) > 0:
                source.wait(self._brought, left)
        if outcome is not None:
            self._is_pulling = False
        self.goes_on = outcome is not None and outcome[1] is None
        return outcome

    def close(self) -> None:
        """Leaves the source. It is closed at once, or, if it is a generator amid its work, as soon as that is done."""
        if not self._is_left:
            self._is_left = True
            self._wanted.put(False)
            hang_up(self._source, self._ended)

    def _serve(self, request: Callable[[], Iterable[Any]]) -> None:
        pull: Callable[[], Any] = partial(self._first, request)
        while self._is_wanted():
            outcome = outcome_of(pull)
            if self._source is not None:
                pull = partial(next, self._chunks)
            self._brought.put(outcome)
        close(self._source)
        self._ended.set()

    def _is_wanted(self) -> bool:
        while (wanted := self._wanted.take()) is None:
            timing.current().wait(self._wanted, float("inf"))
        return bool(wanted)

    def _first(self, request: Callable[[], Iterable[Any]]) -> Any:
        source = chunks_of(plain(request(), "the request"), "__iter__")
        self._source, self._chunks = source, iter(source)
        return next(self._chunks)


class TaskPuller:
    """Pulls the chunks of a source one at a time, and cancels the pull that takes too long."""

    def __init__(self, request: Callable[[], Any]) -> None:
        self._request = request
        self._is_cut = self.goes_on = False
        self._source: Any = None
        self._chunks: Any = None

    async def next(self, limit: float) -> Outcome | None:
        """What the source brings next: a chunk, or its end or another error; None if that takes longer."""
        try:
            # A pull that was cancelled is not begun anew: the engine's clock is a little behind, no more.
            outcome = await aio.within(limit, self._hang() if self._is_cut else self._pull())
        except CallTimeout:
            self._is_cut, self.goes_on = True, False
            return None
        self.goes_on = outcome[1] is None
        return outcome

    async def close(self) -> None:
        """Leaves the source and closes it."""
        chunks, source, self._chunks, self._source = self._chunks, self._source, None, None
        if chunks is not source:
            await aclose(chunks)
        await aclose(source)

    async def _pull(self) -> Outcome:
        try:
            if self._chunks is None:
                source = chunks_of(await aio.settled(self._request()), "__aiter__", "__iter__")
                self._source = source
                self._chunks = aiter(source) if hasattr(type(source), "__aiter__") else iter(source)
            if hasattr(type(self._chunks), "__anext__"):
                return await anext(self._chunks), None
            # What is not async may block, which must not stop the loop.
            chunk = await aio.in_thread(partial(next, self._chunks, self))
            return (None, StopAsyncIteration()) if chunk is self else (chunk, None)
        except Exception as error:
            return None, error

    async def _hang(self) -> NoReturn:
        virtual = timing.current().virtual()
        await (Signal().wait() if virtual is None else virtual(float("inf"), lambda: False))
        raise AssertionError("unreachable")


async def aclose(source: Any) -> None:
    """Closes what can be closed, also where the task is being cancelled. How that goes interests nobody any more."""
    closing = getattr(source, "aclose", None) or getattr(source, "close", None)
    if closing is None:
        return
    with contextlib.suppress(Exception):
        if on_trio():
            import trio

            with trio.move_on_after(aio.CLOSING, shield=True):
                await aio.settled(closing())
        else:
            await aio.settled(closing())


def hang_up(source: Any, ended: threading.Event) -> None:
    """Ends what another thread may be reading, which closes it and says so by ``ended``.

    That is waited for: once a socket is closed its number may belong to another connection, and a reader that is late
    would wait for that one.
    """
    if shut(source):
        ended.wait(aio.CLOSING)
    else:
        close(source)


def shut(source: Any) -> bool:
    """Shuts down the stream or response of an SDK, which wakes whoever reads it; false if that is not possible.

    It is possible where the connection is its alone.
    """
    try:
        raw = getattr(source, "http_response", None) or source.response
        if raw.is_closed or raw.http_version == "HTTP/2":
            return False
        raw.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        return True
    except Exception:
        return False  # another client, or one whose connection is gone


def close(source: Any) -> None:
    """Closes what can be closed. How that goes interests nobody any more."""
    with contextlib.suppress(Exception):
        source.close()
