from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref

import pytest
from conftest import Run
from failsoft import Exhausted, PermanentError, TransientError, attempts
from failsoft.testing import VirtualTime


def test_the_loop_ends_with_the_first_success(time: VirtualTime) -> None:
    numbers = []
    for attempt in attempts(max_attempts=5, jitter="none"):
        with attempt:
            numbers.append(attempt.number)
            if attempt.number < 3:
                raise TransientError
    assert numbers == [1, 2, 3]
    assert time.slept == [0.5, 1.0]


def test_the_last_failure_comes_out_as_exhausted(time: VirtualTime) -> None:
    error = TransientError("x")
    with pytest.raises(Exhausted) as caught:
        for attempt in attempts(max_attempts=2):
            with attempt:
                raise error
    assert caught.value.__cause__ is error


def test_a_permanent_error_comes_out_at_once_and_unchanged() -> None:
    error, numbers = PermanentError("no"), []
    with pytest.raises(PermanentError) as caught:
        for attempt in attempts():
            with attempt:
                numbers.append(attempt.number)
                raise error
    assert caught.value is error
    assert caught.value.__context__ is None
    assert numbers == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_cancellation_comes_out_at_once(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        for attempt in attempts():
            with attempt:
                raise error
    assert caught.value is error


def test_a_block_that_is_not_entered_is_a_mistake_and_said_so() -> None:
    with pytest.raises(RuntimeError, match="the block was not entered: write `with attempt:` in the loop"):
        for _ in attempts():
            pass


def test_the_loop_may_be_left_by_break(time: VirtualTime) -> None:
    for attempt in attempts():
        with attempt:
            break
    assert attempt.number == 1
    for attempt in attempts():  # noqa: B007 - the last one is looked at
        break
    assert attempt.number == 1


def test_one_object_may_be_looped_over_again(time: VirtualTime) -> None:
    again = attempts(max_attempts=2)
    for _ in range(2):
        numbers = []
        for attempt in again:
            with attempt:
                numbers.append(attempt.number)
                if attempt.number == 1:
                    raise TransientError
        assert numbers == [1, 2]


def test_async_for_waits_on_the_loop(run: Run, time: VirtualTime) -> None:
    async def main() -> list[int]:
        numbers = []
        async for attempt in attempts(jitter="none"):
            with attempt:
                numbers.append(attempt.number)
                if attempt.number < 3:
                    raise TransientError
        return numbers

    assert run(main) == [1, 2, 3]
    assert time.slept == [0.5, 1.0]


class Marked(Exception): ...


@pytest.mark.parametrize("permanent", [True, False])
def test_no_cycle_keeps_an_exception_alive(time: VirtualTime, permanent: bool) -> None:
    gone = []

    def broken() -> None:
        for attempt in attempts(on=lambda _: not permanent):
            with attempt:
                error = Marked()
                gone.append(weakref.ref(error))
                try:
                    raise error
                finally:
                    del error

    gc.disable()
    try:
        with contextlib.suppress(Marked, Exhausted):
            broken()
        assert [ref() for ref in gone] == [None] * (1 if permanent else 3)
    finally:
        gc.enable()


def test_bad_options_are_refused_before_the_loop() -> None:
    with pytest.raises(ValueError, match=r"retry\.factor: 0\.5 is not allowed; use a number from 1 to 100"):
        attempts(factor=0.5)
