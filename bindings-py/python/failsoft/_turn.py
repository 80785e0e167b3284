"""One request of a user, for those with a loop of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Iterable, Mapping
from contextvars import Token
from datetime import timedelta
from types import CoroutineType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from . import _check, _context, _drive, _drive_async, _native, _process
from ._approval import ApprovalRequest, Approver, ask_gate, decided
from ._clients import AsyncRoutes, IsolatedRoutes
from ._native import Attempt, Call, Policy
from ._report import Report, read_report
from ._route import Span
from .errors import DeadlineExceeded, StepLimitExceeded

if TYPE_CHECKING:
    from ._chunks import Read
    from ._stream import Streaming
    from .events import Discard
    from .session import Session

T = TypeVar("T")
C = TypeVar("C")


class Turn(_native.Turn):
    """One request of a user. It begins at the primary, and all its calls share one deadline and one account.

    Use it as ``with session.turn() as turn:`` or ``async with``: inside the block it is the current turn, which other
    turns, retries and time limits find without being told (``failsoft.current_turn``). Leaving the block changes
    nothing in the session, but that a ``Runtime`` is free for the next turn.
    """

    session: Session
    _entered: list[Token[Turn | None]]

    def __new__(
        cls,
        session: Session,
        tools: Iterable[Any] = (),
        deadline: Span | None = None,
        parent: _context.Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Turn:
        if share_budgets is not False:
            _check.flag("turn: share_budgets", share_budgets)
        above = _context.found(parent)
        rows = [(tool.name, tool.is_risky, tool.replay, tool.timeout) for tool in tools]
        turn = cast(Turn, super().__new__(cls, session.core, rows))
        turn.session = session
        turn._entered = []
        if above is not None:
            turn.inherit(above, share_budgets)
        if deadline is not None:
            turn.shorten(_seconds("deadline", deadline))
        if run_id is not None:
            _check.text("run_id", run_id)
            turn.set_run_id(run_id)
        if session.runtime is not None:
            session.runtime._begin(turn)
        return turn

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __reduce__(self) -> NoReturn:
        _process.refuse(self, "begin one where you need it")

    def __enter__(self) -> Turn:
        self._entered.append(_context.enter(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _context.leave(self._entered.pop())
        self.end()

    async def __aenter__(self) -> Turn:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    # Not keyword-only: that costs every call some 10 ns more (CPython 3.11).
    def call(self, request: Callable[[Attempt], T], isolate: bool = False, context_tokens: int | None = None) -> T:
        """Makes a request by ``request(attempt)``: again, or on another route, as long as the policy allows.

        ``attempt.route``, ``attempt.client``, ``attempt.timeout`` and ``attempt.idempotency_key`` say how to make it.
        The function runs inline, so hand ``attempt.timeout`` to a client that honours it; with ``isolate=True`` it runs
        in a thread that is left behind at the limit. Only there can it be hedged (``policy.hedge``): then two requests
        are under way at once.

        :param context_tokens: how many tokens of context the request takes, counted or estimated, 0 to 4294967295:
            routes whose ``context_window`` is known and smaller are passed over. Left out, none is.
        :raises Exhausted: everything was tried; the last error is the cause.
        :raises BreakerOpen: nothing could be asked; ``retry_in`` says when to come back.
        :raises DeadlineExceeded: the turn's time is over.
        :raises Exception: the original error, unchanged, where asking again cannot help.
        """
        if isolate:
            return self._apart(request, context_tokens)
        entered = self.enter() if context_tokens is None else self.enter(context_tokens=context_tokens)
        if type(entered) is not Attempt:
            return self._slowly(entered, request, None)
        try:
            value = request(entered)
            if type(value) is CoroutineType:
                _drive.plain(value, "the request")
        except Exception as error:
            failed, last = self.settle_failed(entered, self.session._judge(error, entered)), error
        except BaseException:
            self.settle_abandoned(entered)
            raise
        else:
            self.settle(entered)
            return value
        try:
            return self._slowly(failed, request, last)
        finally:
            del last

    def _slowly(
        self,
        entered: Call | Attempt | None,
        request: Callable[[Attempt], T],
        last: Exception | None,
        routes: _drive.Routes | None = None,
    ) -> T:
        call = entered if isinstance(entered, Call) else Call(self)
        try:
            return _drive.drive(call, request, routes or self.session, self.session.sleep, self.session._judge, last)
        finally:
            del last

    def _apart(self, request: Callable[[Attempt], T], context_tokens: int | None) -> T:
        session = self.session
        call = Call(self, context_tokens=context_tokens)
        if not session.core.hedges:
            return self._slowly(call, _isolated(request), None, IsolatedRoutes(session))
        from ._hedged import drive_hedged

        return drive_hedged(call, request, IsolatedRoutes(session), session.sleep, session._judge)

    async def acall(self, request: Callable[[Attempt], Awaitable[T]], context_tokens: int | None = None) -> T:
        """As ``call``, for an async request: it is cancelled at its limit, on asyncio and on trio."""
        entered: Attempt | Call | None = self.enter(context_tokens=context_tokens)
        last = None
        if type(entered) is Attempt:
            try:
                value = await _drive_async.within(entered.timeout, request(entered))
            except Exception as error:
                entered, last = self.settle_failed(entered, self.session._judge(error, entered)), error
            except BaseException:
                self.settle_abandoned(entered)
                raise
            else:
                self.settle(entered)
                return value
        try:
            call = entered if isinstance(entered, Call) else Call(self)
            drive, routes = _drive_async.adrive, AsyncRoutes(self.session)
            if self.session.core.hedges:
                from ._hedged import adrive_hedged

                drive = adrive_hedged
            return await drive(call, request, routes, self.session.sleep, self.session._judge, last)
        finally:
            last = None

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
        from ._stream_sync import stream

        state = self._streaming(restartable, collect, accept_cut, read, context_tokens)
        return stream(state, request, self.session, self.session.sleep)

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
        from ._stream_async import astream

        state = self._streaming(restartable, collect, accept_cut, read, context_tokens)
        return astream(state, request, AsyncRoutes(self.session), self.session.sleep)

    def _streaming(
        self, restartable: bool, collect: bool, accept_cut: bool, read: Read | None, context_tokens: int | None
    ) -> Streaming:
        from ._stream import Streaming

        call = Call(self, streaming=True, restartable=restartable or collect, context_tokens=context_tokens)
        return Streaming(call, self.session._judge, read, accept_cut, collect)

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
        asked = ask_gate(self.session.policy, tool, arguments, risky, self.session.approvals())
        if asked is not None:
            answer = _drive.plain(approver(asked), "the approver") if approver else "no_approver"
            self._decide(asked, answer)

    async def agate(
        self, tool: str, arguments: Mapping[str, Any], *, risky: bool = False, approver: Approver | None = None
    ) -> None:
        """As ``gate``, for an approver that may be async."""
        asked = ask_gate(self.session.policy, tool, arguments, risky, self.session.approvals())
        if asked is not None:
            self._decide(asked, await _drive_async.settled(approver(asked)) if approver else "no_approver")

    def _decide(self, asked: ApprovalRequest, answer: Any) -> None:
        if _native.stands(decided(asked, answer)):
            self.session.core.stand_for(asked.tool)

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

    def enter(self, streaming: bool = False, restartable: bool = True, context_tokens: int | None = None) -> Call:
        self._go_on()
        return Call(self, streaming=streaming, restartable=restartable, context_tokens=context_tokens)

    def _apart(self, request: Callable[[Attempt], T], context_tokens: int | None) -> T:
        self._go_on()
        return super()._apart(request, context_tokens)

    def _streaming(self, *options: Any) -> Streaming:
        self._go_on()
        return super()._streaming(*options)

    def _go_on(self) -> None:
        """A turn that has ended may go on, if no other has begun on its ``Runtime``."""
        if self.session.runtime is not None:
            self.session.runtime._begin(self)


def _isolated(request: Callable[[Attempt], T]) -> Callable[[Attempt], T]:
    return lambda attempt: _drive.within(attempt.timeout, lambda: request(attempt))


def _seconds(field: str, span: Span) -> float:
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    Policy(turn={field: seconds})  # the core's own check, and its words
    return float(seconds)
