"""``agent.stream`` and ``agent.astream``, and streaming models in ``run``: on no loop, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import trio
from failsoft import Agent, Exhausted, Policy, Result, StepLimitExceeded, TransientError, Usage, tool
from failsoft.events import Discard, Report, Retry, Step, Switch, Text, ToolCall, ToolResult
from failsoft.testing import (
    NoticeRecorder,
    VirtualTime,
    calls,
    ends,
    fails,
    hangs,
    says,
    script,
    streams,
)

NO_JITTER = Policy(retry={"jitter": "none"})


def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


class Drive:
    """Streams a run to its end, or until a consumer leaves it."""

    def __init__(self, way: str) -> None:
        self.way, self.is_async = way, way != "sync"

    def __call__(self, agent: Agent, task: Any = "go", *, leave_after: int | None = None, **options: Any) -> list[Any]:
        got: list[Any] = []
        if self.way == "sync":
            with contextlib.closing(agent.stream(task, **options)) as events:
                for event in events:
                    got.append(event)
                    if len(got) == leave_after:
                        break
            return got

        async def main() -> None:
            async with contextlib.aclosing(agent.astream(task, **options)) as events:
                async for event in events:
                    got.append(event)
                    if len(got) == leave_after:
                        break

        self.run(main)
        return got

    def run(self, main: Callable[[], Any]) -> Any:
        return asyncio.run(main()) if self.way == "asyncio" else trio.run(main)

    def streams(self, *requests: Any) -> Any:
        return streams(*requests, is_async=self.is_async)

    def result(self, agent: Agent, **options: Any) -> Result:
        if self.way == "sync":
            return agent.run("go", **options)

        async def main() -> Result:
            return await agent.arun("go", **options)

        result: Result = self.run(main)
        return result


@pytest.fixture(params=["sync", "asyncio", "trio"])
def drive(request: pytest.FixtureRequest, time: VirtualTime) -> Drive:
    return Drive(request.param)


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if event.type == "text")


def test_text_comes_in_parts_and_the_report_last(drive: Drive) -> None:
    *events, last = drive(Agent(drive.streams(["the ", "answer"])))
    assert events == [Step(1), Text("the ", 1), Text("answer", 1)]
    assert last.type == "report"
    assert (last.result.answer, last.result.model, last.result.usage) == ("the answer", "scripted-1", Usage(1, 2))
    assert last.result.spent == Usage(0, 0)


def test_a_model_that_cannot_stream_gives_its_text_at_once(drive: Drive) -> None:
    events = drive(Agent(script({**calls("multiply", a=2, b=3), "answer": "well"}, says("six")), tools=[multiply]))
    assert events[:-1] == [
        Step(1),
        Text("well", 1),
        ToolCall("call_multiply", "multiply", {"a": 2, "b": 3}),
        ToolResult("call_multiply", "multiply", "6", "ran"),
        Step(2),
        Text("six", 2),
    ]


def test_every_event_of_a_hard_day(drive: Drive) -> None:
    first = drive.streams(["let me ", calls("multiply", a=17, b=23)], ["it ", TransientError("x")], ["it is ", 61])
    events = drive(Agent(first, fallbacks=[drive.streams(["391"])], tools=[multiply], policy=NO_JITTER))
    assert events[:-1] == [
        Step(1),
        Text("let me ", 1),
        ToolCall("call_multiply", "multiply", {"a": 17, "b": 23}),
        ToolResult("call_multiply", "multiply", "391", "ran"),
        Step(2),
        Text("it ", 2),
        Discard("server_error", 2),
        Retry("primary", "server_error", 0.5, 1),
        Text("it is ", 2),
        Discard("timed_out", 2),
        Switch("backup", "timed_out"),
        Text("391", 2),
    ]
    result = events[-1].result
    assert (result.answer, result.route, result.steps, result.attempts) == ("391", "backup", 2, 4)
    assert result.usage == Usage(2, 3)
    assert result.spent == Usage(None, None), "what broke told nothing"


def test_collected_text_is_never_taken_back(drive: Drive) -> None:
    agent = Agent(drive.streams(["the ", TransientError("x")], ["the ", "answer"]), policy=NO_JITTER)
    assert drive(agent, collect=True)[:-1] == [
        Step(1),
        Retry("primary", "server_error", 0.5, 1),
        Text("the answer", 1),
    ]


def test_who_cannot_discard_gets_an_end(drive: Drive) -> None:
    agent = Agent(drive.streams(["the ", TransientError("x")]), policy=NO_JITTER)
    events = drive(agent, restartable=False)
    assert events[:-1] == [Step(1), Text("the ", 1), Discard("server_error", 1)]
    assert events[-1].result.stop_reason == "model_unavailable"
    with pytest.raises(Exhausted):
        drive(agent, restartable=False, raise_on="model_unavailable")


def test_before_the_first_part_all_may_be_asked_again(drive: Drive) -> None:
    agent = Agent(drive.streams([TransientError("x")], ["x"]), policy=NO_JITTER)
    assert drive(agent, restartable=False)[1:-1] == [Retry("primary", "server_error", 0.5, 1), Text("x", 1)]


def test_run_fetches_a_broken_answer_whole(drive: Drive) -> None:
    result = drive.result(Agent(drive.streams(["the ", ends("")], ["the ", "answer"]), policy=NO_JITTER))
    assert (result.answer, result.attempts, result.model) == ("the answer", 2, "scripted-1")
    assert "stream_broken" in result.lines[0]


def test_a_stream_that_goes_on_has_no_limit(drive: Drive, time: VirtualTime) -> None:
    result = drive.result(Agent(drive.streams([part for _ in range(20) for part in (50, "x")])))
    assert (result.answer, result.attempts, time.now) == ("x" * 20, 1, 2000)


@pytest.mark.parametrize(("first", "took"), [(["late", 61], 60), ([61, "late"], 60), (["a", 50, "b", 61], 110)])
def test_its_clocks_are_the_engines(drive: Drive, time: VirtualTime, first: Any, took: int) -> None:
    model = drive.streams(first)
    result = drive.result(Agent(model, fallbacks=[drive.streams(["backup"])]))
    assert (result.answer, result.attempts, time.now) == ("backup", 2, 1000 + took)
    assert "timed_out" in result.lines[0]


def test_what_is_left_is_closed(drive: Drive, time: VirtualTime) -> None:
    model = drive.streams(["the ", 40, "answer", 200])
    agent = Agent(model, policy=NO_JITTER)
    assert drive(agent, leave_after=2) == [Step(1), Text("the ", 1)]
    time.hang(500)
    assert model.client.closed == 1


def test_leaving_early_charges_nobody(drive: Drive) -> None:
    agent = Agent(drive.streams(["the ", "answer"]), fallbacks=[drive.streams(["never"])])
    for _ in range(10):
        assert drive(agent, leave_after=2) == [Step(1), Text("the ", 1)]
    assert agent.session.breaker("primary") == "closed"
    assert text_of(drive(agent)) == "the answer"


def test_a_tool_that_may_not_run_is_told(drive: Drive) -> None:
    both = {"tool_calls": [{"id": "1", "name": "send", "arguments": {}}, {"id": "2", "name": "nope", "arguments": {}}]}

    @tool(risky=True)
    def send() -> None:
        """Sends."""

    events = drive(Agent(script(both, says("x")), tools=[send]))
    told = {event.id: (event.outcome, event.content) for event in events if event.type == "tool_result"}
    assert told["1"][0] == "no_approver"
    assert told["2"] == ("unknown_tool", "There is no tool named nope. The tools are: send.")
    contents = [one["content"] for one in events[-1].result.messages if one["role"] == "tool"]
    assert contents == [told["1"][1], told["2"][1]]


def test_a_stop_is_reported_or_raised(drive: Drive) -> None:
    agent = Agent(script(calls("multiply", a=1, b=1)), tools=[multiply], policy=Policy(turn={"steps": 2}))
    assert drive(agent)[-1].result.stop_reason == "step_limit"
    with pytest.raises(StepLimitExceeded):
        drive(agent, raise_on=["step_limit"])


def test_wrong_arguments_are_told_at_once(drive: Drive) -> None:
    agent = Agent(script(says("x")))
    with pytest.raises(ValueError, match="raise_on"):
        (agent.astream if drive.is_async else agent.stream)("go", raise_on="lunch")


def test_the_primary_that_rests_is_passed_over(drive: Drive) -> None:
    agent = Agent(script(fails(99)), fallbacks=[script(says("backup"))], policy=Policy(retry={"jitter": "none"}))
    reasons = [[event.reason for event in drive(agent) if event.type == "switch"] for _ in range(3)]
    assert reasons == [["server_error"], ["server_error"], ["skipped"]]


def test_the_log_says_the_same_with_and_without_a_consumer(drive: Drive) -> None:
    def agent() -> Agent:
        return Agent(drive.streams(["the ", ends("")], ["x"]), policy=NO_JITTER)

    with NoticeRecorder() as notices:
        drive(agent())
    with NoticeRecorder() as others:
        drive.result(agent())
    assert [line.split(" s ")[1] for line in notices.lines] == [line.split(" s ")[1] for line in others.lines]


class OwnModel:
    """A model of one's own that streams, in a thread or in a task."""

    streams = True

    def __init__(self, is_async: bool, *parts: Any) -> None:
        self.is_async, self.parts, self.closed = is_async, parts, False

    def ask(self, messages: Any, tools: Any, attempt: Any, watch: Any) -> Any:
        watch.opened(lambda: setattr(self, "closed", True))
        return self.later(watch) if self.is_async else self.now(watch)

    def now(self, watch: Any) -> Any:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            watch.saw(part, usage={"input_tokens": 7, "output_tokens": None})
        return {"answer": "".join(self.parts), "model": "own", "usage": {"input_tokens": 7, "output_tokens": 3}}

    async def later(self, watch: Any) -> Any:
        return self.now(watch)


@pytest.mark.parametrize("in_thread", [True, False])
def test_a_model_of_ones_own_streams_too(drive: Drive, in_thread: bool) -> None:
    is_async = drive.is_async and not in_thread
    broken = OwnModel(is_async, "the ", TransientError("x"))
    events = drive(Agent(broken, fallbacks=[OwnModel(is_async, "a", "b")], policy=Policy(retry={"max_attempts": 1})))
    assert events[:-1] == [
        Step(1),
        Text("the ", 1),
        Discard("server_error", 1),
        Switch("backup", "server_error"),
        Text("a", 1),
        Text("b", 1),
    ]
    result = events[-1].result
    assert (result.model, result.usage, result.spent) == ("own", Usage(7, 3), Usage(7, None))


def test_plain_and_streaming_models_in_one_chain(drive: Drive) -> None:
    agent = Agent(script(hangs()), fallbacks=[drive.streams(["x", 61], ["y"])], policy=Policy(attempt={"timeout": 5}))
    events = drive(agent)
    # The plain one has the limit of the whole, the stream those of progress.
    assert [event.reason for event in events if event.type in ("switch", "discard")] == ["timed_out", "timed_out"]
    assert isinstance(events[-1], Report)
