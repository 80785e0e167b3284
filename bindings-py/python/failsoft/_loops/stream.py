"""The loop around a stream of chunks. It acts; every decision is the core's.

The clocks are those of the engine's attempt, the judgement of the stream is that of its ``Stream``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .. import _native
from .._models.chunks import Read, Reader
from .._models.wrong import UnusableReply, mark, provider_error
from .._native import Attempt, Call, Cancel, Finish, Rebuild, Stream, Switch, Wait, monotonic
from ..errors import CallTimeout
from ..events import Discard
from .call import Judge, raise_end, unknown
from .effects import Do, Flow, Give, Sleep
from .here import Outcome

if TYPE_CHECKING:
    from .._engine.clients import Clients, NoClients


class Puller(Protocol):
    """Pulls the chunks of one source. The methods of an async host's are coroutines."""

    goes_on: bool
    """Whether the last pull brought a chunk."""

    def next(self, limit: float) -> Any:
        """What the source brings next, as an ``Outcome``; None if that takes longer than ``limit`` seconds."""

    def close(self) -> Any:
        """Leaves the source and closes it."""


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
        self.stream = Stream(accept_cut=accept_cut, wants_usage=True)
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
    """A call whose attempts are streams, and whose consumer gets their chunks.

    :param puller: makes the puller of a request.
    """

    def __init__(
        self,
        call: Call,
        request: Callable[[Attempt], Any],
        clients: Clients | NoClients,
        judge: Judge,
        puller: Callable[[Callable[[], Any]], Puller],
    ) -> None:
        self._call, self._request, self._clients, self._judge, self._puller = call, request, clients, judge, puller
        self._last: BaseException | None = None
        self._is_whole = False
        self._attempt: Attempt | None = None
        self._source: Puller | None = None
        self._held = 0
        self._handed = False
        self._void: str | None = None  # what broke an attempt whose chunks the consumer still has
        self._tail = float("inf")

    def drive(self, read: Read | None, accept_cut: bool, collect: bool) -> Flow[None]:
        """Drives the call to its end, and gives its chunks."""
        call = self._call
        try:
            while True:
                match call.next():
                    case Attempt() as attempt:
                        self._clients.hold(attempt)
                        self._attempt, self._held = attempt, attempt.id
                        self._handed, self._tail = False, float("inf")
                        self._course = Course(getattr(attempt.route, "name", None), read, accept_cut, collect)
                        self._source = self._puller(partial(self._request, attempt))
                    case Wait(why="running") as wait if self._source:
                        pull = partial(self._source.next, self._patience(wait.delay))
                        if self._take((yield Do(pull))) and not self._is_whole:
                            yield from self._leave()
                        for item in self._ready():
                            yield Give(item)
                        if self._is_whole:
                            yield from self._read_out(self._source)
                            return
                    case Wait() as wait:
                        self._held = wait.id
                        yield Sleep(wait.delay)
                        call.waited(wait.id)
                    case Rebuild() | Switch() as change:
                        self._held = change.id
                        is_ready = yield from self._clients.prepare(change)
                        call.ready(change.id) if is_ready else call.not_ready(change.id)
                    case Cancel():
                        self._last = CallTimeout(_native.given_up_on("the stream"))
                        self._void = "timed_out" if self._handed else self._void
                        yield from self._leave()
                    case Finish() as end:
                        raise_end(end, self._last)
                    case other:
                        raise unknown(other)
        except BaseException:
            call.abandoned(self._held)
            raise
        finally:
            self._last = None  # an exception must not hold the frame that holds it
            yield from self._leave()

    def _leave(self) -> Flow[None]:
        if self._source is not None:
            yield Do(self._source.close)
        yield from self._clients.let_go(self._attempt)

    @staticmethod
    def _read_out(source: Puller) -> Flow[None]:
        """Reads on for a little, for a source that goes on to end by itself."""
        until = monotonic() + Stream.LINGER
        while source.goes_on and (left := until - monotonic()) > 0:
            yield Do(partial(source.next, left))

    def _patience(self, delay: float) -> float:
        """For how long to wait for the next chunk."""
        return max(0.0, min(delay, self._tail - monotonic()))

    def _take(self, outcome: Outcome | None) -> bool:
        """Takes a chunk, the end or an error of the source, or that nothing came: whether it is read no further."""
        if outcome is None:
            return monotonic() >= self._tail and self._end()
        chunk, error = outcome
        try:
            if error is None:
                self._call.progress(self._held, self._course.take(chunk))
                if self._course.is_finished and self._tail == float("inf"):
                    self._tail = monotonic() + Stream.TAIL
                return self._course.is_done and self._end()
            if isinstance(error, StopIteration | StopAsyncIteration):
                return self._end()
            raise error
        except Exception as wrong:
            mark(wrong, self._course.stream)
            return self._fail(wrong)
        finally:
            del outcome, error  # an exception must not hold the frame that holds it

    def _ready(self) -> Iterator[Any]:
        """What the consumer may have now. While it has a chunk nobody can be late."""
        for chunk in self._course.rest() if self._is_whole else self._course.ready():
            if self._void is not None:
                yield Discard(self._void)
                self._void = None
            yield chunk
            self._handed = True
            if not self._is_whole:
                self._call.progress(self._held, True)

    def _end(self) -> bool:
        wrong = self._course.wrong()
        if wrong is not None:
            return self._fail(wrong)
        self._is_whole = self._call.succeeded(self._held)
        return True

    def _fail(self, wrong: Exception) -> bool:
        assert self._attempt is not None
        failure = self._judge(wrong, self._attempt)
        self._last = wrong
        self._void = failure.kind if self._handed else self._void
        self._call.failed(self._held, failure)
        return True
