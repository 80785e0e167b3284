"""Shared by threads: no lock of ours is ever held over the user's code, and nothing is borrowed twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from failsoft import Agent, Attempt, BreakerOpen, Policy, Session, TransientError
from failsoft.testing import calls, says, script


def together(work: Any, count: int = 20) -> None:
    ready, wrong = threading.Barrier(count), list[BaseException]()

    def run(number: int) -> None:
        ready.wait()
        try:
            work(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_20_threads_share_one_session() -> None:
    session = Session(Policy(retry={"base": 0}), routes=["a", "b"])
    answers: list[str] = []

    def request(attempt: Attempt) -> str:
        if attempt.number == 1 and attempt.id % 3 == 0:
            raise TransientError
        return str(attempt.route.name)

    def work(_: int) -> None:
        for _ in range(100):
            with session.turn() as turn:
                turn.step()
                answers.append(turn.call(request))
                session.breaker("a")
                turn.report()

    together(work)
    assert len(answers) == 2_000


def test_20_threads_share_one_turn() -> None:
    turn = Session(routes=["a"]).turn()
    ids: list[int] = []

    def work(_: int) -> None:
        for _ in range(50):
            turn.call(lambda attempt: ids.append(attempt.id))

    together(work)
    assert len(set(ids)) == len(ids) == 1_000
    assert turn.report().attempts == 1_000


def test_20_threads_run_one_agent() -> None:
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    def model(messages: Any, tools: Any) -> Any:
        if len(messages) == 1:
            return calls("add", a=int(messages[0]["content"]), b=1)
        return {"answer": messages[-1]["content"]}

    agent = Agent(model, tools=[add])

    def work(number: int) -> None:
        for at in range(5):
            assert agent.run(str(number * 100 + at)).answer == str(number * 100 + at + 1)

    together(work)


def test_of_20_threads_exactly_one_probes_a_route() -> None:
    now = [0.0]
    session = Session(Policy(breaker={"consecutive": 1}, retry={"max_attempts": 1}), routes=["a"], clock=lambda: now[0])

    def broken(_: Attempt) -> None:
        raise TransientError

    with pytest.raises(Exception, match="gave up"):
        session.turn().call(broken)
    now[0] += 5
    let_go, refused, probes = threading.Event(), threading.Semaphore(0), list[int]()

    def probe(attempt: Attempt) -> None:
        probes.append(attempt.id)
        let_go.wait()

    def work(number: int) -> None:
        if number == 0:
            for _ in range(19):
                assert refused.acquire(timeout=10)
            let_go.set()
            return
        try:
            session.turn().call(probe)
        except BreakerOpen:
            refused.release()

    together(work, 21)
    assert len(probes) == 1
    assert session.breaker("a") == "closed"


def test_a_clock_that_asks_the_session_does_not_deadlock() -> None:
    inside = threading.local()

    def clock() -> float:
        if not getattr(inside, "asking", False):
            inside.asking = True
            session.breaker("a")
            inside.asking = False
        return 1.0

    session = Session(routes=["a"], clock=clock)
    assert session.turn().call(lambda _: "ok") == "ok"


def test_a_clock_that_raises_breaks_only_the_call() -> None:
    broken = [False]

    def clock() -> float:
        if broken[0]:
            raise ZeroDivisionError
        return 1.0

    session = Session(routes=["a"], clock=clock)
    turn = session.turn()
    broken[0] = True
    with pytest.raises(ZeroDivisionError):
        session.breaker("a")
    broken[0] = False
    assert turn.call(lambda _: "ok") == "ok"


@pytest.mark.parametrize("absurd", [float("nan"), float("inf"), -1e300, 1e300])
def test_an_absurd_clock_breaks_nothing(absurd: float) -> None:
    assert Session(routes=["a"], clock=lambda: absurd).turn().call(lambda _: "ok") == "ok"


def test_an_agent_may_run_inside_a_tool_of_another() -> None:
    def inner() -> str:
        """Asks another agent."""
        return Agent(script(says("inner"))).run("x").answer

    outer = Agent(script(calls("inner"), says("{last_tool_result}")), tools=[inner])
    assert outer.run("x").answer == "inner"
