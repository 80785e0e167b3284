"""One stream of chunks while it is read: what may be handed on, and what it comes to. Shared by all who read streams.

Nothing here waits or judges: the clocks are those of the engine's attempt, the judgement is that of its ``Stream``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import _native
from ._chunks import Read, Reader, error_in
from ._drive import Judge
from ._native import Attempt, Call, Failure, monotonic
from .errors import CallTimeout
from .events import Discard


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


def mark(error: BaseException, stream: _native.Stream, spent: Any = None) -> None:
    """Leaves with an error how far its stream had come and what it had used, for whoever classifies and counts."""
    for name, value in (("failsoft_phase", stream.phase), ("failsoft_usage", spent)):
        try:
            setattr(error, name, value)
        except Exception:
            pass  # a class with slots of its own goes without


def chunks_of(source: Any, *ways: str) -> Any:
    """What a request brought, if it is a stream of chunks. A whole reply is none, though it can be iterated, too."""
    kind = type(source)
    is_whole = isinstance(source, str | bytes | Mapping) or hasattr(kind, "model_fields")
    if is_whole or not any(hasattr(kind, way) for way in ways):
        raise TypeError(_native.no_stream(kind.__name__))
    return source


class Course:
    """What is read of one attempt, for a consumer that gets its chunks unchanged.

    What is no part of an answer (the role, keep-alives) waits for the next chunk that is, and what comes from the
    reason for its end on waits for the end: so a stream that has said nothing has handed on nothing, a reason for the
    end that is handed on is true, and nobody is handed a chunk that does not set the clock anew.
    """

    def __init__(self, route: str | None, read: Read | None, accept_cut: bool, collect: bool) -> None:
        self.stream = _native.Stream(accept_cut=accept_cut, wants_usage=True)
        self._route, self._read, self._collect = route, read or Reader(), collect
        self._kept: list[Any] = []
        self._seen = "nothing"

    @property
    def is_finished(self) -> bool:
        """Whether only the usage is missing, which is worth waiting for only ``Stream.TAIL``."""
        return self._seen == "finished"

    @property
    def is_done(self) -> bool:
        return self._seen == "done"

    def take(self, chunk: Any) -> bool:
        """Takes a chunk: whether the stream made progress.

        :raises ProviderError: the provider's own, amid the stream.
        """
        wrong = provider_error(chunk)
        if wrong is not None:
            raise wrong
        facts = self._read(chunk)
        self._seen = self.stream.take(**facts)
        if not facts.get("malformed"):
            self._kept.append(chunk)
        return self._seen == "progress" or (self._seen != "nothing" and self.stream.has_progressed)

    def ready(self) -> list[Any]:
        """The chunks that may be handed on while the stream goes on."""
        return self.rest() if self._seen == "progress" and not self._collect else []

    def rest(self) -> list[Any]:
        """The chunks that are left, once it is known to be whole."""
        kept, self._kept = self._kept, []
        return kept

    def wrong(self) -> UnusableReply | None:
        """Why it may not be taken for a whole answer, now that nothing more comes."""
        ended = self.stream.end()
        if ended is None:
            return None
        kind, what = ended
        error = UnusableReply(_native.stream_failed(self._route, what), kind)
        mark(error, self.stream)
        return error


class Streaming:
    """A call whose attempts are streams, and whose consumer gets their chunks: what its two loops share."""

    def __init__(self, call: Call, judge: Judge, read: Read | None, accept_cut: bool, collect: bool) -> None:
        self.call, self.judge = call, judge
        self.options = (read, accept_cut, collect)
        self.last: BaseException | None = None
        self.is_whole = False
        self.attempt: Any = None
        self._held = 0
        self._handed = False
        self._void: str | None = None  # what broke an attempt whose chunks the consumer still has
        self._tail = float("inf")

    def begin(self, attempt: Attempt) -> None:
        self.attempt, self._held = attempt, attempt.id
        self._handed, self._tail = False, float("inf")
        self._course = Course(getattr(attempt.route, "name", None), *self.options)

    def hold(self, key: int) -> None:
        self._held = key

    def patience(self, delay: float) -> float:
        """For how long to wait for the next chunk."""
        return max(0.0, min(delay, self._tail - monotonic()))

    def take(self, outcome: tuple[Any, BaseException | None] | None) -> bool:
        """Takes a chunk, the end or an error of the source, or that nothing came: whether it is read no further."""
        if outcome is None:
            return monotonic() >= self._tail and self._end()
        chunk, error = outcome
        try:
            if error is None:
                self.call.progress(self._held, self._course.take(chunk))
                if self._course.is_finished and self._tail == float("inf"):
                    self._tail = monotonic() + _native.Stream.TAIL
                return self._course.is_done and self._end()
            if isinstance(error, StopIteration | StopAsyncIteration):
                return self._end()
            raise error
        except Exception as wrong:
            mark(wrong, self._course.stream)
            return self._fail(wrong)
        finally:
            del outcome, error  # an exception must not hold the frame that holds it

    def late(self) -> None:
        """The engine has given up on the attempt."""
        self.last = CallTimeout(_native.given_up_on("the stream"))
        self._void = "timed_out" if self._handed else self._void

    def news(self) -> Iterator[Any]:
        """What the consumer may have now. While it has a chunk nobody can be late."""
        for chunk in self._course.rest() if self.is_whole else self._course.ready():
            if self._void is not None:
                yield Discard(self._void)
                self._void = None
            yield chunk
            self._handed = True
            if not self.is_whole:
                self.call.progress(self._held, True)

    def abandon(self) -> None:
        self.call.abandoned(self._held)

    def _end(self) -> bool:
        wrong = self._course.wrong()
        if wrong is not None:
            return self._fail(wrong)
        self.is_whole = self.call.succeeded(self._held)
        return True

    def _fail(self, wrong: Exception) -> bool:
        failure = self.judge(wrong, self.attempt)
        self.last = wrong
        self._void = failure.kind if self._handed else self._void
        self.call.failed(self._held, failure)
        return True
