"""A circuit breaker for those who want nothing else."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from types import CoroutineType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from .._loops.functions import is_async, is_generator, name_of, plain, wraps
from .._native import Circuit, Permit, Policy, breaker_open, foreign_name
from ..errors import BreakerOpen
from . import check, process
from .metrics import BreakerMetrics, Isolation
from .route import Span

T = TypeVar("T")
P = ParamSpec("P")
_permits: contextvars.ContextVar[tuple[tuple[Any, Permit], ...]] = contextvars.ContextVar(
    "failsoft permits", default=()
)
"""The permits of the blocks that this thread or task is in: a permit must come back from the block that took it."""


class CircuitBreaker:
    """Stops calling what keeps failing, and tries again with exactly one probe.

    ``breaker.call(fn, *args)``, ``await breaker.acall(fn, *args)``, ``@breaker`` and ``with breaker:`` (or ``async
    with``); ``breaker.keyed("search")`` is one of its own for each key. It counts every ``Exception`` but those in
    ``ignore``; being cancelled is not counted.

    :param consecutive: opens after this many failures in a row, 1 to 1000; replaces the failure rate.
    :param rate: opens when this part of the calls in the window failed, the threshold included; 0.001 to 1.
    :param min_calls: the fewest calls on which a rate is judged; of a window of calls never more than it holds.
    :param window: the window of the rates, in seconds.
    :param count_window: the rates are taken over the last so many calls, 1 to 256, in place of ``window``.
    :param slow: a call that took so many seconds or longer was slow; if not given, none is.
    :param slow_rate: opens, too, when this part of the calls was slow, the threshold included; 0.001 to 1.
    :param open: how long it stays open the first time, in seconds; each time in a row doubles it.
    :param max_open: the longest time open, in seconds.
    :param probes: calls that are let through while half open, 1 to 100.
    :param successes: how many of them must succeed to close it, if not all; it opens again as soon as they cannot.
    :param half_open: the longest half-open time, in seconds; undecided by then it opens again, for longer.
    :param max_keys: how many keys are kept, 1 to 100,000; then the least recently used go, closed ones first.
    :param ignore: exception classes that charge nobody and prove nothing.
    :param clock: seconds on a monotonic clock.
    :raises ValueError: a number is out of range.
    :raises TypeError: ``ignore`` holds something that is no class of exceptions.
    """

    def __init__(
        self,
        *,
        consecutive: int | None = None,
        rate: float = 0.5,
        min_calls: int = 5,
        window: Span = 30.0,
        count_window: int | None = None,
        slow: Span | None = None,
        slow_rate: float = 1.0,
        open: Span = 5.0,
        max_open: Span = 30.0,
        probes: int = 1,
        successes: int | None = None,
        half_open: Span | None = None,
        max_keys: int = 100_000,
        ignore: tuple[type[BaseException], ...] | type[BaseException] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._ignore = ignore if isinstance(ignore, tuple) else (ignore,)
        for one in self._ignore:
            if not (isinstance(one, type) and issubclass(one, BaseException)):
                raise TypeError(f"ignore: {check.shown(one)} is not allowed; use classes of exceptions")
        check.function("CircuitBreaker: clock", clock)
        opens = {"consecutive": consecutive, "rate": rate, "min_calls": min_calls, "window": window}
        slowness = {"count_window": count_window, "slow": slow, "slow_rate": slow_rate}
        closes = {"open": open, "max_open": max_open, "probes": probes, "successes": successes, "half_open": half_open}
        self._circuit = Circuit(Policy(breaker={**opens, **slowness, **closes}), clock, max_keys)
        self._key: str | None = None
        process.tell(self._circuit, Circuit.forked)

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "make one with the same numbers where you need it")

    def keyed(self, key: str) -> CircuitBreaker:
        """The breaker of a key, with the same numbers and methods: for each tool, tenant or whatever you tell apart.

        Equal keys of one ``CircuitBreaker`` are one breaker. An unknown key is a closed one.
        """
        if not isinstance(key, str):
            raise TypeError(f"key: {check.shown(key)} is not allowed; use text")
        breaker = object.__new__(type(self))
        breaker.__dict__.update(self.__dict__, _key=key)
        return breaker

    @property
    def state(self) -> str:
        """``closed``, ``open``, ``half_open``, ``isolated``, ``forced_open``, ``forced_closed`` or ``metrics_only``."""
        return self.metrics.state

    @property
    def metrics(self) -> BreakerMetrics:
        """What it goes by now."""
        return BreakerMetrics(*self._circuit.metrics(self._key))

    def isolate(self) -> Isolation:
        """Takes it out of use until it is released: ``with breaker.isolate():`` or ``.release()``.

        Where several hold it, the last one to release it counts.
        """
        circuit, held = self._circuit, self._circuit.isolate(self._key)
        return Isolation(lambda: circuit.release(held))

    def force_open(self) -> None:
        """Forces it open, until ``automatic``."""
        self._circuit.order("force_open", self._key)

    def force_closed(self) -> None:
        """Forces it closed, until ``automatic``: it admits everything, counts nothing, and forgets what it learnt."""
        self._circuit.order("force_closed", self._key)

    def metrics_only(self) -> None:
        """Lets it admit everything and count it, until ``automatic``."""
        self._circuit.order("metrics_only", self._key)

    def automatic(self) -> None:
        """Ends the manual override: it decides by itself again, with what it counted meanwhile."""
        self._circuit.order("automatic", self._key)

    def reset(self) -> None:
        """Closes it and forgets what it has learnt. A manual override stays."""
        self._circuit.reset(self._key)

    def _admit(self) -> Permit:
        permit, retry_in = self._circuit.admit(None, self._key)
        if permit is None:
            raise BreakerOpen(breaker_open(retry_in), retry_in=retry_in)
        return permit

    def _settle(self, permit: Permit, error: BaseException | None) -> None:
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
            return plain(value, name_of(fn))
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
        if is_generator(fn):
            name = foreign_name(name_of(fn))
            raise TypeError(f"CircuitBreaker: {name} is a generator: guard the function that reads it to its end")
        if is_async(fn):

            @wraps(fn)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                return await self.acall(cast(Any, fn), *args, **kwargs)

            return cast(Callable[P, T], guarded)

        @wraps(fn)
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
