"""For tests: no real sleeping, scripted models, and what the engine noticed.

``with instant() as time:`` puts a virtual clock under everything inside it, threads and tasks included::

    with instant() as time:
        result = Agent(script(fails(2), says("hello"))).run("hi")
    assert time.slept == [0.5, 1.0]
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import inspect
import itertools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import _native
from ._engine import timing
from ._loops.tasks import on_trio
from ._models.scripted import achunks, chunks, ends, streams
from .errors import TransientError

__all__ = [
    "NoticeRecorder",
    "VirtualTime",
    "achunks",
    "ahangs",
    "calls",
    "chunks",
    "ends",
    "fails",
    "hangs",
    "instant",
    "says",
    "script",
    "streams",
]


class _Sleeper:
    def __init__(self, wake: float, inbox: timing.Inbox | None = None, is_task: bool = False) -> None:
        self.wake, self.inbox, self.is_task, self.awake = wake, inbox, is_task, False


class VirtualTime:
    """A clock that moves only when everybody who could do something sleeps. ``slept`` lists the waits of the loops."""

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self.slept: list[float] = []
        self._changed = threading.Condition(threading.RLock())
        self._busy = 0
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._numbers = itertools.count()
        self._local = threading.local()
        self._moves = 0
        self._tasks_asleep = 0
        self._loops_blocked = 0
        self._drivers_asleep = 0

    def clock(self) -> float:
        """Seconds, as ``clock=`` wants them."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Moves the clock by hand, between two calls."""
        with self._changed:
            self.now += seconds

    def sleep(self, delay: float) -> None:
        """Sleeps without sleeping, as ``sleep=`` wants it."""
        self.record(delay)
        self._sleep(delay)

    def hang(self, delay: float = float("inf")) -> None:
        """What a hung call does: sleeps on this clock, and is no wait of the loop."""
        self._sleep(delay)

    def _sleep(self, delay: float) -> None:
        with self.driving(), self._changed:
            self._until_awake(_Sleeper(self.now + delay))

    def wait(self, inbox: timing.Inbox, delay: float) -> None:
        with self.driving(), self._changed:
            if not inbox.items:
                self._until_awake(_Sleeper(self.now + delay, inbox))

    def woken(self, inbox: timing.Inbox) -> None:
        with self._changed:
            for _, _, sleeper in self._sleepers:
                if sleeper.inbox is inbox and not sleeper.awake:
                    self._wake(sleeper)

    def begin(self) -> None:
        with self._changed:
            self._busy += 1

    def inside(self, work: Callable[[], None]) -> None:
        self._local.counted = self._local.is_worker = True
        try:
            work()
        finally:
            with self._changed:
                self._busy -= 1
                self._moves += 1
                self._move_on()

    @contextlib.contextmanager
    def driving(self) -> Iterator[None]:
        """Counts this thread among those who could do something while it is inside."""
        before = getattr(self._local, "counted", False)
        with self._changed:
            self._busy += not before
        self._local.counted = True
        try:
            yield
        finally:
            self._local.counted = before
            with self._changed:
                self._busy -= not before
                self._moves += 1
                self._move_on()

    def _until_awake(self, sleeper: _Sleeper) -> None:
        self._push(sleeper)
        blocks_loop, is_driver = _in_loop(), not getattr(self._local, "is_worker", False)
        self._loops_blocked += blocks_loop
        self._drivers_asleep += is_driver
        self._busy -= 1
        self._move_on()
        while not sleeper.awake:
            self._changed.wait()
        self._loops_blocked -= blocks_loop
        self._drivers_asleep -= is_driver

    def _push(self, sleeper: _Sleeper) -> None:
        heapq.heappush(self._sleepers, (sleeper.wake, next(self._numbers), sleeper))

    def _wake(self, sleeper: _Sleeper) -> None:
        sleeper.awake = True
        self._busy += not sleeper.is_task
        self._moves += 1
        self._changed.notify_all()

    def _move_on(self) -> None:
        """When nobody could do anything, time passes until somebody can.

        Where tasks sleep, their loop decides that; and workers that were left behind move nothing by themselves.
        """
        while (
            self._busy == 0
            and self._drivers_asleep
            and (self._tasks_asleep == 0 or self._loops_blocked)
            and self._wake_first()
        ):
            pass

    def _wake_first(self) -> bool:
        """Lets time pass until the first sleeper wakes; false if none ever does."""
        while self._sleepers and self._sleepers[0][2].awake:
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] == float("inf"):
            return False
        wake, _, sleeper = heapq.heappop(self._sleepers)
        self.now = max(self.now, wake)
        self._wake(sleeper)
        return True

    # ---- Tasks. ----

    def record(self, delay: float) -> None:
        self.slept.append(round(delay, 3))

    def virtual(self) -> Callable[..., Any]:
        return self._asleep

    async def ahang(self, delay: float = float("inf")) -> None:
        """As ``hang``, in a task."""
        await self._asleep(delay, lambda: False)

    async def asleep(self, delay: float) -> None:
        """As ``sleep``, in a task."""
        self.record(delay)
        await self._asleep(delay, lambda: False)

    async def _asleep(
        self, delay: float, until: Callable[[], bool], begin: Callable[[], object] = lambda: None
    ) -> None:
        sleeper = _Sleeper(self.now + delay, is_task=True)
        with self._changed:
            self._moves += 1
            self._tasks_asleep += 1
            self._push(sleeper)
        begin()
        quiet, moves = 0, -1
        try:
            while not sleeper.awake and not until():
                await _checkpoint()
                # Other tasks get many turns of the loop before time passes; any sign of life begins the count anew.
                quiet, moves = (quiet + 1, moves) if moves == self._moves else (0, self._moves)
                with self._changed:
                    if quiet > 50 and self._busy == 0:
                        self._wake_first()
        finally:
            with self._changed:
                sleeper.awake = True
                self._tasks_asleep -= 1
                self._moves += 1


def _in_loop() -> bool:
    return on_trio() or asyncio._get_running_loop() is not None


async def _checkpoint() -> None:
    if on_trio():
        import trio

        await trio.lowlevel.checkpoint()
    else:
        await asyncio.sleep(0)


@contextlib.contextmanager
def instant(start: float = 1_000.0) -> Iterator[VirtualTime]:
    """No real sleeping inside: all of failsoft runs on the virtual clock that this gives. For the whole process."""
    time = VirtualTime(start)
    before = timing.install(time)
    _native.set_default_clock(time.clock)
    try:
        yield time
    finally:
        _native.set_default_clock(before.clock if isinstance(before, VirtualTime) else None)
        timing.install(before)


class script:  # a function to its users
    """A model that follows a script, one step a request; the last step repeats. Sync, or async with ``is_async=True``.

    A step is a reply, an exception to raise, or a function of ``(messages, tools)``; ``requests`` keeps what was asked.
    """

    def __init__(self, *steps: Any, is_async: bool = False) -> None:
        self.steps = [one for step in steps for one in (step if isinstance(step, list) else [step])]
        self.requests: list[list[dict[str, Any]]] = []
        self.is_async = is_async

    def __call__(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
        self.requests.append(messages)
        if self.is_async:
            return self._later(step, messages, tools)
        return self._now(step, messages, tools)

    def _now(self, step: Any, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        if isinstance(step, BaseException):
            raise step
        return step(messages, tools) if callable(step) else step

    async def _later(self, step: Any, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        value = self._now(step, messages, tools)
        return await value if inspect.isawaitable(value) else value


def says(text: str) -> Callable[..., Mapping[str, Any]]:
    """A step that answers; ``{last_tool_result}`` in it becomes the content of the last tool message."""

    def step(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Mapping[str, Any]:
        results = [message["content"] for message in messages if message["role"] == "tool"]
        return {"answer": text.replace("{last_tool_result}", results[-1] if results else "")}

    return step


def calls(name: str, /, **arguments: Any) -> Mapping[str, Any]:
    """A step that asks for one tool call."""
    return {"tool_calls": [{"id": f"call_{name}", "name": name, "arguments": arguments}]}


def fails(times: int = 1, error: Exception | None = None) -> list[Exception]:
    """Steps that fail: by default as an overloaded provider does."""
    return [error or TransientError("overloaded")] * times


def hangs(seconds: float = float("inf"), then: Any = None) -> Callable[..., Any]:
    """A step that hangs on the virtual clock of ``instant()``; for sync models."""

    def step(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        source = timing.current()
        if not isinstance(source, VirtualTime):
            raise RuntimeError("hangs() needs the virtual clock of failsoft.testing.instant()")
        source.hang(seconds)
        return then(messages, tools) if callable(then) else then

    return step


def ahangs(seconds: float = float("inf"), then: Any = None) -> Callable[..., Any]:
    """As ``hangs``, for async models."""

    async def step(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Any:
        source = timing.current()
        if not isinstance(source, VirtualTime):
            raise RuntimeError("ahangs() needs the virtual clock of failsoft.testing.instant()")
        await source.ahang(seconds)
        return then(messages, tools) if callable(then) else then

    return step


class NoticeRecorder(logging.Handler):
    """Records what failsoft notices: ``with NoticeRecorder() as notices: ...; notices.lines``."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self._logger = logging.getLogger("failsoft")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> NoticeRecorder:
        self._level = self._logger.level
        self._logger.addHandler(self)
        self._logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)
