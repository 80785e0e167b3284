"""What a run brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine.report import Usage

Message = dict[str, Any]


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """What a run brought. ``dict(result)`` has ``answer``, ``steps``, ``blocked`` and ``degraded``.

    ``answer`` is the model's answer or, when the run is ``degraded``, a degraded answer; ``stop_reason`` says why it
    ended; ``error`` is the cause, if there was one; ``route`` is where the turn came to; ``blocked`` names the tools
    that were not allowed to run (which alone does not make a run degraded); ``lines`` is the event log;
    ``messages`` the conversation so far; ``cost`` is unknown as yet, and so None.

    ``usage`` is that of the replies that were taken, ``spent`` that of the attempts that failed, and ``model`` who
    really answered last, in the provider's own words; what nobody told is None.
    """

    answer: str
    steps: int
    blocked: list[str]
    degraded: bool
    stop_reason: str
    error: BaseException | None = None
    route: str | None = None
    attempts: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    lines: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    spent: Usage = field(default_factory=Usage)
    model: str | None = None

    _KEYS = ("answer", "steps", "blocked", "degraded")

    def __getitem__(self, key: str) -> Any:
        if key in self._KEYS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._KEYS)

    def __len__(self) -> int:
        return len(self._KEYS)
