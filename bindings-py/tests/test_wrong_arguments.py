"""Wrong arguments: one line that names the field, the value, and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from failsoft import Agent, Attempt, CircuitBreaker, Policy, Route, Runtime, Session

ONE: Any = 1
YES: Any = "yes"
POLICY: Any = {"retry": {"max_attempts": 5}}
A_DICT = 'is not a dict of fields; use one such as {"model": "m"}'


def model(messages: Any, tools: Any) -> dict[str, str]:
    return {"answer": "42"}


WRONG: list[tuple[Callable[[], object], str]] = [
    (
        lambda: Session(routes="primary"),
        'Session: routes: "primary" is not a list; use one such as ["primary", "backup"]',
    ),
    (lambda: Session(routes=ONE), 'Session: routes: 1 is not a list; use one such as ["primary", "backup"]'),
    (lambda: Session(POLICY, routes=["a"]), 'policy: use a Policy, such as Policy(retry={"max_attempts": 5})'),
    (lambda: Session(routes=["a"], clock=ONE), "Session: clock: 1 is not a function"),
    (lambda: Session(routes=["a"], sleep=ONE), "Session: sleep: 1 is not a function"),
    (lambda: Session(routes=["a"], seed=YES), 'seed: "yes" is not allowed; use a whole number'),
    (lambda: Session(routes=["a"]).turn(run_id=cast(str, 7)), "run_id: 7 is not allowed; use a text"),
    (lambda: Session(routes=["a"], runtime=POLICY), "Session: runtime: a dict is not a Runtime"),
    (
        lambda: Session(routes=["a"]).turn(share_budgets=YES),
        'turn: share_budgets: "yes" is not allowed; use true or false',
    ),
    (lambda: Agent(model).run("hi", share_budgets=ONE), "turn: share_budgets: 1 is not allowed; use true or false"),
    (lambda: Agent(model, session=ONE), "session: 1 is not a Session"),
    (lambda: Route("a", activate=ONE), "Route: activate: 1 is not a function"),
    (lambda: Route("a", close=YES), 'Route: close: "yes" is not a function'),
    (lambda: Route("a", runtime=YES), f'Route: runtime: "yes" {A_DICT}'),
    (lambda: CircuitBreaker(clock=ONE), "CircuitBreaker: clock: 1 is not a function"),
    (lambda: Runtime(build=ONE), "Runtime: build: 1 is not a function"),
    (lambda: Runtime(close=ONE), "Runtime: close: 1 is not a function"),
    (lambda: Runtime(modes=ONE), f"Runtime: modes: 1 {A_DICT}"),
    (lambda: Runtime(modes={"chat_completions": ONE}), f"Runtime: modes.chat_completions: 1 {A_DICT}"),
    (lambda: Runtime(model="m").use(YES), f'Runtime: "yes" {A_DICT}'),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG, ids=[told.split(" ")[0] + told[-20:] for _, told in WRONG])
def test_a_wrong_argument_is_refused_by_one_line(wrong: Callable[[], object], told: str) -> None:
    with pytest.raises(TypeError) as raised:
        wrong()
    assert str(raised.value) == told


def test_a_message_shows_no_more_of_an_object_than_its_type() -> None:
    with pytest.raises(TypeError, match=r"^Session: runtime: a dict is not a Runtime$"):
        Session(Policy(), routes=["a"], runtime={"api_key": "sk-secret"})  # type: ignore[arg-type]


def test_a_provider_that_is_no_text_is_one_that_is_not_known() -> None:
    session = Session(routes=["a"], runtime=Runtime(model="m", provider=ONE))

    def fail(_: Attempt) -> None:
        raise KeyError("the user's own")

    with pytest.raises(KeyError):
        session.turn().call(fail)


def test_an_api_mode_that_is_no_text_is_one_that_is_not_known() -> None:
    runtime = Runtime(model="m", api_mode=ONE, anthropic_version="2023-06-01")
    runtime.choose(model="n")
    assert dict(runtime) == {"model": "n", "api_mode": 1, "anthropic_version": "2023-06-01"}
