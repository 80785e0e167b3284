"""A hundred callers at once: exactly one of them probes, and nobody waits for a lock of ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from conftest import Run
from failsoft import Attempt, BreakerOpen, CircuitBreaker, Policy, Session, TransientError
from test_threads import together

CALLERS = 100


def opened_breaker() -> CircuitBreaker:
    """It has just become half open."""
    now = [0.0]
    breaker = CircuitBreaker(consecutive=1, clock=lambda: now[0])
    with pytest.raises(TransientError), breaker:
        raise TransientError
    now[0] += 5
    return breaker


def opened_session() -> Session:
    now = [0.0]
    policy = Policy(breaker={"consecutive": 1}, retry={"max_attempts": 1})
    session = Session(policy, routes=["primary", "backup"], clock=lambda: now[0])

    def broken(attempt: Attempt) -> None:
        if attempt.route.name == "primary":
            raise TransientError

    session.turn().call(broken)
    now[0] += 5
    return session


class Crowd:
    """Of all callers those who are let through wait until all others were turned away."""

    def __init__(self) -> None:
        self.probes, self.others = 0, 0
        self.lock, self.let_go = threading.Lock(), threading.Event()

    def probe(self) -> None:
        with self.lock:
            self.probes += 1
        assert self.let_go.wait(30)

    def turned_away(self) -> None:
        with self.lock:
            self.others += 1
            if self.others == CALLERS - 1:
                self.let_go.set()


def test_of_100_threads_one_probes_a_breaker() -> None:
    breaker, crowd = opened_breaker(), Crowd()

    def work(_: int) -> None:
        try:
            breaker.call(crowd.probe)
        except BreakerOpen:
            crowd.turned_away()

    together(work, CALLERS)
    assert (crowd.probes, crowd.others, breaker.state) == (1, 99, "closed")


def test_of_100_threads_one_probes_a_route() -> None:
    session, crowd = opened_session(), Crowd()

    def request(attempt: Attempt) -> None:
        crowd.probe() if attempt.route.name == "primary" else crowd.turned_away()

    together(lambda _: session.turn().call(request), CALLERS)
    assert (crowd.probes, crowd.others, session.breaker("primary")) == (1, 99, "closed")


async def all_at_once(run: Callable[[], Awaitable[None]], event: Any) -> None:
    if isinstance(event, asyncio.Event):
        await asyncio.gather(*(run() for _ in range(CALLERS)))
        return
    async with trio.open_nursery() as nursery:
        for _ in range(CALLERS):
            nursery.start_soon(run)


def new_event(run: Run) -> Any:
    async def which() -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return trio.Event()
        return asyncio.Event()

    return run(which)


def test_of_100_tasks_one_probes_a_breaker(run: Run) -> None:
    breaker, event, counts = opened_breaker(), new_event(run), [0, 0]

    async def probe() -> None:
        counts[0] += 1
        await event.wait()

    async def one() -> None:
        try:
            await breaker.acall(probe)
        except BreakerOpen:
            counts[1] += 1
            if counts[1] == CALLERS - 1:
                event.set()

    run(lambda: all_at_once(one, event))
    assert (counts, breaker.state) == ([1, 99], "closed")


def test_of_100_tasks_one_probes_a_route(run: Run) -> None:
    session, event, counts = opened_session(), new_event(run), [0, 0]

    async def request(attempt: Attempt) -> None:
        counts[attempt.route.name != "primary"] += 1
        if attempt.route.name == "primary":
            await event.wait()
        elif counts[1] == CALLERS - 1:
            event.set()

    async def one() -> None:
        await session.turn().acall(request)

    run(lambda: all_at_once(one, event))
    assert (counts, session.breaker("primary")) == ([1, 99], "closed")


@pytest.mark.parametrize("key", [None, "one"])
def test_20_threads_are_inside_one_breaker_at_a_time(key: str | None) -> None:
    breaker = CircuitBreaker() if key is None else CircuitBreaker().keyed(key)
    inside = threading.Barrier(20, timeout=30)
    # Nobody gets past before all are inside: a lock held over the function would keep the second one out.
    together(lambda _: breaker.call(inside.wait))
    assert breaker.metrics.calls == 20


def test_20_threads_are_inside_one_route_at_a_time() -> None:
    session, inside = Session(routes=["primary"]), threading.Barrier(20, timeout=30)
    together(lambda _: session.turn().call(lambda attempt: inside.wait()))
    assert session.breaker_metrics("primary").calls == 20
