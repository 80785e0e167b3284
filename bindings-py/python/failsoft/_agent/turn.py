"""One turn of an agent: what passes between the models, the tools, the approver and the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .. import _native
from .._engine import check
from .._engine.approval import ApprovalRequest, digest_of, plain_copy
from .._engine.context import Parent
from .._engine.turn import Turn, begun
from .._facts.facts import text_of
from .._loops.effects import Do, Effect, Inside
from .._loops.functions import is_async
from .._models.watch import Saw, Watch
from .._native import AskApproval, Attempt
from ..tools import Tool
from .reply import as_text, read_reply, read_usage
from .result import Message

if TYPE_CHECKING:
    from ..agent import Agent
    from .news import News

log = logging.getLogger("failsoft")

_PREDICATE_FAILED = "the predicate of tool %s failed, which is not a no to risk: %s"


class AgentTurn:
    """One turn of an agent: keeps messages, values and exceptions, which the core never sees."""

    def __init__(
        self,
        agent: Agent,
        task: str | Sequence[Message],
        raise_on: Collection[str],
        news: News | None = None,
        restartable: bool = True,
        parent: Parent = "current",
        share_budgets: bool = False,
        run_id: str | None = None,
    ) -> None:
        self.agent, self.news = agent, news
        self.raise_on = {raise_on} if isinstance(raise_on, str) else set(raise_on)
        for reason in self.raise_on - set(_native.stop_reasons()):
            raise ValueError(
                f"raise_on: {check.shown(reason)} is not allowed; use some of {', '.join(_native.stop_reasons())}"
            )
        self.tools = {tool.name: tool for tool in agent.tools}
        rows = [(tool.name, tool.is_risky, tool.replay, tool.timeout) for tool in agent.tools]
        self.turn = begun(Turn(agent.session, rows), parent=parent, share_budgets=share_budgets, run_id=run_id)
        self.turn.stream_on([place for place, one in enumerate(agent.models) if _streams(one)], restartable)
        said = [{"role": "user", "content": task}] if isinstance(task, str) else task
        self.messages: list[Message] = [dict(one) for one in said]
        self.calls: list[dict[str, Any]] = []
        self.contents: dict[int, str] = {}
        self.told_tools: set[int] = set()
        self.answer = ""
        self.answered_by: str | None = None
        self.error: BaseException | None = None
        self.watches: dict[int, Watch] = {}
        self.progressed: int | None = None

    # ---- What the host does. ----

    def is_isolated(self, attempt: Attempt) -> bool:
        """Whether a sync run needs a thread for it, that is left behind at the limit."""
        if attempt.index is not None:
            return self.tools[self.calls[attempt.index]["name"]].isolate
        model = self.model(attempt)
        # Beside what runs inline nothing can be asked.
        may_hedge = self.agent.session.core.hedges and not _streams(model)
        return may_hedge or not getattr(model, "honours_timeout", False)

    def model(self, attempt: Attempt) -> Any:
        return self.agent._by_route[attempt.route]

    def work(self, attempt: Attempt, tell: Callable[[int, Any], object]) -> Effect:
        """What an attempt does, bound now: a thread that starts late must not read the calls of a later step."""
        if attempt.index is not None:
            tool, arguments = self.tool_call(attempt)
            return Inside(self.turn, Do(partial(tool, **arguments), f"the tool {tool.name}", not tool.is_async))
        model = self.model(attempt)
        may_block = not (getattr(model, "is_async", None) or is_async(model))
        return Inside(self.turn, Do(self.request(attempt, partial(tell, attempt.id)), "the model", may_block))

    def request(self, attempt: Attempt, tell: Callable[[Saw], object]) -> Callable[[], Any]:
        model, messages, specs = self.model(attempt), self.snapshot(), self.specs(attempt)
        if _streams(model):
            self.watches[attempt.id] = watch = Watch(tell)
            return partial(model.ask, messages, specs, attempt, watch)
        if hasattr(model, "ask"):
            return partial(model.ask, messages, specs, attempt)
        return partial(model, messages, specs)

    def ask(self, ask: AskApproval) -> Effect:
        """Puts a tool call to the approver: a copy, so that what runs is what was asked about."""
        approver, call = self.agent.approver, self.calls[ask.index]
        if approver is None:
            return Do(lambda: "no_approver")
        request = ApprovalRequest(call["name"], deepcopy(call["arguments"]), ask.digest)
        return Do(partial(approver, request), "the approver", not is_async(approver))

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
            case Attempt() as attempt if isinstance(value, Saw):
                self.report_progress(attempt, value)
            case Attempt() as attempt if error is not None:
                self.watches.pop(attempt.id, None)
                known = getattr(error, "failsoft_usage", None)
                spent = None if known is None else read_usage(known)
                if self.turn.failed(attempt.id, self.agent.session._judge(error, attempt), spent):
                    self.error = error
            case Attempt() as attempt:
                self.watches.pop(attempt.id, None)
                self.report_reply(attempt, value)
            case AskApproval() as ask:
                if error is not None:
                    log.warning("the approver failed, which is not a yes: %s", check.raised(error))
                self.turn.decided(ask.id, _native.decision(value, failed=error is not None), ask.digest)
            case change:
                done = self.turn.ready if value is True else self.turn.not_ready
                done(change.id)

    def report_tool(self, attempt: Attempt, value: Any, error: Exception | None) -> None:
        index = attempt.index or 0
        if error is None:
            if self.turn.succeeded(attempt.id):
                self.contents[index] = as_text(value)
        elif self.turn.failed(attempt.id, self.agent.session._judge(error, attempt)):
            text = f"{type(error).__name__}: {text_of(error)}"
            self.contents[index] = _native.tool_failed(self.calls[index]["name"], text)

    def report_progress(self, attempt: Attempt, saw: Saw) -> None:
        usage = None if saw.usage is None else read_usage(saw.usage)
        if self.turn.progress(attempt.id, saw.meaningful, usage):
            self.progressed = attempt.id if saw.meaningful else self.progressed
            if self.news is not None:
                self.news.saw(saw.text)

    def report_reply(self, attempt: Attempt, value: Any) -> None:
        calls, answer, usage = read_reply(value, attempt.step or 0)
        kind = _native.read_reply(answer, len(calls))
        rows = [self.row(call) for call in calls]
        # Copies: whatever becomes of the conversation, what runs is what was asked for.
        told = [deepcopy(call) if row[1] else dict(call) for call, row in zip(calls, rows, strict=True)]
        if not self.turn.replied(attempt.id, kind, rows, *usage):
            return
        if isinstance(value, Mapping) and isinstance(value.get("model"), str):
            self.answered_by = value["model"]
        if self.news is not None and kind != "nothing":
            self.news.replied(answer, calls)
        match kind:
            case "answer":
                self.answer = answer
                self.messages.append({"role": "assistant", "content": answer})
            case "tool_calls":
                self.calls, self.contents, self.told_tools = calls, {}, set()
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
            log.warning(_PREDICATE_FAILED, _native.foreign_name(tool.name), check.raised(error))
            return "unknown"

    def begin(self, attempt: Attempt) -> None:
        if attempt.index is not None:
            return
        self.catch_up()
        self.progressed = None
        if self.news is not None:
            self.news.attempt(attempt)

    def catch_up(self) -> None:
        """Before the model is asked again, and at the end: what the last step's tools brought, in the model's order."""
        for index, call in enumerate(self.calls):
            message = {"role": "tool", "tool_call_id": call["id"], "name": call["name"], "content": self.content(index)}
            self.messages.append(message)
        self.calls, self.contents, self.told_tools = [], {}, set()

    def content(self, index: int) -> str:
        """What the model is told of a tool call."""
        return self.turn.sentence(index) or self.contents.get(index, "")

    def leave(self, key: int) -> None:
        watch = self.watches.pop(key, None)
        if watch is not None:
            watch.leave()

    def abandon(self, held: Mapping[int, Any]) -> None:
        for key in held:
            self.turn.abandoned(key)
        for key in list(self.watches):
            self.leave(key)


def _streams(model: Any) -> bool:
    return getattr(model, "streams", False) is True and hasattr(model, "ask")
