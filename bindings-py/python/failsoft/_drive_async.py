"""The asynchronous host loops, on asyncio and trio: read from the running loop."""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _time
from ._drive import Judge, outcome_of, raise_end, start, unwrapped
from ._native import Attempt, Call, Finish, Rebuild, Switch, Wait, given_up_on, monotonic
from .errors import CallTimeout

if TYPE_CHECKING:
    import asyncio

    from ._clients import AsyncRoutes

T = TypeVar("T")
CLOSING = 1.0
"""So many seconds a source or a client may take to close where the task is cancelled; one that hangs would hold it."""


async def adrive(
    call: Call,
    request: Callable[[Attempt], Awaitable[T]],
    routes: AsyncRoutes,
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
                        value = await within(attempt.timeout, request(attempt))
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
                        await routes.let_go(attempt)
                case Wait() as wait:
                    try:
                        await asleep(wait.delay, sleep)
                    except BaseException:
                        call.abandoned(wait.id)
                        raise
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    try:
                        ready = await routes.prepare(change)
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


async def settled(value: Any) -> Any:
    """A value, awaited if it must be."""
    return await value if inspect.isawaitable(value) else value


def on_trio() -> bool:
    """Whether the running loop is trio's; asyncio's otherwise."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_run())


async def asleep(delay: float, sleep: Callable[[float], object] | None = None) -> None:
    """Sleeps by the caller's own ``sleep`` (sync or async), on virtual time, or on the loop."""
    virtual = _time.current().virtual()
    if sleep is not None:
        await settled(sleep(delay))
    elif virtual is not None:
        _time.current().record(delay)
        await virtual(delay, lambda: False)
    elif on_trio():
        import trio

        await trio.sleep(delay)
    else:
        import asyncio  # here and below: half of all that `import failsoft` would cost

        while delay > _time.LONGEST_SLEEP:
            await asyncio.sleep(_time.LONGEST_SLEEP)
            delay -= _time.LONGEST_SLEEP
        await asyncio.sleep(delay)


async def within(
    timeout: float, work: Awaitable[T], what: str = "the call", clock: Callable[[], float] | None = None
) -> T:
    """Awaits ``work``, and cancels it at the limit."""
    if timeout == float("inf"):
        return await work
    if clock is not None or _time.current().virtual() is not None:
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


class Signal:
    """Wakes the one task that waits for it: from another task, or from a thread."""

    def __init__(self) -> None:
        self._trio = on_trio()
        if self._trio:
            import trio

            self._event, self._token = trio.Event(), trio.lowlevel.current_trio_token()
        else:
            import asyncio

            self._loop = asyncio.get_running_loop()
            self._future: asyncio.Future[None] = self._loop.create_future()

    def set(self) -> None:
        if self._trio:
            self._event.set()
        elif not self._future.done():
            self._future.set_result(None)

    def set_from_thread(self) -> None:
        try:
            if self._trio:
                self._token.run_sync_soon(self.set)
            else:
                self._loop.call_soon_threadsafe(self.set)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    async def wait(self, timeout: float = float("inf")) -> None:
        """Returns when it is set, or after ``timeout`` seconds."""
        if self._trio:
            import trio

            with trio.move_on_after(timeout):
                await self._event.wait()
        else:
            import asyncio

            await asyncio.wait({self._future}, timeout=None if timeout == float("inf") else timeout)


class Tasks:
    """Tasks that leave their reports for the one driver of a turn. Nothing outlives the block."""

    def __init__(self) -> None:
        self._reports: deque[tuple[int, Any, BaseException | None]] = deque()
        self._running: dict[int, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trio = on_trio()
        self._manager: Any = None
        self._nursery: Any = None
        self._changed = Signal()

    async def __aenter__(self) -> Tasks:
        if self._trio:
            import trio

            self._manager = trio.open_nursery()
            self._nursery = await self._manager.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.clear()
        if self._trio:
            self._nursery.cancel_scope.cancel()
            try:
                await self._manager.__aexit__(None, None, None)
            except BaseException as group:
                # The body's own cancellation comes through the nursery as well; it is raised by the caller as it was.
                if error is None:
                    raise
                del group
            return
        import asyncio

        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def start(self, key: int, work: Callable[[], Awaitable[Any]]) -> None:
        """Starts a task; its report is taken with ``take``."""
        if self._trio:
            import trio

            scope = trio.CancelScope()
            self._running[key] = scope
            self._nursery.start_soon(self._run_trio, key, scope, work)
        else:
            import asyncio

            task = asyncio.ensure_future(self._run(key, work))
            self._running[key] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run_trio(self, key: int, scope: Any, work: Callable[[], Awaitable[Any]]) -> None:
        with scope:
            await self._run(key, work)

    async def _run(self, key: int, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            value = await work()
        except BaseException as error:
            if isinstance(error, GeneratorExit) or is_trio_cancelled(error):
                raise
            # Even Ctrl-C in a task is the driver's to raise; and one that cancelled itself must not be waited for.
            self._report(key, None, error)
        else:
            self._report(key, value, None)

    def _report(self, key: int, value: Any, error: BaseException | None) -> None:
        # What was cancelled reports to nobody.
        if self._running.pop(key, None) is not None:
            self._reports.append((key, value, error))
            self._changed.set()

    def tell(self, key: int, value: Any) -> None:
        """A report amid a task, from any thread."""
        if key in self._running:
            self._reports.append((key, value, None))
            self._changed.set_from_thread()

    def cancel(self, key: int) -> None:
        """Stops a task and drops whatever it still brings."""
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    def take(self) -> tuple[int, Any, BaseException | None] | None:
        return self._reports.popleft() if self._reports else None

    async def wait(self, delay: float) -> None:
        """Returns when there is a report, or after ``delay`` seconds."""
        # The signal first: a thread that reports now sets this one.
        self._changed = Signal()
        if self._reports:
            return
        virtual = _time.current().virtual()
        if virtual is not None:
            await virtual(delay, lambda: bool(self._reports))
            return
        await self._changed.wait(min(delay, _time.LONGEST_SLEEP))


def is_trio_cancelled(error: BaseException) -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)


async def in_thread(work: Callable[[], T]) -> T:
    """Runs plain code in a daemon thread with the caller's context, so that it blocks neither loop nor exit."""
    outcomes: list[tuple[Any, BaseException | None]] = []
    virtual = _time.current().virtual()
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
