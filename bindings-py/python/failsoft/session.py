"""One session over several routes: for those with a loop or a framework of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import CoroutineType, TracebackType
from typing import Any, TypeVar, cast

from . import _drive, _drive_async, _native
from ._classify import classify
from ._native import Attempt, Call, Failure, Policy, Rebuild, Switch
from .errors import ApprovalDenied, DeadlineExceeded, StepLimitExceeded

T = TypeVar("T")
Span = float | timedelta


class Route:
    """A place that can be asked for the same thing: one entry of the chain, the primary first.

    What two routes share, they share in sickness too: the same ``endpoint`` has one breaker for connections; the same
    provider, endpoint and model have one for everything else; the same ``credential`` has one quota.

    :param name: its name in logs and messages; unique in the chain.
    :param provider: who runs it, such as ``"openai"``.
    :param model: the model that is asked for.
    :param endpoint: where it is reached, such as a base URL.
    :param credential: what pays for it: a name or a fingerprint, never the secret itself.
    :param aggregator: whether it spreads requests over several upstreams; its client is never rebuilt.
    :param context_window: the model's context window in tokens, if known.
    :param timeout: the limit of one attempt in seconds, in place of the policy's ``attempt.timeout`` (600 s).
    :param first_progress: seconds until a stream must make progress, in place of ``attempt.first_progress`` (60 s).
    :param idle: seconds between two chunks of a stream, in place of ``attempt.idle`` (60 s).
    :param activate: makes the route's client: ``activate(route) -> client``, sync or async. Called before the first
        attempt on a fallback route, and again to rebuild a broken client; ``attempt.client`` is what it returned.
    :param close: closes a client before it is rebuilt: ``close(client)``, sync or async.
    """

    def __init__(
        self,
        name: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        endpoint: str | None = None,
        credential: str | None = None,
        aggregator: bool = False,
        context_window: int | None = None,
        timeout: Span | None = None,
        first_progress: Span | None = None,
        idle: Span | None = None,
        activate: Callable[[Route], Any] | None = None,
        close: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = name
        self.provider = provider
        self.model = model
        self.endpoint = endpoint
        self.credential = credential
        self.aggregator = aggregator
        self.context_window = context_window
        self.timeout = timeout
        self.first_progress = first_progress
        self.idle = idle
        self.activate = activate
        self.close = close

    def __repr__(self) -> str:
        return f"Route({self.name!r})"

    def _fields(self) -> dict[str, Any]:
        names = ("name", "provider", "model", "endpoint", "credential", "aggregator", "context_window")
        fields = {name: getattr(self, name) for name in (*names, "timeout", "first_progress", "idle")}
        return {**fields, "activates": self.activate is not None}


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


@dataclass(frozen=True)
class ApprovalRequest:
    """What an approver is asked: may ``tool`` run with exactly these ``arguments``? ``digest`` binds the answer."""

    tool: str
    arguments: Mapping[str, Any]
    digest: str
    timeout: float | None = None


Approver = Callable[[ApprovalRequest], Any]


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
        pairs = [(route, route._fields()) for route in self.routes]
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
            raise DeadlineExceeded("the deadline of the turn has passed")
        if limit is not None:
            raise StepLimitExceeded("the turn has taken all its steps: the limit is turn.steps in the policy")

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
        if check_decision(asked, answer) in ("session", "always"):
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


def digest_of(tool: str, arguments: Any) -> tuple[str | None, str | None]:
    """The digest of a tool call, or what is wrong with its arguments."""
    try:
        return _native.canonical_digest(tool, _as_json(arguments))
    except UnicodeEncodeError:
        return None, "the arguments hold a lone surrogate, which is no text"
    except (TypeError, ValueError, RecursionError) as error:
        return None, f"the arguments are not plain data: {error}"


def plain_copy(arguments: Any) -> Any:
    """Arguments as plain data that nobody else holds."""
    return json.loads(_as_json(arguments))


def _as_json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def ask_gate(
    policy: Policy, tool: str, arguments: Mapping[str, Any], risky: bool, standing: list[str]
) -> ApprovalRequest | None:
    """The request that must be put to an approver; None when the call may run."""
    word = _native.gate(policy, tool, risky, standing)
    if word == "deny":
        raise ApprovalDenied(f"{tool} may not run: a rule of the policy denies it")
    if word != "ask":
        return None
    digest, complaint = digest_of(tool, arguments)
    if digest is None:
        raise ValueError(f"{tool}: {complaint}")
    return ApprovalRequest(tool, arguments, digest)


def decision_word(answer: Any) -> str:
    """An approver's answer as a decision. Only a clear yes is a yes."""
    if answer is True:
        return "once"
    known = ("once", "session", "always", "no_approver", "withdrawn")
    return answer if isinstance(answer, str) and answer in known else "deny"


def check_decision(asked: ApprovalRequest, answer: Any) -> str:
    word = decision_word(answer)
    if word == "no_approver":
        raise ApprovalDenied(f"{asked.tool} may not run: it needs approval and there is no approver", word)
    if word not in ("once", "session", "always"):
        reason = "denied" if word == "deny" else word
        raise ApprovalDenied(f"{asked.tool} may not run: {reason}", reason)
    return word
