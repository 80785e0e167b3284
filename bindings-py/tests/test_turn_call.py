from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from conftest import Failing, Run
from failsoft import (
    Attempt,
    BreakerOpen,
    CallTimeout,
    DeadlineExceeded,
    Exhausted,
    PermanentError,
    Policy,
    Route,
    Session,
    StepLimitExceeded,
    TransientError,
)
from failsoft.testing import VirtualTime

NO_JITTER: dict[str, Any] = {"retry": {"jitter": "none"}}


class Provider:
    """Answers with the route's name, but for routes that are down."""

    def __init__(self, *down: str) -> None:
        self.down, self.asked = set(down), list[str]()

    def __call__(self, attempt: Attempt) -> str:
        self.asked.append(attempt.route.name)
        if attempt.route.name in self.down:
            raise TransientError(attempt.route.name)
        return str(attempt.route.name)

    async def ask(self, attempt: Attempt) -> str:
        return self(attempt)


def test_the_primary_is_asked_first(time: VirtualTime) -> None:
    provider = Provider()
    assert Session(routes=["a", "b"]).turn().call(provider) == "a"
    assert provider.asked == ["a"]


def test_a_failing_route_is_retried_then_left(time: VirtualTime) -> None:
    provider = Provider("a")
    session = Session(Policy(**NO_JITTER), routes=["a", "b"])
    assert session.turn().call(provider) == "b"
    assert provider.asked == ["a", "a", "a", "b"]
    assert time.slept == [0.5, 1.0]


def test_the_next_turn_is_back_on_the_primary(time: VirtualTime) -> None:
    provider = Provider("a")
    session = Session(routes=["a", "b"])
    with session.turn() as turn:
        assert turn.call(provider) == "b"
        assert turn.call(provider) == "b"
    provider.down.clear()
    assert session.turn().call(provider) == "a"


def test_the_async_form_does_the_same(run: Run, time: VirtualTime) -> None:
    provider = Provider("a")
    session = Session(Policy(**NO_JITTER), routes=["a", "b"])

    async def main() -> str:
        async with session.turn() as turn:
            return await turn.acall(provider.ask)

    assert run(main) == "b"
    assert provider.asked == ["a", "a", "a", "b"]
    assert time.slept == [0.5, 1.0]


def test_an_attempt_says_how_to_make_it(time: VirtualTime) -> None:
    route = Route("a", timeout=7)
    seen: list[Attempt] = []

    def request(attempt: Attempt) -> None:
        seen.append(attempt)
        if len(seen) < 3:
            raise TransientError

    Session(routes=[route]).turn().call(request)
    assert all(attempt.route is route for attempt in seen)
    assert [attempt.number for attempt in seen] == [1, 2, 3]
    assert [attempt.timeout for attempt in seen] == [7.0] * 3
    assert len({attempt.idempotency_key for attempt in seen}) == 1
    assert len({attempt.id for attempt in seen}) == 3
    assert seen[0].client is None


def test_two_calls_have_two_keys(time: VirtualTime) -> None:
    keys = []
    with Session(routes=["a"]).turn() as turn:
        for _ in range(2):
            turn.call(lambda attempt: keys.append(attempt.idempotency_key))
    assert len(set(keys)) == 2


def test_a_permanent_error_comes_out_unchanged(time: VirtualTime) -> None:
    error = PermanentError("no")
    provider = Failing(9, error)
    with pytest.raises(PermanentError) as caught:
        Session(routes=["a", "b"]).turn().call(provider)
    assert caught.value is error
    assert provider.calls == 1


def test_when_all_is_tried_it_says_what_and_why(time: VirtualTime) -> None:
    session = Session(Policy(**NO_JITTER), routes=["a", "b"])
    with pytest.raises(Exhausted) as caught:
        session.turn().call(Provider("a", "b"))
    assert isinstance(caught.value.__cause__, TransientError)
    assert str(caught.value).startswith("gave up after 6 attempts in 3 s: a server_error x3, b server_error x3")


def test_an_open_breaker_refuses_and_names_the_time(time: VirtualTime) -> None:
    provider = Provider("a")
    session = Session(Policy(breaker={"consecutive": 3}), routes=["a"])
    with pytest.raises(Exhausted):
        session.turn().call(provider)
    assert session.breaker("a") == "open"
    with pytest.raises(BreakerOpen) as caught:
        session.turn().call(provider)
    assert caught.value.retry_in is not None
    assert 4 < caught.value.retry_in <= 5
    assert len(provider.asked) == 3
    session.reset("a")
    assert session.breaker("a") == "closed"


def test_an_unknown_route_is_named(time: VirtualTime) -> None:
    with pytest.raises(ValueError, match='route: "c" is not allowed; use one of a, b'):
        Session(routes=["a", "b"]).breaker("c")


def test_the_deadline_of_a_turn_ends_it(time: VirtualTime) -> None:
    session = Session(Policy(retry={"jitter": "none", "base": 4, "max_attempts": 9}), routes=["a"])
    before = time.now
    with pytest.raises((DeadlineExceeded, Exhausted)):
        session.turn(deadline=10).call(Provider("a"))
    assert time.now - before <= 10


def test_after_the_deadline_nothing_is_asked(time: VirtualTime) -> None:
    provider = Provider()
    turn = Session(routes=["a"]).turn(deadline=10)
    time.advance(10)
    with pytest.raises(DeadlineExceeded, match="the deadline of 10 s has passed"):
        turn.call(provider)
    assert provider.asked == []


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf")])
def test_a_deadline_of_nonsense_is_refused(deadline: float) -> None:
    with pytest.raises(ValueError, match=r"turn\.deadline: .* is not allowed"):
        Session(routes=["a"]).turn(deadline=deadline)


def test_an_isolated_request_is_left_behind_at_its_limit(time: VirtualTime) -> None:
    asked = []

    def request(attempt: Attempt) -> str:
        asked.append(attempt.route.name)
        if attempt.route.name == "a":
            time.hang()
        return "late"

    session = Session(Policy(attempt={"timeout": 3}), routes=["a", "b"])
    before = time.now
    assert session.turn().call(request, isolate=True) == "late"
    assert asked == ["a", "b"]
    assert time.now - before == 3


def test_an_async_request_is_cancelled_at_its_limit(run: Run, time: VirtualTime) -> None:
    cancelled = []

    async def request(attempt: Attempt) -> str:
        if attempt.route.name == "a":
            try:
                await time.ahang()
            finally:
                cancelled.append("a")
        return str(attempt.route.name)

    session = Session(Policy(attempt={"timeout": 3}), routes=["a", "b"])

    async def main() -> str:
        return await session.turn().acall(request)

    assert run(main) == "b"
    assert cancelled == ["a"]


def test_the_last_timeout_is_the_cause(run: Run, time: VirtualTime) -> None:
    async def request(_: Attempt) -> None:
        await time.ahang()

    async def main() -> None:
        with pytest.raises(Exhausted) as caught:
            await Session(Policy(attempt={"timeout": 3}, **NO_JITTER), routes=["a"]).turn().acall(request)
        assert isinstance(caught.value.__cause__, CallTimeout)

    run(main)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit()])
def test_cancellation_passes_at_once_and_gives_the_probe_back(time: VirtualTime, error: BaseException) -> None:
    session = Session(Policy(breaker={"consecutive": 3}), routes=["a"])
    with pytest.raises(Exhausted):
        session.turn().call(Provider("a"))
    time.advance(5)
    with pytest.raises(type(error)) as caught:
        session.turn().call(Failing(1, error))
    assert caught.value is error
    assert session.turn().call(Provider()) == "a"


def test_ctrl_c_in_a_wait_passes(time: VirtualTime) -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    session = Session(routes=["a"], sleep=sleep)
    with pytest.raises(KeyboardInterrupt):
        session.turn().call(Provider("a"))


def test_steps_are_counted_up_to_the_limit(time: VirtualTime) -> None:
    turn = Session(Policy(turn={"steps": 2}), routes=["a"]).turn()
    turn.step()
    turn.step()
    with pytest.raises(StepLimitExceeded, match=r"the limit is turn\.steps in the policy"):
        turn.step()


def test_no_step_is_taken_after_the_deadline(time: VirtualTime) -> None:
    turn = Session(routes=["a"]).turn(deadline=1)
    time.advance(1)
    with pytest.raises(DeadlineExceeded):
        turn.step()


def test_the_report_tells_what_happened(time: VirtualTime) -> None:
    with Session(Policy(**NO_JITTER), routes=["a", "b"]).turn() as turn:
        turn.step()
        turn.call(Provider("a"))
    report = turn.report()
    assert (report.steps, report.attempts, report.stop_reason, report.route) == (1, 4, None, "b")
    assert report.lines[0].startswith("a: attempt 1 failed")


def test_a_hint_of_the_provider_cools_the_route_for_others(time: VirtualTime) -> None:
    class RateLimited(Exception):
        status_code, headers = 429, {"retry-after": "120"}

    def request(attempt: Attempt) -> str:
        if attempt.route.name == "a":
            raise RateLimited
        return "b"

    session = Session(routes=["a", "b"])
    assert session.turn().call(request) == "b"
    provider = Provider()
    assert session.turn().call(provider) == "b"
    time.advance(120)
    assert session.turn().call(provider) == "a"


@pytest.mark.parametrize("error", [PermanentError, TransientError])
def test_no_cycle_keeps_an_exception_alive(time: VirtualTime, error: type[Exception]) -> None:
    gone = []

    def request(_: Attempt) -> None:
        failure = error()
        gone.append(weakref.ref(failure))
        try:
            raise failure
        finally:
            del failure

    gc.disable()
    try:
        try:
            Session(routes=["a"]).turn().call(request)
        except Exception:
            pass
        assert [ref() for ref in gone] == [None] * len(gone)
    finally:
        gc.enable()


def test_a_turn_that_its_own_session_holds_can_be_collected() -> None:
    session = Session(routes=["a"])
    turn = session.turn()
    session.sleep = lambda _, held=turn: held
    gone = weakref.ref(session)
    del session, turn
    gc.collect()
    assert gone() is None
