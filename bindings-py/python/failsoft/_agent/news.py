"""What the consumer of ``agent.stream`` is told, from what the engine says and what models and tools bring."""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from typing import Any

from .._native import Attempt, Notice
from ..events import Discard, Event, Retry, Step, Switch, Text, ToolCall, ToolResult


class News:
    """Events that the consumer has not had yet, oldest first.

    :param collect: text is told only once its reply is whole.
    """

    def __init__(self, collect: bool) -> None:
        self.waiting: deque[Event] = deque()
        self._collect = collect
        self._step = 0
        self._has_text = False  # whether the consumer has text of a reply that is not whole yet
        self._why = ""

    def attempt(self, attempt: Attempt) -> None:
        if attempt.step is not None and attempt.step != self._step:
            self._step, self._why = attempt.step, ""
            self.waiting.append(Step(attempt.step))

    def notice(self, notice: Notice) -> None:
        if notice.route is None:
            return  # of a tool or of the turn itself
        match notice.what:
            case "attempt_failed":
                self._why = notice.kind or ""
                if self._has_text:
                    self._has_text = False
                    self.waiting.append(Discard(self._why, self._step))
                if notice.next in ("again", "rebuild"):
                    self.waiting.append(Retry(notice.route, self._why, notice.delay or 0.0, notice.attempt or 1))
            case "skipped" | "not_ready":
                self._why = self._why or notice.what
            case "moved_on":
                self.waiting.append(Switch(notice.route, self._why))
            case "returned":
                self.waiting.append(Switch(notice.route, notice.what))

    def saw(self, text: str) -> None:
        """A part of the text of a reply that is still coming."""
        if text and not self._collect:
            self._has_text = True
            self.waiting.append(Text(text, self._step))

    def replied(self, answer: str, calls: list[dict[str, Any]]) -> None:
        """A whole reply, whose text may have been told already."""
        if answer and not self._has_text:
            self.waiting.append(Text(answer, self._step))
        self._has_text = False
        for call in calls:
            self.waiting.append(ToolCall(call["id"], call["name"], deepcopy(call["arguments"])))

    def tool(self, call: dict[str, Any], content: str, outcome: str) -> None:
        self.waiting.append(ToolResult(call["id"], call["name"], content, outcome))
