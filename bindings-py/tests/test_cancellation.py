"""Cancelling passes at once and releases what was held: no task is left, no permit, no coroutine unawaited."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from failsoft import (
    Agent,
    Attempt,
    CircuitBreaker,
    Exhausted,
    Policy,
    Route,
    Session,
    TransientError,
    call_with_deadline,
    retry,
    tool,
)
from failsoft.testing import VirtualTime, instant, says, script

Main = Callable[[], Awaitable[Any]]
Cancelled = Callable[[Main], VirtualTime]


def on_asyncio(main: Main, *, virtual: bool) -> None:
    """Cancels ``main`` once it stands still."""

    async def outer() -> None:
        task = asyncio.ensure_future(main())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel("from outside")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(outer())


def on_trio(main: Main, *, virtual: bool) -> None:
    async def outer() -> None:
        before = trio.lowlevel.current_statistics().tasks_living
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(main)
                for _ in range(20):
                    await trio.lowlevel.checkpoint()
                assert nursery.child_tasks
                scope.cancel()
        assert scope.cancelled_caught
        assert trio.lowlevel.current_statistics().tasks_living == before

    trio.run(outer)


@pytest.fixture(params=["asyncio", "trio", "asyncio, real time", "trio, real time"])
def cancelled(request: pytest.FixtureRequest) -> Any:
    """Runs something that waits for ever, cancels it, and looks at what is left."""
    virtual = "real" not in request.param
    loop = on_trio if request.param.startswith("trio") else on_asyncio

    def run(main: Main) -> None:
        if virtual:
            with instant() as time:
                before = time.now
                loop(main, virtual=True)
                assert time.now == before
        else:
            loop(main, virtual=False)
        gc.collect()

    return run


async def forever(*_: Any, **__: Any) -> Any:
    if _on_trio():
        await trio.sleep_forever()
    await asyncio.get_running_loop().create_future()


def _on_trio() -> bool:
    return trio.lowlevel.in_trio_run()


ENDED: list[str] = []


async def careful(*_: Any, **__: Any) -> Any:
    """Never ends, and tidies up."""
    try:
        await forever()
    finally:
        ENDED.append("ended")


@pytest.fixture(autouse=True)
def nothing_ended() -> None:
    ENDED.clear()


def test_while_the_model_is_asked(cancelled: Cancelled) -> None:
    cancelled(lambda: Agent(careful).arun("x"))
    assert ENDED == ["ended"]


def test_while_tools_run(cancelled: Cancelled) -> None:
    calls = {"tool_calls": [{"name": "careful", "arguments": {}}] * 3}
    cancelled(lambda: Agent(script(calls, is_async=True), tools=[tool(careful)]).arun("x"))
    assert ENDED == ["ended"] * 3


def test_while_an_approver_thinks(cancelled: Cancelled) -> None:
    calls = {"tool_calls": [{"name": "mail", "arguments": {}}]}
    agent = Agent(script(calls, is_async=True), tools=[tool(forever, name="mail", risky=True)], approver=careful)
    cancelled(lambda: agent.arun("x"))
    assert ENDED == ["ended"]


def test_while_it_waits_to_ask_again(cancelled: Cancelled) -> None:
    agent = Agent(script(TransientError("down"), is_async=True), sleep=careful)
    cancelled(lambda: agent.arun("x"))
    assert ENDED == ["ended"]


def test_while_a_client_is_made(cancelled: Cancelled) -> None:
    def activate(route: Route) -> Any:
        return careful() if not ENDED else "client"

    session = Session(Policy(retry={"max_attempts": 1}), routes=["a", Route("b", activate=activate)])
    models = script(TransientError("down"), is_async=True), script(says("b"), is_async=True)
    cancelled(lambda: Agent(models[0], fallbacks=[models[1]], session=session).arun("x"))
    assert ENDED == ["ended"]
    agent = Agent(script(TransientError("down")), fallbacks=[script(says("b"))], session=session)
    assert agent.run("x").answer == "b"


def test_an_acall(cancelled: Cancelled) -> None:
    cancelled(lambda: Session(routes=["a"]).turn().acall(careful))
    assert ENDED == ["ended"]


def test_a_second_attempt_of_an_acall(cancelled: Cancelled) -> None:
    async def request(attempt: Attempt) -> None:
        if attempt.number == 1:
            raise TransientError
        await careful()

    async def sleep(_: float) -> None: ...

    cancelled(lambda: Session(routes=["a"], sleep=sleep).turn().acall(request))
    assert ENDED == ["ended"]


def test_a_retry(cancelled: Cancelled) -> None:
    cancelled(lambda: retry(careful))
    assert ENDED == ["ended"]


def test_the_wait_of_a_retry(cancelled: Cancelled) -> None:
    async def broken() -> None:
        raise TransientError

    cancelled(lambda: retry(broken, sleep=careful))
    assert ENDED == ["ended"]


def test_a_call_with_a_deadline(cancelled: Cancelled) -> None:
    cancelled(lambda: call_with_deadline(careful, 60))
    assert ENDED == ["ended"]


def open_breaker(session: Session, time: VirtualTime) -> None:
    def broken(_: Attempt) -> None:
        raise TransientError

    with pytest.raises(Exhausted):
        session.turn().call(broken)
    time.advance(5)
    assert session.breaker("primary") == "half_open"


@pytest.mark.parametrize("loop", [on_asyncio, on_trio])
@pytest.mark.parametrize("way", ["arun", "acall", "breaker"])
def test_a_probe_that_is_cancelled_gives_its_permit_back(time: VirtualTime, loop: Any, way: str) -> None:
    session = Session(Policy(breaker={"consecutive": 3}), routes=["primary"])
    open_breaker(session, time)
    if way == "arun":
        loop(lambda: Agent(careful, session=session).arun("x"), virtual=True)
    elif way == "acall":
        loop(lambda: session.turn().acall(careful), virtual=True)
    else:
        breaker = CircuitBreaker(consecutive=1)
        with pytest.raises(TransientError), breaker:
            raise TransientError
        time.advance(5)
        loop(lambda: breaker.acall(careful), virtual=True)
        assert breaker.call(lambda: "probed") == "probed"
    assert session.turn().call(lambda _: "probed") == "probed"
    assert session.breaker("primary") == "closed"


def test_ctrl_c_in_a_sync_wait_releases_the_run(time: VirtualTime) -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    agent = Agent(script(TransientError("down")), sleep=sleep)
    with pytest.raises(KeyboardInterrupt):
        agent.run("x")


def test_ctrl_c_while_a_model_hangs_in_its_thread_gives_the_probe_back(
    time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(Policy(breaker={"consecutive": 3}), routes=["primary"])
    open_breaker(session, time)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    def hung(messages: Any, tools: Any) -> Any:
        time.hang()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(VirtualTime, "wait", interrupted)
        Agent(hung, session=session).run("x")
    assert Agent(script(says("hi")), session=session).run("x").answer == "hi"


@pytest.mark.parametrize("place", ["model", "tool", "approver"])
def test_ctrl_c_anywhere_in_a_sync_run_comes_out(time: VirtualTime, place: str) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    calls = {"tool_calls": [{"name": "stop", "arguments": {}}]}
    agent = {
        "model": lambda: Agent(stop),
        "tool": lambda: Agent(script(calls), tools=[tool(stop)]),
        "approver": lambda: Agent(script(calls), tools=[tool(stop, risky=True)], approver=stop),
    }[place]()
    with pytest.raises(KeyboardInterrupt):
        agent.run("x")


def test_a_trio_timeout_around_a_run_is_trios_own(time: VirtualTime) -> None:
    async def main() -> None:
        with trio.move_on_after(0) as scope:
            await Agent(careful).arun("x")
        assert scope.cancelled_caught

    trio.run(main)


def test_an_asyncio_timeout_around_a_run_is_asyncios_own(time: VirtualTime) -> None:
    async def main() -> None:
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(Agent(careful).arun("x"), 0.001)

    asyncio.run(main())
