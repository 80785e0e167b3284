"""Who uses which client, when it is closed, and why. ``bindings-wasm/test/clients.test.mjs`` is the same."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Run
from failsoft import Agent, Attempt, CallTimeout, Exhausted, Policy, Route, Session, TransientError
from failsoft.testing import VirtualTime

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}}
REBUILD = Policy(retry={"max_attempts": 1}, breaker={"enabled": False}, recovery={"wait": 0.0})


class Hooks:
    """Makes clients ``a1``, ``a2``, .. of route ``a``; ``log`` says what was made, and what was closed and why."""

    def __init__(self, time: VirtualTime | None = None, **delays: float) -> None:
        self.log: list[str] = []
        self.time, self.delays = time, delays
        self.broken: set[str] = set()
        self.made: dict[str, int] = {}

    def route(self, name: str, **more: Any) -> Route:
        return Route(name, activate=self.activate, close=self.close, **more)

    def aroute(self, name: str, **more: Any) -> Route:
        return Route(name, activate=self.aactivate, close=self.aclose, **more)

    def activate(self, route: Route) -> str:
        if self.time is not None and route.name in self.delays:
            self.time.hang(self.delays[route.name])
        return self._made(route)

    def _made(self, route: Route) -> str:
        if route.name in self.broken:
            raise OSError("no key")
        self.made[route.name] = self.made.get(route.name, 0) + 1
        self.log.append(f"made {route.name}{self.made[route.name]}")
        return f"{route.name}{self.made[route.name]}"

    def close(self, client: Any, reason: str) -> None:
        self.log.append(f"{reason} {client}")

    async def aactivate(self, route: Route) -> str:
        if self.time is not None and route.name in self.delays:
            await self.time.ahang(self.delays[route.name])
        return self._made(route)

    async def aclose(self, client: Any, *, reason: str) -> None:
        self.close(client, reason)


def client_of(attempt: Attempt) -> Any:
    return attempt.client


def down(*names: str) -> Callable[[Attempt], Any]:
    def request(attempt: Attempt) -> Any:
        if attempt.route.name in names:
            raise TransientError
        return attempt.client

    return request


def reset_once() -> Callable[[Attempt], Any]:
    failures = [ConnectionResetError()]

    def request(attempt: Attempt) -> Any:
        if failures:
            raise failures.pop()
        return attempt.client

    return request


# ---- Making. ----


def test_the_primary_is_made_ready_before_its_first_attempt(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[hooks.route("a"), "b"])
    assert hooks.log == []
    assert [session.turn().call(client_of) for _ in range(3)] == ["a1"] * 3
    assert hooks.log == ["made a1"]


def test_a_client_that_is_there_is_used_as_it_is(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[Route("a", client="mine"), hooks.route("b", client="mine too")])
    assert session.turn().call(client_of) == "mine"
    assert session.turn().call(down("a")) == "mine too"
    assert hooks.log == []


def test_a_primary_that_cannot_be_made_ready_is_passed_over_and_tried_again_by_the_next_turn(time: VirtualTime) -> None:
    hooks = Hooks()
    hooks.broken.add("a")
    session = Session(Policy(**ONCE), routes=[hooks.route("a"), hooks.route("b")])
    assert session.turn().call(client_of) == "b1"
    hooks.broken.clear()
    assert session.turn().call(client_of) == "a1"
    assert hooks.log == ["made b1", "made a1"]


def test_a_hook_that_takes_the_time_is_told_how_much_there_is(time: VirtualTime) -> None:
    told: list[float] = []

    def activate(route: Route, timeout: float) -> str:
        told.append(timeout)
        return "client"

    session = Session(Policy(attempt={"timeout": 20.0}), routes=[Route("a", activate=activate)])
    assert session.turn().call(client_of) == "client"
    assert told == [20.0]


def test_an_async_hook_is_cancelled_at_its_limit_and_the_next_route_asked(run: Run, time: VirtualTime) -> None:
    hooks = Hooks(time, a=float("inf"))
    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.aroute("a"), hooks.aroute("b")])

    async def main() -> Any:
        async def request(attempt: Attempt) -> Any:
            return attempt.client

        return await session.turn().acall(request)

    assert run(main) == "b1"
    assert time.now - 1000 == pytest.approx(5.0)


def test_a_hook_in_a_thread_is_left_at_its_limit_and_what_it_brings_late_is_closed(time: VirtualTime) -> None:
    hooks = Hooks(time, a=60.0)
    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.route("a"), hooks.route("b")])
    assert session.turn().call(client_of, isolate=True) == "b1"
    time.hang(100)  # by then the thread has come to its end
    assert hooks.log == ["made b1", "made a1", "superseded a1"]


def test_an_agent_leaves_a_hook_that_hangs_too(time: VirtualTime) -> None:
    hooks = Hooks(time, a=60.0)
    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.route("a"), hooks.route("b")])
    agent = Agent(lambda _, __: {"answer": "a"}, fallbacks=[lambda _, __: {"answer": "b"}], session=session)
    assert agent.run("go").answer == "b"


def test_a_hook_that_was_interrupted_brings_nothing(time: VirtualTime) -> None:
    interrupted = [True]

    def activate(route: Route) -> str:
        if interrupted.pop() if interrupted else False:
            raise KeyboardInterrupt
        return "client"

    session = Session(Policy(**ONCE), routes=[Route("a", activate=activate)])
    with pytest.raises(KeyboardInterrupt):
        session.turn().call(client_of)
    assert session.turn().call(client_of) == "client"


def test_what_a_request_needs_of_context_counts_here_too(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[hooks.route("a", context_window=1000), hooks.route("b")])
    assert session.turn().call(client_of, context_tokens=2000) == "b1"


# ---- Closing. ----


def test_close_comes_before_rebuild(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(REBUILD, routes=[hooks.route("a")])
    assert session.turn().call(reset_once()) == "a2"
    assert hooks.log == ["made a1", "rebuild a1", "made a2"]


def test_close_comes_before_rebuild_async(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(REBUILD, routes=[hooks.aroute("a")])
    fails = reset_once()

    async def request(attempt: Attempt) -> Any:
        return fails(attempt)

    async def main() -> Any:
        return await session.turn().acall(request)

    assert run(main) == "a2"
    assert hooks.log == ["made a1", "rebuild a1", "made a2"]


def test_a_client_that_others_use_is_closed_on_its_last_release(time: VirtualTime) -> None:
    hooks, used = Hooks(), []
    session = Session(REBUILD, routes=[hooks.route("a")])

    def outer(attempt: Attempt) -> Any:
        used.append(attempt.client)
        used.append(session.turn().call(reset_once()))
        hooks.log.append("others are done")
        return attempt.client  # still the one that it began with

    assert session.turn().call(outer) == "a1"
    assert used == ["a1", "a2"]
    assert hooks.log == ["made a1", "made a2", "others are done", "retired a1"]


def test_a_client_that_others_use_is_closed_on_its_last_release_async(run: Run, time: VirtualTime) -> None:
    hooks, fails = Hooks(), reset_once()
    session = Session(REBUILD, routes=[hooks.aroute("a")])

    async def inner(attempt: Attempt) -> Any:
        return fails(attempt)

    async def outer(attempt: Attempt) -> Any:
        await session.turn().acall(inner)
        hooks.log.append("others are done")
        return attempt.client

    async def main() -> Any:
        return await session.turn().acall(outer)

    assert run(main) == "a1"
    assert hooks.log == ["made a1", "made a2", "others are done", "retired a1"]


def test_a_request_that_fails_lets_go(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[hooks.route("a")])
    with pytest.raises(Exhausted):
        session.turn().call(down("a"))
    session.close()
    assert hooks.log == ["made a1", "closed a1"]


def test_an_abandoned_attempt_does_not_count_as_in_flight(time: VirtualTime) -> None:
    hooks, hung = Hooks(), threading.Event()

    def request(attempt: Attempt) -> Any:
        if attempt.route.name == "a":
            hung.set()
            time.hang(600)
        return attempt.client

    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.route("a"), hooks.route("b")])
    assert session.turn().call(request, isolate=True) == "b1"
    assert hung.is_set()
    session.close()
    assert hooks.log == ["made a1", "made b1", "closed a1", "closed b1"]


def test_a_cancelled_request_lets_go(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.aroute("a"), hooks.aroute("b")])

    async def request(attempt: Attempt) -> Any:
        if attempt.route.name == "a":
            await time.ahang(float("inf"))
        return attempt.client

    async def main() -> None:
        assert await session.turn().acall(request) == "b1"
        await session.aclose()

    run(main)
    assert hooks.log == ["made a1", "made b1", "closed a1", "closed b1"]


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_stream_holds_its_client_until_it_is_over_or_left(time: VirtualTime, is_whole: bool) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[hooks.route("a")])
    chunks = session.turn().stream(lambda _: iter(["x", "y"]))
    next(chunks)
    session.close()
    assert hooks.log == ["made a1"]
    list(chunks) if is_whole else chunks.close()  # type: ignore[attr-defined]
    assert hooks.log == ["made a1", "retired a1"]


def test_a_stream_holds_its_client_until_it_is_over_async(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=[hooks.aroute("a")])

    async def chunks(attempt: Attempt) -> Any:
        for one in ("x", "y"):
            yield one

    async def main() -> None:
        async for _ in session.turn().astream(chunks):
            await session.aclose()
            hooks.log.append("a chunk")

    run(main)
    assert hooks.log == ["made a1", "a chunk", "a chunk", "retired a1"]


class Model:
    """A model that makes its request with the client of its attempt."""

    honours_timeout = True

    def __init__(self, session: Session, hooks: Hooks) -> None:
        self.session, self.hooks = session, hooks

    def ask(self, messages: Any, tools: Any, attempt: Attempt) -> dict[str, str]:
        self.session.close()
        self.hooks.log.append(f"asked with {attempt.client}")
        return {"answer": "x"}


@pytest.mark.parametrize("in_thread", [False, True])
def test_an_agents_model_holds_the_client_of_its_attempt(time: VirtualTime, in_thread: bool) -> None:
    hooks = Hooks()
    session = Session(routes=[hooks.route("a")])
    model = Model(session, hooks)
    model.honours_timeout = not in_thread
    assert Agent(model, session=session).run("go").answer == "x"
    assert hooks.log == ["made a1", "asked with a1", "retired a1"]


def test_an_agents_model_holds_the_client_of_its_attempt_async(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(routes=[hooks.aroute("a")])

    class Async(Model):
        is_async = True

        async def ask(self, messages: Any, tools: Any, attempt: Attempt) -> dict[str, str]:  # type: ignore[override]
            await session.aclose()
            hooks.log.append(f"asked with {attempt.client}")
            return {"answer": "x"}

    assert run(lambda: Agent(Async(session, hooks), session=session).arun("go")).answer == "x"
    assert hooks.log == ["made a1", "asked with a1", "retired a1"]


def test_a_closed_session_closes_what_was_made_and_makes_it_again_when_asked(time: VirtualTime) -> None:
    hooks = Hooks()
    with Session(Policy(**ONCE), routes=[hooks.route("a"), hooks.route("b", client="mine")]) as session:
        session.turn().call(client_of)
        assert hooks.log == ["made a1"]
    assert hooks.log == ["made a1", "closed a1"]  # not what was handed over
    assert session.turn().call(client_of) == "a2"


def test_a_session_closes_async_hooks_too(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()

    async def main() -> None:
        async with Session(routes=[hooks.aroute("a")]) as session:
            await session.turn().acall(lambda attempt: _later(attempt.client))

    run(main)
    assert hooks.log == ["made a1", "closed a1"]


async def _later(value: Any) -> Any:
    return value


def test_a_hook_that_takes_no_reason_is_given_none(time: VirtualTime) -> None:
    closed: list[Any] = []
    with Session(routes=[Route("a", activate=lambda _: "client", close=closed.append)]) as session:
        session.turn().call(client_of)
    assert closed == ["client"]


def test_what_close_raises_is_logged_and_no_more(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    def close(client: Any) -> None:
        raise OSError("stuck")

    session = Session(REBUILD, routes=[Route("a", activate=lambda _: "client", close=close)])
    with caplog.at_level(logging.WARNING, "failsoft"):
        assert session.turn().call(reset_once()) == "client"
    assert "the client of route a could not be closed: OSError('stuck')" in caplog.text


def test_an_async_close_in_the_sync_form_is_said_so(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks()
    session = Session(routes=[Route("a", activate=hooks.activate, close=hooks.aclose)])
    session.turn().call(client_of)
    with caplog.at_level(logging.WARNING, "failsoft"):
        session.close()
    assert "close of route a is async" in caplog.text


def test_one_of_many_threads_makes_the_client_and_the_last_closes_it() -> None:
    # Real threads and real time: each waits for all others while it holds the client.
    hooks, together = Hooks(), threading.Barrier(20)

    def request(attempt: Attempt) -> Any:
        together.wait(10)
        return attempt.client

    session = Session(Policy(**ONCE), routes=[hooks.route("a")])
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(session.turn().call(request))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == ["a1"] * 20
    session.close()
    assert hooks.log == ["made a1", "closed a1"]


def test_a_client_that_asks_again_by_itself_is_warned_of_when_it_is_handed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Client:
        max_retries = 2

    with caplog.at_level(logging.WARNING, "failsoft"):
        Session(routes=[Route("a", client=Client())])
    assert "max_retries=0" in caplog.text


def test_a_limit_is_no_error_of_the_hook(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    hooks = Hooks(time, a=60.0)
    session = Session(Policy(attempt={"timeout": 5.0}), routes=[hooks.route("a")])
    with caplog.at_level(logging.WARNING, "failsoft"), pytest.raises(Exception) as raised:
        session.turn().call(client_of, isolate=True)
    assert not isinstance(raised.value, CallTimeout)
    assert "CallTimeout" in caplog.text
