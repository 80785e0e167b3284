"""The host of async loops, on asyncio and trio: read from the running loop."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast

from .._engine import context, timing
from .._native import given_up_on, monotonic
from ..errors import CallTimeout
from .effects import Close, Do, Effect, Give, Inside, Leave, Listen, Sleep, Start, Take, Through, Try, Within
from .functions import is_awaitable
from .here import outcome_of, start, unwrapped
from .runners import arun
from .tasks import Signal, Tasks, on_trio

T = TypeVar("T")
CLOSING = 1.0
"""So many seconds a source or a client may take to close where the task is cancelled; one that hangs would hold it."""


class Host:
    """Does what a loop wants.

    :param sleep: the caller's own ``sleep``, sync or async.
    :param tasks: where to run what is started, if anything is.
    :param give: takes what is given, where nobody consumes the loop itself.
    """

    def __init__(
        self,
        sleep: Callable[[float], object] | None = None,
        tasks: Tasks | None = None,
        give: Callable[[Any], Awaitable[object]] | None = None,
    ) -> None:
        self._sleep, self._tasks, self._give = sleep, tasks, give

    async def do(self, effect: Effect) -> Any:
        match effect:
            case Try():
                try:
                    work = settled(effect.work())
                    return effect.key, await within(effect.timeout, work), None
                except BaseException as error:
                    return effect.key, None, error
            case Do():
                return await settled(await in_thread(effect.work) if effect.in_thread else effect.work())
            case Sleep():
                await asleep(effect.delay, self._sleep)
            case Within():
                return await within(effect.timeout, self.do(effect.effect), effect.what)
            case Take() if self._tasks:
                return self._tasks.take()
            case Start() if self._tasks:
                self._tasks.start(effect.key, partial(self.do, effect.effect))
            case Listen() if self._tasks:
                await self._tasks.wait(effect.delay)
            case Inside():
                with context.inside(effect.turn):
                    return await self.do(effect.effect)
            case Through():
                return await arun(effect.flow, self.do)
            case Leave() if self._tasks:
                self._tasks.cancel(effect.key)
            case Give() if self._give:
                await self._give(effect.item)
            case Close():
                await _shielded(effect.work())
            case other:
                raise NotImplementedError(f"this host cannot do {other!r}")
        return None


async def settled(value: Any) -> Any:
    """A value, awaited if it must be."""
    return await value if is_awaitable(value) else value


async def _shielded(closing: Any) -> None:
    """Awaits what closes something. A task that is cancelled on trio could await nothing any more."""
    if not is_awaitable(closing):
        return
    if not on_trio():
        await closing
        return
    import trio

    with trio.CancelScope() as limit:
        if trio.current_effective_deadline() == float("-inf"):
            limit.shield, limit.deadline = True, trio.current_time() + CLOSING
        await closing


async def asleep(delay: float, sleep: Callable[[float], object] | None = None) -> None:
    """Sleeps by the caller's own ``sleep`` (sync or async), on virtual time, or on the loop."""
    virtual = timing.current().virtual()
    if sleep is not None:
        await settled(sleep(delay))
    elif virtual is not None:
        timing.current().record(delay)
        await virtual(delay, lambda: False)
    elif on_trio():
        import trio

        await trio.sleep(delay)
    else:
        import asyncio  # here and below: half of all that `import failsoft` would cost

        while delay > timing.LONGEST_SLEEP:
            await asyncio.sleep(timing.LONGEST_SLEEP)
            delay -= timing.LONGEST_SLEEP
        await asyncio.sleep(delay)


async def within(
    timeout: float, work: Awaitable[T], what: str = "the call", clock: Callable[[], float] | None = None
) -> T:
    """Awaits ``work``, and cancels it at the limit."""
    if timeout == float("inf"):
        return await work
    if clock is not None or timing.current().virtual() is not None:
        return await _within_by(clock or monotonic, timeout, work, what)
    late = f"{given_up_on(what, timeout)} and cancelled"
    if on_trio():
        import trio

        with trio.move_on_after(timeout) as limit:
            return await work
        if limit.cancelled_caught:
            raise CallTimeout(late)
        raise AssertionError("unreachable")
    import asyncio

    if sys.version_info >= (3, 11):
        try:
            async with asyncio.timeout(timeout) as limit_:
                return await work
        except TimeoutError as error:
            if limit_.expired():
                raise CallTimeout(late) from error
            raise
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=timeout)
        if task.done():
            return task.result()
        raise CallTimeout(late)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def _within_by(clock: Callable[[], float], timeout: float, work: Awaitable[T], what: str) -> T:
    """By a clock that is not the loop's own: the caller's, or the virtual one."""
    until, left = clock() + timeout, timeout
    async with Tasks() as tasks:
        tasks.start(0, lambda: work)
        while (report := tasks.take()) is None and left > 0:
            await tasks.wait(left)
            left = until - clock()
        if report is None:
            tasks.cancel(0)
            raise CallTimeout(f"{given_up_on(what, timeout)} and cancelled")
        outcome, report = report[1:], None
        try:
            return cast(T, unwrapped(outcome))
        finally:
            del outcome


async def in_thread(work: Callable[[], T]) -> T:
    """Runs plain code in a daemon thread with the caller's context, so that it blocks neither loop nor exit."""
    outcomes: list[tuple[Any, BaseException | None]] = []
    virtual = timing.current().virtual()
    if virtual is not None:
        begin = partial(start, lambda: outcomes.append(outcome_of(work)))
        await virtual(float("inf"), lambda: bool(outcomes), begin)
    else:
        done = Signal()

        def run() -> None:
            outcomes.append(outcome_of(work))
            done.set_from_thread()

        start(run)
        await done.wait()
    return cast(T, unwrapped(outcomes.pop()))
