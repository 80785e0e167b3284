"""A ``Runtime``: for hosts that keep their model, its client and all that belongs to them in one mutable place."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from ._engine import check, process
from ._engine.clients import Held, Making, Slot, close, not_made, with_keyword
from ._engine.fields import copied, fields_of, fitting
from ._engine.route import Route
from ._loops import aio
from ._loops.effects import Do, Flow
from ._loops.here import Host
from ._loops.runners import arun, run

if TYPE_CHECKING:
    from .session import Session

_TOLD = ("provider", "model", "api_mode")


class Runtime(MutableMapping[str, Any]):
    """One mutable place for what a host swaps together: the client, and everything that says how it is used.

    ``Runtime(build=make_client, model="gpt-5", provider="openai", api_key=key, client_arguments={"timeout": 60})``.
    The fields are attributes and items: ``runtime.model``, ``runtime["model"]``. Any name goes; failsoft knows ``model,
    provider, base_url, api_key, api_mode, prompt_caching, context_window, compression, client_arguments``. What you set
    is in force at once, but is no part of the primary: that is a deep copy, taken at construction and by ``choose``.

    With ``Session(policy, routes=[...], runtime=runtime)`` the ladder swaps it: a route's ``runtime={...}``, and its
    own ``provider``, ``model``, ``endpoint`` (as ``base_url``) and ``context_window``, are put in force when the ladder
    gets there; a new turn that begins at the primary restores it. It belongs to one turn at a time: a second one is
    refused. For turns that run at once use a ``Session`` whose routes have ``activate`` hooks, or a Runtime for each.

    What says where and as whom to ask never goes along to another provider, base URL or API mode: name it for the
    fallback, too. Nor does what does not belong to the API mode in force: ``anthropic_*`` fields are for
    ``anthropic_messages``, ``openai_*`` for ``chat_completions`` and ``responses``, ``bedrock_*`` and ``aws_*`` for
    ``bedrock``. ``compression``, and fields of your own, stay as the primary has them.

    :param build: makes the client: ``build(values) -> client``, sync or async; ``values`` is a dict of the fields that
        are to be in force; one that takes ``timeout`` is told how many seconds there are. Without it no client is made,
        and one that is there stays.
    :param close: closes a client that is out of service and that nobody uses any more: ``close(client)`` or
        ``close(client, reason=...)``, sync or async; ``reason`` is as for ``Route``.
    :param client: the client of the primary, if there is one already; else ``build`` makes it before it is first asked.
    :param modes: fields of one API mode alone: ``{"anthropic_messages": {"api_key": key}}``.
    :param fields: everything else, by name.
    """

    def __init__(
        self,
        *,
        build: Callable[..., Any] | None = None,
        close: Callable[..., Any] | None = None,
        client: Any = None,
        modes: Mapping[str, Mapping[str, Any]] | None = None,
        **fields: Any,
    ) -> None:
        check.function("Runtime: build", build)
        check.function("Runtime: close", close)
        modes = {} if modes is None else modes
        check.fields("Runtime: modes", modes)
        own = copied({mode: dict(_checked(one, f"Runtime: modes.{mode}")) for mode, one in modes.items()})
        self.__dict__.update(_build=build, _close=close, _modes=own, _slot=Slot(), _session=None, _turn=None)
        self._commit(fitting({}, _checked(fields), own), 0, is_chosen=True)
        if client is not None:
            self._slot.put(Held(client, close, "the runtime", is_ours=False))

    # ---- What is in force. ----

    @property
    def client(self) -> Any:
        """The client in force; None before it is first made, and where there is nothing to make."""
        held = self._slot.current
        return None if held is None else held.client

    @property
    def is_on_fallback(self) -> bool:
        """Whether something else than the primary is in force."""
        return bool(self._place != 0)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"Runtime: no field {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self._values:
            raise AttributeError(f"Runtime: no field {name!r}")
        del self[name]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._values))

    def __len__(self) -> int:
        return len(self._values)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        # Of all others only the names: any of them may hold a secret.
        told = [f"{name}={self._values[name]!r}" for name in _TOLD if name in self._values]
        others = [name for name in self._values if name not in _TOLD]
        where = "on a fallback" if self.is_on_fallback else "on the primary"
        return f"<Runtime {', '.join([*told, where])}{'; holds ' if others else ''}{', '.join(others)}>"

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "make another one from its fields")

    # ---- The three ways to change it: build first, then swap everything at once. ----

    def choose(self, **fields: Any) -> None:
        """A deliberate change: these fields, over those of the primary, are a new primary from now on.

        What says where and as whom to ask (``base_url``, ``api_key``, ``client_arguments``, ..) is only kept where
        provider, base URL and API mode stay as they are.

        :raises Exception: what ``build`` raised: then nothing has changed.
        :raises RuntimeError: a turn is under way on it.
        """
        run(self._chosen(fields), Host().do)

    async def achoose(self, **fields: Any) -> None:
        """As ``choose``, for hooks that may be async."""
        await arun(self._chosen(fields), aio.Host().do)

    def use(self, to: Route | Mapping[str, Any]) -> bool:
        """Goes to a fallback. False if its client could not be made: then nothing has changed.

        :raises RuntimeError: a turn is under way on it.
        """
        return run(self._changed("use", partial(self._using, to)), Host().do)

    async def ause(self, to: Route | Mapping[str, Any]) -> bool:
        """As ``use``, for hooks that may be async."""
        return await arun(self._changed("use", partial(self._using, to)), aio.Host().do)

    def restore(self) -> bool:
        """Goes back to the primary, as it was when it was chosen.

        False where it is in force already, and where its client could not be made: then the fallback stays whole.

        :raises RuntimeError: a turn is under way on it.
        """
        return run(self._changed("restore", self._restoring), Host().do)

    async def arestore(self) -> bool:
        """As ``restore``, for hooks that may be async."""
        return await arun(self._changed("restore", self._restoring), aio.Host().do)

    def open(self) -> bool:
        """Makes the client of what is in force, unless it is there. False if it could not be made."""
        return run(self._changed("open", self._opening), Host().do)

    async def aopen(self) -> bool:
        """As ``open``, for hooks that may be async."""
        return await arun(self._changed("open", self._opening), aio.Host().do)

    def close(self) -> None:
        """Closes the client that ``build`` made, now or when its last request ends. A session does so by itself."""
        run(close(self._emptied()), Host().do)

    async def aclose(self) -> None:
        """As ``close``, for hooks that may be async."""
        await arun(close(self._emptied()), aio.Host().do)

    # ---- How. ----

    def _chosen(self, fields: Mapping[str, Any]) -> Flow[None]:
        with self._changing("choose"):
            base = self._primary if self.is_on_fallback else self._values
            making = self._making_of(fitting(base, _checked(fields), self._modes), 0, is_chosen=True)
            client = yield from self._built_by(making)
            yield from self._done(making, client)

    def _changed(self, what: str, begin: Callable[[], Making | bool]) -> Flow[bool]:
        """A change whose client may not come about: whether it did."""
        with self._changing(what):
            making = begin()
            if isinstance(making, bool):
                return making
            try:
                client = yield from self._built_by(making)
            except Exception as error:
                not_made(making, error)
                return False
            yield from self._done(making, client)
            return True

    def _built_by(self, making: Making) -> Flow[Any]:
        client: Any = yield Do(partial(making.build, float("inf")), "build of the runtime")
        return client

    def _done(self, making: Making, client: Any) -> Flow[None]:
        """Swaps everything, and tells the session which of its routes is ready now."""
        old = making.done(client)[1]
        self._tell(self._place)
        yield from close(old)

    def _tell(self, ready: int | None) -> None:
        session = self._joined()
        if session is not None:
            for place in range(len(session.routes)):
                session.core.set_ready(place, place == ready)

    def _using(self, to: Route | Mapping[str, Any]) -> Making:
        session = self._joined()
        routes = [] if session is None else session.routes
        place = next((place for place, route in enumerate(routes) if route is to), None)
        return self._making_of(fitting(self._primary, _checked(fields_of(to)), self._modes), place)

    def _restoring(self) -> Making | bool:
        return self._making_of(copied(self._primary), 0) if self.is_on_fallback else False

    def _opening(self) -> Making | bool:
        return True if self._is_open() else self._making_of(self._values, self._place)

    def _is_open(self) -> bool:
        return self._build is None or self._slot.current is not None

    def _making(self, route: Route, place: int) -> Making:
        """For the ladder: the client of a route, and what changes with it."""
        if place == self._place:
            return self._making_of(self._values, place)
        if place == 0:
            return self._making_of(copied(self._primary), 0)
        return self._making_of(fitting(self._primary, fields_of(route), self._modes), place)

    def _making_of(self, values: dict[str, Any], place: int | None, is_chosen: bool = False) -> Making:
        commit = partial(self._commit, values, place, is_chosen)
        build = None if self._build is None else partial(self._built, values)
        return Making(self._slot, "the runtime", build, self._close, commit)

    def _built(self, values: dict[str, Any], timeout: float) -> Any:
        return with_keyword(self._build, "timeout", timeout)(values)

    def _commit(self, values: dict[str, Any], place: int | None, is_chosen: bool) -> None:
        self.__dict__.update(_values=values, _place=place)
        if is_chosen:
            self.__dict__.update(_primary=copied(values))
            session = self._joined()
            if session is not None:
                session.core.reset_route(0)  # what was held against the primary before says nothing of this one

    def _emptied(self) -> Held | None:
        with self._slot.lock:
            if self._slot.current is None or not self._slot.current.is_ours:
                return None
            old: Held | None = self._slot.put(None, "closed")
        self._tell(None)
        return old

    # ---- Whose it is. ----

    def _fields(self, route: Route, place: int) -> dict[str, Any]:
        """A route as the core reads it: this Runtime is what makes it ready."""
        for name in ("activate", "close", "client"):
            if getattr(route, name) is not None:
                raise ValueError(f"routes[{place}].{name}: not allowed beside a Runtime; use the Runtime's own")
        if place == 0 and route.runtime:
            raise ValueError("routes[0].runtime: not allowed; the primary's fields are those of the Runtime")
        _checked(route.runtime or {})
        return {**route.fields(), "activates": True, "ready": place == self._place and self._is_open()}

    def _join(self, session: Session) -> Slot:
        """The place of the clients of all routes of a session."""
        if self._joined() not in (None, session):
            raise ValueError("runtime: it belongs to another session; close that one first, or make a second Runtime")
        places = range(len(session.routes))
        self.__dict__.update(_session=weakref.ref(session))
        slot: Slot = self._slot
        slot.show = partial(_show, session.core, places)
        slot.show(self.client)
        return slot

    def _leave(self, session: Session) -> None:
        if self._joined() is session:
            self.__dict__.update(_session=None)

    def _joined(self) -> Session | None:
        return None if self._session is None else self._session()

    def _begin(self, turn: object, what: str = "turn") -> None:
        """A turn begins on it. It ends by ``_end``, or when nobody has it any more."""
        with self._slot.lock:
            owner = None if self._turn is None else self._turn()
            if owner is not None and owner is not turn:
                raise RuntimeError(
                    f"{what}: a turn is under way on this Runtime, which serves one at a time; end that one first "
                    "(leave its `with` block, or call `turn.end()`), or use a Session without a Runtime, or a second "
                    "Runtime"
                )
            self.__dict__.update(_turn=weakref.ref(turn))

    def _end(self, turn: object) -> None:
        with self._slot.lock:
            if self._turn is not None and self._turn() is turn:
                self.__dict__.update(_turn=None)

    @contextmanager
    def _changing(self, what: str) -> Iterator[None]:
        """A change by hand, which is as exclusive as a turn."""
        one = _Change()
        self._begin(one, what)
        try:
            yield
        finally:
            self._end(one)


class _Change:
    """A change by hand that is under way."""


def _checked(fields: Mapping[str, Any], where: str = "Runtime") -> Mapping[str, Any]:
    check.fields(where, fields)
    for name in fields:
        _check_name(name)
    return fields


def _check_name(name: str) -> None:
    if not isinstance(name, str) or name.startswith("_") or hasattr(Runtime, name):
        raise ValueError(f"Runtime: {name!r} is not allowed as a field; use a name that is none of Runtime's own")


def _show(core: Any, places: range, client: Any) -> None:
    for place in places:
        core.set_client(place, client)
