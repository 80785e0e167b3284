"""The whole agent: a model, tools, and the engine that decides between them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import _drive, _drive_async, _native, _time
from ._classify import classify, text_of
from ._native import AskApproval, Attempt, Cancel, Finish, Policy, Rebuild, Switch, Wait
from .errors import CallTimeout, DeadlineExceeded, Exhausted, StepLimitExceeded
from .session import (
    ApprovalRequest,
    Approver,
    Route,
    Session,
    Turn,
    Usage,
    decision_word,
    digest_of,
    plain_copy,
    read_report,
)
from .tools import Tool, as_tool

log = logging.getLogger("failsoft")
Message = dict[str, Any]
Model = Callable[[list[Message], list[dict[str, Any]]], Any]


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """What a run brought. ``dict(result)`` has ``answer``, ``steps``, ``blocked`` and ``degraded``.

    ``answer`` is the model's answer or, when the run is ``degraded``, a calm message; ``stop_reason`` says why it
    ended; ``error`` is the cause, if there was one; ``route`` is where the turn came to; ``blocked`` names the tools
    that were not allowed to run (which alone does not make a run degraded); ``lines`` is the whole account;
    ``messages`` the conversation so far.
    """

    answer: str
    steps: int
    blocked: list[str]
    degraded: bool
    stop_reason: str
    error: BaseException | None = None
    route: str | None = None
    attempts: int = 0
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    lines: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    _KEYS = ("answer", "steps", "blocked", "degraded")

    def __getitem__(self, key: str) -> Any:
        if key in self._KEYS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._KEYS)

    def __len__(self) -> int:
        return len(self._KEYS)


class Agent:
    """An agent that fails soft: ``Agent(model, fallbacks=[...], tools=[...]).run(task)``.

    :param model: ``model(messages, tools)`` returning ``{"answer": str}`` or ``{"tool_calls": [{"id", "name",
        "arguments"}]}``, with an optional ``"usage"``; sync or async; or one made by ``failsoft.adapters``.
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
                raise ValueError(f'tools: "{name}" is not allowed twice; use a name that no other tool has')
        self.approver = approver
        if session is None:
            session = Session(policy, routes=_routes(self.models), clock=clock, sleep=sleep, seed=seed)
        elif (policy, clock, sleep, seed) != (None, None, None, None):
            raise ValueError("session: a policy, clock, sleep or seed beside it is not allowed; use the session's own")
        elif len(session.routes) != len(self.models):
            raise ValueError(
                f"session: a chain of {len(session.routes)} is not allowed; use one route for each of "
                f"{len(self.models)} models"
            )
        self.session = session
        self._by_route = dict(zip(session.routes, self.models, strict=True))

    def run(self, task: str | Sequence[Message], *, raise_on: Collection[str] = ()) -> Result:
        """Runs a task to its end. Nothing is raised but the caller's own bugs and cancellation: the result says it all.

        A model that is a plain function runs in a daemon thread, and is left behind at its limit: a Python thread
        cannot be killed, so also give your client a time limit of its own (adapters do).

        :param task: what the user said, or a whole conversation.
        :param raise_on: stop reasons that are to be raised as exceptions instead.
        """
        for one in (*self.models, *(tool.fn for tool in self.tools), self.approver):
            if _drive.is_async(one) or getattr(one, "is_async", False):
                raise TypeError(f"run: {one!r} is async; use arun")
        run = _Run(self, task, raise_on)
        with _time.current().driving():
            run.drive()
        return run.result()

    async def arun(self, task: str | Sequence[Message], *, raise_on: Collection[str] = ()) -> Result:
        """As ``run``, on asyncio or trio. The tools of a step run together; plain functions run in threads."""
        run = _Run(self, task, raise_on)
        await run.adrive()
        return run.result()


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


class _Run:
    """One turn of an agent: keeps messages, values and exceptions, which the core never sees."""

    def __init__(self, agent: Agent, task: str | Sequence[Message], raise_on: Collection[str]) -> None:
        self.agent = agent
        self.raise_on = {raise_on} if isinstance(raise_on, str) else set(raise_on)
        for reason in self.raise_on - set(_native.stop_reasons()):
            raise ValueError(f'raise_on: "{reason}" is not allowed; use some of {", ".join(_native.stop_reasons())}')
        self.messages: list[Message]
        self.tools = {tool.name: tool for tool in agent.tools}
        self.turn = Turn(agent.session, tools=agent.tools)
        self.messages = [{"role": "user", "content": task}] if isinstance(task, str) else [dict(one) for one in task]
        self.calls: list[dict[str, Any]] = []
        self.contents: dict[int, str] = {}
        self.answer = ""
        self.error: BaseException | None = None
        self.logged = 0

    # ---- The two loops: translations of each other. ----

    def drive(self) -> None:
        source, inbox = _time.current(), _time.Inbox()
        held: dict[int, Any] = {}
        try:
            while True:
                self.tell()
                match self.turn.next():
                    case Attempt() as attempt:
                        held[attempt.id] = attempt
                        self.catch_up(attempt)
                        work = self.work(attempt)
                        if self.is_isolated(attempt):
                            _drive.start(partial(self.deliver, inbox, attempt, work))
                        else:
                            self.report(attempt, *_drive.outcome_of(work))
                    case AskApproval() as ask:
                        held[ask.id] = ask
                        self.report(ask, *_drive.outcome_of(partial(self.ask, ask)))
                    case Wait(why="running") as wait:
                        source.wait(inbox, wait.delay)
                        while (report := inbox.take()) is not None:
                            self.report(*report)
                    case Wait() as wait:
                        held[wait.id] = wait
                        _drive.plain((self.agent.session.sleep or source.sleep)(wait.delay), "sleep")
                        self.turn.waited(wait.id)
                    case Rebuild() | Switch() as change:
                        held[change.id] = change
                        self.report(change, *_drive.outcome_of(partial(self.agent.session.prepare, change)))
                    case Cancel() as cancel:
                        held.pop(cancel.id, None)
                    case Finish() as end:
                        return self.end(end)
                    case other:
                        raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
        except BaseException:
            self.abandon(held)
            raise

    async def adrive(self) -> None:
        held: dict[int, Any] = {}
        async with _drive_async.Tasks() as tasks:
            try:
                while True:
                    self.tell()
                    match self.turn.next():
                        case Attempt() as attempt:
                            held[attempt.id] = attempt
                            self.catch_up(attempt)
                            tasks.start(attempt.id, partial(self.aperform, attempt))
                        case AskApproval() as ask:
                            held[ask.id] = ask
                            tasks.start(ask.id, partial(self.aask, ask))
                        case Wait(why="running") as wait:
                            await tasks.wait(wait.delay)
                            while (report := tasks.take()) is not None:
                                self.report(held[report[0]], *report[1:])
                        case Wait() as wait:
                            held[wait.id] = wait
                            await _drive_async.asleep(wait.delay, self.agent.session.sleep)
                            self.turn.waited(wait.id)
                        case Rebuild() | Switch() as change:
                            held[change.id] = change
                            tasks.start(change.id, partial(self.agent.session.aprepare, change))
                        case Cancel() as cancel:
                            tasks.cancel(cancel.id)
                        case Finish() as end:
                            return self.end(end)
                        case other:
                            raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
            except BaseException:
                self.abandon(held)
                raise

    # ---- What the host does. ----

    def is_isolated(self, attempt: Attempt) -> bool:
        if attempt.index is not None:
            return self.tools[self.calls[attempt.index]["name"]].isolate
        return not getattr(self.model(attempt), "honours_timeout", False)

    def model(self, attempt: Attempt) -> Any:
        return self.agent._by_route[attempt.route]

    def work(self, attempt: Attempt) -> Callable[[], Any]:
        """What an attempt does, bound now: a thread that starts late must not read the calls of a later step."""
        if attempt.index is not None:
            tool, arguments = self.tool_call(attempt)
            return lambda: _drive.plain(tool(**arguments), f"the tool {tool.name}")
        request = self.request(attempt)
        return lambda: _drive.plain(request(), "the model")

    def deliver(self, inbox: _time.Inbox, attempt: Attempt, work: Callable[[], Any]) -> None:
        inbox.put((attempt, *_drive.outcome_of(work)))

    async def aperform(self, attempt: Attempt) -> Any:
        if attempt.index is not None:
            tool, arguments = self.tool_call(attempt)
            if tool.is_async:
                return await tool(**arguments)
            return await _drive_async.settled(await _drive_async.in_thread(lambda: tool(**arguments)))
        model, request = self.model(attempt), self.request(attempt)
        if getattr(model, "is_async", None) or _drive.is_async(model):
            return await request()
        return await _drive_async.settled(await _drive_async.in_thread(request))

    def request(self, attempt: Attempt) -> Callable[[], Any]:
        model, messages, specs = self.model(attempt), self.snapshot(), self.specs(attempt)
        if hasattr(model, "ask"):
            return partial(model.ask, messages, specs, attempt)
        return partial(model, messages, specs)

    def ask(self, ask: AskApproval) -> Any:
        if self.agent.approver is None:
            return "no_approver"
        return _drive.plain(self.agent.approver(self.approval(ask)), "the approver")

    async def aask(self, ask: AskApproval) -> Any:
        if self.agent.approver is None:
            return "no_approver"
        approver, request = self.agent.approver, self.approval(ask)
        if _drive.is_async(approver):
            return await approver(request)
        return await _drive_async.settled(await _drive_async.in_thread(lambda: approver(request)))

    def approval(self, ask: AskApproval) -> ApprovalRequest:
        call = self.calls[ask.index]
        # A copy: whatever the approver does to it, what runs is what was asked about.
        return ApprovalRequest(call["name"], deepcopy(call["arguments"]), ask.digest)

    def tool_call(self, attempt: Attempt) -> tuple[Tool, dict[str, Any]]:
        call = self.calls[attempt.index or 0]
        tool, arguments = self.tools[call["name"]], deepcopy(call["arguments"])
        if tool.wants_key:
            arguments["idempotency_key"] = attempt.idempotency_key
        return tool, arguments

    def snapshot(self) -> list[Message]:
        return [dict(message) for message in self.messages]

    def specs(self, attempt: Attempt) -> list[dict[str, Any]]:
        return [tool.spec() for tool in self.agent.tools] if attempt.with_tools else []

    # ---- What it reports. ----

    def report(self, command: Any, value: Any, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, Exception):
            raise error
        match command:
            case Attempt() as attempt if attempt.index is not None:
                self.report_tool(attempt, value, error)
            case Attempt() as attempt if error is not None:
                if self.turn.failed(attempt.id, classify(error)):
                    self.error = error
            case Attempt() as attempt:
                self.report_reply(attempt, value)
            case AskApproval() as ask:
                if error is not None:
                    log.warning("the approver failed, which is not a yes: %r", error)
                self.turn.decided(ask.id, "deny" if error is not None else decision_word(value), ask.digest)
            case change:
                done = self.turn.ready if value is True else self.turn.not_ready
                done(change.id)

    def report_tool(self, attempt: Attempt, value: Any, error: Exception | None) -> None:
        index = attempt.index or 0
        if error is None:
            if self.turn.succeeded(attempt.id):
                self.contents[index] = _as_text(value)
        elif self.turn.failed(attempt.id, classify(error)):
            text = f"{type(error).__name__}: {text_of(error)}"
            self.contents[index] = _native.tool_failed(self.calls[index]["name"], text)

    def report_reply(self, attempt: Attempt, value: Any) -> None:
        calls, answer, usage = read_reply(value, attempt.step or 0)
        if calls is None:
            if self.turn.replied(attempt.id, None, *usage):
                self.answer = answer
                self.messages.append({"role": "assistant", "content": answer})
            return
        rows = [self.row(call) for call in calls]
        # Copies: whatever becomes of the conversation, what runs is what was asked for.
        told = [deepcopy(call) if row[1] else dict(call) for call, row in zip(calls, rows, strict=True)]
        if self.turn.replied(attempt.id, rows, *usage) and calls:
            self.calls, self.contents = calls, {}
            self.messages.append({"role": "assistant", "content": answer, "tool_calls": told})

    def row(self, call: dict[str, Any]) -> tuple[str, str | None, str | None, bool | None]:
        """A tool call for the core: its name, the digest of its arguments or what is wrong with them, its risk."""
        name, arguments = call["name"], call["arguments"]
        digest, complaint = digest_of(name, arguments)
        if digest is None:
            return name, None, complaint, None
        arguments = call["arguments"] = plain_copy(arguments)
        tool = self.tools.get(name)
        wrong = tool.complaint(arguments) if tool else None
        if wrong is not None:
            return name, None, wrong, None
        return name, digest, None, self.risk_of(tool, arguments) if tool else None

    def risk_of(self, tool: Tool, arguments: dict[str, Any]) -> bool | None:
        try:
            return tool.risk_of(deepcopy(arguments))
        except Exception as error:
            log.warning("the predicate of tool %s failed, which is not a no to risk: %r", tool.name, error)
            return True

    def catch_up(self, attempt: Attempt | None = None) -> None:
        """Before the model is asked again, and at the end: what the last step's tools brought, in the model's order."""
        if attempt is not None and attempt.index is not None:
            return
        for index, call in enumerate(self.calls):
            content = self.turn.sentence(index) or self.contents.get(index, "")
            message = {"role": "tool", "tool_call_id": call["id"], "name": call["name"], "content": content}
            self.messages.append(message)
        self.calls, self.contents = [], {}

    def tell(self) -> None:
        for at, line in self.turn.notices():
            log.info("+%.3f s %s", at, line)

    def abandon(self, held: Mapping[int, Any]) -> None:
        for key in held:
            self.turn.abandoned(key)

    def end(self, end: Finish) -> None:
        self.catch_up()
        self.tell()
        if end.end == "succeeded":
            self.error = None
            return
        if end.end == "limit":
            wrong: Exception = StepLimitExceeded(end.message)
            if end.limit == "deadline":
                wrong = DeadlineExceeded(end.message)
            wrong.__cause__ = self.error
            self.error = wrong
        elif end.end != "permanent" or self.error is None:
            wrong = _drive.error_of(end)
            if isinstance(wrong, Exhausted) and end.timed_out and self.error is None:
                self.error = CallTimeout("the model was given up on at its limit")
            wrong.__cause__ = self.error
            self.error = wrong
        log.warning("the run stopped: %s: %s", end.stop_reason, end.message)

    def result(self) -> Result:
        report = read_report(self.turn)
        reason = report.stop_reason or "error"
        if reason in self.raise_on and self.error is not None:
            raise self.error
        return Result(
            answer=self.turn.calm_answer() or self.answer,
            steps=report.steps,
            blocked=report.blocked,
            degraded=report.degraded,
            stop_reason=reason,
            error=self.error,
            route=report.route,
            attempts=report.attempts,
            usage=report.usage,
            lines=report.lines,
            messages=self.messages,
        )


def read_reply(value: Any, step: int) -> tuple[list[dict[str, Any]] | None, str, tuple[int | None, int | None]]:
    """A model's reply as facts: its tool calls (None for an answer, none at all for neither), its text, its usage."""
    if not isinstance(value, Mapping):
        return [], "", (None, None)
    usage = value.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens")]
    tokens = [count if type(count) is int and 0 <= count < 2**63 else None for count in counts]
    answer = value.get("answer")
    answer = answer if isinstance(answer, str) else ""
    asked = value.get("tool_calls")
    calls = (
        [_read_call(one, f"call_{step}_{place}") for place, one in enumerate(asked)]
        if isinstance(asked, list | tuple)
        else []
    )
    if calls or not answer.strip():
        return calls, answer, (tokens[0], tokens[1])
    return None, answer, (tokens[0], tokens[1])


def _read_call(call: Any, otherwise: str) -> dict[str, Any]:
    known = call if isinstance(call, Mapping) else {}
    name, key = known.get("name"), known.get("id")
    return {
        "id": key if isinstance(key, str) and key else otherwise,
        "name": name if isinstance(name, str) else repr(name),
        "arguments": known.get("arguments", {}),
    }


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        return repr(value)
