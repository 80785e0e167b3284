"""Consumers of ``agent.stream`` that take their time, leave, or are cancelled; and the examples of the README."""

from __future__ import annotations

import asyncio
import gc
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from failsoft import Agent, TransientError
from failsoft.testing import VirtualTime, chunks, ends, instant, streams


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if event.type == "text")


def test_while_the_consumer_has_an_event_nobody_is_late(time: VirtualTime) -> None:
    got = []
    for event in Agent(streams(["the ", 50, "answer"])).stream("go"):
        got.append(event)
        time.hang(500)
    assert text_of(got) == "the answer"
    assert got[-1].result.attempts == 1


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_nor_while_an_async_consumer_has_one(loop: str, time: VirtualTime) -> None:
    got: list[Any] = []

    async def main() -> None:
        async for event in Agent(streams(["the ", 50, "answer"], is_async=True)).astream("go"):
            got.append(event)
            await time.ahang(500)

    asyncio.run(main()) if loop == "asyncio" else trio.run(main)
    assert text_of(got) == "the answer"
    assert got[-1].result.attempts == 1


def test_what_a_consumer_raises_is_its_own(time: VirtualTime) -> None:
    model = streams(["the ", "answer"])
    agent = Agent(model)
    with pytest.raises(KeyError):
        for event in agent.stream("go"):
            raise KeyError(event.type)
    gc.collect()
    assert agent.run("go").answer == "the answer"


def test_a_run_left_to_the_collector_is_abandoned(time: VirtualTime) -> None:
    model = streams(["the ", 40, "answer"])
    agent = Agent(model)
    events = agent.stream("go")
    assert [next(events).type, next(events).type] == ["step", "text"]
    del events
    gc.collect()
    time.hang(100)
    assert model.client.closed == 1


def test_trios_scopes_stay_the_consumers(time: VirtualTime) -> None:
    model = streams(["the ", 5, "answer"], is_async=True)

    async def main() -> list[str]:
        events = Agent(model).astream("go")
        with trio.CancelScope():
            first = await anext(events)
        with trio.CancelScope():
            second = await anext(events)
            await events.aclose()
        await trio.lowlevel.checkpoint()
        return [first.type, second.type]

    assert trio.run(main) == ["step", "text"]
    assert model.client.closed == 1


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_cancelling_the_consumer_abandons_the_run(loop: str, time: VirtualTime) -> None:
    model = streams(["the ", 50, "answer"], is_async=True)
    agent = Agent(model)
    got: list[Any] = []

    async def consume() -> None:
        async for event in agent.astream("go"):
            got.append(event)

    async def with_asyncio() -> None:
        task = asyncio.create_task(consume())
        while len(got) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def with_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(consume)
            while len(got) < 2:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

    asyncio.run(with_asyncio()) if loop == "asyncio" else trio.run(with_trio)
    assert [event.type for event in got] == ["step", "text"]
    assert model.client.closed == 1
    assert agent.session.breaker("primary") == "closed"


def test_a_sync_run_refuses_what_is_async(time: VirtualTime) -> None:
    with pytest.raises(TypeError, match=r"stream: .* is async; use astream"):
        Agent(streams(["x"], is_async=True)).stream("go")


# ---- The examples of the README. ----


def test_the_readmes_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    agent, turn = (block for block in re.findall(r"```python\n(.*?)```", readme, re.S) if "stream(" in block)
    with instant():
        broken, whole = (streams(parts).client for parts in (["it ", ends("")], ["it is ", "391"]))
        exec(agent, {"client": broken, "other_client": whole})
        printed = capsys.readouterr().out
        assert printed.endswith(
            "it is 391\nscripted-1: Usage(input_tokens=1, output_tokens=2), spent in vain: " + NOBODY
        )
        assert "[stream_broken, once more]" in printed

        def ask(route: str) -> Any:
            return map(as_object, chunks("it ", TransientError("x")) if route == "primary" else chunks("it is ", "391"))

        exec(turn, {"ask": ask})
        assert capsys.readouterr().out.endswith("it \n[once more]\nit is 391")


NOBODY = "Usage(input_tokens=None, output_tokens=None)\n"


def as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{"content": None, **{name: as_object(one) for name, one in value.items()}})
    return [as_object(one) for one in value] if isinstance(value, list) else value
