"""A circuit breaker for those who want nothing else."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from types import CoroutineType, TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from . import _drive
from ._drive import name_of, wraps
from ._native import Circuit, Policy, breaker_open
from ._route import Span
from .errors import BreakerOpen

T = TypeVar("T")
P = ParamSpec("P")
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
        permit, retry_in = self._circuit.admit()
        if permit is None:
            raise BreakerOpen(breaker_open(retry_in), retry_in=retry_in)
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
            return _drive.plain(value, name_of(fn))
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
            raise TypeError(
                f"CircuitBreaker: {name_of(fn)} is a generator: guard the function that reads it to its end"
            )
        if _drive.is_async(fn):

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
