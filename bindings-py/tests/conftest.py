"""Shared by all tests: both event loops, virtual time, and nothing that sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import trio
from failsoft.testing import VirtualTime, instant

Run = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture
def time() -> Iterator[VirtualTime]:
    with instant() as time:
        yield time


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an async function to its end on one of the loops."""
    if request.param == "trio":
        return lambda main: trio.run(main)
    return lambda main: asyncio.run(main())


class Failing:
    """A function that fails so many times with an error, then returns a value; ``calls`` counts."""

    def __init__(self, times: int, error: BaseException, value: Any = "done") -> None:
        self.times, self.error, self.value, self.calls = times, error, value, 0

    def __call__(self, *_: Any) -> Any:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return self.value


class AsyncFailing(Failing):
    async def __call__(self, *_: Any) -> Any:
        return super().__call__()
