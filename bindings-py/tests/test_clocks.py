"""A clock that goes back stands still; one that jumps ahead ends what it must."""

from __future__ import annotations

from typing import Any

import pytest
from failsoft import BreakerOpen, CircuitBreaker, Exhausted, Policy, Session, TransientError

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}, "breaker": {"consecutive": 1}}


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def fail(*_: object) -> None:
    raise TransientError


def test_a_clock_that_goes_back_makes_no_breaker_wait_longer() -> None:
    clock = Clock()
    breaker = CircuitBreaker(consecutive=1, clock=clock)
    with pytest.raises(TransientError):
        breaker.call(fail)
    clock.seconds -= 500
    assert breaker.metrics.retry_in == 5
    with pytest.raises(BreakerOpen, match="in 5 s") as raised:
        breaker.call(fail)
    assert raised.value.retry_in == 5
    clock.seconds += 505
    assert breaker.state == "half_open"


def test_nor_a_route() -> None:
    clock = Clock()
    session = Session(Policy(**ONCE), routes=["a"], clock=clock)
    with pytest.raises(Exhausted):
        session.turn().call(fail)
    clock.seconds -= 500
    assert session.breaker_metrics("a").retry_in == 5
    with pytest.raises(BreakerOpen) as raised:
        session.turn().call(fail)
    assert raised.value.retry_in == 5
    clock.seconds += 86_400
    assert session.breaker("a") == "half_open"


def test_nor_does_it_give_a_turn_more_time() -> None:
    clock = Clock()
    session, other = Session(routes=["a"], clock=clock), Session(routes=["a"], clock=Clock())
    turn = session.turn(deadline=10)
    clock.seconds -= 100
    assert turn.time_left() == 10
    assert session.turn(parent=turn).time_left() == 10
    assert other.turn(parent=turn).time_left() == 10
    clock.seconds += 86_400
    assert turn.time_left() == 0
