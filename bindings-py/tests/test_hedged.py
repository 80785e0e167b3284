"""Two requests under way at once: in threads, on asyncio and on trio. What they come to stands in the vectors."""

from __future__ import annotations

import contextvars
import gc
import weakref
from typing import Any

import pytest
import trio
from conftest import Run
from failsoft import Agent, Attempt, Exhausted, Policy, Session, TransientError
from failsoft.testing import VirtualTime

HEDGED: dict[str, Any] = {"hedge": {"delay": 2.0}, "retry": {"jitter": "none", "max_attempts": 1}}


class Slow:
    """Takes as long as it is told for each route, and notes what was asked and what was cancelled."""

    def __init__(self, time: VirtualTime, **spans: float) -> None:
        self.time, self.spans = time, spans
        self.asked: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []

    def __call__(self, attempt: Attempt) -> str:
        name = self.begin(attempt)
        self.time.hang(self.spans[name])
        return self.end(name)

    async def later(self, attempt: Attempt) -> str:
        name = self.begin(attempt)
        try:
            await self.time.ahang(self.spans[name])
        except BaseException:
            self.cancelled.append(name)
            raise
        return self.end(name)

    def begin(self, attempt: Attempt) -> str:
        self.asked.append((attempt.route.name, attempt.idempotency_key))
        return str(attempt.route.name)

    def end(self, name: str) -> str:
        self.ended.append(name)
        return name


def hedging(**more: Any) -> Session:
    return Session(Policy(**{**HEDGED, **more}), routes=["a", "b"])


def test_both_requests_have_one_key(time: VirtualTime) -> None:
    slow = Slow(time, a=9, b=1)
    with hedging().turn() as turn:
        assert turn.call(slow, isolate=True) == "b"
        assert turn.report().route == "b"
        assert turn.report().attempts == 2
    assert [name for name, _ in slow.asked] == ["a", "b"]
    assert len({key for _, key in slow.asked}) == 1


def test_a_request_that_runs_inline_is_never_hedged(time: VirtualTime) -> None:
    slow = Slow(time, a=9, b=1)
    assert hedging().turn().call(slow) == "a"
    assert [name for name, _ in slow.asked] == ["a"]


def test_both_threads_have_the_callers_context(time: VirtualTime) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    seen: list[str] = []

    def request(attempt: Attempt) -> str:
        seen.append(who.get())
        time.hang(9 if attempt.route.name == "a" else 1)
        return str(attempt.route.name)

    who.set("the caller")
    assert hedging().turn().call(request, isolate=True) == "b"
    assert seen == ["the caller"] * 2


def test_a_request_that_is_async_is_refused_in_a_thread(time: VirtualTime) -> None:
    async def request(attempt: Attempt) -> str:
        return "never"

    with pytest.raises(TypeError, match="the request is async"):
        hedging().turn().call(request, isolate=True)


def test_the_slower_task_is_cancelled(run: Run, time: VirtualTime) -> None:
    slow = Slow(time, a=9, b=1)

    async def main() -> str:
        return await hedging().turn().acall(slow.later)

    assert run(main) == "b"
    assert (slow.ended, slow.cancelled) == (["b"], ["a"])
    assert round(time.now - 1_000, 3) == 3


def test_a_request_that_ends_in_ctrl_c_ends_both(run: Run, time: VirtualTime) -> None:
    session = hedging(breaker={"consecutive": 1})
    slow = Slow(time, a=9, b=1)

    async def request(attempt: Attempt) -> str:
        if attempt.route.name == "b":
            raise KeyboardInterrupt
        return await slow.later(attempt)

    async def main() -> None:
        with pytest.raises(KeyboardInterrupt):
            await session.turn().acall(request)

    run(main)
    assert slow.cancelled == ["a"]
    assert (session.breaker("a"), session.breaker("b")) == ("closed", "closed")


def test_to_leave_gives_both_permits_back(time: VirtualTime) -> None:
    session = hedging(breaker={"consecutive": 1})
    slow = Slow(time, a=9, b=9)

    async def fails(attempt: Attempt) -> str:
        raise TransientError("down")

    async def main() -> None:
        with pytest.raises(Exhausted):
            await session.turn().acall(fails)
        assert (session.breaker("a"), session.breaker("b")) == ("open", "open")
        time.advance(6)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(session.turn().acall, slow.later)
                while len(slow.asked) < 2:
                    await trio.lowlevel.checkpoint()
                scope.cancel()
        assert sorted(slow.cancelled) == ["a", "b"]
        # Each was the one probe of its breaker; the next caller is let through.
        slow.spans = {"a": 0, "b": 0}
        assert await session.turn().acall(slow.later) == "a"

    trio.run(main)


def test_the_last_error_is_the_cause(run: Run, time: VirtualTime) -> None:
    async def request(attempt: Attempt) -> str:
        await time.ahang(3)
        raise TransientError(attempt.route.name)

    async def main() -> None:
        with pytest.raises(Exhausted) as caught:
            await hedging().turn().acall(request)
        assert str(caught.value.__cause__) == "b"

    run(main)


def test_nothing_holds_what_was_asked(time: VirtualTime) -> None:
    class Request:
        def __call__(self, attempt: Attempt) -> str:
            time.hang(3)
            raise TransientError(attempt.route.name)

    request = Request()
    gone = weakref.ref(request)
    gc.disable()
    try:
        with pytest.raises(Exhausted):
            hedging().turn().call(request, isolate=True)
        del request
        assert gone() is None
    finally:
        gc.enable()


def test_a_session_learns_how_long_its_answers_take(run: Run, time: VirtualTime) -> None:
    session = Session(Policy(hedge={"quantile": 0.95}), routes=["a", "b"])
    slow = Slow(time, a=0.1, b=0.1)

    async def main() -> None:
        for _ in range(20):
            assert await session.turn().acall(slow.later) == "a"
        slow.spans["a"] = 60
        before = time.now
        assert await session.turn().acall(slow.later) == "b"
        assert round(time.now - before, 3) == 0.204

    run(main)


class Honours:
    """A model that gives up at ``attempt.timeout`` by itself, as the adapters of the SDKs do."""

    honours_timeout = True

    def __init__(self, time: VirtualTime, span: float, text: str) -> None:
        self.time, self.span, self.text = time, span, text

    def ask(self, messages: Any, tools: Any, attempt: Attempt) -> Any:
        self.time.hang(self.span)
        return {"answer": self.text}


def test_an_agents_model_is_hedged_in_a_thread_though_it_needs_none(time: VirtualTime) -> None:
    agent = Agent(Honours(time, 9, "slow"), fallbacks=[Honours(time, 1, "quick")], policy=Policy(**HEDGED))
    result = agent.run("go")
    assert (result.answer, result.route, result.attempts) == ("quick", "backup", 2)
