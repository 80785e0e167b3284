"""Real time, and the place where ``failsoft.testing`` puts virtual time instead."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

LONGEST_SLEEP = 3600.0
"""Longer sleeps are cut into slices: some systems refuse or misjudge them."""


class Inbox:
    """Where workers leave their reports for the one driver of a turn."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.items: deque[Any] = deque()

    def put(self, item: Any) -> None:
        with self.changed:
            self.items.append(item)
            current().woken(self)
            self.changed.notify_all()

    def take(self) -> Any | None:
        with self.changed:
            return self.items.popleft() if self.items else None


class TimeSource(Protocol):
    """Who sleeps and waits."""

    def sleep(self, delay: float) -> None: ...
    def wait(self, inbox: Inbox, delay: float) -> None:
        """Returns when something is in the inbox, or after ``delay`` seconds."""

    def woken(self, inbox: Inbox) -> None:
        """Something was put into the inbox."""

    def driving(self) -> contextlib.AbstractContextManager[None]:
        """Around a driver that starts workers."""

    def begin(self) -> None:
        """A worker is about to be started."""

    def inside(self, work: Callable[[], None]) -> None:
        """Runs the worker that ``begin`` announced."""

    def record(self, delay: float) -> None:
        """A loop is about to sleep in a task."""

    def virtual(self) -> VirtualSleep | None:
        """How tasks sleep on virtual time; None on real time."""


class VirtualSleep(Protocol):
    def __call__(self, delay: float, until: Callable[[], bool], begin: Callable[[], object] = ...) -> Awaitable[None]:
        """Sleeps until the delay is over or ``until`` holds. Calls ``begin`` once it counts as asleep."""


_NOTHING = contextlib.nullcontext()


class RealTime:
    def sleep(self, delay: float) -> None:
        while delay > 0:
            time.sleep(min(delay, LONGEST_SLEEP))
            delay -= LONGEST_SLEEP

    def wait(self, inbox: Inbox, delay: float) -> None:
        with inbox.changed:
            if not inbox.items:
                inbox.changed.wait(min(delay, LONGEST_SLEEP))

    def woken(self, inbox: Inbox) -> None: ...

    def driving(self) -> contextlib.AbstractContextManager[None]:
        return _NOTHING

    def begin(self) -> None: ...

    def inside(self, work: Callable[[], None]) -> None:
        work()

    def record(self, delay: float) -> None: ...

    def virtual(self) -> VirtualSleep | None:
        return None


_current: TimeSource = RealTime()


def current() -> TimeSource:
    return _current


def install(source: TimeSource) -> TimeSource:
    """Puts another source of time in place and returns the one before."""
    global _current
    before, _current = _current, source
    return before
