"""What only an async agent can do, or get wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conftest import Run
from failsoft import Agent, Policy, Result, tool
from failsoft.testing import VirtualTime, ahangs, calls, fails, hangs, says, script


def ask(*names: str) -> dict[str, Any]:
    return {"tool_calls": [{"id": name, "name": name, "arguments": {}} for name in names]}


def results(result: Result) -> list[str]:
    return [message["content"] for message in result.messages if message["role"] == "tool"]


def test_an_async_model_is_awaited(run: Run, time: VirtualTime) -> None:
    agent = Agent(script(fails(2), says("hi"), is_async=True), policy=Policy(retry={"jitter": "none"}))

    async def main() -> Result:
        return await agent.arun("x")

    assert run(main).answer == "hi"
    assert time.slept == [0.5, 1.0]


def test_a_lambda_that_calls_an_async_model_is_awaited(run: Run, time: VirtualTime) -> None:
    async def model(messages: Any, tools: Any) -> Any:
        return {"answer": "hi"}

    async def main() -> Result:
        return await Agent(lambda messages, tools: model(messages, tools)).arun("x")

    assert run(main).answer == "hi"


def test_the_tools_of_a_step_overlap(run: Run, time: VirtualTime) -> None:
    ended = []

    async def slow() -> str:
        """Takes 3 s."""
        await time.ahang(3)
        ended.append("slow")
        return "slow"

    async def quick() -> str:
        """Takes 2 s."""
        await time.ahang(2)
        ended.append("quick")
        return "quick"

    def plain() -> str:
        """Takes 1 s in a thread."""
        time.hang(1)
        ended.append("plain")
        return "plain"

    async def main() -> Result:
        before = time.now
        result = await Agent(script(ask("slow", "quick", "plain"), says("x")), tools=[slow, quick, plain]).arun("x")
        assert time.now - before == 3
        return result

    assert results(run(main)) == ["slow", "quick", "plain"]
    assert ended == ["plain", "quick", "slow"]


def test_in_a_sync_agent_they_run_in_the_models_order(time: VirtualTime) -> None:
    order = []

    def first() -> None:
        """First."""
        order.append("first")
        time.hang(3)

    def second() -> None:
        """Second."""
        order.append("second")
        time.hang(1)

    before = time.now
    Agent(script(ask("second", "first"), says("x")), tools=[first, second]).run("x")
    assert order == ["second", "first"]
    assert time.now - before == 4


def test_a_hung_async_model_is_cancelled_for_the_backup(run: Run, time: VirtualTime) -> None:
    agent = Agent(
        script(ahangs(), is_async=True),
        fallbacks=[script(says("backup"))],
        policy=Policy(attempt={"timeout": 5}),
    )

    async def main() -> Result:
        return await agent.arun("x")

    assert run(main).answer == "backup"


def test_a_hung_plain_model_is_left_behind_in_its_thread(run: Run, time: VirtualTime) -> None:
    agent = Agent(script(hangs()), fallbacks=[script(says("backup"))], policy=Policy(attempt={"timeout": 5}))

    async def main() -> Result:
        return await agent.arun("x")

    assert run(main).answer == "backup"


def test_a_hung_tool_is_given_up_on_at_its_limit(run: Run, time: VirtualTime) -> None:
    @tool(timeout=4)
    async def hung() -> None:
        """Hangs."""
        await time.ahang()

    async def main() -> Result:
        return await Agent(script(ask("hung"), says("x")), tools=[hung]).arun("x")

    assert results(run(main))[0].startswith("The tool hung was started and did not report back.")


def test_an_approver_that_never_answers_expires(run: Run, time: VirtualTime) -> None:
    sent = []

    def send() -> None:
        """Sends."""
        sent.append(1)

    async def approver(_: Any) -> bool:
        await time.ahang()
        return True

    async def main() -> Result:
        before = time.now
        result = await Agent(script(ask("send"), says("x")), tools=[tool(send, risky=True)], approver=approver).arun(
            "x"
        )
        assert time.now - before == 300
        return result

    result = run(main)
    assert (sent, result.blocked) == ([], ["send"])
    assert results(result) == ["The tool send was not run: nobody approved it in time."]


def test_a_yes_that_comes_too_late_is_no_yes(run: Run, time: VirtualTime) -> None:
    sent = []

    def send() -> None:
        """Sends."""
        sent.append(1)

    async def approver(_: Any) -> bool:
        await time.ahang(301)
        return True

    async def quick() -> None:
        """Is safe."""
        await time.ahang(400)

    agent = Agent(script(ask("send", "quick"), says("x")), tools=[tool(send, risky=True), quick], approver=approver)

    async def main() -> Result:
        return await agent.arun("x")

    assert run(main).blocked == ["send"]
    assert sent == []


def test_an_approver_that_blocks_does_not_block_the_loop(run: Run, time: VirtualTime) -> None:
    def approver(_: Any) -> bool:
        time.hang(5)
        return True

    async def quick() -> float:
        """Is safe."""
        await time.ahang(1)
        return time.now

    def send() -> str:
        """Sends."""
        return "sent"

    async def main() -> Result:
        before = time.now
        result = await Agent(
            script(ask("send", "quick"), says("x")), tools=[tool(send, risky=True), quick], approver=approver
        ).arun("x")
        assert results(result) == ["sent", str(before + 1)]
        return result

    run(main)


def test_two_runs_of_one_agent_at_once_do_not_mix(run: Run, time: VirtualTime) -> None:
    from failsoft._loops.tasks import Tasks

    async def model(messages: Any, tools: Any) -> Any:
        await time.ahang(1)
        return {"answer": messages[0]["content"]}

    agent = Agent(model)

    async def main() -> list[str]:
        answers: list[str] = []
        async with Tasks() as tasks:
            for key in range(20):
                tasks.start(key, lambda key=key: agent.arun(str(key)))  # type: ignore[misc]
            while len(answers) < 20:
                await tasks.wait(10)
                while (report := tasks.take()) is not None:
                    assert report[2] is None
                    assert report[1].answer == str(report[0])
                    answers.append(report[1].answer)
        return answers

    before = time.now
    assert len(run(main)) == 20
    assert time.now - before == 1


def test_a_tool_that_cancels_itself_does_not_hang_the_run(time: VirtualTime) -> None:
    async def odd() -> None:
        """Is odd."""
        raise asyncio.CancelledError

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await Agent(script(ask("odd"), says("x")), tools=[odd]).arun("x")

    before = time.now
    asyncio.run(main())
    assert time.now == before


def test_ctrl_c_in_an_async_tool_ends_the_run(run: Run, time: VirtualTime) -> None:
    async def stop() -> None:
        """Stops."""
        raise KeyboardInterrupt

    async def main() -> None:
        with pytest.raises(KeyboardInterrupt):
            await Agent(script(ask("stop"), says("x")), tools=[stop]).arun("x")

    run(main)


def test_ctrl_c_in_a_plain_tool_ends_the_run(run: Run, time: VirtualTime) -> None:
    def stop() -> None:
        """Stops."""
        raise KeyboardInterrupt

    async def main() -> None:
        with pytest.raises(KeyboardInterrupt):
            await Agent(script(calls("stop"), says("x")), tools=[stop]).arun("x")

    run(main)


def test_a_plain_model_sees_the_callers_context(run: Run, time: VirtualTime) -> None:
    from contextvars import ContextVar

    user: ContextVar[str] = ContextVar("user")

    def model(messages: Any, tools: Any) -> Any:
        return {"answer": user.get()}

    async def main() -> Result:
        user.set("ada")
        return await Agent(model).arun("x")

    assert run(main).answer == "ada"
    user.set("bob")
    assert Agent(model).run("x").answer == "bob"


def test_on_real_time_a_run_works_too(run: Run) -> None:
    def plain(messages: Any, tools: Any) -> Any:
        return ask("first", "second") if len(messages) == 1 else {"answer": messages[-1]["content"]}

    async def first() -> str:
        """First."""
        return "1"

    def second() -> str:
        """Second."""
        return "2"

    async def main() -> Result:
        return await Agent(plain, tools=[first, second]).arun("x")

    assert run(main).answer == "2"
