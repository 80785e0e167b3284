"""What a failure must come out as, and how it is said where it does not."""

from __future__ import annotations

from dataclasses import dataclass

from failsoft import explain


@dataclass(frozen=True)
class Told:
    kind: str
    rule: str
    status: int | None = None
    effect: str = "possible"
    phase: str | None = None
    retry_after: float | None = None
    reset_after: float | None = None


def told(error: BaseException, provider: str | None = None) -> Told:
    said = explain(error, provider=provider)
    failure = said.failure
    return Told(
        failure.kind, said.rule, failure.status, failure.effect, failure.phase, failure.retry_after, failure.reset_after
    )
