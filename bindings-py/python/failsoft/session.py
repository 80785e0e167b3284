"""One session over several routes: for those with a loop or a framework of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from . import _native
from ._engine import check, process
from ._engine.clients import clients_of
from ._engine.context import here
from ._engine.metrics import BreakerMetrics, Isolation
from ._engine.report import Report, Usage
from ._engine.route import Route, Span
from ._engine.turn import Turn, TurnWithClients, begun
from ._facts.classify import classify, explain, judged
from ._facts.facts import MOST_RETRIES
from ._facts.peek import get, whole
from ._loops import aio
from ._loops.here import Host
from ._loops.runners import arun, run
from ._native import Attempt, Explanation, Failure, Policy

if TYPE_CHECKING:
    from ._engine.context import Parent
    from .runtime import Runtime

__all__ = ["Report", "Session", "Turn", "Usage"]


class _Warning:
    """The warning of a client that asks again by itself: once is enough."""

    is_given = False


_of_the_process = _Warning()
"""The one of all sessions without routes: a plain ``retry`` has one for every call."""


class Session:
    """The process or the conversation: one policy, one chain of routes, and what has been learnt about them.

    :param policy: every number and choice; the defaults if not given.
    :param routes: the chain, the primary first: routes, or mere names.
    :param clock: seconds on a monotonic clock, read before each decision.
    :param sleep: sleeps so many seconds; sync, or async for the async functions.
    :param seed: makes every draw (jitter, keys) repeatable, for tests; random if not given.
    :param runtime: the one place where the host keeps model and client, swapped as the ladder goes: see ``Runtime``.

    ``with Session(...) as session:`` (``async with`` for async hooks) closes at its end the clients that ``activate``
    made; so does ``close()``.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        routes: Sequence[Route | str],
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], object] | None = None,
        seed: int | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        if isinstance(routes, str) or not isinstance(routes, Iterable):
            told = check.shown(routes)
            raise TypeError(f'Session: routes: {told} is not a list; use one such as ["primary", "backup"]')
        if policy is not None and not isinstance(policy, Policy):
            raise TypeError('policy: use a Policy, such as Policy(retry={"max_attempts": 5})')
        check.function("Session: clock", clock)
        check.function("Session: sleep", sleep)
        if seed is not None and not isinstance(seed, int):
            raise TypeError(f"seed: {check.shown(seed)} is not allowed; use a whole number")
        self.routes = [route if isinstance(route, Route) else Route(route) for route in routes]
        if not self.routes:
            raise ValueError("routes: an empty chain is not allowed; use 1 to 64 routes")
        self._open(policy, clock, sleep, seed, runtime)

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
        session._warning = _of_the_process
        return session

    def _open(
        self,
        policy: Policy | None,
        clock: Callable[[], float] | None,
        sleep: Callable[[float], object] | None,
        seed: int | None,
        runtime: Runtime | None = None,
    ) -> None:
        self.sleep = sleep
        if runtime is None:
            pairs = [(route, route.fields()) for route in self.routes]
            for place, route in enumerate(self.routes):
                if route.runtime is not None:
                    raise ValueError(f"routes[{place}].runtime: not allowed without a Runtime; use Session(runtime=..)")
        else:
            if not callable(getattr(runtime, "_fields", None)):
                raise TypeError(f"Session: runtime: {check.shown(runtime)} is not a Runtime")
            pairs = [(route, runtime._fields(route, place)) for place, route in enumerate(self.routes)]
        seed = None if seed is None else seed & (2**64 - 1)
        self.core = _native.Session(policy or Policy(), pairs, clock, seed, runtime is not None)
        self._warning = _Warning()
        self.runtime = runtime
        self._clients = clients_of(self, runtime)
        self._turns = TurnWithClients if self._clients.are_counted else Turn
        if self.routes:
            process.tell(self, Session._forked)

    def _forked(self) -> None:
        self.core.forked()
        self._clients.renew()

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "make one of the same policy and routes where you need it")

    @property
    def policy(self) -> Policy:
        """The numbers and choices that it goes by."""
        return self.core.policy

    def turn(
        self,
        *,
        deadline: Span | None = None,
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Turn:
        """Begins a turn: one request of a user, or a part of one.

        :param deadline: seconds for the whole turn; it can only shorten the policy's own. 0.001 to 30 days.
        :param parent: the turn within which it begins: it has the time that is left of that one's deadline at most.
            By default the current turn (``failsoft.current_turn``), if there is one; None stands alone.
        :param share_budgets: count its attempts, tool calls and tokens against the limits of ``parent``, and of those
            above, as well: all of them together never make more.
        :param run_id: names the run, so that it repeats its idempotency keys when it is run again, in whatever process:
            a text that no other run has, such as the id of the job.
        """
        turn = self._turns(self)
        stands_alone = parent == "current" and not here()
        if stands_alone and deadline is None and share_budgets is False and run_id is None and self.runtime is None:
            return turn  # there is nothing to pass on
        return begun(turn, deadline, parent, share_budgets, run_id)

    def classify(self, error: BaseException, *, phase: str | None = None, provider: str | None = None) -> Failure:
        """As ``failsoft.classify``, by the session's policy."""
        return classify(error, phase=phase, policy=self.policy, provider=provider)

    def explain(self, error: BaseException, *, phase: str | None = None, provider: str | None = None) -> Explanation:
        """As ``failsoft.explain``, by the session's policy."""
        return explain(error, phase=phase, policy=self.policy, provider=provider)

    def breaker(self, route: str) -> str:
        """What the breaker of a route does now: ``closed``, ``open``, ``half_open``, ``isolated``, ``forced_open``,
        ``forced_closed`` or ``metrics_only``."""
        return self.breaker_metrics(route).state

    def breaker_metrics(self, route: str) -> BreakerMetrics:
        """What the breaker of a route goes by now. It is that of the route's deployment."""
        return BreakerMetrics(*self.core.breaker_metrics(self._place(route)))

    def isolate(self, route: str) -> Isolation:
        """Takes a route out of use, with all routes to the same deployment, until it is released: calls skip it.

        ``with session.isolate("primary"):`` or ``.release()``. Where several hold it, the last one to release it
        counts. It is not part of a snapshot.
        """
        place = self._place(route)
        self.core.isolate_route(place)
        return Isolation(lambda: self.core.release_route(place))

    def force_open(self, route: str) -> None:
        """Forces the breaker of a route open, until ``automatic``. A manual override is part of a snapshot."""
        self.core.order_breaker(self._place(route), "force_open")

    def force_closed(self, route: str) -> None:
        """Forces it closed, until ``automatic``: it admits everything, counts nothing, and forgets what it learnt."""
        self.core.order_breaker(self._place(route), "force_closed")

    def metrics_only(self, route: str) -> None:
        """Lets it admit everything and count it, until ``automatic``."""
        self.core.order_breaker(self._place(route), "metrics_only")

    def automatic(self, route: str) -> None:
        """Ends the manual override: it decides by itself again, with what it counted meanwhile."""
        self.core.order_breaker(self._place(route), "automatic")

    def reset(self, route: str) -> None:
        """Forgets all that was held against a route: breakers close, cooldowns end. A manual override stays."""
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
        names = ", ".join(_native.foreign_name(route.name) for route in self.routes)
        raise ValueError(f"route: {check.shown(name)} is not allowed; use one of {names}")

    def close(self) -> None:
        """Closes the clients that ``activate`` made; one that is in use, when its last request ends.

        The session can be used on: a route's client is made again before it is next asked.
        """
        run(self._clients.close(), Host().do)

    async def aclose(self) -> None:
        """As ``close``, for hooks that may be async."""
        await arun(self._clients.close(), aio.Host().do)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _look_at(self, client: Any, route: Route) -> None:
        """A client is in service: does it ask again by itself?"""
        self._warn_of(whole(get(client, "max_retries")), route)

    def _judge(self, error: BaseException, attempt: Attempt | None = None) -> Failure:
        """What a failure is, by the session's policy; and the one place that learns who else asks again."""
        route = None if attempt is None else attempt.route
        provider = None if route is None else route.provider
        if provider is None and self.runtime is not None:
            provider = self.runtime.get("provider")
        failure, retries = judged(error, None, self.policy, provider)
        self._warn_of(retries, route)
        return failure

    def _warn_of(self, retries: int | None, route: Route | None) -> None:
        if not retries or retries < 0 or self._warning.is_given:
            return
        self._warning.is_given = True
        import logging

        told = self.core.multiplied(None if route is None else route.name, min(retries, MOST_RETRIES))
        logging.getLogger("failsoft").warning("%s", told)
