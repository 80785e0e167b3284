"""The synchronous host loops. They act; every decision is the core's."""

from __future__ import annotations

import contextvars
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, TypeVar, cast

from . import _time
from ._native import Attempt, Call, Failure, Finish, Rebuild, Switch, Wait, given_up_on, monotonic
from .errors import BreakerOpen, CallTimeout, DeadlineExceeded, Exhausted, StepLimitExceeded

T = TypeVar("T")
Judge = Callable[[BaseException, Attempt], Failure]


class Routes(Protocol):
    """Who makes clients ready, and knows who uses them."""

    def prepare(self, change: Switch | Rebuild) -> bool:
        """Makes a route's client; false if that failed."""

    def hold(self, attempt: Attempt) -> None:
        """A request begins: it uses the client of its attempt."""

    def let_go(self, attempt: Attempt | None) -> None:
        """It ended, failed, or was given up on."""


def drive(
    call: Call,
    request: Callable[[Attempt], T],
    routes: Routes,
    sleep: Callable[[float], object] | None,
    judge: Judge,
    last: Exception | None = None,
) -> T:
    """Drives a call to its end. ``last`` is the error of an attempt made before."""
    try:
        while True:
            match call.next():
                case Attempt() as attempt:
                    try:
                        routes.hold(attempt)
                        value = plain(request(attempt), "the request")
                    except Exception as error:
                        last = error
                        call.failed(attempt.id, judge(error, attempt))
                    except BaseException:
                        call.abandoned(attempt.id)
                        raise
                    else:
                        if call.succeeded(attempt.id):
                            return value
                    finally:
                        routes.let_go(attempt)
                case Wait() as wait:
                    try:
                        plain((sleep or _time.current().sleep)(wait.delay), "sleep")
                    except BaseException:
                        call.abandoned(wait.id)
                        raise
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    try:
                        ready = routes.prepare(change)
                    except BaseException:
                        call.abandoned(change.id)
                        raise
                    call.ready(change.id) if ready else call.not_ready(change.id)
                case Finish() as end:
                    raise_end(end, last)
                case other:
                    raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
    finally:
        last = None  # an exception must not hold the frame that holds it


def raise_end(end: Finish, last: BaseException | None) -> NoReturn:
    """Raises what an end means: the original error if it is permanent, else ours with the original as cause."""
    wrong = error_of(end, last)
    try:
        if wrong is last:
            raise wrong
        raise wrong from last
    finally:
        del last, wrong  # an exception must not hold the frame that holds it


def error_of(end: Finish, original: BaseException | None) -> BaseException:
    """What an end means, as an error: the original one, or ours."""
    match end.raised(original is not None):
        case "original" if original is not None:
            return original
        case "deadline_exceeded":
            return DeadlineExceeded(end.message)
        case "step_limit_exceeded":
            return StepLimitExceeded(end.message)
        case "breaker_open":
            return BreakerOpen(end.message, retry_in=end.retry_in)
        case _:
            return Exhausted(end.message, retry_in=end.retry_in)


def within(
    timeout: float, work: Callable[[], T], what: str = "the call", clock: Callable[[], float] | None = None
) -> T:
    """Runs ``work`` in a daemon thread with the caller's context, and leaves it behind when the limit passes.

    A Python thread cannot be killed: what was left behind goes on until it ends by itself, and its result is dropped.
    Give the client inside a time limit of its own (``timeout=`` of an SDK or socket) to end it for good.
    """
    if timeout == float("inf"):
        return work()
    source, inbox = _time.current(), _time.Inbox()
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


def outcome_of(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What work brings: a value, or an error."""
    try:
        return work(), None
    except BaseException as error:
        return None, error


def unwrapped(outcome: tuple[Any, BaseException | None]) -> Any:
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
    source, context = _time.current(), contextvars.copy_context()
    source.begin()
    work = functools.partial(context.run, work)
    threading.Thread(target=source.inside, args=(work,), name="failsoft", daemon=True).start()


def is_async(fn: object) -> bool:
    """Whether calling it makes a coroutine: also through ``functools.partial`` and callable objects."""
    while True:
        if inspect.iscoroutinefunction(fn):
            return True
        inner = getattr(fn, "func", None)
        if inner is None or inner is fn:
            break
        fn = inner
    method = getattr(fn, "__call__", None)  # noqa: B004 - the method itself is looked at
    return inspect.iscoroutinefunction(method)


def is_generator(fn: object) -> bool:
    """Whether calling it makes a generator, which nothing can retry from outside."""
    while getattr(fn, "func", None) is not None:
        fn = fn.func  # type: ignore[attr-defined]
    method = getattr(fn, "__call__", None)  # noqa: B004 - the method itself is looked at
    return any(
        test(candidate)
        for test in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for candidate in (fn, method)
    )


def plain(value: T, what: str) -> T:
    """Refuses an awaitable where a plain value is needed."""
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError(f"{what} is async: use the async form of this function")
    return value


def wraps(fn: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    inner = fn
    while isinstance(inner, functools.partial):
        inner = inner.func
    return functools.wraps(inner if hasattr(inner, "__name__") else type(inner))


def name_of(fn: Any) -> str:
    return getattr(fn, "__qualname__", None) or type(fn).__qualname__
