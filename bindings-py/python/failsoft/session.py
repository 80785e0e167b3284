"""One session over several routes: for those with a loop or a framework of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from . import _drive, _drive_async, _native
from ._classify import classify, explain, judged
from ._facts import MOST_RETRIES
from ._native import Attempt, Explanation, Failure, Policy, Rebuild, Switch
from ._peek import get, whole
from ._report import Report, Usage
from ._route import Route, Span
from ._turn import Turn

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
        session._warning = _of_the_process
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
        self._warning = _Warning()

    @property
    def policy(self) -> Policy:
        return self.core.policy

    def turn(self, *, deadline: Span | None = None) -> Turn:
        """Begins a turn: one request of a user. ``deadline`` in seconds can only shorten the policy's own."""
        return Turn(self, deadline=deadline)

    def classify(self, error: BaseException, *, phase: str | None = None, provider: str | None = None) -> Failure:
        """As ``failsoft.classify``, by the session's policy."""
        return classify(error, phase=phase, policy=self.policy, provider=provider)

    def explain(self, error: BaseException, *, phase: str | None = None, provider: str | None = None) -> Explanation:
        """As ``failsoft.explain``, by the session's policy."""
        return explain(error, phase=phase, policy=self.policy, provider=provider)

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
            self._warn_of(whole(get(client, "max_retries")), route)
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
            self._warn_of(whole(get(client, "max_retries")), route)
        except Exception as error:
            _log_not_ready(route, error)
            return False
        return True

    def _judge(self, error: BaseException, attempt: Attempt | None = None) -> Failure:
        """What a failure is, by the session's policy; and the one place that learns who else asks again."""
        route = None if attempt is None else attempt.route
        failure, retries = judged(error, None, self.policy, None if route is None else route.provider)
        self._warn_of(retries, route)
        return failure

    def _warn_of(self, retries: int | None, route: Route | None) -> None:
        if not retries or retries < 0 or self._warning.is_given:
            return
        self._warning.is_given = True
        import logging

        told = self.core.multiplied(None if route is None else route.name, min(retries, MOST_RETRIES))
        logging.getLogger("failsoft").warning("%s", told)


def _log_not_ready(route: Route, error: Exception) -> None:
    import logging

    logging.getLogger("failsoft").warning("the client of route %s could not be made: %r", route.name, error)
