"""What async loops wait for, on asyncio and trio: a signal, and tasks that leave reports."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._engine import timing
from .effects import Report

if TYPE_CHECKING:
    import asyncio


def on_trio() -> bool:
    """Whether the running loop is trio's; asyncio's otherwise."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_run())


def is_trio_cancelled(error: BaseException) -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(error, trio.Cancelled)


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
        self._reports: deque[Report] = deque()
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

    def take(self) -> Report | None:
        return self._reports.popleft() if self._reports else None

    async def wait(self, delay: float) -> None:
        """Returns when there is a report, or after ``delay`` seconds."""
        # The signal first: a thread that reports now sets this one.
        self._changed = Signal()
        if self._reports:
            return
        virtual = timing.current().virtual()
        if virtual is not None:
            await virtual(delay, lambda: bool(self._reports))
            return
        await self._changed.wait(min(delay, timing.LONGEST_SLEEP))
