"""The host loops of calls that may be hedged: an attempt and the one beside it are under way at once.

They are those of ``drive`` and ``adrive``, but that requests run beside the loop, which waits for what they report.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _drive, _drive_async, _time
from ._native import Attempt, Call, Cancel, Finish, Rebuild, Switch, Wait, given_up_on
from .errors import CallTimeout

if TYPE_CHECKING:
    from ._clients import AsyncRoutes

T = TypeVar("T")


class _Held:
    """What is under way, what it brought, and the error of the last attempt that failed."""

    def __init__(self, call: Call, judge: _drive.Judge) -> None:
        self.call, self.judge = call, judge
        self.attempts: dict[int, Attempt] = {}
        self.value: Any = None
        self.last: Exception | None = None

    def report(self, key: int, value: Any, error: BaseException | None) -> Attempt | None:
        """Reports what an attempt brought. None if it was left behind before: then nobody wants it."""
        attempt = self.attempts.get(key)
        if attempt is None:
            return None
        if error is None:
            if self.call.succeeded(key):
                self.value = value
        elif isinstance(error, Exception):
            self.last = error
            self.call.failed(key, self.judge(error, attempt))
        else:
            raise error
        return self.attempts.pop(key)

    def left(self, cancel: Cancel, how: str) -> Attempt | None:
        """An attempt is given up on."""
        attempt = self.attempts.pop(cancel.id, None)
        if attempt is not None and cancel.why == "timed_out":
            self.last = CallTimeout(f"{given_up_on('the call', attempt.timeout)}{how}")
        return attempt

    def abandon(self, command: Any) -> None:
        for key in [*self.attempts, getattr(command, "id", 0)]:
            self.call.abandoned(key)

    def ended(self, end: Finish) -> Any:
        if end.end != "succeeded":
            _drive.raise_end(end, self.last)
        return self.value


def drive_hedged(
    call: Call,
    request: Callable[[Attempt], T],
    routes: _drive.Routes,
    sleep: Callable[[float], object] | None,
    judge: _drive.Judge,
) -> T:
    """Drives a call to its end, each request in a thread: left behind at its limit, or if the other was first."""
    source, inbox, held = _time.current(), _time.Inbox(), _Held(call, judge)
    command: Any = None
    try:
        while True:
            while (report := inbox.take()) is not None:
                if (ended := held.report(*report)) is not None:
                    routes.let_go(ended)
            command = call.next()
            match command:
                case Attempt() as attempt:
                    held.attempts[attempt.id] = attempt
                    routes.hold(attempt)
                    _drive.start(partial(_deliver, inbox, attempt, request))
                case Wait(why="running") as wait:
                    source.wait(inbox, wait.delay)
                case Wait() as wait:
                    _drive.plain((sleep or source.sleep)(wait.delay), "sleep")
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    call.ready(change.id) if routes.prepare(change) else call.not_ready(change.id)
                case Cancel() as cancel:
                    routes.let_go(held.left(cancel, "; the thread that runs it is left behind"))
                case Finish() as end:
                    return cast(T, held.ended(end))
                case other:
                    raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
    except BaseException:
        held.abandon(command)
        raise
    finally:
        for one in held.attempts.values():
            routes.let_go(one)
        held.last = report = None  # an exception must not hold the frame that holds it


async def adrive_hedged(
    call: Call,
    request: Callable[[Attempt], Awaitable[T]],
    routes: AsyncRoutes,
    sleep: Callable[[float], object] | None,
    judge: _drive.Judge,
    last: Exception | None = None,
) -> T:
    """Drives a call to its end, each request in a task that is cancelled at its limit, or when the other was first."""
    held = _Held(call, judge)
    held.last, command = last, None
    async with _drive_async.Tasks() as tasks:
        try:
            while True:
                while (report := tasks.take()) is not None:
                    if (ended := held.report(*report)) is not None:
                        await routes.let_go(ended)
                command = call.next()
                match command:
                    case Attempt() as attempt:
                        held.attempts[attempt.id] = attempt
                        routes.hold(attempt)
                        tasks.start(attempt.id, partial(request, attempt))
                    case Wait(why="running") as wait:
                        await tasks.wait(wait.delay)
                    case Wait() as wait:
                        await _drive_async.asleep(wait.delay, sleep)
                        call.waited(wait.id)
                    case Rebuild() | Switch() as change:
                        call.ready(change.id) if await routes.prepare(change) else call.not_ready(change.id)
                    case Cancel() as cancel:
                        tasks.cancel(cancel.id)
                        await routes.let_go(held.left(cancel, " and cancelled"))
                    case Finish() as end:
                        return cast(T, held.ended(end))
                    case other:
                        raise NotImplementedError(f"this host does not know the command {other!r}: update failsoft")
        except BaseException:
            held.abandon(command)
            raise
        finally:
            for one in held.attempts.values():
                await routes.let_go(one)
            held.last = last = report = None  # an exception must not hold the frame that holds it


def _deliver(inbox: _time.Inbox, attempt: Attempt, request: Callable[[Attempt], Any]) -> None:
    inbox.put((attempt.id, *_drive.outcome_of(lambda: _drive.plain(request(attempt), "the request"))))
