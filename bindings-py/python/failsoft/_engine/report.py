"""What became of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import _native
from .._native import Failure


@dataclass(frozen=True)
class Usage:
    """Tokens, as the models reported them; None is unknown, never zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Report:
    """What became of a turn so far. ``route`` is where it came to; ``lines`` is the event log, for people.

    ``usage`` is that of the requests whose reply was taken, ``spent`` that of the others.
    """

    stop_reason: str | None
    degraded: bool
    steps: int
    attempts: int
    tool_calls: int
    blocked: list[str]
    usage: Usage
    failure: Failure | None
    route: str | None
    lines: list[str]
    spent: Usage = field(default_factory=Usage)


def read_report(turn: _native.Turn) -> Report:
    report = turn.tally()
    usage = Usage(report.pop("input_tokens"), report.pop("output_tokens"))
    spent = Usage(report.pop("spent_input_tokens"), report.pop("spent_output_tokens"))
    return Report(usage=usage, spent=spent, **report)
