"""The agent, sync and async: the same runs, on no loop, on asyncio and on trio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio
from failsoft import (
    Agent,
    CallTimeout,
    DeadlineExceeded,
    Exhausted,
    PermanentError,
    Policy,
    Result,
    Session,
    StepLimitExceeded,
    TransientError,
    Usage,
    tool,
)
from failsoft.testing import NoticeRecorder, VirtualTime, calls, fails, says, script

Drive = Callable[..., Result]
NO_JITTER = Policy(retry={"jitter": "none"})


@pytest.fixture(params=["sync", "asyncio", "trio"])
def drive(request: pytest.FixtureRequest, time: VirtualTime) -> Drive:
    """Runs an agent to its end, in every way that there is."""

    def run(agent: Agent, task: Any = "go", **options: Any) -> Result:
        async def main() -> Result:
            return await agent.arun(task, **options)

        if request.param == "sync":
            return agent.run(task, **options)
        return asyncio.run(main()) if request.param == "asyncio" else trio.run(main)

    return run


def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


def results(result: Result) -> list[str]:
    return [message["content"] for message in result.messages if message["role"] == "tool"]


# ---- Answers. ----


def test_an_answer_ends_the_run(drive: Drive) -> None:
    result = drive(Agent(script(says("hello"))), "hi")
    assert dict(result) == {"answer": "hello", "steps": 1, "blocked": [], "degraded": False}
    assert (result.stop_reason, result.error, result.attempts, result.route) == ("answered", None, 1, "primary")
    assert result.messages == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]


def test_a_whole_conversation_may_be_handed_in(drive: Drive) -> None:
    model = script(says("hello"))
    history = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]
    drive(Agent(model), history)
    assert model.requests == [history]
    assert len(history) == 2


def test_a_model_that_fails_twice_is_asked_again(drive: Drive, time: VirtualTime) -> None:
    model = script(fails(2), calls("multiply", a=17, b=23), says("It is {last_tool_result}."))
    result = drive(Agent(model, tools=[multiply], policy=NO_JITTER))
    assert (result.answer, result.steps, result.attempts, result.degraded) == ("It is 391.", 2, 4, False)
    assert time.slept == [0.5, 1.0]


def test_a_backup_answers_and_the_next_run_is_back_on_the_primary(drive: Drive) -> None:
    primary = script(fails(3), says("primary"))
    agent = Agent(primary, fallbacks=[script(says("backup"))])
    first, second = drive(agent), drive(agent)
    assert (first.answer, first.route, first.degraded) == ("backup", "backup", False)
    assert (second.answer, second.route) == ("primary", "primary")


def test_a_full_outage_is_a_degraded_answer(drive: Drive) -> None:
    result = drive(Agent(script(fails(99))))
    assert (result.stop_reason, result.degraded) == ("model_unavailable", True)
    assert result.answer.startswith("I cannot answer right now, because no model can be reached")
    assert isinstance(result.error, Exhausted)
    assert isinstance(result.error.__cause__, TransientError)


def test_a_permanent_error_is_the_error_of_the_run(drive: Drive) -> None:
    error = PermanentError("no")
    result = drive(Agent(script(error), fallbacks=[script(says("never"))]))
    assert result.error is error
    assert (result.stop_reason, result.degraded, result.attempts) == ("error", True, 1)


def test_a_looping_model_is_stopped(drive: Drive) -> None:
    result = drive(Agent(script(calls("multiply", a=1, b=1)), tools=[multiply], policy=Policy(turn={"steps": 3})))
    assert (result.steps, result.stop_reason, result.degraded) == (3, "step_limit", True)
    assert isinstance(result.error, StepLimitExceeded)
    assert results(result) == ["1", "1", "1"]


def test_raise_on_opts_into_exceptions(drive: Drive) -> None:
    agent = Agent(script(fails(99)))
    with pytest.raises(Exhausted):
        drive(agent, raise_on=["model_unavailable"])
    with pytest.raises(Exhausted):
        drive(agent, raise_on="model_unavailable")
    assert drive(agent, raise_on=["step_limit"]).degraded
    with pytest.raises(ValueError, match='raise_on: "steps" is not allowed; use some of answered, step_limit, '):
        drive(agent, raise_on=["steps"])


def test_usage_is_summed_when_it_is_known(drive: Drive) -> None:
    usage = {"input_tokens": 10, "output_tokens": 3}
    model = script({**calls("multiply", a=1, b=1), "usage": usage}, {"answer": "x", "usage": usage})
    assert drive(Agent(model, tools=[multiply])).usage == Usage(20, 6)


@pytest.mark.parametrize(
    "usage",
    [None, {}, "many", {"input_tokens": -1}, {"input_tokens": True}, {"input_tokens": 2**70}, {"input_tokens": 1.5}],
)
def test_usage_that_is_not_known_is_unknown_and_never_zero(drive: Drive, usage: Any) -> None:
    model = script({**calls("multiply", a=1, b=1), "usage": {"input_tokens": 9}}, {"answer": "x", "usage": usage})
    assert drive(Agent(model, tools=[multiply])).usage == Usage(None, None)


def test_what_was_noticed_is_logged(drive: Drive) -> None:
    with NoticeRecorder() as notices:
        result = drive(Agent(script(fails(1), says("x")), policy=NO_JITTER))
    assert notices.lines[0].startswith("+0.000 s primary: attempt 1 failed")
    assert len(result.lines) == len(notices.lines)


# ---- Tools. ----


def test_tools_are_told_to_the_model(drive: Drive) -> None:
    seen = []

    def model(messages: Any, tools: Any) -> Any:
        seen.append(tools)
        return {"answer": "x"}

    drive(Agent(model, tools=[multiply]))
    assert [one["name"] for one in seen[0]] == ["multiply"]
    assert seen[0][0]["parameters"]["required"] == ["a", "b"]


def ask(*wanted: tuple[str, Any]) -> dict[str, Any]:
    rows = [{"id": f"c{at}", "name": name, "arguments": arguments} for at, (name, arguments) in enumerate(wanted)]
    return {"tool_calls": rows}


def test_results_go_back_in_the_models_order(drive: Drive) -> None:
    model = script(ask(("multiply", {"a": 1, "b": 1}), ("multiply", {"a": 2, "b": 2})), says("x"))
    result = drive(Agent(model, tools=[multiply]))
    assert results(result) == ["1", "4"]
    assert [message["tool_call_id"] for message in result.messages if message["role"] == "tool"] == ["c0", "c1"]


def test_arguments_may_come_as_json_text(drive: Drive) -> None:
    result = drive(Agent(script(ask(("multiply", '{"a": 6, "b": 7}')), says("x")), tools=[multiply]))
    assert results(result) == ["42"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("[1, 2]", "the arguments must be an object, not a list"),
        ([1, 2], "the arguments must be an object, not a list"),
        ("{", "the arguments are not valid JSON"),
        (None, "the arguments must be an object, not null"),
        ({"a": 1}, "the arguments do not fit: missing a required argument: 'b'"),
        ({"a": 1, "b": 2, "c": 3}, "the arguments do not fit: got an unexpected keyword argument 'c'"),
        ({"a": 2**53, "b": 1}, "the number 9007199254740992 is beyond 2^53 - 1"),
        ({"a": 10**5000, "b": 1}, "the arguments"),
        ({"a": float("nan"), "b": 1}, "the arguments are not valid JSON"),
        ({"a": "\ud800", "b": 1}, "the arguments are not valid JSON"),
        ('{"a": "\ud800", "b": 1}', "the arguments hold a lone surrogate"),
        ({"a": object(), "b": 1}, "the arguments are not plain data"),
    ],
)
def test_bad_arguments_are_told_to_the_model(drive: Drive, arguments: Any, complaint: str) -> None:
    ran = []

    def multiply(a: int, b: int) -> None:
        """Multiplies."""
        ran.append((a, b))

    result = drive(Agent(script(ask(("multiply", arguments)), says("sorry")), tools=[multiply]))
    assert ran == []
    assert results(result)[0].startswith(f"The tool multiply was not run: {complaint}")
    assert (result.answer, result.degraded) == ("sorry", False)


def test_arguments_nested_beyond_reason_are_refused(drive: Drive) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"x": deep}
    result = drive(Agent(script(ask(("multiply", deep)), says("sorry")), tools=[multiply]))
    assert results(result)[0].startswith("The tool multiply was not run: the arguments are not plain data")
    while deep:
        deep = deep["x"]


@pytest.mark.parametrize("name", ["divide", "", None, 7, "\ud800", "x" * 5000])
def test_an_unknown_tool_is_told_to_the_model(drive: Drive, name: Any) -> None:
    result = drive(Agent(script(ask((name, {})), says("sorry")), tools=[multiply]))
    assert results(result)[0].startswith("There is no tool named ")
    assert results(result)[0].endswith(". The tools are: multiply.")
    assert len(results(result)[0]) < 300
    assert result.answer == "sorry"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ZeroDivisionError("by zero"), "The tool broken failed: ZeroDivisionError: by zero"),
        (TransientError("busy"), "The tool broken failed: TransientError: busy"),
        (Exception("\ud800"), "The tool broken failed: Exception: \ufffd"),
        (TypeError("the tool's own"), "The tool broken failed: TypeError: the tool's own"),
    ],
)
def test_a_tool_that_raises_is_told_to_the_model(drive: Drive, error: Exception, text: str) -> None:
    ran = []

    def broken() -> None:
        """Breaks."""
        ran.append(1)
        raise error

    result = drive(Agent(script(calls("broken"), says("sorry")), tools=[broken]))
    assert results(result)[0].rstrip("\ufffd") == text.rstrip("\ufffd")
    assert (result.answer, ran) == ("sorry", [1])


def test_a_long_error_is_cut(drive: Drive) -> None:
    def broken() -> None:
        """Breaks."""
        raise Exception("x" * 100_000)

    result = drive(Agent(script(calls("broken"), says("sorry")), tools=[broken]))
    assert len(results(result)[0]) < 2_100


def test_an_error_that_cannot_be_shown_breaks_nothing(drive: Drive) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def broken() -> None:
        """Breaks."""
        raise Mute

    result = drive(Agent(script(calls("broken"), says("sorry")), tools=[broken]))
    assert results(result)[0].startswith("The tool broken failed: Mute")


def test_the_same_failing_call_ends_the_run(drive: Drive) -> None:
    def broken() -> None:
        """Breaks."""
        raise ValueError("always")

    result = drive(Agent(script(calls("broken")), tools=[broken]))
    assert (result.stop_reason, result.steps) == ("repeated_tool_failure", 3)


def test_an_idempotent_tool_is_run_again(drive: Drive) -> None:
    ran: list[dict[str, int]] = []

    @tool(replay="idempotent")
    def flaky(point: dict[str, int]) -> str:
        """Fails twice."""
        ran.append(dict(point))
        point["x"] = 99
        if len(ran) < 3:
            raise TransientError
        return "done"

    result = drive(Agent(script(calls("flaky", point={"x": 1}), says("x")), tools=[flaky]))
    assert results(result) == ["done"]
    assert ran == [{"x": 1}] * 3


def test_a_keyed_tool_gets_the_same_key_each_time(drive: Drive) -> None:
    keys = []

    @tool(replay="keyed")
    def pay(amount: int, idempotency_key: str) -> str:
        """Pays."""
        keys.append(idempotency_key)
        if len(keys) < 3:
            raise TransientError
        return "paid"

    model = script(calls("pay", amount=3), calls("pay", amount=4), says("x"))
    result = drive(Agent(model, tools=[pay]))
    assert results(result) == ["paid", "paid"]
    assert "idempotency_key" not in pay.parameters["properties"]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain", "plain"), (None, "null"), ({"a": [1, "é"]}, '{"a": [1, "é"]}'), (3.5, "3.5"), ({1, 2}, '"{1, 2}"')],
)
def test_results_are_text_for_the_model(drive: Drive, value: Any, text: str) -> None:
    def give() -> Any:
        """Gives."""
        return value

    assert results(drive(Agent(script(calls("give"), says("x")), tools=[give]))) == [text]


# ---- A model that talks nonsense. ----


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        {},
        "text",
        42,
        {"answer": None},
        {"answer": ""},
        {"answer": 3},
        {"tool_calls": "x"},
        {"tool_calls": []},
    ],
)
def test_a_reply_that_is_neither_answer_nor_tool_call_is_a_failure(drive: Drive, reply: Any) -> None:
    result = drive(Agent(lambda messages, tools: reply, policy=NO_JITTER))
    assert (result.degraded, result.stop_reason, result.steps) == (True, "model_unavailable", 1)
    assert result.attempts == 2
    assert "malformed x2" in str(result.error)


def test_it_is_asked_once_more_and_then_the_backup_is(drive: Drive) -> None:
    agent = Agent(script({}), fallbacks=[script(says("backup"))])
    assert drive(agent).answer == "backup"
    assert drive(Agent(script({}, says("second")))).answer == "second"


@pytest.mark.parametrize("call", [None, "x", {}, {"name": None}, {"name": "x", "id": 7}, 3])
def test_a_tool_call_of_nonsense_breaks_nothing(drive: Drive, call: Any) -> None:
    result = drive(Agent(script({"tool_calls": [call]}, says("sorry")), tools=[multiply]))
    assert result.answer == "sorry"
    assert results(result)[0].startswith("There is no tool named ")


def test_a_model_cannot_change_what_was_asked_for(drive: Drive) -> None:
    ran = []

    def send(to: str) -> None:
        """Sends."""
        ran.append(to)

    arguments = {"to": "ada"}

    def approver(request: Any) -> bool:
        request.arguments["to"] = arguments["to"] = "eve"
        return True

    model = script(ask(("send", arguments)), says("x"))
    drive(Agent(model, tools=[tool(send, risky=True)], approver=approver))
    assert ran == ["ada"]


# ---- Risky tools. ----


def mail(sent: list[str], **options: Any) -> Any:
    def send_email(to: str) -> str:
        """Sends an email."""
        sent.append(to)
        return "sent"

    return tool(send_email, risky=True, **options)


def test_a_risky_tool_is_blocked_without_an_approver(drive: Drive) -> None:
    sent: list[str] = []
    model = script(ask(("send_email", {"to": "ada"}), ("multiply", {"a": 2, "b": 3})), says("done"))
    result = drive(Agent(model, tools=[mail(sent), multiply]))
    assert (sent, result.blocked, result.degraded) == ([], ["send_email"], False)
    assert results(result)[0].startswith("The tool send_email was not run: it needs a person's approval")
    assert results(result)[1] == "6"


@pytest.mark.parametrize("answer", [True, "once", "session", "always"])
def test_it_runs_after_a_yes(drive: Drive, answer: Any) -> None:
    sent: list[str] = []
    asked = []

    def approver(request: Any) -> Any:
        asked.append((request.tool, request.arguments))
        return answer

    model = script(ask(("multiply", {"a": 2, "b": 3}), ("send_email", {"to": "ada"})), says("done"))
    result = drive(Agent(model, tools=[mail(sent), multiply], approver=approver))
    assert (sent, result.blocked, asked) == (["ada"], [], [("send_email", {"to": "ada"})])


@pytest.mark.parametrize("answer", [False, None, "no", 1])
def test_everything_else_is_a_no(drive: Drive, answer: Any) -> None:
    sent: list[str] = []
    result = drive(
        Agent(script(calls("send_email", to="ada"), says("x")), tools=[mail(sent)], approver=lambda _: answer)
    )
    assert (sent, result.blocked) == ([], ["send_email"])
    assert results(result) == ["The tool send_email was not run: it was denied. Do not try it again."]


def test_an_approver_that_fails_is_no_yes(drive: Drive) -> None:
    def approver(_: Any) -> bool:
        raise OSError("no terminal")

    sent: list[str] = []
    with NoticeRecorder() as notices:
        result = drive(Agent(script(calls("send_email", to="ada"), says("x")), tools=[mail(sent)], approver=approver))
    assert (sent, result.blocked) == ([], ["send_email"])
    assert any("the approver failed, which is not a yes" in line for line in notices.lines)


def test_a_standing_approval_is_asked_for_once(drive: Drive) -> None:
    sent: list[str] = []
    asked = []

    def approver(request: Any) -> str:
        asked.append(request.arguments["to"])
        return "session"

    model = script(calls("send_email", to="ada"), calls("send_email", to="bob"), says("x"))
    drive(Agent(model, tools=[mail(sent)], approver=approver))
    assert (sent, asked) == (["ada", "bob"], ["ada"])


def test_a_predicate_says_which_calls_are_risky(drive: Drive) -> None:
    paid: list[int] = []

    def pay(amount: int) -> str:
        """Pays."""
        paid.append(amount)
        return "paid"

    model = script(ask(("pay", {"amount": 5}), ("pay", {"amount": 500})), says("x"))
    result = drive(Agent(model, tools=[tool(pay, risky=lambda arguments: arguments["amount"] > 100)]))
    assert (paid, result.blocked) == ([5], ["pay"])


def test_a_predicate_that_fails_is_no_no(drive: Drive) -> None:
    paid: list[Any] = []

    def pay(amount: int) -> None:
        """Pays."""
        paid.append(amount)

    risky = tool(pay, risky=lambda arguments: arguments["amount"] > 100)
    result = drive(Agent(script(calls("pay", amount="much"), says("x")), tools=[risky]))
    assert (paid, result.blocked) == ([], ["pay"])


def test_the_policy_may_deny_a_tool(drive: Drive) -> None:
    policy = Policy(approval={"deny": ["multiply"]})
    model = script(calls("multiply", a=1, b=1), says("x"))
    result = drive(Agent(model, tools=[multiply], policy=policy, approver=lambda _: True))
    assert result.blocked == ["multiply"]


# ---- Time. ----


def test_the_deadline_ends_the_run(drive: Drive, time: VirtualTime) -> None:
    def slow(messages: Any, tools: Any) -> Any:
        time.hang(40)
        return calls("multiply", a=1, b=1)

    before = time.now
    result = drive(Agent(slow, tools=[multiply], policy=Policy(turn={"deadline": 100})))
    assert (result.stop_reason, result.degraded) == ("deadline", True)
    assert isinstance(result.error, DeadlineExceeded)
    assert time.now - before == 100


def test_a_hung_model_is_left_for_the_backup(drive: Drive, time: VirtualTime) -> None:
    def hung(messages: Any, tools: Any) -> Any:
        time.hang()

    before = time.now
    agent = Agent(hung, fallbacks=[script(says("backup"))], policy=Policy(attempt={"timeout": 5}))
    assert drive(agent).answer == "backup"
    assert time.now - before == 5


def test_a_hung_model_alone_is_the_cause(drive: Drive, time: VirtualTime) -> None:
    def hung(messages: Any, tools: Any) -> Any:
        time.hang()

    policy = Policy(attempt={"timeout": 5}, retry={"max_attempts": 1})
    result = drive(Agent(hung, policy=policy))
    assert result.stop_reason == "model_unavailable"
    assert isinstance(result.error, Exhausted)
    assert isinstance(result.error.__cause__, CallTimeout)


def test_a_late_reply_is_ignored(drive: Drive, time: VirtualTime) -> None:
    asked = []

    def slow_once(messages: Any, tools: Any) -> Any:
        asked.append(messages)
        if len(asked) == 1:
            time.hang(7)
            return {"answer": "late"}
        time.hang(4)
        return {"answer": "fresh"}

    result = drive(Agent(slow_once, policy=Policy(attempt={"timeout": 5}, retry={"jitter": "none"})))
    assert (result.answer, len(asked)) == ("fresh", 2)


# ---- What is refused. ----


def test_a_model_must_be_callable() -> None:
    with pytest.raises(TypeError, match="model: 'gpt' is not callable; use a function of"):
        Agent("gpt")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match='tools: "multiply" is not allowed twice'):
        Agent(script({}), tools=[multiply, multiply])


def test_an_async_model_tool_or_approver_is_refused_by_run() -> None:
    async def afn(*_: Any) -> Any: ...

    for agent in [
        Agent(afn),
        Agent(script({}), fallbacks=[afn]),
        Agent(script({}, is_async=True)),
        Agent(script({}), tools=[tool(afn, name="x")]),
        Agent(script({}), approver=afn),
    ]:
        with pytest.raises(TypeError, match=r"^run: .* is async; use arun$"):
            agent.run("x")


def test_a_shared_session_must_fit() -> None:
    session = Session(routes=["a"])
    with pytest.raises(ValueError, match="session: a chain of 1 is not allowed; use one route for each of 2 models"):
        Agent(script({}), fallbacks=[script({})], session=session)
    with pytest.raises(ValueError, match="use the session's own"):
        Agent(script({}), session=session, policy=Policy())
    with pytest.raises(ValueError, match="use the session's own"):
        Agent(script({}), session=session, seed=1)


def test_agents_that_share_a_session_share_what_was_learnt(drive: Drive) -> None:
    session = Session(Policy(breaker={"consecutive": 3}), routes=["a", "b"])
    models = script(fails(99)), script(says("b"))
    drive(Agent(models[0], fallbacks=[models[1]], session=session))
    assert session.breaker("a") == "open"
    other = script(says("never"))
    assert drive(Agent(other, fallbacks=[script(says("b"))], session=session)).answer == "b"
    assert other.requests == []


def test_only_the_limit_of_steps_is_called_a_limit_of_steps() -> None:
    policy = Policy(turn={"tool_calls": 1})
    two = {"tool_calls": [*calls("add", a=1)["tool_calls"], *calls("add", a=2)["tool_calls"]]}

    def add(a: int) -> int:
        return a

    result = Agent(script(two, says("done")), tools=[add], policy=policy).run("count")
    assert result.stop_reason == "tool_limit"
    assert isinstance(result.error, Exhausted)
    assert str(result.error) == "the limit of 1 tool call is reached"
