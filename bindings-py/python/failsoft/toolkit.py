"""The plain functions: one guard around one call."""

from __future__ import annotations

import contextvars
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from datetime import timedelta
from types import CoroutineType, TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from . import _drive, _drive_async, _time
from ._classify import classify
from ._native import Attempt, Call, Circuit, Failure, Finish, Policy, StepCounter, Wait
from .errors import BreakerOpen, StepLimitExceeded
from .session import Approver, Route, Session, Span, ask_gate, check_decision

T = TypeVar("T")
P = ParamSpec("P")
On = type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], bool] | None
_DEFAULTS = (3, 0.5, 2.0, 30.0, "full")
_NO_LIMIT = timedelta(days=30)
"""The longest span that a policy may hold."""


def _make_retry_policy(max_attempts: int, base: Span, factor: float, cap: Span, jitter: str) -> Policy:
    retry = {"max_attempts": max_attempts, "base": base, "factor": factor, "cap": cap, "jitter": jitter}
    # A hint longer than the patience ends it: there is no other route to move on to. A plain function has no limit of
    # its own: `call_with_deadline` gives it one.
    return Policy(retry=retry, attempt={"timeout": _NO_LIMIT})


_retry_policy = functools.lru_cache(maxsize=256)(_make_retry_policy)


def _judge(on: On) -> Callable[[BaseException], Failure]:
    """What counts as worth another attempt: the failure table, or the caller's own word."""
    if on is None:
        return classify
    if isinstance(on, type | tuple):
        kinds = on
        wanted: Callable[[Any], bool] = lambda error: isinstance(error, kinds)  # noqa: E731 - one word each
    else:
        wanted = on

    def judge(error: BaseException) -> Failure:
        known = classify(error)
        kind = "server_error" if wanted(error) else "invalid_request"
        return Failure(kind, status=known.status, retry_after=known.retry_after)

    return judge


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
    :raises Exception: the original error, unchanged, where asking again cannot help.
    """
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
    turn, judge = session.turn(), _judge(on)
    try:
        entered = turn.enter()
        call = turn.settle_failed(entered, judge(last)) if isinstance(entered, Attempt) else entered
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
    turn, judge = session.turn(), _judge(on)
    try:
        entered = turn.enter()
        call = turn.settle_failed(entered, judge(last)) if isinstance(entered, Attempt) else entered
        return await _drive_async.adrive(call or Call(turn), lambda _: fn(), session, sleep, judge, last)
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
            f"retrying: {_name(fn)} is a generator, and what it has already given away cannot be taken back; "
            "retry the function that reads it to its end"
        )
    if _drive.is_async(fn):

        @_wraps(fn)
        async def again(*args: Any, **kwargs: Any) -> Any:
            return await retry(functools.partial(fn, *args, **kwargs), **options)

        return again

    @_wraps(fn)
    def again_sync(*args: Any, **kwargs: Any) -> Any:
        return retry(functools.partial(fn, *args, **kwargs), **options)

    return again_sync


_NUMBERS = ("max_attempts", "base", "factor", "cap", "jitter")
_OPTIONS = (*_NUMBERS, "on", "sleep", "clock", "seed")


def _wraps(fn: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    inner = fn
    while isinstance(inner, functools.partial):
        inner = inner.func
    return functools.wraps(inner if hasattr(inner, "__name__") else type(inner))


def _name(fn: Any) -> str:
    return getattr(fn, "__qualname__", None) or type(fn).__qualname__


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
        self._judge, self._sleep = _judge(on), sleep

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
    def __init__(self, session: Session, judge: Callable[[BaseException], Failure]) -> None:
        self.call, self.judge, self.block = Call(session.turn()), judge, cast("Block | None", None)

    def following(self) -> Block | Wait | None:
        if self.block is not None and not self.block.left:
            raise RuntimeError("attempts: the block was not entered: write `with attempt:` in the loop")
        match self.call.next():
            case Attempt() as attempt:
                self.block = Block(self, attempt)
                return self.block
            case Wait() as wait:
                return wait
        return None


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
        call.failed(attempt.id, self._blocks.judge(error))
        end = call.poll()
        if isinstance(end, Finish):
            if end.end == "permanent":
                return False
            raise _drive.error_of(end) from error
        return True


@overload
def call_with_deadline(
    fn: Callable[[], Awaitable[T]], timeout: Span, *, clock: Callable[[], float] | None = None
) -> Awaitable[T]: ...
@overload
def call_with_deadline(fn: Callable[[], T], timeout: Span, *, clock: Callable[[], float] | None = None) -> T: ...
def call_with_deadline(fn: Callable[[], Any], timeout: Span, *, clock: Callable[[], float] | None = None) -> Any:
    """Calls ``fn()`` and gives up on it after ``timeout`` seconds. Returns its value, or raises its error unchanged.

    A sync function runs in a daemon thread that is left behind at the limit: a Python thread cannot be killed, so also
    set a time limit inside the client that ``fn`` uses. An async one is cancelled, and this function is then awaitable.

    :raises CallTimeout: the limit passed. It is a ``TransientError``, a ``DeadlineExceeded`` and a ``TimeoutError``.
    """
    limit = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    Policy(attempt={"timeout": limit})  # the core's own check, and its words
    if _drive.is_async(fn):
        return _drive_async.within(limit, fn(), _name(fn), clock)
    value = _drive.within(limit, fn, _name(fn), clock)
    if hasattr(type(value), "__await__"):  # such as a lambda that calls an async function
        return _drive_async.within(limit, value, _name(fn), clock)
    return value


_MOVES_ON = {"again": "yes", "rebuild": "no", "next": "yes", "charge": "no", "cool": "no"}


def _make_fallback_policy() -> Policy:
    every_kind = json.loads(Policy().to_json())["failures"]
    failures = dict.fromkeys(every_kind, _MOVES_ON)
    return Policy(retry={"max_attempts": 1}, failures=failures, breaker={"enabled": False})


_fallback_policy = functools.lru_cache(maxsize=1)(_make_fallback_policy)


@overload
def fallback(*options: Callable[[], Awaitable[T]]) -> Awaitable[T]: ...
@overload
def fallback(*options: Callable[[], T]) -> T: ...
def fallback(*options: Callable[[], Any]) -> Any:
    """Calls the first option, the next one if it raises, and so on. Returns the first value.

    It moves on at every ``Exception``. If any option is async, this is awaitable.

    :raises Exhausted: none succeeded; the last error is the cause.
    """
    routes = [Route(f"option {number}") for number in range(1, len(options) + 1)]
    session = Session(_fallback_policy(), routes=routes)
    if any(_drive.is_async(option) for option in options):
        return _fallback_async(session, options)
    asked: list[int] = []

    def request(attempt: Attempt) -> tuple[Any]:
        asked.append(routes.index(attempt.route))
        return (options[asked[-1]](),)

    (value,) = session.turn().call(request)
    if hasattr(type(value), "__await__"):  # such as a lambda that calls an async function
        return fallback(functools.partial(_drive_async.settled, value), *options[asked[-1] + 1 :])
    return value


async def _fallback_async(session: Session, options: tuple[Callable[[], Any], ...]) -> Any:
    async def request(attempt: Attempt) -> Any:
        return await _drive_async.settled(options[session.routes.index(attempt.route)]())

    return await session.turn().acall(request)


class StepLimiter:
    """Lets exactly ``max_steps`` steps through.

    :param max_steps: 1 to 100,000.
    """

    def __init__(self, max_steps: int) -> None:
        self.max_steps = max_steps
        self._counter = StepCounter(Policy(turn={"steps": max_steps}))

    def tick(self) -> int:
        """Takes a step and returns its number.

        :raises StepLimitExceeded: there is none left.
        """
        number = self._counter.tick()
        if number is None:
            raise StepLimitExceeded(f"all {self.max_steps} steps are taken")
        return number

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        return self._counter.taken


def approval_gate(
    tool: str,
    arguments: Mapping[str, Any],
    *,
    risky: bool | Collection[str] | Callable[[str, Mapping[str, Any]], bool],
    approver: Approver | None = None,
) -> Any:
    """Returns when a tool call may run.

    :param risky: whether it needs approval: a bool, a set of tool names, or ``risky(tool, arguments) -> bool``.
    :param approver: ``approver(request) -> bool`` or a decision (``once``, ``session``, ``always``, ``deny``). No
        approver means no. With an async approver this function is awaitable.
    :raises ApprovalDenied: it may not run; ``reason`` says why. It is a ``PermissionError``.
    """
    if isinstance(risky, bool):
        needed = risky
    elif isinstance(risky, str):
        needed = risky == tool
    elif callable(risky):
        needed = bool(risky(tool, arguments))
    else:
        needed = tool in risky
    if approver is not None and _drive.is_async(approver):
        return _approval_gate_async(tool, arguments, needed, approver)
    asked = ask_gate(Policy(), tool, arguments, needed, [])
    if asked is not None:
        answer = _drive.plain(approver(asked), "the approver") if approver else "no_approver"
        check_decision(asked, answer)
    return None


async def _approval_gate_async(tool: str, arguments: Mapping[str, Any], needed: bool, approver: Approver) -> None:
    asked = ask_gate(Policy(), tool, arguments, needed, [])
    if asked is not None:
        check_decision(asked, await approver(asked))


_FOREVER = 10 * 365 * 86400.0
_permits: contextvars.ContextVar[tuple[tuple[Any, int], ...]] = contextvars.ContextVar("failsoft permits", default=())
"""The permits of the blocks that this thread or task is in: a permit must come back from the block that took it."""


class CircuitBreaker:
    """Stops calling what keeps failing, and tries again with exactly one probe.

    ``breaker.call(fn, *args)``, ``await breaker.acall(fn, *args)``, ``@breaker`` and ``with breaker:`` (or ``async
    with``). It charges every ``Exception`` but those in ``ignore``; being cancelled charges nobody.

    :param consecutive: opens after this many failures in a row; replaces the failure rate.
    :param rate: opens when this part of the calls in the window failed, the threshold included.
    :param min_calls: the fewest calls on which a rate is judged.
    :param window: the window of the rate, in seconds.
    :param open: how long it stays open the first time, in seconds; each time in a row doubles it.
    :param max_open: the longest time open, in seconds.
    :param probes: calls admitted at a time while half open, and successes needed to close.
    :param ignore: exception classes that charge nobody and prove nothing.
    :param clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        *,
        consecutive: int | None = None,
        rate: float = 0.5,
        min_calls: int = 5,
        window: Span = 30.0,
        open: Span = 5.0,
        max_open: Span = 30.0,
        probes: int = 1,
        ignore: tuple[type[BaseException], ...] | type[BaseException] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        numbers = {"consecutive": consecutive, "rate": rate, "min_calls": min_calls, "window": window}
        policy = Policy(breaker={**numbers, "open": open, "max_open": max_open, "probes": probes})
        self._circuit = Circuit(policy, clock)
        self._ignore = ignore

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half_open``."""
        return self._circuit.state()

    def _admit(self) -> int:
        permit, retry_in = self._circuit.admit(_FOREVER)
        if permit is None:
            raise BreakerOpen(f"the breaker is open; it may be asked again in {retry_in:g} s", retry_in=retry_in)
        return permit

    def _settle(self, permit: int, error: BaseException | None) -> None:
        neutral = error is not None and (not isinstance(error, Exception) or isinstance(error, self._ignore))
        self._circuit.settle(permit, None if neutral else error is None)

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls ``fn`` if the breaker lets it.

        :raises BreakerOpen: it does not; ``retry_in`` says when to come back.
        """
        permit = self._admit()
        try:
            value = fn(*args, **kwargs)
        except BaseException as error:
            self._settle(permit, error)
            raise
        if type(value) is CoroutineType:
            self._circuit.settle(permit, None)
            return _drive.plain(value, _name(fn))
        self._settle(permit, None)
        return value

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As ``call``, for an async function."""
        permit = self._admit()
        try:
            value = await fn(*args, **kwargs)
        except BaseException as error:
            self._settle(permit, error)
            raise
        self._settle(permit, None)
        return value

    def __call__(self, fn: Callable[P, T], /) -> Callable[P, T]:
        """As a decorator of a sync or async function."""
        if _drive.is_generator(fn):
            raise TypeError(f"CircuitBreaker: {_name(fn)} is a generator: guard the function that reads it to its end")
        if _drive.is_async(fn):

            @_wraps(fn)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                return await self.acall(cast(Any, fn), *args, **kwargs)

            return cast(Callable[P, T], guarded)

        @_wraps(fn)
        def guarded_sync(*args: Any, **kwargs: Any) -> Any:
            return self.call(fn, *args, **kwargs)

        return guarded_sync

    def __enter__(self) -> CircuitBreaker:
        _permits.set((*_permits.get(), (self, self._admit())))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held = _permits.get()
        for place in reversed(range(len(held))):
            if held[place][0] is self:
                _permits.set(held[:place] + held[place + 1 :])
                self._settle(held[place][1], error)
                return
        raise RuntimeError("CircuitBreaker: the block was left in another task or thread than it was entered in")

    async def __aenter__(self) -> CircuitBreaker:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
