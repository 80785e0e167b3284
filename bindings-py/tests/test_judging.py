"""Every loop of a session judges by the session's policy, and knows whom it has asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from failsoft import Agent, Explanation, Failure, Policy, Route, Session, classify, explain
from failsoft.errors import Exhausted

# The moon is not in the table; at "lunar" it is an overload, which is asked again, anywhere else nobody knows.
OURS = Policy(
    retry={"max_attempts": 2},
    classify={
        "rules": [
            {
                "name": "moonlight",
                "when": {"phrase": ["the moon is full"], "provider": ["lunar"]},
                "then": {"kind": "overloaded", "retry_after": 7},
            }
        ]
    },
)
FULL = ValueError("Sorry, the moon is full")


def request(asked: list[str]) -> Any:
    def ask(attempt: Any) -> Any:
        asked.append(attempt.route.name)
        raise FULL

    return ask


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(("provider", "times"), [("Lunar", 2), ("solar", 1), (None, 1)])
def test_the_rules_of_the_policy_count(way: str, provider: str | None, times: int) -> None:
    asked: list[str] = []
    waits: list[float] = []
    ask = request(asked)

    async def aask(attempt: Any) -> Any:
        return ask(attempt)

    session = Session(OURS, routes=[Route("primary", provider=provider)], sleep=waits.append)
    with pytest.raises(Exhausted if times == 2 else ValueError):
        session.turn().call(ask) if way == "sync" else asyncio.run(session.turn().acall(aask))
    assert asked == ["primary"] * times
    assert waits == [7.0] * (times - 1)


@pytest.mark.parametrize("way", ["sync", "async"])
def test_those_of_an_agents_policy_too(way: str) -> None:
    calls: list[int] = []

    def model(messages: Any, tools: Any) -> Any:
        calls.append(1)
        raise FULL

    model.route = {"provider": "lunar"}  # type: ignore[attr-defined]
    agent = Agent(model, policy=OURS, sleep=lambda _: None)
    result = agent.run("hi") if way == "sync" else asyncio.run(agent.arun("hi"))
    assert (len(calls), result.degraded) == (2, True)


def test_the_public_functions() -> None:
    session = Session(OURS, routes=["primary"])
    expected = Failure("overloaded", retry_after=7)
    assert classify(FULL, policy=OURS, provider="lunar") == expected == session.classify(FULL, provider="Lunar")
    assert classify(FULL, provider="lunar").kind == classify(FULL, policy=OURS).kind == "unknown"
    assert session.explain(FULL, provider="lunar") == explain(FULL, policy=OURS, provider="lunar")
    said = session.explain(FULL, provider="lunar", phase="idle")
    assert isinstance(said, Explanation)
    assert (said.rule, said.failure.kind, said.failure.phase) == ("moonlight", "overloaded", "idle")
    assert "the moon is full" in said.why
    assert str(said).startswith("overloaded")


def test_what_is_brought_along_is_explained_too() -> None:
    error = ValueError("no")
    error.failsoft_failure = Failure("auth", status=401)  # type: ignore[attr-defined]
    said = explain(error)
    assert said.failure == Failure("auth", status=401)
    assert said.next
    assert classify(error, policy=OURS) == said.failure


def test_a_phase_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r'facts\.phase: "lunch" is not allowed; use one of '):
        classify(FULL, phase="lunch")
