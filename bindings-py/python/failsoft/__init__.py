"""One reliability engine for AI agents. It decides; your agent acts.

At three depths: plain functions around one call (``retry``, ``call_with_deadline``, ``fallback``, ``StepLimiter``,
``approval_gate``, ``CircuitBreaker``); one ``Session`` over several routes, for those with a loop of their own; and the
whole ``Agent``.
"""

from ._native import Attempt, Failure, Policy
from .agent import Agent, Result
from .classify import classify
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
from .session import ApprovalRequest, Report, Route, Session, Turn, Usage
from .toolkit import (
    CircuitBreaker,
    StepLimiter,
    approval_gate,
    attempts,
    call_with_deadline,
    fallback,
    retry,
    retrying,
)
from .tools import Tool, tool

__all__ = [
    "Agent",
    "ApprovalDenied",
    "ApprovalRequest",
    "Attempt",
    "BreakerOpen",
    "CallTimeout",
    "CircuitBreaker",
    "DeadlineExceeded",
    "Exhausted",
    "FailsoftError",
    "Failure",
    "PermanentError",
    "Policy",
    "Report",
    "Result",
    "Route",
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
    "fallback",
    "retry",
    "retrying",
    "tool",
]
