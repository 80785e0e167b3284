"""One request of a user, for those with a loop of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Iterable, Mapping
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from .. import _native
from .._loops import aio
from .._loops.call import calling
from .._loops.effects import Flow
from .._loops.here import Host
from .._loops.runners import aitems, arun, items, run
from .._loops.tasks import Tasks
from .._native import Attempt, Call
from ..errors import DeadlineExceeded, StepLimitExceeded
from . import check, context, process
from .approval import Approver, asking
from .report import Report, read_report
from .route import Span

if TYPE_CHECKING:
    from .._models.chunks import Read
    from ..events import Discard
    from ..session import Session

T = TypeVar("T")
C = TypeVar("C")


class Turn(_native.Turn):
    """One request of a user. It begins at the primary, and all its calls share one deadline and one event log.

    Use it as ``with session.turn() as turn:`` or ``async with``: inside the block it is the current turn, which other
    turns, retries and time limits find without being told (``failsoft.current_turn``). Leaving the block changes
    nothing in the session, but that a ``Runtime`` is free for the next turn.
    """

    _entered: tuple[Token[Turn | None], ...] = ()

    if TYPE_CHECKING:

        @property
        def session(self) -> Session: ...

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "begin one where you need it")

    def __enter__(self) -> Turn:
        self._entered = (*self._entered, context.enter(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        *others, last = self._entered
        self._entered = tuple(others)
        context.leave(last)
        self.end()

    async def __aenter__(self) -> Turn:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _rest(
        self, request: Callable[[Attempt], T], call: Call, attempt: Attempt | None = None, last: Exception | None = None
    ) -> T:
        """The rest of ``call``, whose first attempt was not let through, or failed."""
        try:
            if attempt is not None and last is not None:
                call.failed(attempt.id, self.session._judge(last, attempt))
            return cast(T, run(self._calling(call, request, last), Host(self.session.sleep).do))
        finally:
            del last  # an exception must not hold the frame that holds it

    def _calling(
        self,
        call: Call | None,
        request: Callable[[Attempt], Any],
        last: Exception | None = None,
        beside: str | None = None,
    ) -> Flow[Any]:
        try:
            return calling(call or Call(self), request, self.session._clients, self.session._judge, last, beside)
        finally:
            del last  # an exception must not hold the frame that holds it

    def _apart(self, request: Callable[[Attempt], T], context_tokens: int | None) -> T:
        """As ``call``, with the request in a thread that is left behind at its limit."""
        session, call = self.session, Call(self, context_tokens=context_tokens)
        beside = "; the thread that runs it is left behind" if session.core.hedges else None
        return cast(T, run(self._calling(call, request, None, beside), Host(session.sleep, is_isolated=True).do))

    async def acall(self, request: Callable[[Attempt], Awaitable[T]], context_tokens: int | None = None) -> T:
        """As ``call``, for an async request: it is cancelled at its limit, on asyncio and on trio."""
        entered = self.enter(context_tokens=context_tokens)
        call: Call | None = None
        last = None
        if type(entered) is Attempt:
            try:
                value = await aio.within(entered.timeout, request(entered))
            except Exception as error:
                call, last = self.settle_failed(entered, self.session._judge(error, entered)), error
            except BaseException:
                self.settle_abandoned(entered)
                raise
            else:
                self.settle(entered)
                return value
        elif isinstance(entered, Call):
            call = entered
        try:
            if not self.session.core.hedges:
                return cast(T, await arun(self._calling(call, request, last), aio.Host(self.session.sleep).do))
            async with Tasks() as tasks:
                host = aio.Host(self.session.sleep, tasks)
                return cast(T, await arun(self._calling(call, request, last, " and cancelled"), host.do))
        finally:
            last = None  # an exception must not hold the frame that holds it

    def stream(
        self,
        request: Callable[[Attempt], Iterable[C]],
        *,
        restartable: bool = False,
        collect: bool = False,
        accept_cut: bool = False,
        read: Read | None = None,
        context_tokens: int | None = None,
    ) -> Generator[C | Discard, None, None]:
        """Makes a request that brings a stream, and hands on its chunks: ``for chunk in turn.stream(request)``.

        ``request(attempt)`` brings any iterable of chunks: what an SDK returns for ``stream=True``, or a generator of
        your own. Before the first chunk that is a part of an answer (not the role alone, not usage, not a keep-alive)
        everything may be asked again, unnoticed. After it, a stream that breaks, hangs, or ends without the reason for
        its end is an error; it is never continued.

        The source is pulled in a daemon thread, one chunk at a time, within ``attempt.first_progress`` and
        ``attempt.idle``; while you have a chunk, no clock runs. Leaving the loop early closes the source.

        :param restartable: ask again after the first part, too: then a ``failsoft.Discard`` comes before the chunks of
            the new stream, and says that those before it are void.
        :param collect: hand nothing on until the stream is whole; then what came before a failure was never seen.
        :param accept_cut: an answer that the provider cut at a limit of tokens counts as whole.
        :param read: says of a chunk what it holds, as a mapping: ``text``, ``tool_call``, ``reasoning``, ``usage``,
            ``terminator``, ``malformed``, ``other`` (true or left out), ``finish``, ``refusal`` (text). By default,
            chunks of ``openai`` and ``anthropic`` are known, objects or dicts, and all others are ``other``: content
            that is whole when it ends.
        :param context_tokens: as with ``call``.
        :raises Exhausted: as ``call``; also for a stream that broke after its first part.
        """
        from .._loops.pull import ThreadPuller

        flow = self._streaming(request, ThreadPuller, (restartable, collect, accept_cut), read, context_tokens)
        return items(flow, Host(self.session.sleep).do)

    def astream(
        self,
        request: Callable[[Attempt], AsyncIterable[C] | Awaitable[AsyncIterable[C]] | Iterable[C]],
        *,
        restartable: bool = False,
        collect: bool = False,
        accept_cut: bool = False,
        read: Read | None = None,
        context_tokens: int | None = None,
    ) -> AsyncGenerator[C | Discard, None]:
        """As ``stream``, on asyncio or trio: ``async for chunk in turn.astream(request)``.

        ``request(attempt)`` brings an async iterable, or is a coroutine that does; a plain iterable is pulled in
        threads. When you leave the loop early, close the generator (``contextlib.aclosing``), or the source stays open
        until the collector comes by.
        """
        from .._loops.pull import TaskPuller

        flow = self._streaming(request, TaskPuller, (restartable, collect, accept_cut), read, context_tokens)
        return aitems(flow, aio.Host(self.session.sleep).do)

    def _streaming(
        self,
        request: Callable[[Attempt], Any],
        puller: Callable[[Callable[[], Any]], Any],
        flags: tuple[bool, bool, bool],
        read: Read | None,
        context_tokens: int | None,
    ) -> Flow[None]:
        from .._loops.stream import Streaming

        restartable, collect, accept_cut = flags
        call = Call(self, streaming=True, restartable=restartable or collect, context_tokens=context_tokens)
        streaming = Streaming(call, request, self.session._clients, self.session._judge, puller)
        return streaming.drive(read, accept_cut, collect)

    def step(self) -> None:
        """Counts a step of your own loop.

        :raises StepLimitExceeded: the policy's ``turn.steps`` are taken.
        :raises DeadlineExceeded: the turn's time is over.
        """
        limit = self.take_step()
        if limit == "deadline":
            raise DeadlineExceeded(_native.deadline_passed())
        if limit is not None:
            raise StepLimitExceeded(_native.no_steps_left())

    def gate(
        self, tool: str, arguments: Mapping[str, Any], *, risky: bool = False, approver: Approver | None = None
    ) -> None:
        """Returns when a tool call of your own loop may run. Standing approvals of the session count.

        :raises ApprovalDenied: it may not; ``reason`` says why.
        """
        run(self._asking(tool, arguments, risky, approver), Host().do)

    async def agate(
        self, tool: str, arguments: Mapping[str, Any], *, risky: bool = False, approver: Approver | None = None
    ) -> None:
        """As ``gate``, for an approver that may be async."""
        await arun(self._asking(tool, arguments, risky, approver), aio.Host().do)

    def _asking(self, tool: str, arguments: Mapping[str, Any], risky: bool, approver: Approver | None) -> Flow[None]:
        standing = self.session.approvals()
        decision = yield from asking(self.session.policy, tool, arguments, risky, approver, standing)
        if decision is not None and _native.stands(decision):
            self.session.core.stand_for(tool)

    def report(self) -> Report:
        """What became of the turn so far."""
        return read_report(self)

    def end(self) -> None:
        """Lets the next turn have the session's ``Runtime``, which serves one at a time: for turns without a ``with``.

        Without a Runtime it does nothing.
        """
        if self.session.runtime is not None:
            self.session.runtime._end(self)


class TurnWithClients(Turn):
    """A turn of a session that counts who uses its clients: its calls go the long way, which does."""

    def call(self, request: Callable[[Attempt], T], isolate: bool = False, context_tokens: int | None = None) -> T:
        if isolate:
            return self._apart(request, context_tokens)
        return self._rest(request, self.enter(context_tokens=context_tokens))

    def enter(self, streaming: bool = False, restartable: bool = True, context_tokens: int | None = None) -> Call:
        self._go_on()
        return Call(self, streaming=streaming, restartable=restartable, context_tokens=context_tokens)

    def _apart(self, request: Callable[[Attempt], T], context_tokens: int | None) -> T:
        self._go_on()
        return super()._apart(request, context_tokens)

    def _streaming(self, *options: Any) -> Flow[None]:
        self._go_on()
        return super()._streaming(*options)

    def _go_on(self) -> None:
        """A turn that has ended may go on, if no other has begun on its ``Runtime``."""
        if self.session.runtime is not None:
            self.session.runtime._begin(self)


def begun(
    turn: Turn,
    deadline: Span | None = None,
    parent: context.Parent = "current",
    share_budgets: bool = False,
    run_id: str | None = None,
) -> Turn:
    """A turn that was just made, within its deadline, its parent and its run, and on the session's ``Runtime``."""
    if share_budgets is not False:
        check.flag("turn: share_budgets", share_budgets)
    above = context.found(parent)
    if above is not None:
        turn.inherit(above, share_budgets)
    if deadline is not None:
        turn.shorten(check.seconds("turn", "deadline", deadline))
    if run_id is not None:
        check.text("run_id", run_id)
        turn.set_run_id(run_id)
    if turn.session.runtime is not None:
        turn.session.runtime._begin(turn)
    return turn
