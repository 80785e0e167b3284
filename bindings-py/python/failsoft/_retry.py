"""Another attempt after a failure that may pass: as a function, a decorator, and a loop."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from types import CoroutineType, TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from . import _drive, _drive_async, _time
from ._clients import AsyncRoutes
from ._context import here, time_left
from ._drive import Judge, name_of, wraps
from ._native import Attempt, Call, Finish, Policy, Wait
from ._route import Span
from .session import Session

T = TypeVar("T")
P = ParamSpec("P")
On = type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], bool] | None
_DEFAULTS = (3, 0.5, 2.0, 30.0, "full")


def _make_retry_policy(max_attempts: int, base: Span, factor: float, cap: Span, jitter: str) -> Policy:
    return Policy.for_retry(max_attempts=max_attempts, base=base, factor=factor, cap=cap, jitter=jitter)


_retry_policy = functools.lru_cache(maxsize=256)(_make_retry_policy)


def _judge(on: On, session: Session) -> Judge:
    """What counts as worth another attempt: the failure table, or the caller's own word."""
    if on is None:
        return session._judge
    if isinstance(on, type | tuple):
        kinds = on
        wanted: Callable[[Any], bool] = lambda error: isinstance(error, kinds)  # noqa: E731 - one word each
    else:
        wanted = on

    return lambda error, attempt: session._judge(error, attempt).judged(bool(wanted(error)))


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
        _retry_policy(max_attempts, base, factor, cap, jitter)
    try:
        value = fn()
    except Exception as error:
        last = error
    else:
        if type(value) is CoroutineType:
            policy = _retry_policy(max_attempts, base, factor, cap, jitter)
            return cast(T, _retry_async(fn, value, policy, on, sleep, clock, seed))
        return value
    session = Session._without_routes(_retry_policy(max_attempts, base, factor, cap, jitter), clock, sleep, seed)
    turn, judge = session.turn(), _judge(on, session)
    try:
        entered = turn.enter()
        call = turn.settle_failed(entered, judge(last, entered)) if isinstance(entered, Attempt) else entered
        return _drive.drive(call or Call(turn), lambda _: fn(), session, sleep, judge, last)
    finally:
        del last


async def _retry_async(
    fn: Callable[[], Any],
    first: Any,
    policy: Policy,
    on: On,
    sleep: Callable[[float], object] | None,
    clock: Callable[[], float] | None,
    seed: int | None,
) -> Any:
    try:
        return await first
    except Exception as error:
        last = error
    session = Session._without_routes(policy, clock, sleep, seed)
    turn, judge = session.turn(), _judge(on, session)
    try:
        entered = turn.enter()
        call = turn.settle_failed(entered, judge(last, entered)) if isinstance(entered, Attempt) else entered
        routes = AsyncRoutes(session)
        return await _drive_async.adrive(call or Call(turn), lambda _: fn(), routes, sleep, judge, last)
    finally:
        del last


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
    numbers = {name: options.get(name, value) for name, value in zip(_NUMBERS, _DEFAULTS, strict=True)}
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise TypeError(f"retrying: {unknown[0]} is not an option; use one of {', '.join(_OPTIONS)}")
    _retry_policy(**numbers)
    if fn is None:
        return functools.partial(retrying, **options) if options else retrying
    if not callable(fn):
        raise TypeError(f"retrying: {fn!r} is not callable; use options by name, as in retrying(max_attempts=5)")
    if _drive.is_generator(fn):
        raise TypeError(
            f"retrying: {name_of(fn)} is a generator, and what it has already given away cannot be taken back; "
            "retry the function that reads it to its end"
        )
    if _drive.is_async(fn):

        @wraps(fn)
        async def again(*args: Any, **kwargs: Any) -> Any:
            return await retry(functools.partial(fn, *args, **kwargs), **options)

        return again

    @wraps(fn)
    def again_sync(*args: Any, **kwargs: Any) -> Any:
        return retry(functools.partial(fn, *args, **kwargs), **options)

    return again_sync


_NUMBERS = ("max_attempts", "base", "factor", "cap", "jitter")
_OPTIONS = (*_NUMBERS, "on", "sleep", "clock", "seed")


class attempts:  # a function to its users
    """Retries a block: ``for attempt in attempts(max_attempts=3): with attempt: ...``, or ``async for``.

    The options are those of ``retry``. The loop ends with the first block that succeeds; the error of the last one, or
    a permanent one, comes out of the ``with``.
    """

    def __init__(
        self,
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
    ) -> None:
        policy = _retry_policy(max_attempts, base, factor, cap, jitter)
        self._session = Session._without_routes(policy, clock, sleep, seed)
        self._judge, self._sleep = _judge(on, self._session), sleep

    def __iter__(self) -> Iterator[Block]:
        state = _Blocks(self._session, self._judge)
        while True:
            following = state.following()
            if isinstance(following, Block):
                yield following
            elif isinstance(following, Wait):
                _drive.plain((self._sleep or _time.current().sleep)(following.delay), "sleep")
                state.call.waited(following.id)
            else:
                return

    async def __aiter__(self) -> AsyncIterator[Block]:
        state = _Blocks(self._session, self._judge)
        while True:
            following = state.following()
            if isinstance(following, Block):
                yield following
            elif isinstance(following, Wait):
                await _drive_async.asleep(following.delay, self._sleep)
                state.call.waited(following.id)
            else:
                return


class _Blocks:
    def __init__(self, session: Session, judge: Judge) -> None:
        self.call, self.judge, self.block = Call(session.turn()), judge, cast("Block | None", None)
        self.last: Exception | None = None

    def following(self) -> Block | Wait | None:
        if self.block is not None and not self.block.left:
            raise RuntimeError("attempts: the block was not entered: write `with attempt:` in the loop")
        last, self.last = self.last, None
        try:
            match self.call.next():
                case Attempt() as attempt:
                    self.block = Block(self, attempt)
                    return self.block
                case Wait() as wait:
                    self.last = last
                    return wait
                case Finish(end="succeeded"):
                    return None
                case Finish() as end:  # the current turn's deadline, before the first block or during a wait
                    _drive.raise_end(end, last)
                case other:
                    raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
        finally:
            del last  # an exception must not hold the frame that holds it


class Block:
    """One attempt of ``attempts``: ``number`` counts from 1."""

    def __init__(self, blocks: _Blocks, attempt: Attempt) -> None:
        self._blocks, self._attempt, self.left = blocks, attempt, False

    @property
    def number(self) -> int:
        return self._attempt.number

    def __enter__(self) -> Block:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.left = True
        call, attempt = self._blocks.call, self._attempt
        if error is None:
            call.succeeded(attempt.id)
            return False
        if not isinstance(error, Exception):
            call.abandoned(attempt.id)
            return False
        call.failed(attempt.id, self._blocks.judge(error, attempt))
        end = call.poll()
        if isinstance(end, Finish):
            if end.raised(has_original=True) == "original":
                return False
            _drive.raise_end(end, error)
        self._blocks.last = error
        return True
