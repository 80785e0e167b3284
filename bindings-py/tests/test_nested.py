"""Turns within turns: they find the one above, have its time left at most, and share its budgets if asked to."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Run
from failsoft import (
    Agent,
    Attempt,
    DeadlineExceeded,
    Exhausted,
    Policy,
    Result,
    Session,
    TransientError,
    Turn,
    attempts,
    call_with_deadline,
    current_turn,
    fallback,
    retry,
)
from failsoft.testing import VirtualTime, ahangs, calls, hangs, says, script


def session(**turn: Any) -> Session:
    return Session(Policy(retry={"jitter": "none"}, breaker={"enabled": False}, turn=turn), routes=["primary"])


def ask(*names: str) -> dict[str, Any]:
    return {"tool_calls": [{"id": name, "name": name, "arguments": {}} for name in names]}


def fail(_: Attempt) -> None:
    raise TransientError


# ---- The current turn. ----


def test_the_current_turn_is_that_of_the_innermost_block() -> None:
    assert current_turn() is None
    with session().turn() as outer:
        with session().turn() as inner:
            assert current_turn() is inner
        assert current_turn() is outer
    assert current_turn() is None


def test_a_turn_without_a_block_is_not_current() -> None:
    session().turn()
    assert current_turn() is None


def test_a_block_left_by_an_error_gives_the_turn_before_back() -> None:
    with session().turn() as outer:
        with pytest.raises(KeyError), session().turn():
            raise KeyError
        assert current_turn() is outer


def test_a_block_may_be_left_in_another_context_than_it_was_entered_in() -> None:
    turn = session().turn()
    contextvars.copy_context().run(turn.__enter__)
    turn.__exit__(None, None, None)
    assert current_turn() is None


def test_tasks_have_the_turn_of_whoever_started_them(run: Run) -> None:
    async def main() -> None:
        async with session().turn() as turn:
            found = await turn.acall(look)
            assert found is turn
        assert current_turn() is None

    async def look(_: Attempt) -> Turn | None:
        return current_turn()

    run(main)


def test_tasks_beside_each_other_have_turns_of_their_own() -> None:
    import asyncio

    async def one(seen: list[bool]) -> None:
        async with session().turn() as turn:
            await asyncio.sleep(0)
            seen.append(current_turn() is turn)
            await asyncio.sleep(0)
            seen.append(current_turn() is turn)

    async def main() -> list[bool]:
        seen: list[bool] = []
        await asyncio.gather(*(one(seen) for _ in range(10)))
        return seen

    assert asyncio.run(main()) == [True] * 20


def test_a_thread_of_ours_has_the_turn_and_another_has_none() -> None:
    found: list[Turn | None] = []
    with session().turn() as turn:
        assert turn.call(lambda _: current_turn(), isolate=True) is turn
        thread = threading.Thread(target=lambda: found.append(current_turn()))
        thread.start()
        thread.join()
    assert found == [None]


def test_models_and_tools_of_an_agent_find_its_turn(time: VirtualTime) -> None:
    found: list[Turn | None] = []

    def look() -> str:
        found.append(current_turn())
        return "looked"

    def model(messages: Any, tools: Any) -> Any:
        found.append(current_turn())
        return ask("look") if len(messages) == 1 else {"answer": "done"}

    with session().turn() as outer:
        assert Agent(model, tools=[look]).run("x").answer == "done"
        assert current_turn() is outer
    assert len(found) == 3
    assert len(set(found)) == 1 and found[0] not in (None, outer)


def test_async_models_and_tools_of_an_agent_find_its_turn(run: Run) -> None:
    found: list[Turn | None] = []

    async def look() -> str:
        found.append(current_turn())
        return "looked"

    def look_plainly() -> str:
        found.append(current_turn())
        return "looked"

    async def model(messages: Any, tools: Any) -> Any:
        found.append(current_turn())
        return ask("look", "look_plainly") if len(messages) == 1 else {"answer": "done"}

    async def main() -> Result:
        return await Agent(model, tools=[look, look_plainly]).arun("x")

    assert run(main).answer == "done"
    assert len(found) == 4
    assert len(set(found)) == 1 and found[0] is not None


def test_whoever_reads_a_stream_of_events_keeps_his_own_turn() -> None:
    with session().turn() as turn:
        for _ in Agent(script(says("hi"))).stream("x"):
            assert current_turn() is turn


# ---- Deadlines. ----


def test_a_turn_within_another_has_the_time_that_is_left(time: VirtualTime) -> None:
    with session(deadline=60).turn() as outer:
        time.advance(20)
        assert session().turn().time_left() == 40
        assert session().turn(deadline=10).time_left() == 10
        assert session().turn(deadline=90).time_left() == 40
        assert session().turn(parent=None).time_left() is None
        assert session(deadline=90).turn(parent=None).time_left() == 90
    assert session().turn(parent=outer).time_left() == 40
    assert session().turn().time_left() is None


def test_the_clocks_of_the_two_sessions_may_differ(time: VirtualTime) -> None:
    other = Session(routes=["primary"], clock=lambda: 5.0)
    with session(deadline=60).turn():
        time.advance(20)
        assert other.turn().time_left() == 40


def test_a_parent_is_a_turn() -> None:
    with pytest.raises(
        TypeError, match='parent: "mine" is not allowed; use a turn, None to stand alone, or leave it out'
    ):
        session().turn(parent="mine")  # type: ignore[arg-type]


def test_a_sub_agent_ends_with_the_time_of_the_agent_whose_tool_it_is(time: VirtualTime) -> None:
    below: list[Result] = []

    def research() -> str:
        below.append(Agent(script(hangs())).run("look it up"))
        return below[-1].answer

    policy = Policy(turn={"deadline": 60})
    result = Agent(script(calls("research"), says("done")), tools=[research], policy=policy).run("x")
    assert (below[0].stop_reason, result.stop_reason) == ("deadline", "deadline")
    assert time.now == 1060


def test_an_async_sub_agent_ends_with_the_time_of_the_agent_whose_tool_it_is(run: Run, time: VirtualTime) -> None:
    below: list[Result] = []

    async def research() -> str:
        below.append(await Agent(script(ahangs(), is_async=True)).arun("look it up"))
        return below[-1].answer

    async def main() -> Result:
        policy = Policy(turn={"deadline": 60})
        model = script(calls("research"), says("done"), is_async=True)
        return await Agent(model, tools=[research], policy=policy).arun("x")

    assert run(main).stop_reason == "deadline"
    assert [one.stop_reason for one in below] in ([], ["deadline"])  # which of the two timers is first does not matter
    assert time.now == 1060


def test_a_sub_agent_may_stand_alone(time: VirtualTime) -> None:
    def research() -> str:
        left = []

        def model(messages: Any, tools: Any) -> Any:
            turn = current_turn()
            left.append(turn and turn.time_left())
            return {"answer": "found"}

        Agent(model).run("look it up", parent=None)
        Agent(model).run("look it up")
        return repr(left)

    policy = Policy(turn={"deadline": 60})
    result = Agent(script(calls("research"), says("done")), tools=[research], policy=policy).run("x")
    assert [message["content"] for message in result.messages if message["role"] == "tool"] == ["[None, 60.0]"]


# ---- Budgets. ----


def test_shared_attempts_count_for_both_turns(time: VirtualTime) -> None:
    with session(attempts=3).turn() as outer:
        outer.call(lambda _: None)
        with pytest.raises(Exhausted, match="the limit of 3 attempts, shared with other turns, is reached") as wrong:
            session().turn(share_budgets=True).call(fail)
        assert isinstance(wrong.value.__cause__, TransientError)
        with pytest.raises(Exhausted, match="the limit of 3 attempts"):
            outer.call(lambda _: None)
        assert outer.report().attempts == 1


def test_without_sharing_each_turn_has_its_own_budgets(time: VirtualTime) -> None:
    with session(attempts=1).turn() as outer:
        inner = session(attempts=1).turn()
        assert (inner.call(lambda _: "inner"), outer.call(lambda _: "outer")) == ("inner", "outer")


def test_a_sub_agent_shares_the_budgets_of_the_agent_whose_tool_it_is(time: VirtualTime) -> None:
    below: list[Result] = []

    def noop() -> str:
        return "nothing"

    def research() -> str:
        below.append(Agent(script(calls("noop"), calls("noop")), tools=[noop]).run("look it up", share_budgets=True))
        return below[-1].answer

    policy = Policy(turn={"tool_calls": 2})
    result = Agent(script(calls("research"), calls("research")), tools=[research], policy=policy).run("x")
    assert (below[0].stop_reason, result.stop_reason) == ("tool_limit", "tool_limit")
    assert len(below) == 1


def test_20_threads_share_one_budget_to_the_last_attempt() -> None:
    made: list[int] = []
    with session(attempts=100).turn() as outer:

        def work() -> None:
            turn = session().turn(parent=outer, share_budgets=True)
            with pytest.raises(Exhausted, match="shared with other turns"):
                while True:
                    turn.call(lambda attempt: made.append(attempt.id))

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 100


# ---- The plain functions. ----


def test_a_retry_obeys_the_deadline_of_the_current_turn(time: VirtualTime) -> None:
    tried: list[float] = []

    def flaky() -> None:
        tried.append(time.now)
        raise TransientError

    with session(deadline=1).turn():
        with pytest.raises((DeadlineExceeded, Exhausted)):
            retry(flaky, max_attempts=10, jitter="none")
        assert tried == [1000.0, 1000.5]  # the next one would begin after the deadline
        time.advance(1)
        with pytest.raises(DeadlineExceeded, match="deadline"):
            retry(flaky)
        assert len(tried) == 2


def test_a_block_of_attempts_obeys_the_deadline_of_the_current_turn(time: VirtualTime) -> None:
    with session(deadline=1).turn():
        time.advance(1)
        with pytest.raises(DeadlineExceeded):
            for attempt in attempts():
                with attempt:
                    raise AssertionError("nothing begins after the deadline")


def test_attempts_tell_when_the_deadline_passed_during_a_wait(time: VirtualTime) -> None:
    def oversleep(delay: float) -> None:
        time.advance(60)

    with session(deadline=10).turn(), pytest.raises(DeadlineExceeded) as wrong:
        for attempt in attempts(jitter="none", sleep=oversleep):
            with attempt:
                raise TransientError
    assert isinstance(wrong.value.__cause__, TransientError)


def test_a_call_with_a_deadline_obeys_that_of_the_current_turn(time: VirtualTime) -> None:
    with session(deadline=10).turn():
        with pytest.raises(DeadlineExceeded) as wrong:
            call_with_deadline(lambda: time.hang(100), 60)
        assert not isinstance(wrong.value, TransientError)  # asking again cannot help
        assert time.now == 1010
        with pytest.raises(DeadlineExceeded):
            call_with_deadline(lambda: "too late", 60)


def test_an_async_call_with_a_deadline_obeys_that_of_the_current_turn(run: Run, time: VirtualTime) -> None:
    async def slow() -> None:
        await time.ahang(100)

    async def main() -> None:
        async with session(deadline=10).turn():
            with pytest.raises(DeadlineExceeded) as wrong:
                await call_with_deadline(slow, 60)
            assert not isinstance(wrong.value, TransientError)

    run(main)


def test_a_fallback_begins_no_option_after_the_deadline_of_the_current_turn(time: VirtualTime) -> None:
    def slow() -> None:
        time.advance(10)
        raise TransientError

    second: list[int] = []
    option: Callable[[], None] = lambda: second.append(1)  # noqa: E731 - one word
    with session(deadline=10).turn(), pytest.raises(DeadlineExceeded):
        fallback(slow, option)
    assert second == []
