"""One run of an agent: the two loops, and what they tell."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _drive, _drive_async, _native, _time
from ._agent_turn import AgentTurn, log
from ._clients import AsyncRoutes, IsolatedRoutes
from ._native import AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait
from ._report import read_report
from ._result import Result
from ._watch import Saw
from .errors import CallTimeout

if TYPE_CHECKING:
    from ._hand import Hand
    from ._news import News
    from .events import Event


class Run(AgentTurn):
    """Drives a turn of an agent to its end."""

    # ---- The two loops: translations of each other. ----

    def drive(self) -> Generator[Event, None, None]:
        source, inbox, routes = _time.current(), _time.Inbox(), IsolatedRoutes(self.agent.session)
        held: dict[int, Any] = {}
        try:
            while True:
                while (report := inbox.take()) is not None:
                    self.report(*report)
                    if not isinstance(report[1], Saw):
                        routes.let_go(report[0])
                command = self.turn.next()
                self.tell()
                match command:
                    case Attempt() as attempt:
                        held[attempt.id] = attempt
                        routes.hold(attempt)
                        self.begin(attempt)
                        work = self.work(attempt, partial(_put, inbox, attempt))
                        if isolated := self.is_isolated(attempt):
                            _drive.start(partial(self.deliver, inbox, attempt, work))
                        yield from self.told()
                        if not isolated:
                            self.report(attempt, *_drive.outcome_of(work))
                            routes.let_go(attempt)
                    case AskApproval() as ask:
                        held[ask.id] = ask
                        yield from self.told()
                        self.report(ask, *_drive.outcome_of(partial(self.ask, ask)))
                    case Wait(why="running") as wait:
                        if self.has_news():
                            yield from self.told()
                        else:
                            source.wait(inbox, wait.delay)
                    case Wait() as wait:
                        held[wait.id] = wait
                        yield from self.told()
                        _drive.plain((self.agent.session.sleep or source.sleep)(wait.delay), "sleep")
                        self.turn.waited(wait.id)
                    case Rebuild() | Switch() as change:
                        held[change.id] = change
                        yield from self.told()
                        self.report(change, *_drive.outcome_of(partial(routes.prepare, change)))
                    case Cancel() as cancel:
                        self.leave(cancel.id)
                        routes.let_go(held.pop(cancel.id, None))
                    case Finish() as end:
                        self.end(end)
                        yield from self.told()
                        return
                    case other:
                        raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
        except BaseException:
            self.abandon(held)
            raise
        finally:
            for one in held.values():
                routes.let_go(one)
            self.turn.end()

    async def adrive(self, hand: Hand[Event] | None = None) -> None:
        held: dict[int, Any] = {}
        routes = AsyncRoutes(self.agent.session)
        async with _drive_async.Tasks() as tasks:
            try:
                while True:
                    while (report := tasks.take()) is not None:
                        self.report(held[report[0]], *report[1:])
                        if not isinstance(report[1], Saw):
                            await routes.let_go(held[report[0]])
                    command = self.turn.next()
                    self.tell()
                    match command:
                        case Attempt() as attempt:
                            held[attempt.id] = attempt
                            routes.hold(attempt)
                            self.begin(attempt)
                            work = self.awork(attempt, partial(tasks.tell, attempt.id))
                            tasks.start(attempt.id, work)
                            await self.atold(hand)
                        case AskApproval() as ask:
                            held[ask.id] = ask
                            tasks.start(ask.id, partial(self.aask, ask))
                            await self.atold(hand)
                        case Wait(why="running") as wait:
                            if self.has_news():
                                await self.atold(hand)
                            else:
                                await tasks.wait(wait.delay)
                        case Wait() as wait:
                            held[wait.id] = wait
                            await self.atold(hand)
                            await _drive_async.asleep(wait.delay, self.agent.session.sleep)
                            self.turn.waited(wait.id)
                        case Rebuild() | Switch() as change:
                            held[change.id] = change
                            tasks.start(change.id, partial(routes.prepare, change))
                            await self.atold(hand)
                        case Cancel() as cancel:
                            tasks.cancel(cancel.id)
                            self.leave(cancel.id)
                            await routes.let_go(held.get(cancel.id))
                        case Finish() as end:
                            self.end(end)
                            await self.atold(hand)
                            return
                        case other:
                            raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
            except BaseException:
                self.abandon(held)
                raise
            finally:
                for one in held.values():
                    await routes.let_go(one)
                self.turn.end()

    # ---- What it tells. ----

    def tell(self) -> None:
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

    def told(self) -> Iterator[Event]:
        while self.news is not None and self.news.waiting:
            yield self.news.waiting.popleft()
            self.back()

    async def atold(self, hand: Hand[Event] | None) -> None:
        while self.news is not None and hand is not None and self.news.waiting:
            await hand.give(self.news.waiting.popleft())
            self.back()

    def back(self) -> None:
        """The consumer is back. While it was away, no clock ran against a stream that had made progress."""
        if self.progressed is not None:
            self.turn.progress(self.progressed, True)

    def end(self, end: Finish) -> None:
        self.catch_up()
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


def _put(inbox: _time.Inbox, attempt: Attempt, saw: Saw) -> None:
    inbox.put((attempt, saw, None))
