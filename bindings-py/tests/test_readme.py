"""The examples of the README run as they stand; only the names of the reader's own things are filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from failsoft import Agent
from failsoft.testing import ends, instant, streams

README = Path(__file__).parents[2] / "README.md"
FAILURES = README.with_name("docs") / "failures.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.S)


def block(beginning: str) -> str:
    (found,) = [one for one in blocks() if beginning in one]
    return found


def ask_somebody(request: Any) -> bool:
    return bool(request.tool == "send_email")


def test_the_guards_around_one_call() -> None:
    yours = dict.fromkeys(("fetch", "slow", "ask_primary", "ask_backup"), lambda: "reply")
    scope: dict[str, Any] = {**yours, "ask_somebody": ask_somebody}
    exec(block("from failsoft import CircuitBreaker, StepLimiter"), scope)
    assert scope["steps"].steps == 1
    assert scope["breaker"].state == "closed"


def test_the_same_in_three_languages(capsys: pytest.CaptureFixture[str]) -> None:
    with instant():
        exec(block("def answer():"), {})
    (printed,) = re.findall(r"Each prints the same:\n\n```text\n(.*?)```", README.read_text(), re.S)
    assert capsys.readouterr().out == printed


def test_your_own_loop(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[float] = []
    scope: dict[str, Any] = {
        "ask": lambda client, timeout: asked.append(timeout),
        "clients": {"primary": None, "backup": None},
        "arguments": {"to": "a@b.c"},
        "ask_somebody": ask_somebody,
    }
    exec(block("session = Session(Policy("), scope)
    # The deadline of 60 s is shared with the one route still to come.
    assert asked == [30.0]
    assert capsys.readouterr().out == "[]\n"


def test_a_session_that_lives_for_weeks(capsys: pytest.CaptureFixture[str]) -> None:
    class Client:
        def __init__(self, model: str) -> None:
            self.model = model

        def ask(self, question: str) -> str:
            return f"{self.model} says 391"

        def close(self) -> None:
            print(f"closed {self.model}")

    exec(block("runtime = Runtime("), {"connect": Client, "search": lambda query: query})
    assert capsys.readouterr().out == "closed gpt-5\nisolated 1\ngpt-5 says 391 gpt-5\n"


def test_without_sleeping() -> None:
    scope: dict[str, Any] = {}
    exec("from failsoft import Agent, Policy\n" + block("with instant() as time:"), scope)
    assert scope["result"].answer == "hello"


def test_the_whole_agent_compiles() -> None:
    compile(block("agent = Agent("), str(README), "exec")


def test_its_answer_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    agent = Agent(streams(["The answer is 3", ends("")], ["The answer is 391."]))
    with instant():
        exec(block("agent.stream("), {"agent": agent})
    (expected,) = re.findall(r"```text\n(The answer is 3\n.*?)```", README.read_text(), re.S)
    assert capsys.readouterr().out == expected


def test_a_policy_of_ones_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FAILURES.read_text()
    (policy,) = re.findall(r"```json\n(.*?)```", page, re.S)
    (tmp_path / "policy.json").write_text(policy)
    monkeypatch.chdir(tmp_path)

    class Refused(Exception):
        status_code, body = 403, {"message": "The team budget is spent."}

    def ask() -> None:
        raise Refused

    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(code, {"ask": ask})
    (expected,) = re.findall(r"--policy policy.json\n(.*?)```", page, re.S)
    assert capsys.readouterr().out == expected
