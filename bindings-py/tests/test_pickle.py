"""What is plain data travels by pickle and copy, and is equal after; what belongs to its process says so."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from failsoft import (
    Agent,
    ApprovalDenied,
    BreakerOpen,
    CallTimeout,
    CircuitBreaker,
    DeadlineExceeded,
    Discard,
    Exhausted,
    Failure,
    PermanentError,
    Policy,
    Report,
    Result,
    Route,
    Session,
    StepLimitExceeded,
    TransientError,
    Usage,
    events,
)
from failsoft._engine.approval import ApprovalRequest
from failsoft.testing import calls, says, script

FAILURE = Failure("rate_limited", status=429, retry_after=1.5, phase="total", should_retry=True, effect="none")


def a_report() -> Report:
    with Session(routes=["a"]).turn() as turn:
        turn.call(lambda _: None)
        return turn.report()


def a_result() -> Result:
    return Agent(script(calls("look"), says("done")), tools=[look]).run("x")


def look() -> str:
    return "looked"


DATA = [
    Policy(retry={"max_attempts": 5}, turn={"deadline": 60}),
    Route("a", provider="openai", timeout=3.5),
    FAILURE,
    Usage(1, None),
    a_report(),
    Discard("stream_broken", 1),
    events.Step(1),
    events.Text("a", 1),
    events.ToolCall("c0", "look", {"a": 1}),
    events.ToolResult("c0", "look", "ran", "looked"),
    events.Switch("b", "fallback"),
    ApprovalRequest("look", {"a": 1}, "aa"),
]


@pytest.mark.parametrize("value", DATA, ids=lambda value: type(value).__name__)
def test_plain_data_is_equal_after(value: Any) -> None:
    for way in (lambda: pickle.loads(pickle.dumps(value)), lambda: copy.copy(value), lambda: copy.deepcopy(value)):
        assert way() == value
        assert type(way()) is type(value)


def test_a_result_is_equal_after() -> None:
    result = a_result()
    for other in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert other == result
        assert other.messages == result.messages


ERRORS = [
    Exhausted("gave up", retry_in=2.5),
    BreakerOpen("open", retry_in=None),
    CallTimeout("late"),
    DeadlineExceeded("over"),
    StepLimitExceeded("no step"),
    ApprovalDenied("no", "expired"),
    TransientError("try"),
    PermanentError("do not"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_after(error: BaseException) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (type(other), other.args, other.__dict__) == (type(error), error.args, error.__dict__)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: Session(routes=["a"]), "Session: {}; make one of the same policy and routes where you need it"),
        (lambda: Session(routes=["a"]).turn(), "Turn: {}; begin one where you need it"),
        (CircuitBreaker, "CircuitBreaker: {}; make one with the same numbers where you need it"),
        (lambda: Agent(script()), "Agent: {}; make one of the same models and tools where you need it"),
        (lambda: CircuitBreaker().isolate(), "Isolation: {}; take one where you need it"),
    ],
)
def test_what_belongs_to_its_process_refuses(make: Any, line: str) -> None:
    thing = make()
    told = line.format("it belongs to its process and cannot be pickled or copied")
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as wrong:
            way(thing)
        assert str(wrong.value) == told


def test_routes_are_equal_where_their_fields_are() -> None:
    assert Route("a", model="m") == Route("a", model="m")
    assert Route("a", model="m") != Route("a", model="n")
    assert len({Route("a"), Route("a"), Route("b")}) == 2
