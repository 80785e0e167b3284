"""Clients: who uses which, and when one may be closed.

A request holds the client of its attempt, and lets go when it ends, fails, or is given up on: one that was left behind
at its limit does not count. A client that others still use is taken out of service, and closed when the last lets go.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .._loops.effects import Close, Do, Flow, Through, Within
from .._native import Attempt, Rebuild, Switch, foreign_name
from . import check

if TYPE_CHECKING:
    from ..runtime import Runtime
    from ..session import Session
    from .route import Route


class Held:
    """A client, and how many requests use it."""

    def __init__(self, client: Any, close: Callable[..., Any] | None, label: str, is_ours: bool) -> None:
        self.client, self.label, self.is_ours = client, label, is_ours
        self._close = close
        self.uses = 0
        self.reason: str | None = None
        """Why it is out of service; None while it is in service."""

    def taken_out(self, reason: str) -> Held | None:
        """Takes it out of service. Returned if it is to be closed now, else the last who lets go closes it."""
        self.reason = reason
        return None if self.uses else self

    def released(self) -> Held | None:
        """One request lets go. Returned if it is to be closed now."""
        self.uses -= 1
        if self.uses or self.reason is None:
            return None
        self.reason = "retired"
        return self

    def closing(self) -> Any:
        """Calls its hook: what that returns may have to be awaited."""
        if self._close is None:
            return None
        return with_keyword(self._close, "reason", self.reason)(self.client)


class Slot:
    """A place for one client. What its verbs return is closed by whoever called, outside of the lock."""

    def __init__(self, show: Callable[[Any], None] | None = None) -> None:
        self.lock = threading.RLock()  # what the collector runs amid a verb may want a verb, too
        self.current: Held | None = None
        self.show = show
        """Told of the client that is in service from now on."""

    def put(self, held: Held | None, reason: str = "superseded") -> Held | None:
        """Puts a client into service, or none; the one before is out of service."""
        with self.lock:
            before, self.current = self.current, held
            if self.show is not None:
                self.show(None if held is None else held.client)
            return None if before is None else before.taken_out(reason)

    def hold(self, attempt: Attempt) -> Held | None:
        with self.lock:
            if self.current is not None:
                self.current.uses += 1
                _ = attempt.client  # from now on it is this one
            return self.current

    def let_go(self, held: Held) -> Held | None:
        with self.lock:
            return held.released()

    def renew(self) -> None:
        """In the child of a fork: who used it is another process, and to close it here would end connections there."""
        self.lock = threading.RLock()
        if self.current is not None:
            self.current.uses, self.current._close = 0, None


class Making:
    """A client under way: built first, and put into service once it is there, unless nobody waits for it any more."""

    def __init__(
        self,
        slot: Slot,
        label: str,
        build: Callable[[float], Any] | None,
        close: Callable[..., Any] | None,
        commit: Callable[[], None] | None = None,
    ) -> None:
        self.slot, self.label, self.close = slot, label, close
        self.keeps = build is None
        """There is nothing to make a client with: the one that is there stays."""
        self.build = build or (lambda timeout: None)
        self._commit = commit
        """Changes, together with the client, what else has to change."""
        self._is_left = False

    def leave(self) -> None:
        with self.slot.lock:
            self._is_left = True

    def done(self, client: Any) -> tuple[bool, Held | None]:
        """Whether it is in service now, and what is to be closed: the client before, or the one that came late."""
        held = Held(client, self.close, self.label, is_ours=True)
        with self.slot.lock:
            if self._is_left:
                return False, held.taken_out("superseded")
            if self._commit is not None:
                self._commit()
            return True, None if self.keeps else self.slot.put(held)


class NoClients:
    """The clients of a session that has none: its routes are names alone."""

    are_counted = False

    def hold(self, attempt: Attempt) -> None:
        """There is nothing to hold."""

    def let_go(self, attempt: Attempt | None) -> Flow[None]:
        """There is nothing to let go."""
        yield from ()

    def prepare(self, change: Switch | Rebuild) -> Flow[bool]:
        """There is nothing to make."""
        yield from ()
        return True

    def close(self) -> Flow[None]:
        """There is nothing to close."""
        yield from ()

    def renew(self) -> None:
        """There is nothing that another process could use."""


class Clients:
    """The clients of a session: one for each route, or, with a ``Runtime``, one for all of them."""

    are_counted = True

    def __init__(self, session: Session, runtime: Runtime | None) -> None:
        self._session, self._runtime = session, runtime
        self._uses: dict[Attempt | None, tuple[Slot, Held]] = {}
        core, routes = session.core, session.routes
        if runtime is None:
            self._slots = [Slot(partial(core.set_client, place)) for place in range(len(routes))]
            for slot, route in zip(self._slots, routes, strict=True):
                if route.client is not None:
                    slot.put(Held(route.client, route.close, f"route {foreign_name(route.name)}", is_ours=False))
                    session._look_at(route.client, route)
        else:
            self._slots = [runtime._join(session)] * len(routes)
        self._by_route = {id(route): slot for slot, route in zip(self._slots, routes, strict=True)}

    def hold(self, attempt: Attempt) -> None:
        """A request begins: it uses the client of its attempt."""
        slot = self._by_route.get(id(attempt.route))
        held = None if slot is None else slot.hold(attempt)
        if slot is not None and held is not None:
            self._uses[attempt] = (slot, held)

    def let_go(self, attempt: Attempt | None) -> Flow[None]:
        """It ended, failed, or was given up on."""
        slot, held = self._uses.pop(attempt, (None, None))
        if slot is not None and held is not None:
            yield from close(slot.let_go(held))

    def prepare(self, change: Switch | Rebuild) -> Flow[bool]:
        """Makes a route's client, or makes it again; false if that failed.

        The new one takes its place only once it is there.
        """
        route = self._session.routes[change.route]
        if self._runtime is not None:
            making = self._runtime._making(route, change.route)
        else:
            build = partial(activated, route)
            making = Making(self._slots[change.route], f"route {foreign_name(route.name)}", build, route.close)
        try:
            made: bool = yield Within(change.timeout, Through(self._make(making, change)), "the client")
            return made
        except Exception as error:
            making.leave()
            not_made(making, error)
            return False
        except BaseException:
            making.leave()
            raise

    def _make(self, making: Making, change: Switch | Rebuild) -> Flow[bool]:
        if isinstance(change, Rebuild):
            if making.keeps:
                return False
            yield from close(making.slot.put(None, "rebuild"))
        client = yield Do(partial(making.build, change.timeout), f"activate of {making.label}")
        is_done, old = making.done(client)
        yield from close(old)
        if is_done:
            self._session._look_at(client, self._session.routes[change.route])
        return is_done

    def close(self) -> Flow[None]:
        """Takes every client that was made here out of service; those that nobody uses are closed now."""
        idle, emptied = [], set()
        for place, slot in enumerate(self._slots):
            with slot.lock:
                if slot.current is not None and slot.current.is_ours:
                    idle.append(slot.put(None, "closed"))
                    emptied.add(slot)
            if slot in emptied:
                self._session.core.set_ready(place, False)
        if self._runtime is not None:
            self._runtime._leave(self._session)
        for held in idle:
            yield from close(held)

    def renew(self) -> None:
        """In the child of a fork."""
        self._uses.clear()
        for slot in self._slots:
            slot.renew()


def clients_of(session: Session, runtime: Runtime | None) -> Clients | NoClients:
    """The clients of a session, if there is anything to count."""
    if runtime is not None or any(one.activate or one.client is not None for one in session.routes):
        return Clients(session, runtime)
    return NO_CLIENTS


NO_CLIENTS = NoClients()


def activated(route: Route, timeout: float) -> Any:
    """Calls the route's hook: what that returns may have to be awaited."""
    return None if route.activate is None else with_keyword(route.activate, "timeout", timeout)(route)


def close(held: Held | None) -> Flow[None]:
    """Closes a client that is out of service. How that goes interests nobody but the log."""
    if held is not None:
        try:
            yield Close(held.closing, f"close of {held.label}")
        except Exception as error:
            _warn("the client of %s could not be closed: %s", held.label, check.raised(error))


def with_keyword(hook: Callable[..., Any], name: str, value: Any) -> Callable[..., Any]:
    """The hook with this keyword argument, if it takes one of this name."""
    try:
        parameters = inspect.signature(hook).parameters
    except (TypeError, ValueError):
        return hook
    takes = name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    is_bound = isinstance(hook, partial) and name in hook.keywords
    return partial(hook, **{name: value}) if takes and not is_bound else hook


def not_made(making: Making, error: Exception) -> None:
    _warn("the client of %s could not be made: %s", making.label, check.raised(error))


def _warn(line: str, *values: Any) -> None:
    import logging

    logging.getLogger("failsoft").warning(line, *values)
