"""Checked by ``mypy --strict`` and never run: what the types of the public API promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from datetime import timedelta
from typing import Any

from failsoft import (
    Agent,
    ApprovalRequest,
    Attempt,
    BreakerMetrics,
    CircuitBreaker,
    Discard,
    Explanation,
    Failure,
    Isolation,
    Policy,
    Report,
    Result,
    Route,
    Runtime,
    Session,
    StepLimiter,
    Tool,
    TransientError,
    Turn,
    Usage,
    approval_gate,
    attempts,
    call_with_deadline,
    classify,
    current_turn,
    explain,
    fallback,
    retry,
    retrying,
    tool,
)
from failsoft.events import Event
from failsoft.testing import NoticeRecorder, VirtualTime, instant, says, script
from typing_extensions import assert_type


def number() -> int:
    return 1


async def anumber() -> int:
    return 1


def text() -> str:
    return ""


async def aslept(_: float) -> None: ...


# ---- retry: the value of a plain function, the awaitable of an async one. ----

assert_type(retry(number), int)
assert_type(retry(number, max_attempts=5, base=timedelta(seconds=1), jitter="none", on=KeyError, seed=1), int)
assert_type(retry(number, on=(KeyError, OSError), sleep=print, clock=lambda: 1.0), int)
assert_type(retry(number, on=lambda error: "again" in str(error)), int)
assert_type(retry(lambda: "x"), str)


async def retried() -> None:
    assert_type(await retry(anumber), int)
    assert_type(await retry(lambda: anumber(), sleep=aslept), int)


# ---- Decorators keep the signature. ----


@retrying
def bare(a: int, *, b: str = "") -> float:
    return 1.0


@retrying(max_attempts=5, on=TransientError)
def with_options(a: int, *, b: str = "") -> float:
    return 1.0


@retrying()
async def awaited(a: int) -> float:
    return 1.0


@CircuitBreaker(consecutive=3)
def guarded(a: int, *, b: str = "") -> float:
    return 1.0


breaker = CircuitBreaker(ignore=(KeyError,), window=timedelta(minutes=1))


@breaker
async def aguarded(a: int) -> float:
    return 1.0


assert_type(bare(1, b="x"), float)
assert_type(with_options(1, b="x"), float)
assert_type(guarded(1, b="x"), float)
bare("x")  # type: ignore[arg-type]
with_options(1, c=2)  # type: ignore[call-arg]
guarded()  # type: ignore[call-arg]


class Client:
    @retrying
    def fetch(self, name: str) -> int:
        return 1


assert_type(Client().fetch("x"), int)


async def decorated() -> None:
    assert_type(await awaited(1), float)
    assert_type(await aguarded(1), float)
    await awaited("x")  # type: ignore[arg-type]


# ---- The other plain functions. ----


assert_type(call_with_deadline(number, 1.5), int)
assert_type(call_with_deadline(number, timedelta(seconds=1)), int)
assert_type(fallback(number, number), int)
assert_type(StepLimiter(3).tick(), int)
breaker.call(number, 1)  # type: ignore[call-arg]
assert_type(breaker.call(number), int)
assert_type(breaker.state, str)
assert_type(breaker.keyed("search").call(number), int)
assert_type(breaker.metrics, BreakerMetrics)
assert_type(breaker.metrics.slow_rate, float | None)
with breaker.isolate() as isolation:
    assert_type(isolation, Isolation)
breaker.keyed(3)  # type: ignore[arg-type]
CircuitBreaker(ignore=3)  # type: ignore[arg-type]
assert_type(classify(KeyError()), Failure)
assert_type(explain(KeyError(), phase="idle", policy=Policy(), provider="openai"), Explanation)
assert_type(explain(KeyError()).failure, Failure)
assert_type(explain(KeyError()).rule, str)
assert_type(Session(routes=["primary"]).classify(KeyError(), phase="idle"), Failure)
assert_type(Session(routes=["primary"]).explain(KeyError(), provider="openai"), Explanation)
approval_gate("mail", {"to": "x"}, risky=True, approver=lambda request: request.tool == "x")
approval_gate("mail", {}, risky={"mail", "rm"})
approval_gate("mail", {}, risky=lambda name, arguments: name in arguments)

for attempt in attempts(max_attempts=3):
    with attempt:
        assert_type(attempt.number, int)

with breaker:
    pass


async def others() -> None:
    assert_type(await call_with_deadline(anumber, 1), int)
    assert_type(await fallback(anumber, anumber), int)
    assert_type(await breaker.acall(anumber), int)
    async for attempt in attempts():
        with attempt:
            assert_type(attempt.number, int)
    async with breaker:
        pass


# ---- A session. ----


def activate(route: Route) -> object:
    return route.name


policy = Policy(retry={"max_attempts": 3}, turn={"deadline": timedelta(minutes=1)})
assert_type(Policy.from_json(policy.to_json()), Policy)
session = Session(policy, routes=["a", Route("b", activate=activate, timeout=timedelta(seconds=3))], seed=1)
Route("c", client=1, close=lambda client, reason: None)
runtime = Runtime(build=lambda values: values["model"], close=print, model="large", client_arguments={"timeout": 60})
assert_type(runtime.restore(), bool)
assert_type(runtime.use(Route("d", runtime={"model": "small"})), bool)
assert_type(runtime.is_on_fallback, bool)
Session(routes=["a", Route("d", runtime={"model": "small"})], runtime=runtime)


def request(attempt: Attempt) -> int:
    assert_type(attempt.timeout, float)
    assert_type(attempt.idempotency_key, str)
    return attempt.number


async def arequest(attempt: Attempt) -> int:
    return attempt.number


with session.turn(deadline=60) as turn:
    assert_type(turn.call(request), int)
    assert_type(turn.call(request, isolate=True), int)
    turn.step()
    turn.gate("mail", {"to": "x"}, risky=True, approver=lambda asked: True)
    assert_type(turn.report(), Report)


def numbers(attempt: Attempt) -> Iterator[int]:
    yield attempt.number


async def anumbers(attempt: Attempt) -> AsyncIterator[int]:
    yield attempt.number


async def later(attempt: Attempt) -> AsyncIterator[int]:
    return anumbers(attempt)


for chunk in session.turn().stream(numbers, restartable=True, read=lambda chunk: {"text": True}):
    assert_type(chunk, int | Discard)


async def asession() -> None:
    async with session.turn() as turn:
        assert_type(await turn.acall(arequest), int)
        async for chunk in turn.astream(anumbers, collect=True):
            assert_type(chunk, int | Discard)
        async for chunk in turn.astream(later):
            assert_type(chunk, int | Discard)
        await turn.agate("mail", {}, risky=True)


# ---- An agent. ----


def model(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Mapping[str, Any]:
    return {"answer": "x"}


async def amodel(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Mapping[str, Any]:
    return {"answer": "x"}


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@tool(risky=lambda arguments: bool(arguments), replay="keyed", timeout=3)
def pay(amount: int, idempotency_key: str) -> None:
    """Pays."""


assert_type(add, Tool)
assert_type(pay, Tool)


def approver(asked: ApprovalRequest) -> bool:
    return asked.tool == "pay"


agent = Agent(model, fallbacks=[amodel], tools=[add, pay, text], approver=approver, policy=policy)
result = agent.run("x", raise_on=["deadline"])
assert_type(result, Result)
assert_type(result.answer, str)
assert_type(result.blocked, list[str])
assert_type(result.cost, float | None)
assert_type(dict(result), dict[str, Any])


assert_type(agent.run("x", parent=None, share_budgets=True, run_id="order 7"), Result)
assert_type(result.model, str | None)
assert_type(result.spent, Usage)
for event in agent.stream("x", collect=True, raise_on="deadline"):
    assert_type(event, Event)
    if event.type == "text":
        assert_type(event.text, str)
    elif event.type == "report":
        assert_type(event.result, Result)


async def arun() -> None:
    assert_type(await agent.arun([{"role": "user", "content": "x"}]), Result)
    async for event in agent.astream("x", restartable=False):
        if isinstance(event, Discard):
            assert_type(event.reason, str)


# ---- Turns within turns. ----

assert_type(current_turn(), Turn | None)
with Session(routes=["a"]).turn() as above:
    assert_type(Session(routes=["a"]).turn(parent=above, share_budgets=True, deadline=1), Turn)
    Session(routes=["a"]).turn(parent=current_turn())
    Session(routes=["a"]).turn(parent=None)
    Session(routes=["a"]).turn(run_id="order 7")
    Session(routes=["a"]).turn(parent="current")
    Session(routes=["a"]).turn(parent="other")  # type: ignore[arg-type]


# ---- Tests. ----

with instant() as time, NoticeRecorder() as notices:
    assert_type(time, VirtualTime)
    assert_type(time.slept, list[float])
    assert_type(notices.lines, list[str])
    Agent(script(says("x"), is_async=True))

run: Callable[[Coroutine[Any, Any, None]], None] = asyncio.run
awaitable: Awaitable[int] = retry(anumber)
