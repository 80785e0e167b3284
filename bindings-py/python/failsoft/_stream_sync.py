"""The synchronous loop around a stream of chunks. It acts; every decision is the core's."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

from . import _drive, _time
from ._drive import Routes, outcome_of, raise_end
from ._native import Attempt, Cancel, Finish, Rebuild, Stream, Switch, Wait, monotonic
from ._stream import Streaming, chunks_of

Outcome = tuple[Any, BaseException | None]
LINGER = Stream.LINGER


def stream(
    state: Streaming,
    request: Callable[[Attempt], Iterable[Any]],
    routes: Routes,
    sleep: Callable[[float], object] | None,
) -> Generator[Any, None, None]:
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
                    if state.take(source.next(state.patience(wait.delay))) and not state.is_whole:
                        source.close()
                        routes.let_go(state.attempt)
                    yield from state.news()
                    if state.is_whole:
                        source.read_out()
                        return
                case Wait() as wait:
                    state.hold(wait.id)
                    _drive.plain((sleep or _time.current().sleep)(wait.delay), "sleep")
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    state.hold(change.id)
                    call.ready(change.id) if routes.prepare(change) else call.not_ready(change.id)
                case Cancel():
                    state.late()
                    source.close()
                    routes.let_go(state.attempt)
                case Finish() as end:
                    raise_end(end, state.last)
                case other:
                    raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
    except BaseException:
        state.abandon()
        raise
    finally:
        state.last = None  # an exception must not hold the frame that holds it
        source.close()
        routes.let_go(state.attempt)


class Puller:
    """Pulls the chunks of a source one at a time, in a daemon thread that is left behind if it hangs."""

    def __init__(self, request: Callable[[], Iterable[Any]] | None = None) -> None:
        self._wanted, self._brought = _time.Inbox(), _time.Inbox()
        self._is_pulling = self._goes_on = False
        self._is_left = request is None
        self._source: Any = None
        if request is not None:
            _drive.start(partial(self._serve, request))

    def next(self, limit: float) -> Outcome | None:
        """What the source brings next: a chunk, or its end or another error; None if that takes longer."""
        time, until = _time.current(), monotonic() + limit
        with time.driving():
            if not self._is_pulling:
                self._is_pulling = True
                self._wanted.put(True)
            while (outcome := self._brought.take()) is None and (left := until - monotonic()) > 0:
                time.wait(self._brought, left)
        if outcome is not None:
            self._is_pulling = False
        self._goes_on = outcome is not None and outcome[1] is None
        return outcome

    def read_out(self) -> None:
        """Reads on for a little, for a source that goes on to end by itself."""
        until = monotonic() + LINGER
        while self._goes_on and (left := until - monotonic()) > 0:
            self.next(left)

    def close(self) -> None:
        """Leaves the source. It is closed at once, or, if it is a generator amid its work, as soon as that is done."""
        if not self._is_left:
            self._is_left = True
            hang_up(self._source)
            self._wanted.put(False)

    def _serve(self, request: Callable[[], Iterable[Any]]) -> None:
        pull: Callable[[], Any] = partial(self._first, request)
        while self._is_wanted():
            outcome = outcome_of(pull)
            if self._source is not None:
                pull = partial(next, self._chunks)
            self._brought.put(outcome)
        hang_up(self._source)

    def _is_wanted(self) -> bool:
        while (wanted := self._wanted.take()) is None:
            _time.current().wait(self._wanted, float("inf"))
        return bool(wanted)

    def _first(self, request: Callable[[], Iterable[Any]]) -> Any:
        source = chunks_of(_drive.plain(request(), "the request"), "__iter__")
        self._source, self._chunks = source, iter(source)
        return next(self._chunks)


def hang_up(source: Any) -> None:
    """Closes what can be closed, from any thread. How that goes interests nobody any more.

    Of the stream or response of an SDK, a thread that waits for its bytes is woken, where the connection is its alone.
    """
    with contextlib.suppress(Exception):
        raw = getattr(source, "http_response", None) or getattr(source, "response", None)
        if raw is not None and not raw.is_closed and raw.http_version != "HTTP/2":
            raw.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(Exception):
        source.close()
