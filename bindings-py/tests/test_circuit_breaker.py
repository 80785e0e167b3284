from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from typing import Any

import pytest
from conftest import Run
from failsoft import BreakerOpen, CircuitBreaker
from failsoft.testing import VirtualTime


def ok() -> str:
    return "ok"


def broken() -> None:
    raise ConnectionError("down")


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        with contextlib.suppress(ConnectionError):
            breaker.call(broken)


def test_it_passes_arguments_values_and_errors_through() -> None:
    breaker = CircuitBreaker()
    assert breaker.call(divmod, 7, 2) == (3, 1)
    assert breaker.call(dict, a=1) == {"a": 1}
    with pytest.raises(ConnectionError, match="down"):
        breaker.call(broken)


def test_it_opens_at_the_failure_rate(time: VirtualTime) -> None:
    breaker = CircuitBreaker()
    for _ in range(2):
        breaker.call(ok)
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"


def test_consecutive_failures_open_it_and_a_success_starts_over(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=3)
    fail(breaker, 2)
    breaker.call(ok)
    fail(breaker, 2)
    assert breaker.state == "closed"
    fail(breaker)
    assert breaker.state == "open"


def test_open_it_refuses_without_a_call_and_says_until_when(time: VirtualTime) -> None:
    breaker, called = CircuitBreaker(consecutive=1), list[int]()
    fail(breaker)
    time.advance(2)
    with pytest.raises(BreakerOpen) as caught:
        breaker.call(called.append, 1)
    assert caught.value.retry_in == 3.0
    assert str(caught.value) == "the breaker is open; it may be asked again in 3 s"
    assert called == []


def test_a_probe_that_works_closes_it(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    time.advance(5)
    assert breaker.state == "half_open"
    assert breaker.call(ok) == "ok"
    assert breaker.state == "closed"


def test_a_probe_that_fails_doubles_the_time(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    time.advance(5)
    fail(breaker)
    time.advance(5)
    assert breaker.state == "open"
    time.advance(5)
    assert breaker.state == "half_open"


def test_of_20_threads_exactly_one_probes(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    time.advance(5)
    ready, let_go = threading.Barrier(20), threading.Event()
    refused = threading.Semaphore(0)
    outcomes: list[str] = []

    def probe() -> str:
        let_go.wait()
        return "probed"

    def work() -> None:
        ready.wait()
        try:
            outcomes.append(breaker.call(probe))
        except BreakerOpen:
            outcomes.append("refused")
            refused.release()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for _ in range(19):
        assert refused.acquire(timeout=10)
    let_go.set()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["probed"] + ["refused"] * 19
    assert breaker.state == "closed"


def test_an_ignored_error_charges_nobody(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1, ignore=(KeyError, ConnectionError))
    fail(breaker, 5)
    assert breaker.state == "closed"


def test_while_a_probe_is_out_others_come_back_later(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    time.advance(6)
    with breaker, pytest.raises(BreakerOpen, match=r"asked again in 5 s$") as refused:
        breaker.call(ok)
    assert refused.value.retry_in == 5
    assert breaker.state == "closed"


def test_an_ignored_probe_neither_closes_nor_opens(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1, ignore=KeyError)
    fail(breaker)
    time.advance(5)
    with pytest.raises(KeyError):
        breaker.call(dict[str, int]().__getitem__, "x")
    assert breaker.state == "half_open"
    breaker.call(ok)
    assert breaker.state == "closed"


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
def test_being_cancelled_charges_nobody_and_gives_the_probe_back(time: VirtualTime, error: type[BaseException]) -> None:
    def cancelled() -> None:
        raise error

    breaker = CircuitBreaker(consecutive=1)
    with pytest.raises(error):
        breaker.call(cancelled)
    assert breaker.state == "closed"
    fail(breaker)
    time.advance(5)
    with pytest.raises(error):
        breaker.call(cancelled)
    assert breaker.call(ok) == "ok"


def test_as_a_decorator_it_keeps_the_name(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)

    @breaker
    def fetch(name: str) -> str:
        """Fetches."""
        raise ConnectionError(name)

    assert (fetch.__name__, fetch.__doc__) == ("fetch", "Fetches.")
    with pytest.raises(ConnectionError):
        fetch("x")
    with pytest.raises(BreakerOpen):
        fetch("x")


def test_as_a_decorator_of_an_async_function(run: Run, time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)

    @breaker
    async def fetch() -> None:
        raise ConnectionError

    async def main() -> None:
        with pytest.raises(ConnectionError):
            await fetch()
        with pytest.raises(BreakerOpen):
            await fetch()

    run(main)


def test_acall_guards_an_async_call(run: Run, time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)

    async def fetch(value: int, *, fails: bool) -> int:
        if fails:
            raise ConnectionError
        return value

    async def main() -> None:
        assert await breaker.acall(fetch, 3, fails=False) == 3
        with pytest.raises(ConnectionError):
            await breaker.acall(fetch, 3, fails=True)

    run(main)
    assert breaker.state == "open"


def test_an_async_function_is_refused_by_call(time: VirtualTime) -> None:
    async def fetch() -> None: ...

    breaker = CircuitBreaker(consecutive=1)
    with pytest.raises(TypeError, match="fetch is async: use the async form"):
        breaker.call(fetch)  # type: ignore[unused-coroutine]
    assert breaker.state == "closed"


def test_generators_are_refused() -> None:
    def generator() -> Any:
        yield 1

    with pytest.raises(TypeError, match="is a generator: guard the function that reads it to its end"):
        CircuitBreaker()(functools.partial(generator))


def test_as_a_block_it_counts_what_leaves_it(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    with breaker:
        pass
    with pytest.raises(ConnectionError), breaker:
        broken()
    assert breaker.state == "open"
    with pytest.raises(BreakerOpen), breaker:
        raise AssertionError("entered")


def test_as_an_async_block(run: Run, time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)

    async def main() -> None:
        async with breaker:
            pass
        with pytest.raises(ConnectionError):
            async with breaker:
                broken()

    run(main)
    assert breaker.state == "open"


def test_a_block_of_an_earlier_generation_changes_nothing(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    entered, let_go = threading.Event(), threading.Event()

    def slow() -> None:
        with contextlib.suppress(ConnectionError), breaker:
            entered.set()
            let_go.wait()
            broken()

    thread = threading.Thread(target=slow)
    thread.start()
    assert entered.wait(10)
    fail(breaker)
    time.advance(5)
    with breaker:
        pass
    let_go.set()
    thread.join()
    assert breaker.state == "closed"


def test_concurrent_blocks_in_tasks_settle_their_own_permits(run: Run, time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=2)

    async def block(delay: float, fails: bool) -> None:
        with contextlib.suppress(ConnectionError):
            async with breaker:
                await time.ahang(delay)
                if fails:
                    broken()

    async def main() -> None:
        from failsoft._loops.tasks import Tasks

        async with Tasks() as tasks:
            tasks.start(1, functools.partial(block, 3, True))
            tasks.start(2, functools.partial(block, 1, True))
            tasks.start(3, functools.partial(block, 2, False))
            for _ in range(3):
                await tasks.wait(10)
                tasks.take()

    run(main)
    assert breaker.state == "closed"


def test_blocks_nest_in_any_order_of_breakers(time: VirtualTime) -> None:
    outer, inner = CircuitBreaker(consecutive=1), CircuitBreaker(consecutive=1)
    with outer, contextlib.suppress(ConnectionError), inner:
        broken()
    assert (outer.state, inner.state) == ("closed", "open")
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    first.enter_context(outer)
    second.enter_context(CircuitBreaker())
    first.close()
    second.close()
    assert outer.state == "closed"


def test_more_probes_need_as_many_successes(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1, probes=2)
    fail(breaker)
    time.advance(5)
    breaker.call(ok)
    assert breaker.state == "half_open"
    breaker.call(ok)
    assert breaker.state == "closed"


def test_the_clock_may_be_the_callers_own() -> None:
    now = [100.0]
    breaker = CircuitBreaker(consecutive=1, clock=lambda: now[0])
    fail(breaker)
    assert breaker.state == "open"
    now[0] += 5
    assert breaker.state == "half_open"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"consecutive": 0}, "breaker.consecutive: 0 is not allowed"),
        ({"rate": 1.5}, "breaker.rate: 1.5 is not allowed"),
        ({"open": -1}, "breaker.open: -1 s is not allowed"),
        ({"open": 60}, "breaker.max_open: 30 s is not allowed; use at least breaker.open, which is 60 s"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        CircuitBreaker(**options)
    assert str(caught.value).startswith(complaint)
