"""One run of an agent: the two loops, and what passes between the models, the tools, the approver and the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from . import _drive, _drive_async, _native, _time
from ._approval import ApprovalRequest, digest_of, plain_copy
from ._classify import classify, text_of
from ._native import AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait
from ._reply import as_text, read_reply
from .errors import CallTimeout
from .session import Turn, Usage, read_report
from .tools import Tool

if TYPE_CHECKING:
    from .agent import Agent

log = logging.getLogger("failsoft")
Message = dict[str, Any]


@dataclass(frozen=True)
class Result(Mapping[str, Any]):
    """What a run brought. ``dict(result)`` has ``answer``, ``steps``, ``blocked`` and ``degraded``.

    ``answer`` is the model's answer or, when the run is ``degraded``, a calm message; ``stop_reason`` says why it
    ended; ``error`` is the cause, if there was one; ``route`` is where the turn came to; ``blocked`` names the tools
    that were not allowed to run (which alone does not make a run degraded); ``lines`` is the whole account;
    ``messages`` the conversation so far; ``cost`` is unknown as yet, and so None.
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


class Run:
    """One turn of an agent: keeps messages, values and exceptions, which the core never sees."""

    def __init__(self, agent: Agent, task: str | Sequence[Message], raise_on: Collection[str]) -> None:
        self.agent = agent
        self.raise_on = {raise_on} if isinstance(raise_on, str) else set(raise_on)
        for reason in self.raise_on - set(_native.stop_reasons()):
            raise ValueError(f'raise_on: "{reason}" is not allowed; use some of {", ".join(_native.stop_reasons())}')
        self.tools = {tool.name: tool for tool in agent.tools}
        self.turn = Turn(agent.session, tools=agent.tools)
        said = [{"role": "user", "content": task}] if isinstance(task, str) else task
        self.messages: list[Message] = [dict(one) for one in said]
        self.calls: list[dict[str, Any]] = []
        self.contents: dict[int, str] = {}
        self.answer = ""
        self.error: BaseException | None = None

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
                self.turn.decided(ask.id, _native.decision(value, failed=error is not None), ask.digest)
            case change:
                done = self.turn.ready if value is True else self.turn.not_ready
                done(change.id)

    def report_tool(self, attempt: Attempt, value: Any, error: Exception | None) -> None:
        index = attempt.index or 0
        if error is None:
            if self.turn.succeeded(attempt.id):
                self.contents[index] = as_text(value)
        elif self.turn.failed(attempt.id, classify(error)):
            text = f"{type(error).__name__}: {text_of(error)}"
            self.contents[index] = _native.tool_failed(self.calls[index]["name"], text)

    def report_reply(self, attempt: Attempt, value: Any) -> None:
        calls, answer, usage = read_reply(value, attempt.step or 0)
        kind = _native.read_reply(answer, len(calls))
        rows = [self.row(call) for call in calls]
        # Copies: whatever becomes of the conversation, what runs is what was asked for.
        told = [deepcopy(call) if row[1] else dict(call) for call, row in zip(calls, rows, strict=True)]
        if not self.turn.replied(attempt.id, kind, rows, *usage):
            return
        match kind:
            case "answer":
                self.answer = answer
                self.messages.append({"role": "assistant", "content": answer})
            case "tool_calls":
                self.calls, self.contents = calls, {}
                self.messages.append({"role": "assistant", "content": answer, "tool_calls": told})

    def row(self, call: dict[str, Any]) -> tuple[str, str | None, str | None, bool | Literal["unknown"] | None]:
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

    def risk_of(self, tool: Tool, arguments: dict[str, Any]) -> bool | Literal["unknown"] | None:
        try:
            return tool.risk_of(deepcopy(arguments))
        except Exception as error:
            log.warning("the predicate of tool %s failed, which is not a no to risk: %r", tool.name, error)
            return "unknown"

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
        wrong = _drive.error_of(end, self.error)
        if wrong is not self.error:
            if end.timed_out and self.error is None:
                self.error = CallTimeout(_native.given_up_on("the model"))
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
