"""What a breaker goes by, and how it is held out of use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

from . import process


@dataclass(frozen=True)
class BreakerMetrics:
    """What a breaker goes by now.

    Nothing is counted while it is open or half open: the numbers are then those that opened it.
    """

    state: str
    """``closed``, ``open``, ``half_open``, ``isolated``, ``forced_open``, ``forced_closed`` or ``metrics_only``."""
    calls: int
    """Calls in the window."""
    failed: int
    """How many of them failed."""
    slow: int
    """How many of them were slow."""
    failure_rate: float | None
    """The part that failed, in thousandths rounded down; None below ``min_calls``."""
    slow_rate: float | None
    """The part that was slow; None below ``min_calls``, or where ``slow`` is not set."""
    retry_in: float | None
    """Seconds until it may be asked, if it refuses now and knows."""


class Isolation:
    """Holds a breaker out of use until ``release()``, or to the end of its ``with`` block.

    Every holder counts: calls are refused until the last one has let go. To lose it is not to release it.
    """

    def __init__(self, release: Callable[[], object]) -> None:
        self._held = [release]

    def release(self) -> None:
        """Lets go. To do so again does nothing."""
        try:
            release = self._held.pop()
        except IndexError:
            return
        release()

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "take one where you need it")

    def __enter__(self) -> Isolation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
