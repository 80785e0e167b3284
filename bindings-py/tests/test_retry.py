from __future__ import annotations

import asyncio
import gc
import traceback
import weakref
from datetime import timedelta
from typing import Any

import pytest
from conftest import AsyncFailing, Failing, Run
from failsoft import CallTimeout, DeadlineExceeded, Exhausted, PermanentError, TransientError, retry
from failsoft.testing import VirtualTime


class RateLimited(Exception):
    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("slow down")
        self.status_code, self.headers = 429, headers


def test_a_success_is_returned_and_nothing_is_waited_for(time: VirtualTime) -> None:
    assert retry(lambda: 42) == 42
    assert time.slept == []


def test_backoff_doubles(time: VirtualTime) -> None:
    assert retry(Failing(3, TransientError()), max_attempts=4, jitter="none") == "done"
    assert time.slept == [0.5, 1.0, 2.0]


def test_backoff_stops_growing_at_the_cap(time: VirtualTime) -> None:
    retry(Failing(4, TransientError()), max_attempts=5, base=1, factor=10, cap=20, jitter="none")
    assert time.slept == [1.0, 10.0, 20.0, 20.0]


def test_spans_may_be_timedeltas(time: VirtualTime) -> None:
    retry(Failing(1, TransientError()), base=timedelta(milliseconds=250), cap=timedelta(seconds=1), jitter="none")
    assert time.slept == [0.25]


def test_the_first_attempt_is_counted(time: VirtualTime) -> None:
    fn = Failing(9, TransientError())
    with pytest.raises(Exhausted):
        retry(fn, max_attempts=3)
    assert fn.calls == 3


def test_equal_seeds_draw_equal_jitter(time: VirtualTime) -> None:
    for _ in range(2):
        retry(Failing(2, TransientError()), seed=7)
    assert time.slept[:2] == time.slept[2:]
    assert all(0 <= slept <= limit for slept, limit in zip(time.slept, [0.5, 1.0] * 2, strict=True))


def test_sleep_is_the_callers_own(time: VirtualTime) -> None:
    slept: list[float] = []
    retry(Failing(2, TransientError()), jitter="none", sleep=slept.append)
    assert slept == [0.5, 1.0]
    assert time.slept == []


def test_an_async_sleep_is_refused_where_nothing_awaits_it() -> None:
    async def sleep(_: float) -> None: ...

    with pytest.raises(TypeError, match="sleep is async"):
        retry(Failing(1, TransientError()), sleep=sleep)


def test_a_bug_is_not_repeated() -> None:
    error = TypeError("bug")
    fn = Failing(1, error)
    with pytest.raises(TypeError) as caught:
        retry(fn)
    assert caught.value is error
    assert fn.calls == 1


def test_a_permanent_error_comes_out_unchanged() -> None:
    error = PermanentError("no")
    with pytest.raises(PermanentError) as caught:
        retry(Failing(1, error))
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_the_traceback_of_a_permanent_error_begins_where_it_broke() -> None:
    def broken() -> None:
        raise PermanentError

    with pytest.raises(PermanentError) as caught:
        retry(broken)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "broken"


def test_exhausted_says_what_was_tried_and_why(time: VirtualTime) -> None:
    error = TransientError("overloaded")
    with pytest.raises(Exhausted) as caught:
        retry(Failing(9, error), jitter="none")
    assert caught.value.__cause__ is error
    assert str(caught.value) == "gave up after 3 attempts in 1.5 s: server_error x3"


def test_on_takes_classes(time: VirtualTime) -> None:
    assert retry(Failing(2, KeyError("k")), on=KeyError) == "done"
    assert retry(Failing(2, KeyError("k")), on=(ValueError, KeyError)) == "done"
    with pytest.raises(TransientError):
        retry(Failing(1, TransientError()), on=KeyError)


def test_on_takes_a_predicate(time: VirtualTime) -> None:
    assert retry(Failing(1, ValueError("again")), on=lambda error: "again" in str(error)) == "done"
    with pytest.raises(ValueError, match="never"):
        retry(Failing(1, ValueError("never")), on=lambda error: "again" in str(error))


def test_what_on_names_still_obeys_retry_after(time: VirtualTime) -> None:
    retry(Failing(1, RateLimited({"retry-after": "7"})), on=RateLimited, jitter="none")
    assert time.slept == [7.0]


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"Retry-After": "2.5"}, 2.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "0"}, 0.5),
        ({"retry-after": "soon"}, 0.5),
        ({}, 0.5),
    ],
)
def test_retry_after_is_read_from_the_exception(time: VirtualTime, headers: dict[str, str], slept: float) -> None:
    retry(Failing(1, RateLimited(headers)), jitter="none")
    assert time.slept == [slept]


def test_a_hint_past_all_patience_ends_it(time: VirtualTime) -> None:
    error = RateLimited({"retry-after": "3600"})
    with pytest.raises(Exhausted) as caught:
        retry(Failing(1, error))
    assert caught.value.__cause__ is error
    assert time.slept == []


def test_a_timeout_of_one_call_is_transient_and_that_of_a_turn_is_not(time: VirtualTime) -> None:
    assert retry(Failing(2, CallTimeout("late"))) == "done"
    fn = Failing(1, DeadlineExceeded("over"))
    with pytest.raises(DeadlineExceeded):
        retry(fn)
    assert fn.calls == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError()])
def test_what_is_no_exception_passes_at_once(error: BaseException) -> None:
    fn = Failing(1, error)
    with pytest.raises(type(error)) as caught:
        retry(fn, on=lambda _: True)
    assert caught.value is error
    assert fn.calls == 1


def test_ctrl_c_during_the_wait_passes() -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    fn = Failing(9, TransientError())
    with pytest.raises(KeyboardInterrupt):
        retry(fn, sleep=sleep)
    assert fn.calls == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"max_attempts": 0}, "retry.max_attempts: 0 is not allowed; use a whole number from 1 to 1000"),
        ({"base": -1}, "retry.base: -1 s is not allowed; use 0 s to 30 days"),
        ({"base": float("nan")}, "retry.base: NaN s is not allowed; use 0 s to 30 days"),
        ({"cap": 0.1}, "retry.cap: 0.1 s is not allowed; use at least retry.base, which is 0.5 s"),
        (
            {"jitter": "some"},
            'retry.jitter: "some" is not allowed; use one of full, equal, decorrelated, none',
        ),
    ],
)
def test_bad_options_are_refused_before_the_first_attempt(options: dict[str, Any], complaint: str) -> None:
    fn = Failing(0, TransientError())
    with pytest.raises(ValueError) as caught:
        retry(fn, **options)
    assert str(caught.value) == complaint
    assert fn.calls == 0


class Marked(Exception): ...


@pytest.mark.parametrize(("error", "raised"), [(Marked, Exhausted), (PermanentError, PermanentError)])
def test_no_cycle_keeps_an_exception_alive(time: VirtualTime, error: type[Exception], raised: type[Exception]) -> None:
    gone = []

    def broken() -> None:
        failure = error("x")
        gone.append(weakref.ref(failure))
        try:
            raise failure
        finally:
            del failure

    gc.disable()
    try:
        try:
            retry(broken, on=Marked)
        except raised:
            pass
        assert [ref() for ref in gone] == [None] * len(gone)
    finally:
        gc.enable()


# ---- async ----


def test_an_async_function_makes_it_awaitable(run: Run, time: VirtualTime) -> None:
    async def main() -> Any:
        return await retry(AsyncFailing(2, TransientError()), jitter="none")

    assert run(main) == "done"
    assert time.slept == [0.5, 1.0]


def test_a_lambda_that_calls_an_async_function_is_awaited_too(run: Run, time: VirtualTime) -> None:
    fn = AsyncFailing(1, TransientError())

    async def main() -> Any:
        return await retry(lambda: fn())

    assert run(main) == "done"
    assert fn.calls == 2


def test_an_async_sleep_is_awaited(run: Run) -> None:
    slept = []

    async def sleep(delay: float) -> None:
        slept.append(delay)

    async def main() -> Any:
        return await retry(AsyncFailing(2, TransientError()), jitter="none", sleep=sleep)

    assert run(main) == "done"
    assert slept == [0.5, 1.0]


def test_async_errors_are_those_of_the_sync_form(run: Run, time: VirtualTime) -> None:
    permanent, transient = PermanentError("no"), TransientError("x")

    async def main() -> None:
        with pytest.raises(PermanentError) as caught:
            await retry(AsyncFailing(1, permanent))
        assert caught.value is permanent
        with pytest.raises(Exhausted) as exhausted:
            await retry(AsyncFailing(9, transient))
        assert exhausted.value.__cause__ is transient

    run(main)


def test_no_attempt_of_a_plain_async_function_has_a_limit(run: Run, time: VirtualTime) -> None:
    calls = []

    async def slow() -> str:
        calls.append(time.now)
        await time.ahang(4_000)
        if len(calls) == 1:
            raise TransientError
        return "slow"

    async def main() -> Any:
        return await retry(slow, jitter="none")

    assert run(main) == "slow"
    assert len(calls) == 2
