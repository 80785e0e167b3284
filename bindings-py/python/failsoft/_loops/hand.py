"""Hands what a loop tells to the consumer of an async generator, on asyncio and trio."""

from __future__ import annotations

import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from .._engine import timing
from .tasks import Signal, is_trio_cancelled, on_trio

T = TypeVar("T")


class Hand(Generic[T]):
    """One item at a time: while the consumer has it, the loop waits.

    The loop runs in a task of its own, so that no nursery and no cancel scope of it is open while the consumer has an
    item: trio allows that to no async generator, and whoever left one early would see his own scopes break.
    """

    def __init__(self) -> None:
        self._items: list[T] = []
        self._is_over = False
        self._error: BaseException | None = None
        self._changed: Signal | None = None

    async def give(self, item: T) -> None:
        """For the loop: returns when the consumer wants the next one."""
        self._items.append(item)
        self._wake()
        await self._until(lambda: not self._items)

    async def items(self, loop: Callable[[Hand[T]], Awaitable[Any]]) -> AsyncGenerator[T, None]:
        """For the consumer: runs the loop to its end, or as far as it is wanted."""
        stop = self._start(loop)
        try:
            while True:
                await self._until(lambda: bool(self._items) or self._is_over)
                if not self._items:
                    break
                yield self._items[0]
                self._items.clear()
                self._wake()
            if self._error is not None:
                raise self._error
        finally:
            self._error = None  # an exception must not hold the frame that holds it
            stop()
            await self._ended()

    def _start(self, loop: Callable[[Hand[T]], Awaitable[Any]]) -> Callable[[], object]:
        if on_trio():
            import trio

            scope = trio.CancelScope()
            trio.lowlevel.spawn_system_task(self._run_trio, scope, loop, context=contextvars.copy_context())
            return scope.cancel
        import asyncio

        self._task = asyncio.ensure_future(self._run(loop))
        return self._task.cancel

    async def _run_trio(self, scope: Any, loop: Callable[[Hand[T]], Awaitable[Any]]) -> None:
        with scope:
            await self._run(loop)

    async def _run(self, loop: Callable[[Hand[T]], Awaitable[Any]]) -> None:
        try:
            await loop(self)
        except BaseException as error:
            if isinstance(error, GeneratorExit) or is_trio_cancelled(error):
                raise
            self._error = error
        finally:
            self._is_over = True
            self._wake()

    async def _ended(self) -> None:
        if on_trio():
            import trio

            with trio.CancelScope(shield=True):
                await self._until(lambda: self._is_over)
        else:
            import asyncio

            await asyncio.wait({self._task})

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    async def _until(self, holds: Callable[[], bool]) -> None:
        virtual = timing.current().virtual()
        while not holds():
            if virtual is not None:
                await virtual(float("inf"), holds)
            else:
                self._changed = Signal()
                await self._changed.wait()
