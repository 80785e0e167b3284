"""What must hold whatever comes: a few properties, searched for counter-examples."""

from __future__ import annotations

import inspect
import json
from typing import Any

from failsoft import Agent, Failure, Policy, Result, classify, tool
from failsoft.testing import instant
from hypothesis import given, settings
from hypothesis import strategies as st

settings.register_profile("failsoft", deadline=None, max_examples=100)
settings.load_profile("failsoft")

spans = st.integers(0, 60_000).map(lambda ms: ms / 1000)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    attempts=st.integers(1, 1000),
    base=spans,
    cap=spans,
    factor=st.integers(1000, 100_000),
    jitter=st.sampled_from(["full", "equal", "decorrelated", "none"]),
    names=st.lists(st.text(min_size=1), max_size=3),
    deadline=st.none() | st.integers(1, 10**9).map(lambda ms: ms / 1000),
)
def test_a_policy_survives_its_own_file(
    attempts: int, base: float, cap: float, factor: int, jitter: str, names: list[str], deadline: float | None
) -> None:
    retry = {"max_attempts": attempts, "base": base, "cap": max(base, cap), "factor": factor / 1000, "jitter": jitter}
    policy = Policy(retry=retry, approval={"deny": names}, turn={"deadline": deadline})
    again = Policy.from_json(policy.to_json())
    assert again == policy
    assert again.to_json() == policy.to_json()


@given(groups=st.dictionaries(st.sampled_from(["retry", "turn", "breaker", "approval", "oops"]), plain, max_size=3))
def test_a_policy_is_made_or_refused_in_one_line(groups: dict[str, Any]) -> None:
    try:
        policy = Policy(**groups)
    except ValueError as refused:
        assert " is not allowed; use " in str(refused)
    else:
        assert Policy.from_json(policy.to_json()) == policy


hints: st.SearchStrategy[Any] = st.sampled_from(
    [int, float, str, bool, list[int], dict[str, str], int | None, Any, "Unknown", object()]
)


@given(parameters=st.lists(st.tuples(hints, st.booleans()), max_size=5), doc=st.text())
def test_every_function_has_a_schema(parameters: list[tuple[Any, bool]], doc: str) -> None:
    def fn(**_: Any) -> None: ...

    fn.__doc__ = doc
    kind = inspect.Parameter.KEYWORD_ONLY
    made = [
        inspect.Parameter(f"p{at}", kind, annotation=hint, default=1 if optional else inspect.Parameter.empty)
        for at, (hint, optional) in enumerate(parameters)
    ]
    fn.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    schema = json.loads(json.dumps(tool(fn).parameters))
    assert list(schema["properties"]) == [f"p{at}" for at in range(len(parameters))]
    assert schema["required"] == [f"p{at}" for at, (_, optional) in enumerate(parameters) if not optional]


@given(attributes=st.dictionaries(st.sampled_from(["status_code", "status", "code", "type", "headers", "body"]), plain))
def test_whatever_an_exception_carries_it_is_classified(attributes: dict[str, Any]) -> None:
    error = Exception("x")
    for name, value in attributes.items():
        setattr(error, name, value)
    assert isinstance(classify(error), Failure)


@given(reply=plain | st.fixed_dictionaries({}, optional={"answer": plain, "tool_calls": plain, "usage": plain}))
@settings(max_examples=200)
def test_whatever_a_model_says_the_run_ends(reply: Any) -> None:
    def known(a: int = 1) -> None:
        """Is known."""

    with instant():
        result = Agent(lambda messages, tools: reply, tools=[known], policy=Policy(turn={"steps": 3})).run("x")
    assert isinstance(result, Result)
    assert result.stop_reason


@given(name=st.text() | st.just("known"), arguments=plain | st.dictionaries(st.just("a"), plain))
@settings(max_examples=200)
def test_whatever_a_model_asks_for_it_is_told_something(name: str, arguments: Any) -> None:
    def known(a: Any = 1) -> str:
        """Is known."""
        return "ran"

    def model(messages: Any, tools: Any) -> Any:
        if len(messages) == 1:
            return {"tool_calls": [{"id": "c", "name": name, "arguments": arguments}]}
        return {"answer": messages[-1]["content"]}

    with instant():
        assert Agent(model, tools=[known]).run("x").answer
