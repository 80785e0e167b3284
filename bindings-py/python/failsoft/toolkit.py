"""The plain functions: one guard around one call."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar, overload

from ._engine import check, context
from ._engine.approval import Approver, asking
from ._engine.route import Route, Span
from ._loops import aio
from ._loops.effects import Flow
from ._loops.functions import is_async, name_of
from ._loops.here import Host, within
from ._loops.runners import arun, run
from ._native import Attempt, Policy, StepCounter, steps_taken
from .errors import CallTimeout, StepLimitExceeded
from .session import Session

T = TypeVar("T")


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
    :raises DeadlineExceeded: the current turn (``failsoft.current_turn``) has less time left than that, and it is over.
    """
    limit = check.seconds("attempt", "timeout", timeout)
    left = context.time_left()
    limit = limit if left is None else min(limit, left)
    if is_async(fn):
        return _within(limit, fn(), name_of(fn), clock)
    try:
        value = within(limit, fn, name_of(fn), clock)
    except CallTimeout as error:
        context.tell_late(error)
        raise
    if hasattr(type(value), "__await__"):  # such as a lambda that calls an async function
        return _within(limit, value, name_of(fn), clock)
    return value


async def _within(limit: float, work: Awaitable[T], what: str, clock: Callable[[], float] | None) -> T:
    try:
        return await aio.within(limit, work, what, clock)
    except CallTimeout as error:
        context.tell_late(error)
        raise


_FALLBACK = Policy.for_fallback()


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
    session = Session(_FALLBACK, routes=routes)
    if any(is_async(option) for option in options):
        return _fallback_async(session, options)
    asked: list[int] = []

    def request(attempt: Attempt) -> tuple[Any]:
        asked.append(routes.index(attempt.route))
        return (options[asked[-1]](),)

    (value,) = session.turn().call(request)
    if hasattr(type(value), "__await__"):  # such as a lambda that calls an async function
        return fallback(functools.partial(aio.settled, value), *options[asked[-1] + 1 :])
    return value


async def _fallback_async(session: Session, options: tuple[Callable[[], Any], ...]) -> Any:
    async def request(attempt: Attempt) -> Any:
        return await aio.settled(options[session.routes.index(attempt.route)]())

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
            raise StepLimitExceeded(steps_taken(self._counter.taken))
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
    flow = _gating(tool, arguments, needed, approver)
    return arun(flow, aio.Host().do) if approver is not None and is_async(approver) else run(flow, Host().do)


def _gating(tool: str, arguments: Mapping[str, Any], needed: bool, approver: Approver | None) -> Flow[None]:
    yield from asking(Policy(), tool, arguments, needed, approver)
