"""What the stories share: how a transcript is printed, and a provider that is overloaded."""

from collections.abc import Iterable

from failsoft import Policy, Result


class Overloaded(Exception):
    """What an SDK raises when the provider answers 503."""

    status_code = 503


def policy(**groups: dict[str, object]) -> Policy:
    """The defaults without jitter, so that a transcript is the same each time."""
    return Policy(**{**groups, "retry": {"jitter": "none", **groups.get("retry", {})}})


def multiply(a: int, b: int) -> int:
    """Multiplies two whole numbers."""
    return a * b


def tell(result: Result) -> None:
    tell_lines(result.lines)
    print(f"answer: {result.answer}")
    print(f"steps: {result.steps}")
    print(f"degraded: {str(result.degraded).lower()}")
    print(f"stop_reason: {result.stop_reason}")
    print(f"blocked: {listed(result.blocked)}")


def tell_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"  {line}")


def listed(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"


def spans(seconds: Iterable[float]) -> str:
    return listed(f"{span:g} s" for span in seconds)
