"""What is raised for a reply that is none: the errors, and what is noted on them for whoever classifies and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._native import Failure, Stream
from .chunks import error_in


class UnusableReply(Exception):
    """The provider replied, but with nothing that may be taken for a whole answer.

    ``failsoft_failure`` is what the engine makes of it, ``reply`` the SDK's own object, with all that there was; of a
    stream there is none.
    """

    def __init__(self, message: str, kind: str, reply: Any = None) -> None:
        super().__init__(message)
        self.failsoft_failure = Failure(kind)
        self.reply = reply

    def __reduce__(self) -> tuple[type[UnusableReply], tuple[str, str, Any]]:
        return type(self), (str(self), self.failsoft_failure.kind, self.reply)


class ProviderError(Exception):
    """The provider sent an error in place of a reply, or amid a stream, under a status that promised one.

    ``body`` is all that it said; ``failsoft.classify`` reads it.
    """

    def __init__(self, message: str, body: Any = None) -> None:
        super().__init__(message)
        self.body = body

    def __reduce__(self) -> tuple[type[ProviderError], tuple[str, Any]]:
        return type(self), (str(self), self.body)


def provider_error(chunk: Any) -> ProviderError | None:
    """The error in this chunk, if it is one, to be raised."""
    error = error_in(chunk)
    if error is None:
        return None
    said = error.get("message") if isinstance(error, Mapping) else getattr(error, "message", error)
    whole = chunk if isinstance(chunk, Mapping) else getattr(chunk, "model_dump", dict)() or error
    return ProviderError(said if isinstance(said, str) else str(error), whole)


def mark(error: BaseException, stream: Stream, spent: Any = None) -> None:
    """Leaves with an error how far its stream had come and what it had used, for whoever classifies and counts."""
    for name, value in (("failsoft_phase", stream.phase), ("failsoft_usage", spent)):
        try:
            setattr(error, name, value)
        except Exception:
            pass  # a class with slots of its own goes without
