"""One run of an agent: the loop, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import _native
from .._engine.report import read_report
from .._loops.call import error_of, unknown
from .._loops.effects import Flow, Give, Leave, Listen, Sleep, Start, Take, Through
from .._models.watch import Saw
from .._native import AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait
from ..errors import CallTimeout
from .result import Result
from .turn import AgentTurn, log

if TYPE_CHECKING:
    from .news import News


class Run(AgentTurn):
    """Drives a turn of an agent to its end."""

    def drive(self, tell: Callable[[int, Any], object]) -> Flow[None]:
        """The loop. What is under way beside it reports by ``Take``.

        :param tell: leaves a report amid an attempt, from any thread.
        """
        clients = self.agent.session._clients
        held: dict[int, Any] = {}
        try:
            while True:
                while (report := (yield Take())) is not None:
                    key, value, error = report
                    if (command := held.get(key)) is None:
                        continue  # given up on before
                    self.report(command, value, error)
                    if not isinstance(value, Saw):
                        yield from clients.let_go(held.pop(key))
                command = self.turn.next()
                self.notice()
                match command:
                    case Attempt() as attempt:
                        held[attempt.id] = attempt
                        clients.hold(attempt)
                        self.begin(attempt)
                        yield Start(attempt.id, self.work(attempt, tell), self.is_isolated(attempt))
                    case AskApproval() as ask:
                        held[ask.id] = ask
                        yield Start(ask.id, self.ask(ask), False)
                    case Rebuild() | Switch() as change:
                        held[change.id] = change
                        yield Start(change.id, Through(clients.prepare(change)), False)
                    case Wait(why="running") as wait:
                        if not self.has_news():
                            yield Listen(wait.delay)
                    case Wait() as wait:
                        held[wait.id] = wait
                        yield from self.told()
                        yield Sleep(wait.delay)
                        self.turn.waited(held.pop(wait.id).id)
                    case Cancel() as cancel:
                        yield Leave(cancel.id)
                        self.leave(cancel.id)
                        yield from clients.let_go(held.pop(cancel.id, None))
                    case Finish() as end:
                        self.end(end)
                        yield from self.told()
                        return
                    case other:
                        raise unknown(other)
                yield from self.told()
        except BaseException:
            self.abandon(held)
            raise
        finally:
            for one in held.values():
                yield from clients.let_go(one)
            self.turn.end()
            report = error = None  # an exception must not hold the frame that holds it

    # ---- What it tells. ----

    def notice(self) -> None:
        """Logs what the engine noticed, and makes news of it."""
        for notice in self.turn.notices():
            log.info("+%.3f s %s", notice.at, notice.line)
            if self.news is not None:
                self.news.notice(notice)
        if self.news is not None:
            self.tell_tools(self.news)

    def tell_tools(self, news: News) -> None:
        for index in range(len(self.calls)):
            if index not in self.told_tools and (outcome := self.turn.outcome(index)) is not None:
                self.told_tools.add(index)
                news.tool(self.calls[index], self.content(index), outcome[0])

    def has_news(self) -> bool:
        return self.news is not None and bool(self.news.waiting)

    def told(self) -> Flow[None]:
        """Gives the news to the consumer. While it was away, no clock ran against a stream that had made progress."""
        while self.news is not None and self.news.waiting:
            yield Give(self.news.waiting.popleft())
            if self.progressed is not None:
                self.turn.progress(self.progressed, True)

    def end(self, end: Finish) -> None:
        self.catch_up()
        if end.end == "succeeded":
            self.error = None
            return
        wrong = error_of(end, self.error)
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
            answer=self.turn.degraded_answer() or self.answer,
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
            spent=report.spent,
            model=self.answered_by,
        )
