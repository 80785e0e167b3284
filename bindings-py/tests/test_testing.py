"""The public tools for tests keep their promises."""

from __future__ import annotations

import logging
import threading
import time as real
from typing import Any

import pytest
from conftest import Run
from failsoft import Agent, CallTimeout, Policy, Session, TransientError, call_with_deadline, retry
from failsoft.testing import NoticeRecorder, VirtualTime, ahangs, calls, fails, hangs, instant, says, script


def test_nothing_sleeps_inside_and_time_passes_all_the_same() -> None:
    before = real.monotonic()
    with instant() as time:
        start = time.now
        with pytest.raises(CallTimeout):
            call_with_deadline(time.hang, 3_600)
        assert time.now - start == 3_600
    assert real.monotonic() - before < 60


def test_only_waits_of_the_loops_are_recorded(time: VirtualTime) -> None:
    def slow() -> None:
        time.hang(9)
        raise TransientError

    with pytest.raises(Exception, match="gave up"):
        retry(slow, jitter="none")
    assert time.slept == [0.5, 1.0]


def test_it_ends_with_its_block() -> None:
    from failsoft._engine import timing

    before = timing.current()
    with instant() as outer, instant() as inner:
        assert timing.current() is inner is not outer
    assert timing.current() is before
    with pytest.raises(KeyError), instant():
        raise KeyError
    assert timing.current() is before


def test_nested_blocks_give_the_outer_clock_back() -> None:
    from failsoft._native import monotonic

    with instant(100):
        with instant(200):
            assert monotonic() == 200
        assert monotonic() == 100


def test_many_threads_sleep_through_one_virtual_day(time: VirtualTime) -> None:
    woke: list[tuple[float, int]] = []
    begun = threading.Barrier(20)

    def work(number: int) -> None:
        with time.driving():
            begun.wait()
            time.hang(number * 60)
            woke.append((time.now, number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 21)]
    before = time.now
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert woke == [(before + number * 60, number) for number in range(1, 21)]


def test_tasks_and_their_threads_share_the_clock(run: Run, time: VirtualTime) -> None:
    def plain(messages: Any, tools: Any) -> Any:
        time.hang(7)
        return {"answer": str(time.now)}

    async def main() -> str:
        return (await Agent(plain).arun("x")).answer

    before = time.now
    assert run(main) == str(before + 7)


def test_a_worker_that_was_left_behind_moves_no_clock(time: VirtualTime) -> None:
    before = time.now
    with pytest.raises(CallTimeout):
        call_with_deadline(lambda: time.hang(100), 1)
    for _ in range(50):
        real.sleep(0)
    assert time.now - before == 1


def test_a_script_repeats_its_last_step(time: VirtualTime) -> None:
    model = script(fails(2), says("x"))
    assert [type(step) for step in model.steps[:2]] == [TransientError, TransientError]
    Agent(model).run("hi")
    Agent(model).run("again")
    assert [request[0]["content"] for request in model.requests] == ["hi", "hi", "hi", "again"]


def test_says_quotes_the_last_tool_result(time: VirtualTime) -> None:
    def add(a: int) -> int:
        """Adds."""
        return a + 1

    assert Agent(script(calls("add", a=1), says("= {last_tool_result}")), tools=[add]).run("x").answer == "= 2"


def test_fails_takes_an_error(time: VirtualTime) -> None:
    error = ConnectionResetError("x")
    assert fails(3, error) == [error] * 3


def test_hangs_may_end(run: Run, time: VirtualTime) -> None:
    assert Agent(script(hangs(5, says("late")))).run("x").answer == "late"

    async def main() -> str:
        return (await Agent(script(ahangs(5, {"answer": "late"}), is_async=True)).arun("x")).answer

    assert run(main) == "late"


def test_hangs_needs_the_virtual_clock() -> None:
    with pytest.raises(RuntimeError, match="needs the virtual clock"):
        hangs()([], [])


def test_the_recorder_records_and_leaves_no_trace(time: VirtualTime) -> None:
    logger = logging.getLogger("failsoft")
    before = (logger.level, list(logger.handlers))
    with NoticeRecorder() as notices:
        Agent(script(fails(1), says("x")), policy=Policy(retry={"jitter": "none"})).run("x")
    assert "primary: attempt 1 failed: server_error; asking again in 0.5 s" in notices.lines[0]
    assert (logger.level, list(logger.handlers)) == before


def test_a_session_that_outlives_a_block_goes_by_the_clock_of_the_next() -> None:
    session = Session(Policy(turn={"deadline": 10}), routes=["a"])
    for _ in range(2):
        with instant() as time:
            turn = session.turn()
            time.advance(9)
            assert turn.time_left() == 1
            time.advance(60)
