"""The host of sync loops: everything happens in the thread of the caller, or in one that it waits for."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

from .._engine import context, timing
from .._native import given_up_on, monotonic
from ..errors import CallTimeout
from .effects import Close, Do, Effect, Inside, Leave, Listen, Report, Sleep, Start, Take, Through, Try, Within
from .functions import plain
from .runners import run

T = TypeVar("T")
Outcome = tuple[Any, BaseException | None]
"""A value, or an error."""


class Host:
    """Does what a loop wants.

    :param sleep: the caller's own ``sleep``.
    :param is_isolated: whether what has a limit runs in a thread that is left behind there; else it has none.
    """

    def __init__(self, sleep: Callable[[float], object] | None = None, is_isolated: bool = False) -> None:
        self._sleep, self._is_isolated = sleep, is_isolated
        self._due: deque[tuple[int, Callable[[Any], Any], Effect]] = deque()

    @functools.cached_property
    def _inbox(self) -> timing.Inbox:
        """For those who start something; most do not."""
        return timing.Inbox()

    def do(self, effect: Effect) -> Any:
        match effect:
            case Try():
                return self._report(effect.key, self._request, effect)
            case Sleep():
                plain((self._sleep or timing.current().sleep)(effect.delay), "sleep")
            case Do() | Close():
                return plain(effect.work(), effect.what)
            case Within():
                work = functools.partial(self.do, effect.effect)
                return within(effect.timeout, work, effect.what) if self._is_isolated else work()
            case Take():
                return self._report(*self._due.popleft()) if self._due else self._inbox.take()
            case Start():
                if effect.beside:
                    start(functools.partial(self._deliver, effect))
                else:
                    self._due.append((effect.key, self.do, effect.effect))
            case Listen():
                timing.current().wait(self._inbox, effect.delay)
            case Inside():
                with context.inside(effect.turn):
                    return self.do(effect.effect)
            case Through():
                return run(effect.flow, self.do)
            case Leave():
                pass  # the thread that runs it is left behind
            case other:
                raise NotImplementedError(f"a sync host cannot do {other!r}")
        return None

    def tell(self, key: int, value: Any) -> None:
        """A report amid what was started, from any thread."""
        self._inbox.put((key, value, None))

    def _request(self, request: Try) -> Any:
        if self._is_isolated:
            return within(request.timeout, lambda: plain(request.work(), "the request"))
        return plain(request.work(), "the request")

    def _deliver(self, started: Start) -> None:
        self._inbox.put(self._report(started.key, self.do, started.effect))

    @staticmethod
    def _report(key: int, do: Callable[[Any], Any], effect: Effect) -> Report:
        try:
            return key, do(effect), None
        except BaseException as error:
            return key, None, error


def within(
    timeout: float, work: Callable[[], T], what: str = "the call", clock: Callable[[], float] | None = None
) -> T:
    """Runs ``work`` in a daemon thread with the caller's context, and leaves it behind when the limit passes.

    A Python thread cannot be killed: what was left behind goes on until it ends by itself, and its result is dropped.
    Give the client inside a time limit of its own (``timeout=`` of an SDK or socket) to end it for good.
    """
    if timeout == float("inf"):
        return work()
    source, inbox = timing.current(), timing.Inbox()
    clock = clock or monotonic
    until, left = clock() + timeout, timeout
    with source.driving():
        start(lambda: inbox.put(outcome_of(work)))
        while (outcome := inbox.take()) is None and left > 0:
            source.wait(inbox, left)
            left = until - clock()
    if outcome is None:
        raise CallTimeout(f"{given_up_on(what, timeout)}; the thread that runs it is left behind")
    try:
        return cast(T, unwrapped(outcome))
    finally:
        del outcome


def outcome_of(work: Callable[[], Any]) -> Outcome:
    """What work brings: a value, or an error."""
    try:
        return work(), None
    except BaseException as error:
        return None, error


def unwrapped(outcome: Outcome) -> Any:
    """The value of an outcome, or its error raised."""
    value, error = outcome
    try:
        if error is not None:
            raise error
        return value
    finally:
        del outcome, error  # an exception must not hold the frame that holds it


def start(work: Callable[[], None]) -> None:
    """Starts a daemon thread with the caller's context: it never keeps the process alive."""
    source = timing.current()
    source.begin()
    work = functools.partial(contextvars.copy_context().run, work)
    threading.Thread(target=source.inside, args=(work,), name="failsoft", daemon=True).start()
