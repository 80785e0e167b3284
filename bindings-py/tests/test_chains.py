"""Chains, groups and cancellation: which exception speaks for all."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import sys
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from failsoft import Failure, classify
from failsoft._facts.facts import facts

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup


class Answer(Exception):
    """As SDKs raise it."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(f"status {status}")
        self.status_code, self.body = status, {"error": {"code": code}}


def raised(work: Callable[[], Any]) -> BaseException:
    try:
        work()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


async def refuse() -> None:
    raise ConnectionRefusedError("nobody there")


async def limited() -> None:
    raise Answer(429, "insufficient_quota")


async def hang() -> None:
    await asyncio.sleep(3600)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has task groups since 3.11")
@pytest.mark.parametrize(
    ("tasks", "kind"),
    [((refuse,), "connect"), ((hang, limited), "quota_exhausted"), ((refuse, limited), "connect")],
)
def test_a_task_group_fails_as_its_first_task_did(tasks: tuple[Callable[[], Awaitable[None]], ...], kind: str) -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:  # type: ignore[attr-defined]
            for task in tasks:
                group.create_task(task())

    error = raised(lambda: asyncio.run(main()))
    assert isinstance(error, ExceptionGroup)
    assert classify(error).kind == kind


@pytest.mark.parametrize("nested", [False, True])
def test_a_nursery_fails_as_its_task_did(nested: bool) -> None:
    async def inner() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(limited)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inner if nested else limited)

    error = raised(lambda: trio.run(main))
    assert isinstance(error, ExceptionGroup)
    assert (classify(error).kind, classify(error).status) == ("quota_exhausted", 429)


def test_a_group_is_nothing_but_its_members() -> None:
    assert classify(ExceptionGroup("x", [TypeError("a bug")])).kind == "bug"
    assert classify(ExceptionGroup("x", [ExceptionGroup("y", [Answer(503)]), TypeError("a bug")])).kind == "overloaded"
    assert facts(ExceptionGroup("of no interest", [Answer(503)]))["message"] == "status 503"


def test_what_stopped_a_group_says_more_than_what_failed_in_it() -> None:
    group = BaseExceptionGroup("x", [Answer(503), asyncio.CancelledError()])
    assert classify(group).kind == "cancelled"


def test_a_group_beyond_all_measure_costs_no_more() -> None:
    group = ExceptionGroup("x", [Answer(503), *(Exception(str(i)) for i in range(100_000))])
    assert classify(group).kind == "overloaded"
    deep: Exception = Answer(503)
    for _ in range(10_000):
        deep = ExceptionGroup("x", [deep])
    assert classify(deep).kind == "unknown", "sixteen are looked at"
    while isinstance(deep, ExceptionGroup):  # taken apart here: CPython frees a deep one by recursion
        deep = deep.exceptions[0]


def test_raised_from_its_cause() -> None:
    def work() -> None:
        try:
            raise Answer(429, "insufficient_quota")
        except Answer as error:
            raise RuntimeError("the model failed") from error

    assert classify(raised(work)).kind == "quota_exhausted"


def test_a_cause_that_was_hidden_counts() -> None:
    def work() -> None:
        try:
            raise Answer(503)
        except Answer:
            raise RuntimeError("the model failed") from None

    assert classify(raised(work)).kind == "overloaded"


def test_a_wrapper_without_from_is_judged_by_what_it_wraps() -> None:
    def work() -> None:
        try:
            raise Answer(503)
        except Answer:
            raise RuntimeError("the model failed")  # noqa: B904 - as many write it

    assert classify(raised(work)).kind == "overloaded"


def test_an_answer_that_was_dealt_with_does_not_speak_for_what_came_after() -> None:
    """The primary said 429 and was given up on; the backup, asked in the handler, is not there."""

    def work() -> None:
        try:
            raise Answer(429)
        except Answer:
            raise ConnectionRefusedError("the backup")  # noqa: B904 - the point

    failure = classify(raised(work))
    assert (failure.kind, failure.status, failure.effect) == ("connect", None, "none")


STOPPED: list[Callable[[], BaseException]] = [
    asyncio.CancelledError,
    concurrent.futures.CancelledError,
    KeyboardInterrupt,
    lambda: SystemExit(429),
    GeneratorExit,
]


@pytest.mark.parametrize("stopped", STOPPED)
@pytest.mark.parametrize("older", [None, Answer(503), TypeError("a bug"), TimeoutError(), ConnectionResetError()])
def test_cancelled_is_never_anything_else(stopped: Callable[[], BaseException], older: Exception | None) -> None:
    error = stopped()
    error.__context__ = older
    assert classify(error) == Failure("cancelled")
    error.__cause__ = older
    assert classify(error).kind == "cancelled"


def test_a_task_of_asyncio_that_was_cancelled() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(hang())
        await asyncio.sleep(0)
        task.cancel()
        await task

    assert classify(raised(lambda: asyncio.run(main()))) == Failure("cancelled")


def test_a_task_of_trio_that_was_cancelled() -> None:
    seen: list[Failure] = []

    async def main() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.sleep_forever()
            except trio.Cancelled as error:
                seen.append(classify(error))
                raise

    trio.run(main)
    assert seen == [Failure("cancelled")]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout came with 3.11")
def test_a_time_limit_of_asyncio_is_no_cancellation() -> None:
    async def by_timeout() -> None:
        async with asyncio.timeout(0):  # type: ignore[attr-defined]
            await hang()

    async def by_wait_for() -> None:
        await asyncio.wait_for(hang(), 0)

    for work in (by_timeout, by_wait_for):
        error = raised(lambda work=work: asyncio.run(work()))  # type: ignore[misc]
        assert isinstance(error, TimeoutError)
        assert classify(error).kind == "read_timeout"


def test_a_time_limit_of_trio_is_no_cancellation() -> None:
    async def main() -> None:
        with trio.fail_after(0):
            await trio.sleep_forever()

    error = raised(lambda: trio.run(main))
    assert isinstance(error, trio.TooSlowError)
    assert classify(error).kind == "read_timeout"


def test_an_exception_that_was_classified_is_let_go() -> None:
    error = Answer(503)
    gone = weakref.ref(error)
    classify(error)
    gc.disable()
    try:
        del error
        assert gone() is None
    finally:
        gc.enable()
