"""The whole agent: a model, tools, and the engine that decides between them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from ._agent.result import Message, Result
from ._agent.run import Run
from ._engine import check, process, timing
from ._engine.approval import Approver
from ._engine.route import Route
from ._loops import aio
from ._loops.functions import is_async
from ._loops.here import Host
from ._loops.runners import arun, items, run
from ._loops.tasks import Tasks
from ._native import Policy, foreign_name
from .session import Session
from .tools import Tool, as_tool

if TYPE_CHECKING:
    from ._agent.news import News
    from ._engine.context import Parent
    from ._loops.hand import Hand
    from .events import Event

__all__ = ["Agent", "Result"]


class Agent:
    """An agent that fails soft: ``Agent(model, fallbacks=[...], tools=[...]).run(task)``.

    :param model: ``model(messages, tools)`` returning ``{"answer": str}`` or ``{"tool_calls": [{"id", "name",
        "arguments"}]}``, with an optional ``"usage"`` and ``"model"``; sync or async; or one made by
        ``failsoft.adapters``. One of your own streams if its ``streams`` is true and it has ``ask(messages, tools,
        attempt, watch)``, which tells the ``failsoft.adapters.Watch`` what it sees and returns the whole reply.
    :param fallbacks: models to turn to, in this order. Every turn begins at ``model`` again.
    :param tools: functions, or what ``tool`` made of them.
    :param approver: asked before a risky tool runs: ``approver(request) -> bool`` or a decision (``once``, ``session``,
        ``always``, ``deny``). No approver means no.
    :param policy: every number and choice.
    :param session: shared between agents; its routes are the models, in order. Without it the agent owns one for its
        life.
    :param clock: seconds on a monotonic clock. :param sleep: sleeps so many seconds. :param seed: makes draws
        repeatable.
    """

    def __init__(
        self,
        model: Any,
        *,
        fallbacks: Sequence[Any] = (),
        tools: Sequence[Tool | Callable[..., Any]] = (),
        approver: Approver | None = None,
        policy: Policy | None = None,
        session: Session | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], object] | None = None,
        seed: int | None = None,
    ) -> None:
        self.models = [model, *fallbacks]
        for one in self.models:
            if not callable(one) and not hasattr(one, "ask"):
                raise TypeError(f"model: {one!r} is not callable; use a function of (messages, tools), or an adapter")
        self.tools = [as_tool(one) for one in tools]
        names = [one.name for one in self.tools]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"tools: {check.shown(name)} is not allowed twice; use a name that no other tool has")
        self.approver = approver
        if session is None:
            session = Session(policy, routes=_routes(self.models), clock=clock, sleep=sleep, seed=seed)
        elif not isinstance(session, Session):
            raise TypeError(f"session: {check.shown(session)} is not a Session")
        elif (policy, clock, sleep, seed) != (None, None, None, None):
            raise ValueError("session: a policy, clock, sleep or seed beside it is not allowed; use the session's own")
        elif len(session.routes) != len(self.models):
            raise ValueError(
                f"session: a chain of {len(session.routes)} is not allowed; use one route for each of "
                f"{len(self.models)} models"
            )
        self.session = session
        self._by_route = dict(zip(session.routes, self.models, strict=True))

    def __reduce__(self) -> NoReturn:
        process.refuse(self, "make one of the same models and tools where you need it")

    def run(
        self,
        task: str | Sequence[Message],
        *,
        raise_on: Collection[str] = (),
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Result:
        """Runs a task to its end. Only cancellation and mistakes in this call itself are raised.

        A model that is a plain function runs in a daemon thread, and is left behind at its limit: a Python thread
        cannot be killed, so also give your client a time limit of its own (adapters do).

        :param task: what the user said, or a whole conversation.
        :param raise_on: stop reasons that are to be raised as exceptions instead.
        :param parent: the turn within which it runs: it has the time that is left of that one's deadline at most. By
            default the current turn (``failsoft.current_turn``), so that of the agent whose tool starts this one; None
            stands alone.
        :param share_budgets: count its attempts, tool calls and tokens against the limits of ``parent``, and of those
            above, as well: all of them together never make more.
        :param run_id: names the run, so that it repeats its idempotency keys when it is run again, in whatever process:
            a text that no other run has, such as the id of the job. A tool call's key is made of it, of the tool's name
            and arguments, and of how often they came, so that a run that goes another way gives no other call the same.
        """
        one = self._run("run", task, raise_on, parent=parent, share_budgets=share_budgets, run_id=run_id)
        host = _host(self)
        with timing.current().driving():
            run(one.drive(host.tell), host.do)
        return one.result()

    async def arun(
        self,
        task: str | Sequence[Message],
        *,
        raise_on: Collection[str] = (),
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Result:
        """As ``run``, on asyncio or trio. The tools of a step run together; plain functions run in threads."""
        one = Run(self, task, raise_on, parent=parent, share_budgets=share_budgets, run_id=run_id)
        await _adrive(one)
        return one.result()

    def stream(
        self,
        task: str | Sequence[Message],
        *,
        collect: bool = False,
        restartable: bool = True,
        raise_on: Collection[str] = (),
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Generator[Event, None, None]:
        """Runs a task, and tells what happens as it happens: ``for event in agent.stream(task)``.

        The events are those of ``failsoft.events``; each has a ``type``, and the last is a ``report`` with what ``run``
        returns. Text comes in parts where the model streams (adapters with ``stream=True``), else step by step. While
        you have an event, the run waits. Leaving the loop early abandons it, and closes the response that it reads.

        :param collect: tell text only once its reply is whole: nothing is ever taken back.
        :param restartable: ask again when a stream breaks after its first part: then a ``discard`` comes first. If
            not, that ends the run.
        :param raise_on: as for ``run``; raised in place of the report.
        :param parent: as for ``run``; so are ``share_budgets`` and ``run_id``.
        """
        from ._agent.news import News

        return _events(
            self._run("stream", task, raise_on, News(collect), restartable or collect, parent, share_budgets, run_id)
        )

    def astream(
        self,
        task: str | Sequence[Message],
        *,
        collect: bool = False,
        restartable: bool = True,
        raise_on: Collection[str] = (),
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """As ``stream``, on asyncio or trio: ``async for event in agent.astream(task)``.

        When you leave the loop early, close the generator (``contextlib.aclosing``), or the run goes on being there
        until the collector comes by.
        """
        from ._agent.news import News

        return _aevents(Run(self, task, raise_on, News(collect), restartable or collect, parent, share_budgets, run_id))

    def _run(
        self,
        what: str,
        task: str | Sequence[Message],
        raise_on: Collection[str],
        news: News | None = None,
        restartable: bool = True,
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> Run:
        for one in (*self.models, *(tool.fn for tool in self.tools), self.approver):
            if is_async(one) or getattr(one, "is_async", False):
                shown = foreign_name(getattr(one, "__qualname__", None) or repr(one))
                raise TypeError(f"{what}: {shown} is async; use a{what}")
        return Run(self, task, raise_on, news, restartable, parent, share_budgets, run_id)


def _host(agent: Agent) -> Host:
    return Host(agent.session.sleep, is_isolated=True)


def _events(one: Run) -> Generator[Event, None, None]:
    from .events import Report

    host = _host(one.agent)
    with contextlib.closing(items(one.drive(host.tell), host.do)) as events:
        while True:
            # The clock of a test stands still only while the run is at work.
            with timing.current().driving():
                event = next(events, None)
            if event is None:
                break
            yield event
    yield Report(one.result())


async def _adrive(one: Run, hand: Hand[Event] | None = None) -> None:
    async with Tasks() as tasks:
        host = aio.Host(one.agent.session.sleep, tasks, None if hand is None else hand.give)
        await arun(one.drive(tasks.tell), host.do)


async def _aevents(one: Run) -> AsyncGenerator[Event, None]:
    from ._loops.hand import Hand
    from .events import Report

    hand: Hand[Event] = Hand()
    async with contextlib.aclosing(hand.items(partial(_adrive, one))) as events:
        async for event in events:
            yield event
    yield Report(one.result())


def _routes(models: Sequence[Any]) -> list[Route]:
    """A route for each model: what an adapter says of itself, else `primary`, `backup`, `backup 2`, .."""
    routes: list[Route] = []
    for place, model in enumerate(models):
        plain = "primary" if place == 0 else "backup" if place == 1 else f"backup {place}"
        known = dict(getattr(model, "route", None) or {})
        name = known.pop("name", None) or plain
        if any(route.name == name for route in routes):
            name = f"{name} ({plain})"
        routes.append(Route(name, **known))
    return routes
