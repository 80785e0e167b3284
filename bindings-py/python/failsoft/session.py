"""One session over several routes: for those with a loop or a framework of their own."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import CoroutineType, TracebackType
from typing import Any, TypeVar, cast

from . import _drive, _drive_async, _native
from ._approval import ApprovalRequest, Approver, ask_gate, decided
from ._classify import classify
from ._native import Attempt, Call, Failure, Policy, Rebuild, Switch
from ._route import Route, Span
from .errors import DeadlineExceeded, StepLimitExceeded

T = TypeVar("T")


@dataclass(frozen=True)
class Usage:
    """Tokens, as the models reported them; None is unknown, never zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Report:
    """What became of a turn so far. ``route`` is where it came to; ``lines`` is the whole account, for people."""

    stop_reason: str | None
    degraded: bool
    steps: int
    attempts: int
    tool_calls: int
    blocked: list[str]
    usage: Usage
    failure: Failure | None
    route: str | None
    lines: list[str]


class Session:
    """The process or the conversation: one policy, one chain of routes, and what has been learnt about them.

    :param policy: every number and choice; the defaults if not given.
    :param routes: the chain, the primary first: routes, or mere names.
    :param clock: seconds on a monotonic clock, read before each decision.
    :param sleep: sleeps so many seconds; sync, or async for the async functions.
    :param seed: makes every draw (jitter, keys) repeatable; random if not given.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        routes: Sequence[Route | str],
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], object] | None = None,
        seed: int | None = None,
    ) -> None:
        self.routes = [route if isinstance(route, Route) else Route(route) for route in routes]
        if not self.routes:
            raise ValueError("routes: an empty chain is not allowed; use 1 to 64 routes")
        self._open(policy, clock, sleep, seed)

    @classmethod
    def _without_routes(
        cls,
        policy: Policy,
        clock: Callable[[], float] | None,
        sleep: Callable[[float], object] | None,
        seed: int | None,
    ) -> Session:
        session = cls.__new__(cls)
        session.routes = []
        session._open(policy, clock, sleep, seed)
        return session

    def _open(
        self,
        policy: Policy | None,
        clock: Callable[[], float] | None,
        sleep: Callable[[float], object] | None,
        seed: int | None,
    ) -> None:
        self.sleep = sleep
        pairs = [(route, route.fields()) for route in self.routes]
        seed = int.from_bytes(os.urandom(8), "little") if seed is None else seed & (2**64 - 1)
        self.core = _native.Session(policy or Policy(), pairs, clock, seed)

    @property
    def policy(self) -> Policy:
        return self.core.policy

    def turn(self, *, deadline: Span | None = None) -> Turn:
        """Begins a turn: one request of a user. ``deadline`` in seconds can only shorten the policy's own."""
        return Turn(self, deadline=deadline)

    def breaker(self, route: str) -> str:
        """What the breaker of a route would do with a call now: ``closed``, ``open`` or ``half_open``."""
        return self.core.breaker_state(self._place(route))

    def reset(self, route: str) -> None:
        """Forgets all that was held against a route: breakers close, rests end."""
        self.core.reset_route(self._place(route))

    def approvals(self) -> list[str]:
        """Tools that were approved for longer than one call."""
        return self.core.standing_approvals()

    def withdraw_approval(self, tool: str) -> bool:
        """Takes back such an approval; false if there was none."""
        return self.core.withdraw_approval(tool)

    def _place(self, name: str) -> int:
        for place, route in enumerate(self.routes):
            if route.name == name:
                return place
        names = ", ".join(route.name for route in self.routes)
        raise ValueError(f'route: "{name}" is not allowed; use one of {names}')

    def prepare(self, change: Switch | Rebuild) -> bool:
        """Makes a route's client, or makes it again. The new one takes its place only once it is there."""
        route = self.routes[change.route]
        try:
            if isinstance(change, Rebuild) and route.close is not None:
                _drive.plain(route.close(self.core.client_of(change.route)), f"close of route {route.name}")
            client = route.activate(route) if route.activate else None
            self.core.set_client(change.route, _drive.plain(client, f"activate of route {route.name}"))
        except Exception as error:
            _log_not_ready(route, error)
            return False
        return True

    async def aprepare(self, change: Switch | Rebuild) -> bool:
        """As ``prepare``, for hooks that may be async."""
        route = self.routes[change.route]
        try:
            if isinstance(change, Rebuild) and route.close is not None:
                await _drive_async.settled(route.close(self.core.client_of(change.route)))
            client = await _drive_async.settled(route.activate(route) if route.activate else None)
            self.core.set_client(change.route, client)
        except Exception as error:
            _log_not_ready(route, error)
            return False
        return True


def _log_not_ready(route: Route, error: Exception) -> None:
    import logging

    logging.getLogger("failsoft").warning("the client of route %s could not be made: %r", route.name, error)


class _AsyncRoutes:
    def __init__(self, session: Session) -> None:
        self.prepare: Any = session.aprepare


class Turn(_native.Turn):
    """One request of a user. It begins at the primary, and all its calls share one deadline and one account.

    Use it as ``with session.turn() as turn:`` or ``async with``; leaving the block changes nothing in the session.
    """

    session: Session

    def __new__(cls, session: Session, tools: Iterable[Any] = (), deadline: Span | None = None) -> Turn:
        rows = [(tool.name, tool.is_risky, tool.replay, tool.timeout) for tool in tools]
        turn = cast(Turn, super().__new__(cls, session.core, rows))
        turn.session = session
        if deadline is not None:
            turn.shorten(_seconds("deadline", deadline))
        return turn

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def __aenter__(self) -> Turn:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # Not keyword-only: that costs every call some 10 ns more (CPython 3.11).
    def call(self, request: Callable[[Attempt], T], isolate: bool = False) -> T:
        """Makes a request by ``request(attempt)``: again, or on another route, as long as the policy allows.

        ``attempt.route``, ``attempt.client``, ``attempt.timeout`` and ``attempt.idempotency_key`` say how to make it.
        The function runs inline, so hand ``attempt.timeout`` to a client that honours it; with ``isolate=True`` it runs
        in a thread that is left behind at the limit.

        :raises Exhausted: everything was tried; the last error is the cause.
        :raises BreakerOpen: nothing could be asked; ``retry_in`` says when to come back.
        :raises DeadlineExceeded: the turn's time is over.
        :raises Exception: the original error, unchanged, where asking again cannot help.
        """
        if isolate:
            return self._slowly(None, _isolated(request), None)
        entered = self.enter()
        if type(entered) is not Attempt:
            return self._slowly(entered, request, None)
        try:
            value = request(entered)
            if type(value) is CoroutineType:
                _drive.plain(value, "the request")
        except Exception as error:
            failed, last = self.settle_failed(entered, classify(error)), error
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

    def _slowly(self, entered: Call | Attempt | None, request: Callable[[Attempt], T], last: Exception | None) -> T:
        call = entered if isinstance(entered, Call) else Call(self)
        try:
            return _drive.drive(call, request, self.session, self.session.sleep, last=last)
        finally:
            del last

    async def acall(self, request: Callable[[Attempt], Awaitable[T]]) -> T:
        """As ``call``, for an async request: it is cancelled at its limit, on asyncio and on trio."""
        entered: Attempt | Call | None = self.enter()
        last = None
        if type(entered) is Attempt:
            try:
                value = await _drive_async.within(entered.timeout, request(entered))
            except Exception as error:
                entered, last = self.settle_failed(entered, classify(error)), error
            except BaseException:
                self.settle_abandoned(entered)
                raise
            else:
                self.settle(entered)
                return value
        try:
            call = entered if isinstance(entered, Call) else Call(self)
            routes = _AsyncRoutes(self.session)
            return await _drive_async.adrive(call, request, routes, self.session.sleep, last=last)
        finally:
            last = None

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


def read_report(turn: _native.Turn) -> Report:
    report = turn.tally()
    usage = Usage(report.pop("input_tokens"), report.pop("output_tokens"))
    return Report(usage=usage, **report)


def _isolated(request: Callable[[Attempt], T]) -> Callable[[Attempt], T]:
    return lambda attempt: _drive.within(attempt.timeout, lambda: request(attempt))


def _seconds(field: str, span: Span) -> float:
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    Policy(turn={field: seconds})  # the core's own check, and its words
    return float(seconds)
