"""The asynchronous loop around a stream of chunks, on asyncio and trio. It acts; every decision is the core's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, NoReturn

from . import _drive_async, _time
from ._drive import raise_end
from ._native import Attempt, Cancel, Finish, Rebuild, Switch, Wait, monotonic
from ._stream import Streaming, chunks_of
from ._stream_sync import LINGER, Outcome
from .errors import CallTimeout


async def astream(
    state: Streaming,
    request: Callable[[Attempt], Any],
    routes: Any,
    sleep: Callable[[float], object] | None,
) -> AsyncGenerator[Any, None]:
    """Drives a call whose attempts are streams to its end, and hands on their chunks."""
    call, source = state.call, Puller()
    try:
        while True:
            match call.next():
                case Attempt() as attempt:
                    routes.hold(attempt)
                    state.begin(attempt)
                    source = Puller(partial(request, attempt))
                case Wait(why="running") as wait:
                    if state.take(await source.next(state.patience(wait.delay))) and not state.is_whole:
                        await source.close()
                        await routes.let_go(state.attempt)
                    for chunk in state.news():
                        yield chunk
                    if state.is_whole:
                        await source.read_out()
                        return
                case Wait() as wait:
                    state.hold(wait.id)
                    await _drive_async.asleep(wait.delay, sleep)
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    state.hold(change.id)
                    ready = await routes.prepare(change)
                    call.ready(change.id) if ready else call.not_ready(change.id)
                case Cancel():
                    state.late()
                    await source.close()
                    await routes.let_go(state.attempt)
                case Finish() as end:
                    raise_end(end, state.last)
                case other:
                    raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
    except BaseException:
        state.abandon()
        raise
    finally:
        state.last = None  # an exception must not hold the frame that holds it
        await source.close()
        await routes.let_go(state.attempt)


class Puller:
    """Pulls the chunks of a source one at a time, and cancels the pull that takes too long."""

    def __init__(self, request: Callable[[], Any] | None = None) -> None:
        self._request = request
        self._is_cut = self._goes_on = False
        self._source: Any = None
        self._chunks: Any = None

    async def next(self, limit: float) -> Outcome | None:
        """What the source brings next: a chunk, or its end or another error; None if that takes longer."""
        try:
            # A pull that was cancelled is not begun anew: the engine's clock is a little behind, no more.
            outcome = await _drive_async.within(limit, self._hang() if self._is_cut else self._pull())
        except CallTimeout:
            self._is_cut, self._goes_on = True, False
            return None
        self._goes_on = outcome[1] is None
        return outcome

    async def read_out(self) -> None:
        """Reads on for a little, for a source that goes on to end by itself."""
        until = monotonic() + LINGER
        while self._goes_on and (left := until - monotonic()) > 0:
            await self.next(left)

    async def close(self) -> None:
        """Leaves the source and closes it."""
        chunks, source, self._chunks, self._source = self._chunks, self._source, None, None
        if chunks is not source:
            await aclose(chunks)
        await aclose(source)

    async def _pull(self) -> Outcome:
        try:
            if self._chunks is None and self._request is not None:
                source = chunks_of(await _drive_async.settled(self._request()), "__aiter__", "__iter__")
                self._source = source
                self._chunks = aiter(source) if hasattr(type(source), "__aiter__") else iter(source)
            if hasattr(type(self._chunks), "__anext__"):
                return await anext(self._chunks), None
            # What is not async may block, which must not stop the loop.
            chunk = await _drive_async.in_thread(partial(next, self._chunks, self))
            return (None, StopAsyncIteration()) if chunk is self else (chunk, None)
        except Exception as error:
            return None, error

    async def _hang(self) -> NoReturn:
        virtual = _time.current().virtual()
        await (_drive_async.Signal().wait() if virtual is None else virtual(float("inf"), lambda: False))
        raise AssertionError("unreachable")


async def aclose(source: Any) -> None:
    """Closes what can be closed, also where the task is being cancelled. How that goes interests nobody any more."""
    closing = getattr(source, "aclose", None) or getattr(source, "close", None)
    if closing is None:
        return
    with contextlib.suppress(Exception):
        if _drive_async.on_trio():
            import trio

            with trio.move_on_after(_drive_async.CLOSING, shield=True):
                await _drive_async.settled(closing())
        else:
            await _drive_async.settled(closing())
