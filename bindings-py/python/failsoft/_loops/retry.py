"""Another attempt after a failure that may pass: as a function and as a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, cast, overload

from .._engine import check
from .._engine.context import here, time_left
from .._engine.route import Span
from .._native import Attempt, Call, Policy, foreign_name
from ..session import Session
from . import aio
from .call import Judge, calling
from .effects import Flow
from .functions import is_async, is_generator, name_of, wraps
from .here import Host
from .runners import arun, run

T = TypeVar("T")
P = ParamSpec("P")
On = type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], bool] | None
_NUMBERS = ("max_attempts", "base", "factor", "cap", "jitter")
_DEFAULTS = (3, 0.5, 2.0, 30.0, "full")
_OTHERS = ("on", "sleep", "clock", "seed")


def _make_policy(max_attempts: int, base: Span, factor: float, cap: Span, jitter: str) -> Policy:
    return Policy.for_retry(max_attempts=max_attempts, base=base, factor=factor, cap=cap, jitter=jitter)


retry_policy = functools.lru_cache(maxsize=256)(_make_policy)
"""The policy behind these options."""


def judge_by(on: On, session: Session) -> Judge:
    """What counts as worth another attempt: the failure table, or the caller's own word."""
    if on is None:
        return session._judge
    if isinstance(on, type | tuple):
        kinds = on
        wanted: Callable[[Any], bool] = lambda error: isinstance(error, kinds)  # noqa: E731 - one word each
    else:
        wanted = on

    return lambda error, attempt: session._judge(error, attempt).judged(bool(wanted(error)))


class _Retrier:
    """What is done once the first attempt has failed, in the caller's words."""

    def __init__(
        self,
        policy: Policy,
        on: On = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
    ) -> None:
        self._policy, self._on, self._sleep, self._clock, self._seed = policy, on, sleep, clock, seed

    def again(self, fn: Callable[[], Any], first: Exception) -> Any:
        """Goes on after the error of the first attempt."""
        try:
            return run(self._calling(fn, first), Host(self._sleep).do)
        finally:
            del first  # an exception must not hold the frame that holds it

    async def aagain(self, fn: Callable[[], Any], first: Exception) -> Any:
        """As ``again``, for an async function."""
        try:
            return await arun(self._calling(fn, first), aio.Host(self._sleep).do)
        finally:
            del first

    async def settled(self, fn: Callable[[], Any], value: Any) -> Any:
        """The value of a function that turned out to be async, or of another attempt."""
        try:
            return await value
        except Exception as error:
            first = error
        try:
            return await self.aagain(fn, first)
        finally:
            del first

    def _calling(self, fn: Callable[[], Any], first: Exception) -> Flow[Any]:
        try:
            session = Session._without_routes(self._policy, self._clock, self._sleep, self._seed)
            turn, judge = session.turn(), judge_by(self._on, session)
            entered = turn.enter()
            call = turn.settle_failed(entered, judge(first, entered)) if isinstance(entered, Attempt) else entered
            return calling(call or Call(turn), lambda _: fn(), session._clients, judge, first)
        finally:
            del first


def retry(
    fn: Callable[[], T],
    *,
    max_attempts: int = 3,
    base: Span = 0.5,
    factor: float = 2.0,
    cap: Span = 30.0,
    jitter: str = "full",
    on: On = None,
    sleep: Callable[[float], object] | None = None,
    clock: Callable[[], float] | None = None,
    seed: int | None = None,
) -> T:
    """Calls ``fn()``, and again if it fails in a way that may pass. Returns its value.

    An async ``fn`` makes this awaitable: ``await retry(fetch)``.

    :param max_attempts: attempts in all, the first included. 1 to 1000.
    :param base: the first backoff, in seconds.
    :param factor: each backoff is this many times the one before. 1 to 100.
    :param cap: the longest backoff, in seconds; at least ``base``. Only a ``Retry-After`` can ask for a longer wait.
    :param jitter: ``full`` (uniform from 0), ``equal`` (half fixed), ``decorrelated`` or ``none``.
    :param on: what is worth another attempt: exception classes, or ``on(error) -> bool``. By default what the failure
        table says may be asked again: ``TransientError``, 429, 503, network failures; never a bug or a permanent
        failure.
    :param sleep: sleeps so many seconds. :param clock: seconds, monotonic. :param seed: makes the jitter repeatable.
    :raises Exhausted: the last attempt failed too; its error is the cause.
    :raises DeadlineExceeded: the current turn's time is over: see ``failsoft.current_turn``.
    :raises Exception: the original error, unchanged, where asking again cannot help.
    """
    if here() is not None:
        time_left()  # nothing begins after the deadline
    if (max_attempts, base, factor, cap, jitter) != _DEFAULTS:
        retry_policy(max_attempts, base, factor, cap, jitter)
    try:
        value = fn()
        if type(value) is not CoroutineType:
            return value
    except Exception as error:
        first = error
    else:
        policy = retry_policy(max_attempts, base, factor, cap, jitter)
        return cast(T, _Retrier(policy, on, sleep, clock, seed).settled(fn, value))
    try:
        policy = retry_policy(max_attempts, base, factor, cap, jitter)
        return cast(T, _Retrier(policy, on, sleep, clock, seed).again(fn, first))
    finally:
        del first


@overload
def retrying(fn: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def retrying(
    fn: None = None,
    /,
    *,
    max_attempts: int = 3,
    base: Span = 0.5,
    factor: float = 2.0,
    cap: Span = 30.0,
    jitter: str = "full",
    on: On = None,
    sleep: Callable[[float], object] | None = None,
    clock: Callable[[], float] | None = None,
    seed: int | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def retrying(fn: Any = None, /, **options: Any) -> Any:
    """``retry`` as a decorator, for sync and async functions, partials and callable objects.

    ``@retrying`` or ``@retrying(max_attempts=5)``; the options are those of ``retry``, checked at decoration.
    Generators are refused: what they have already given away cannot be taken back.
    """
    for name in options:
        if name not in (*_NUMBERS, *_OTHERS):
            use = ", ".join((*_NUMBERS, *_OTHERS))
            raise TypeError(f"retrying: {foreign_name(name)} is not an option; use one of {use}")
    policy = retry_policy(*(options.get(name, default) for name, default in zip(_NUMBERS, _DEFAULTS, strict=True)))
    if fn is None:
        return functools.partial(retrying, **options) if options else retrying
    if not callable(fn):
        raise TypeError(
            f"retrying: {check.shown(fn)} is not callable; use options by name, as in retrying(max_attempts=5)"
        )
    if is_generator(fn):
        name = foreign_name(name_of(fn))
        raise TypeError(
            f"retrying: {name} is a generator, and what it has already given away cannot be taken back; "
            "retry the function that reads it to its end"
        )
    retrier = _Retrier(policy, **{name: options.get(name) for name in _OTHERS})
    if is_async(fn):

        @wraps(fn)
        async def again(*args: Any, **kwargs: Any) -> Any:
            if here() is not None:
                time_left()
            try:
                return await fn(*args, **kwargs)
            except Exception as error:
                first = error
            try:
                return await retrier.aagain(functools.partial(fn, *args, **kwargs), first)
            finally:
                del first

        return again

    # As in ``retry``, which would cost a partial and a call more.
    @wraps(fn)
    def again_sync(*args: Any, **kwargs: Any) -> Any:
        if here() is not None:
            time_left()
        try:
            value = fn(*args, **kwargs)
            if type(value) is not CoroutineType:
                return value
        except Exception as error:
            first = error
        else:
            return retrier.settled(functools.partial(fn, *args, **kwargs), value)
        try:
            return retrier.again(functools.partial(fn, *args, **kwargs), first)
        finally:
            del first

    return again_sync
