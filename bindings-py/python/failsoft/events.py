"""What happens in a run of an agent, as it happens: ``for event in agent.stream(task)``.

Each event has a ``type``, so that ``match`` and a plain ``if event.type == "text"`` both read well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from ._agent.result import Result

__all__ = ["Discard", "Event", "Report", "Retry", "Step", "Switch", "Text", "ToolCall", "ToolResult"]


@dataclass(frozen=True)
class Step:
    """The model is asked, for the ``step``-th time in this run, from 1."""

    step: int
    type: ClassVar[Literal["step"]] = "step"


@dataclass(frozen=True)
class Text:
    """A part of the text of a step, or the whole where the model does not stream. Blank parts count as any other."""

    text: str
    step: int
    type: ClassVar[Literal["text"]] = "text"


@dataclass(frozen=True)
class Discard:
    """What came of this answer so far is void: the stream broke, and it is asked for again from its beginning.

    ``reason`` is the kind of the failure. ``turn.stream`` hands one on between two attempts; there ``step`` is None.
    """

    reason: str
    step: int | None = None
    type: ClassVar[Literal["discard"]] = "discard"


@dataclass(frozen=True)
class ToolCall:
    """The model asks for a tool. Whether it runs is told by its ``ToolResult``."""

    id: str
    name: str
    arguments: Any
    type: ClassVar[Literal["tool_call"]] = "tool_call"


@dataclass(frozen=True)
class ToolResult:
    """What became of a tool call: ``content`` is what the model is told, ``outcome`` is ``ran``, ``failed``,
    ``denied``, ``outcome_unknown``, .."""

    id: str
    name: str
    content: str
    outcome: str
    type: ClassVar[Literal["tool_result"]] = "tool_result"


@dataclass(frozen=True)
class Retry:
    """An attempt failed, and the same route is asked again after ``delay`` seconds.

    ``failure`` is the kind of the failure, ``attempt`` which attempt on its route it was, from 1.
    """

    route: str | None
    failure: str
    delay: float
    attempt: int
    type: ClassVar[Literal["retry"]] = "retry"


@dataclass(frozen=True)
class Switch:
    """The run went on to another route: ``reason`` is the kind of the failure that it left the one before for, or
    ``skipped`` where that could not be asked, or ``returned`` where it is back on the primary
    (``fallback.recheck``)."""

    route: str | None
    reason: str
    type: ClassVar[Literal["switch"]] = "switch"


@dataclass(frozen=True)
class Report:
    """The last event: what ``run`` returns."""

    result: Result
    type: ClassVar[Literal["report"]] = "report"


Event = Step | Text | Discard | ToolCall | ToolResult | Retry | Switch | Report
