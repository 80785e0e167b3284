"""One reliability engine for AI agents. It decides; your agent acts.

At three depths: plain functions around one call (``retry``, ``call_with_deadline``, ``fallback``, ``StepLimiter``,
``approval_gate``, ``CircuitBreaker``); one ``Session`` over several routes, for those with a loop of their own; and the
whole ``Agent``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._engine.approval import ApprovalRequest
    from ._engine.breaker import CircuitBreaker
    from ._engine.context import current_turn
    from ._engine.metrics import BreakerMetrics, Isolation
    from ._engine.route import Route
    from ._facts.classify import classify, explain
    from ._loops.attempts import attempts
    from ._loops.retry import retry, retrying
    from ._native import Attempt, Explanation, Failure, Policy
    from ._native import __version__ as __version__
    from .agent import Agent, Result
    from .errors import (
        ApprovalDenied,
        BreakerOpen,
        CallTimeout,
        DeadlineExceeded,
        Exhausted,
        FailsoftError,
        PermanentError,
        StepLimitExceeded,
        TransientError,
    )
    from .events import Discard
    from .runtime import Runtime
    from .session import Report, Session, Turn, Usage
    from .toolkit import StepLimiter, approval_gate, call_with_deadline, fallback
    from .tools import Tool, tool

# Each name is loaded when it is first used: an import at the start of somebody's program should cost next to nothing.
_HOMES = {
    "_native": "Attempt Explanation Failure Policy __version__",
    "agent": "Agent Result",
    "_facts.classify": "classify explain",
    "_engine.context": "current_turn",
    "errors": "ApprovalDenied BreakerOpen CallTimeout DeadlineExceeded Exhausted FailsoftError PermanentError"
    " StepLimitExceeded TransientError",
    "_engine.approval": "ApprovalRequest",
    "events": "Discard",
    "_engine.breaker": "CircuitBreaker",
    "_engine.metrics": "BreakerMetrics Isolation",
    "_engine.route": "Route",
    "_loops.attempts": "attempts",
    "_loops.retry": "retry retrying",
    "runtime": "Runtime",
    "session": "Report Session Turn Usage",
    "toolkit": "StepLimiter approval_gate call_with_deadline fallback",
    "tools": "Tool tool",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names.split():
            value: object = getattr(import_module(f".{home}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


__all__ = [
    "Agent",
    "ApprovalDenied",
    "ApprovalRequest",
    "Attempt",
    "BreakerMetrics",
    "BreakerOpen",
    "CallTimeout",
    "CircuitBreaker",
    "DeadlineExceeded",
    "Discard",
    "Exhausted",
    "Explanation",
    "FailsoftError",
    "Failure",
    "Isolation",
    "PermanentError",
    "Policy",
    "Report",
    "Result",
    "Route",
    "Runtime",
    "Session",
    "StepLimitExceeded",
    "StepLimiter",
    "Tool",
    "TransientError",
    "Turn",
    "Usage",
    "approval_gate",
    "attempts",
    "call_with_deadline",
    "classify",
    "current_turn",
    "explain",
    "fallback",
    "retry",
    "retrying",
    "tool",
]
