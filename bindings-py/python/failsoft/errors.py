"""What failsoft raises. Plain Python classes with natural parents, picklable like any exception."""

from __future__ import annotations


class FailsoftError(Exception):
    """The parent of what failsoft itself has to say about a call.

    ``retry_in`` is the number of seconds until asking again may help, or None if that is not known.
    """

    retry_in: float | None

    def __init__(self, message: str = "", *, retry_in: float | None = None) -> None:
        super().__init__(message)
        self.retry_in = retry_in


class TransientError(Exception):
    """Raise it from your own code to say: asking again may help. Counted as a ``server_error``."""


class PermanentError(Exception):
    """Raise it from your own code to say: asking again cannot help. Counted as an ``invalid_request``."""


class DeadlineExceeded(TimeoutError):
    """The time that the turn was given is over. Not transient: there is no time left to ask again in."""


class CallTimeout(TransientError, DeadlineExceeded):
    """One attempt was given up on at its limit. Transient: a fresh attempt may be quicker."""


class Exhausted(FailsoftError):
    """Everything that the policy allows was tried. The last error is the cause; the message tells the rest."""


class BreakerOpen(FailsoftError):
    """Nothing was asked, because every breaker refuses or the provider's stated time has not come. See ``retry_in``."""


class StepLimitExceeded(RuntimeError):
    """The turn has taken all the steps that it may take."""


class ApprovalDenied(PermissionError):
    """A risky tool may not run. ``reason``: denied, expired, withdrawn or no_approver."""

    reason: str

    def __init__(self, message: str = "", reason: str = "denied") -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[ApprovalDenied], tuple[str, str], dict[str, object]]:
        return type(self), (str(self), self.reason), self.__dict__
