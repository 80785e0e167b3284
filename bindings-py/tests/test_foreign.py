"""What users, models and providers wrote is shown on one line, escaped and cut, in whatever the package says."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from failsoft import Agent, CircuitBreaker, Route, Session, _native, retrying, tool
from failsoft._engine.check import raised, shown
from failsoft.testing import VirtualTime

# A colour, a new line, what turns writing around, what has no width; then too much of it.
EVIL = f"\x1b[31mred\n\u202eback\u200b{'x' * 300}"
SHOWN = "\\u{1b}[31mred\\n\\u{202e}back\\u{200b}xxx"
REPEATED = "\\x1b[31mred\\n\\u202eback\\u200bxxx"


def is_plain(message: str) -> None:
    """As short as a person reads it, in one line, and nothing in it that is not seen."""
    assert SHOWN in message or REPEATED in message, message
    assert not [one for one in message if unicodedata.category(one) in ("Cc", "Cf")], message
    assert "x" * 200 not in message, message


def generator() -> Any:
    def made() -> Any:
        yield 1

    made.__name__ = made.__qualname__ = EVIL
    return made


def named() -> Any:
    def made() -> int:
        return 1

    made.__name__ = made.__qualname__ = EVIL
    return made


def awaited() -> Any:
    async def made(messages: Any, tools: Any) -> str:
        return ""

    made.__name__ = made.__qualname__ = EVIL
    return made


REFUSALS: dict[str, Callable[[], object]] = {
    "an option that there is not": lambda: retrying(**{EVIL: 1}),
    "what is no function": lambda: retrying(EVIL),  # type: ignore[call-overload]
    "a seed": lambda: Session(routes=["primary"], seed=EVIL),  # type: ignore[arg-type]
    "a parent": lambda: Session(routes=["primary"]).turn(parent=EVIL),  # type: ignore[arg-type]
    "a route that there is not": lambda: Session(routes=["primary"]).breaker(EVIL),
    "a route that there is": lambda: Session(routes=[EVIL]).breaker("other"),
    "a generator to be retried": lambda: retrying(generator()),
    "a generator to be guarded": lambda: CircuitBreaker()(generator()),
    "a generator as a tool": lambda: tool(generator()),
    "a reason to raise on": lambda: Agent(lambda messages, tools: "").run("task", raise_on=[EVIL]),
    "an async model of a sync run": lambda: Agent(awaited()).run("task"),
    "two tools of one name": lambda: Agent(lambda messages, tools: "", tools=[tool(named()), tool(named())]),
}


@pytest.mark.parametrize("refused", REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_is_shown_as_it_is_meant(refused: Callable[[], object]) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        refused()
    is_plain(str(caught.value))


def test_logs_tell_of_clients_as_they_are_meant(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    def no(route: Route, timeout: float) -> None:
        raise OSError(EVIL)

    session = Session(routes=[Route(EVIL, activate=no), "backup"])
    with caplog.at_level(logging.WARNING, logger="failsoft"):
        assert session.turn().call(lambda attempt: attempt.route.name) == "backup"
    lines = [record.getMessage() for record in caplog.records if "could not be made" in record.getMessage()]
    assert lines
    for line in lines:
        is_plain(line)


def test_logs_tell_of_tools_and_approvers_as_they_are_meant(caplog: pytest.LogCaptureFixture) -> None:
    def model(messages: Any, tools: Any) -> Any:
        return "done" if len(messages) > 1 else {"tool_calls": [{"id": "1", "name": EVIL, "arguments": {}}]}

    def no(*_: Any) -> bool:
        raise OSError(EVIL)

    with caplog.at_level(logging.WARNING, logger="failsoft"):
        Agent(model, tools=[tool(named(), risky=no)], approver=no).run("task")
    lines = [record.getMessage() for record in caplog.records if "failed, which is not" in record.getMessage()]
    assert len(lines) == 2
    for line in lines:
        is_plain(line)


def test_a_tool_is_written_as_it_is_meant() -> None:
    is_plain(repr(tool(named())))


def test_an_exception_that_cannot_be_shown_is_named() -> None:
    class Mute(Exception):
        def __repr__(self) -> str:
            raise RuntimeError

    assert raised(Mute()) == "Mute"


def test_names_are_cut_at_64_characters_and_texts_at_200() -> None:
    assert _native.foreign_name("x" * 65) == "x" * 61 + "..."
    assert _native.foreign_name("x" * 64) == "x" * 64
    assert _native.foreign_text("x" * 100_000) == "x" * 197 + "..."
    assert _native.foreign_quoted('say "no"') == '"say \\"no\\""'
    assert shown(10**100) == "1" + "0" * 60 + "..."
    assert shown(int) == "the class int"
