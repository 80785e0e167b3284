"""After a fork: the child draws anew, permits of the parent mean nothing in it, and no lock is left held."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from failsoft import Attempt, BreakerOpen, CircuitBreaker, Policy, Route, Session, TransientError, current_turn, retry
from failsoft.testing import VirtualTime

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

OPENS = Policy(retry={"jitter": "none", "max_attempts": 1}, breaker={"consecutive": 1})


def in_child(work: Callable[[], Any]) -> Any:
    """What work brings in a child of this process."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            told = pickle.dumps((work(), None))
        except BaseException as error:
            told = pickle.dumps((None, repr(error)))
        with os.fdopen(sink, "wb") as pipe:
            pipe.write(told)
        os._exit(0)
    os.close(sink)
    with os.fdopen(source, "rb") as pipe:
        value, wrong = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    assert wrong is None, wrong
    return value


def fail(_: Attempt) -> None:
    raise TransientError


def key(attempt: Attempt) -> str:
    return attempt.idempotency_key


def test_the_child_draws_anew_and_the_parent_as_before() -> None:
    forked, alone = (Session(routes=["a"], seed=7) for _ in range(2))
    in_child_too = in_child(lambda: forked.turn().call(key))
    assert forked.turn().call(key) == alone.turn().call(key)
    assert in_child_too != alone.turn().call(key)
    assert in_child(lambda: forked.turn().call(key)) != in_child(lambda: forked.turn().call(key))


def test_a_turn_that_both_go_on_with_makes_keys_of_its_own_in_the_child() -> None:
    with Session(routes=["a"], seed=7).turn() as turn:
        turn.call(key)
        below = in_child(lambda: turn.call(key))
        assert below != turn.call(key)
        assert in_child(lambda: current_turn() is turn)


def test_the_permit_of_a_probe_in_the_parent_does_not_block_the_child(time: VirtualTime) -> None:
    session = Session(OPENS, routes=["a"])
    with pytest.raises(Exception, match="gave up"):
        session.turn().call(fail)
    time.advance(5)

    def probe(_: Attempt) -> tuple[str, str]:
        with pytest.raises(BreakerOpen):
            session.turn().call(lambda _: "another one while it is tested")
        below = in_child(lambda: session.turn().call(lambda _: "asked"))
        return below, session.breaker("a")

    assert session.turn().call(probe) == ("asked", "half_open")
    assert session.breaker("a") == "closed"


def test_what_the_parents_probe_comes_to_means_nothing_in_the_child(time: VirtualTime) -> None:
    session = Session(OPENS, routes=["a"])
    with pytest.raises(Exception, match="gave up"):
        session.turn().call(fail)
    time.advance(5)
    in_the_child: list[Any] = []

    def probe(_: Attempt) -> int:
        in_the_child.append(os.fork())
        return in_the_child[0]

    child = session.turn().call(probe)
    if child == 0:  # here the call of the parent has ended well, too, for nobody else
        os._exit(0 if session.breaker("a") == "half_open" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session.breaker("a") == "closed"


def test_a_circuit_breaker_gives_its_probe_to_the_child(time: VirtualTime) -> None:
    breaker = CircuitBreaker(consecutive=1)
    keyed = breaker.keyed("tool")
    for one in (breaker, keyed):
        with pytest.raises(TransientError), one:
            raise TransientError
    time.advance(5)
    for one in (breaker, keyed):
        with one:
            with pytest.raises(BreakerOpen):
                one.call(lambda: "another one while it is tested")
            assert in_child(lambda: (one.call(lambda: "asked"), one.state)) == ("asked", "closed")  # noqa: B023
            assert one.state == "half_open"
        assert one.state == "closed"


def test_the_child_makes_clients_of_its_own_and_closes_none_of_the_parent() -> None:
    log: list[str] = []

    def activate(route: Route) -> str:
        log.append(f"made in {'the parent' if os.getpid() == parent else 'the child'}")
        return log[-1]

    def close(client: str) -> None:
        log.append(f"closed what was {client}")

    parent = os.getpid()
    with Session(routes=[Route("a", activate=activate, close=close)]) as session:
        ask: Callable[[Attempt], Any] = lambda attempt: attempt.client  # noqa: E731 - one word
        assert session.turn().call(ask) == "made in the parent"

        def use() -> tuple[str, list[str]]:
            client = session.turn().call(ask)
            session.close()
            return client, log

        below = ["made in the parent", "made in the child", "closed what was made in the child"]
        assert in_child(use) == ("made in the child", below)
        assert session.turn().call(ask) == "made in the parent"
    assert log == ["made in the parent", "closed what was made in the parent"]


def test_no_lock_is_left_held_when_other_threads_are_at_work() -> None:
    session = Session(Policy(retry={"base": 0}), routes=["a", "b"])
    breaker, stop = CircuitBreaker(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            with session.turn() as turn:
                turn.call(lambda _: breaker.call(lambda: None))
                turn.report()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            asked = in_child(lambda: (session.turn().call(lambda _: breaker.call(lambda: "a")), retry(lambda: "r")))
            assert asked == ("a", "r")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
