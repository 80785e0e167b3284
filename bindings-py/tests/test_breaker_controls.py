"""Breakers in a person's hand: taken out of use, forced, told to keep metrics only; and a breaker for each key."""

from __future__ import annotations

import contextlib
import copy
import threading
from datetime import timedelta
from typing import Any

import pytest
from conftest import Run
from failsoft import Attempt, BreakerMetrics, BreakerOpen, CircuitBreaker, Isolation, Policy, Session, TransientError
from failsoft.testing import VirtualTime


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    def broken() -> None:
        raise ConnectionError("down")

    for _ in range(times):
        with contextlib.suppress(ConnectionError):
            breaker.call(broken)


def ok() -> str:
    return "ok"


def refused(breaker: CircuitBreaker) -> BreakerOpen:
    with pytest.raises(BreakerOpen) as caught:
        breaker.call(ok)
    return caught.value


def route_of(session: Session) -> str:
    return session.turn().call(lambda attempt: str(attempt.route.name))


# ---- A breaker alone. ----


def test_isolated_it_refuses_until_every_holder_lets_go(time: VirtualTime) -> None:
    breaker = CircuitBreaker()
    first, second = breaker.isolate(), breaker.isolate()
    assert (breaker.state, refused(breaker).retry_in) == ("isolated", None)
    first.release()
    first.release()
    assert breaker.state == "isolated"
    with second:
        refused(breaker)
    assert breaker.call(ok) == "ok"


def test_of_many_threads_that_release_one_does() -> None:
    breaker = CircuitBreaker()
    held, other = breaker.isolate(), breaker.isolate()
    threads = [threading.Thread(target=held.release) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaker.state == "isolated"
    other.release()
    assert breaker.state == "closed"


def test_forced_open_and_back(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=2)
    fail(breaker)
    breaker.force_open()
    time.advance(1e6)
    assert (breaker.state, str(refused(breaker))) == ("forced_open", "the breaker is open")
    breaker.automatic()
    fail(breaker)
    assert breaker.state == "open"


def test_forced_closed_counts_nothing(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    breaker.force_closed()
    fail(breaker, 10)
    assert breaker.metrics == BreakerMetrics("forced_closed", 0, 0, 0, None, None, None)


def test_metrics_only_counts_and_never_opens(time: VirtualTime) -> None:
    breaker = CircuitBreaker(min_calls=2, slow=timedelta(seconds=1), slow_rate=0.5)
    breaker.metrics_only()
    fail(breaker)
    breaker.call(time.advance, 1)
    assert breaker.metrics == BreakerMetrics("metrics_only", 2, 1, 1, 0.5, 0.5, None)
    assert copy.copy(breaker.metrics) == breaker.metrics


def test_a_reset_leaves_the_order(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    fail(breaker)
    breaker.force_open()
    breaker.reset()
    breaker.automatic()
    assert (breaker.state, breaker.metrics.calls) == ("closed", 0)


def test_slow_calls_open_it_and_say_for_how_long(time: VirtualTime) -> None:
    breaker = CircuitBreaker(slow=2, slow_rate=0.5, min_calls=2, open=7)
    breaker.call(ok)
    breaker.call(time.advance, 2)
    assert breaker.metrics == BreakerMetrics("open", 2, 0, 1, 0.0, 0.5, 7.0)


def test_a_window_of_calls(time: VirtualTime) -> None:
    breaker = CircuitBreaker(count_window=3)
    fail(breaker)
    time.advance(1e6)
    breaker.call(ok)
    fail(breaker)
    assert breaker.metrics.failure_rate == 0.666
    assert breaker.state == "open"


def test_n_of_m_probes_and_a_longest_half_open_time(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1, probes=3, successes=2, half_open=2)
    fail(breaker)
    time.advance(5)
    breaker.call(ok)
    fail(breaker)
    assert breaker.state == "half_open"
    time.advance(2)
    assert (breaker.state, breaker.metrics.retry_in) == ("open", 10.0)


async def takes(time: VirtualTime, seconds: float) -> None:
    time.advance(seconds)


def test_slowness_of_async_calls_and_blocks(time: VirtualTime, run: Run) -> None:
    breaker = CircuitBreaker(slow=1, min_calls=10)

    async def main() -> None:
        await breaker.acall(takes, time, 1)
        async with breaker:
            time.advance(1)

    run(main)
    assert breaker.metrics.slow == 2


# ---- A breaker for each key. ----


def test_each_key_has_a_breaker_of_its_own(time: VirtualTime) -> None:
    breakers = CircuitBreaker(consecutive=1, ignore=KeyError)
    fail(breakers.keyed("search"))
    assert breakers.keyed("search").state == "open"
    assert (breakers.keyed("send").state, breakers.state) == ("closed", "closed")
    with pytest.raises(KeyError):
        breakers.keyed("send").call(lambda: {}["x"])
    assert breakers.keyed("send").metrics.calls == 0


def test_a_key_has_every_method(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1).keyed("search")

    @breaker
    def broken() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()
    refused(breaker)
    breaker.reset()
    with pytest.raises(ConnectionError), breaker:
        raise ConnectionError
    with breaker.isolate():
        assert breaker.state == "isolated"
    breaker.force_closed()
    assert breaker.state == "forced_closed"


def test_the_least_recently_used_key_goes(time: VirtualTime) -> None:
    breakers = CircuitBreaker(consecutive=1, max_keys=2)
    fail(breakers.keyed("a"))
    breakers.keyed("b").call(ok)
    breakers.keyed("c").call(ok)
    assert breakers.keyed("a").state == "open"
    fail(breakers.keyed("d"))
    fail(breakers.keyed("e"))
    assert breakers.keyed("a").state == "closed"


def test_a_call_of_a_key_that_went_is_not_heard(time: VirtualTime) -> None:
    breakers = CircuitBreaker(consecutive=1, max_keys=1)
    with pytest.raises(ConnectionError), breakers.keyed("a"):
        breakers.keyed("b").call(ok)
        raise ConnectionError
    assert (breakers.keyed("a").state, breakers.keyed("b").state) == ("closed", "closed")


def test_nonsense_is_refused() -> None:
    key: Any = 3
    with pytest.raises(TypeError, match=r"^key: 3 is not allowed; use text$"):
        CircuitBreaker().keyed(key)
    for ignore in ("KeyError", (KeyError, int), KeyError()):
        with pytest.raises(TypeError, match=r"^ignore: .* is not allowed; use classes of exceptions$"):
            CircuitBreaker(ignore=ignore)  # type: ignore[arg-type]
    for options, line in (
        ({"max_keys": 0}, "max_keys: 0 is not allowed; use a whole number from 1 to 100000"),
        ({"max_keys": 1.5}, "max_keys: 1.5 is not allowed; use a whole number from 1 to 100000"),
        ({"max_keys": -1}, "max_keys: -1 is not allowed; use a whole number from 1 to 100000"),
        ({"slow": 0}, "breaker.slow: 0 s is not allowed; use 0.001 s to 30 days"),
        ({"successes": 2}, "breaker.successes: 2 is not allowed; use at most breaker.probes, which is 1"),
    ):
        with pytest.raises(ValueError) as caught:
            CircuitBreaker(**options)  # type: ignore[arg-type]
        assert str(caught.value) == line


# ---- Routes of a session. ----


def test_an_isolated_route_is_passed_over_until_it_is_released() -> None:
    session = Session(routes=["primary", "backup"])
    with session.isolate("primary") as held:
        assert isinstance(held, Isolation)
        other = session.isolate("primary")
        turn = session.turn()
        assert turn.call(lambda attempt: attempt.route.name) == "backup"
        assert turn.report().lines[0] == "primary: skipped, held open by a manual override"
    assert (session.breaker("primary"), route_of(session)) == ("isolated", "backup")
    other.release()
    assert route_of(session) == "primary"


def test_with_all_routes_taken_out_nobody_says_when(time: VirtualTime) -> None:
    session = Session(Policy(fallback={"when_refused": "wait"}), routes=["primary"])
    with (
        session.isolate("primary"),
        pytest.raises(
            BreakerOpen, match=r"^no route can be asked: primary is held open by a manual override$"
        ) as caught,
    ):
        route_of(session)
    assert caught.value.retry_in is None
    assert time.slept == []


def test_orders_to_a_route() -> None:
    session = Session(Policy(breaker={"consecutive": 1}, retry={"max_attempts": 1}), routes=["primary", "backup"])

    def broken(attempt: Attempt) -> str:
        if attempt.route.name == "primary":
            raise TransientError
        return str(attempt.route.name)

    session.force_closed("primary")
    for _ in range(3):
        session.turn().call(broken)
    assert session.breaker_metrics("primary") == BreakerMetrics("forced_closed", 0, 0, 0, None, None, None)
    session.metrics_only("primary")
    for _ in range(5):
        session.turn().call(broken)
    assert session.breaker_metrics("primary") == BreakerMetrics("metrics_only", 5, 5, 0, 1.0, None, None)
    session.force_open("primary")
    session.reset("primary")
    assert (session.breaker("primary"), route_of(session)) == ("forced_open", "backup")
    session.automatic("primary")
    assert route_of(session) == "primary"
    with pytest.raises(ValueError, match=r'^route: "x" is not allowed; use one of primary, backup$'):
        session.isolate("x")
