"""The loop around one call: retry, fallback and hedge. It acts; every decision is the core's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .._native import Attempt, Call, Cancel, Failure, Finish, Rebuild, Switch, Wait, given_up_on
from ..errors import BreakerOpen, CallTimeout, DeadlineExceeded, Exhausted, StepLimitExceeded
from .effects import Do, Flow, Leave, Listen, Report, Sleep, Start, Take, Try

if TYPE_CHECKING:
    from .._engine.clients import Clients, NoClients

Judge = Callable[[BaseException, Attempt], Failure]


def calling(
    call: Call,
    request: Callable[[Attempt], Any],
    clients: Clients | NoClients,
    judge: Judge,
    last: Exception | None = None,
    beside: str | None = None,
) -> Flow[Any]:
    """Drives a call to its end, and returns the value of the attempt that succeeded.

    :param last: the error of an attempt that was made before.
    :param beside: how an attempt that is given up on ends, where requests run beside the loop, so that two may be under
        way at once; without it the loop waits for each.
    """
    held: dict[int, Attempt] = {}
    value: Any = None
    command: Any = None
    report: Report | None = None
    try:
        while True:
            if beside and report is None:
                report = yield Take()
            if report is not None:
                (key, came, error), report = report, None
                if (attempt := held.get(key)) is None:
                    continue  # given up on before
                if error is None:
                    is_done = call.succeeded(key)
                    value = came if is_done else value
                elif isinstance(error, Exception):
                    is_done, last = False, error
                    call.failed(key, judge(error, attempt))
                else:
                    raise error
                del held[key]
                if clients.are_counted:
                    yield from clients.let_go(attempt)
                if is_done and not held:
                    return value
                continue
            command = call.next()
            match command:
                case Attempt() as attempt:
                    held[attempt.id] = attempt
                    clients.hold(attempt)
                    work = partial(request, attempt)
                    if beside:
                        yield Start(attempt.id, Do(work, "the request"), True)
                    else:
                        report = yield Try(attempt.id, work, attempt.timeout)
                case Wait(why="running") as wait:
                    yield Listen(wait.delay)
                case Wait() as wait:
                    yield Sleep(wait.delay)
                    call.waited(wait.id)
                case Rebuild() | Switch() as change:
                    is_ready = yield from clients.prepare(change)
                    call.ready(change.id) if is_ready else call.not_ready(change.id)
                case Cancel() as cancel:
                    yield Leave(cancel.id)
                    if (left := held.pop(cancel.id, None)) is not None:
                        if cancel.why == "timed_out":
                            last = CallTimeout(f"{given_up_on('the call', left.timeout)}{beside}")
                        yield from clients.let_go(left)
                case Finish() as end:
                    if end.end != "succeeded":
                        raise_end(end, last)
                    return value
                case other:
                    raise unknown(other)
    except BaseException:
        for key in (*held, getattr(command, "id", 0)):
            call.abandoned(key)
        raise
    finally:
        for attempt in held.values():
            yield from clients.let_go(attempt)
        last = report = error = None  # an exception must not hold the frame that holds it


def unknown(command: object) -> NotImplementedError:
    """The core is newer than this host."""
    return NotImplementedError(f"this host does not know the command {command!r}: update failsoft")


def raise_end(end: Finish, last: BaseException | None) -> NoReturn:
    """Raises what an end means: the original error if it is permanent, else ours with the original as cause."""
    wrong = error_of(end, last)
    try:
        if wrong is last:
            raise wrong
        raise wrong from last
    finally:
        del last, wrong  # an exception must not hold the frame that holds it


def error_of(end: Finish, original: BaseException | None) -> BaseException:
    """What an end means, as an error: the original one, or ours."""
    match end.raised(original is not None):
        case "original" if original is not None:
            return original
        case "deadline_exceeded":
            return DeadlineExceeded(end.message)
        case "step_limit_exceeded":
            return StepLimitExceeded(end.message)
        case "breaker_open":
            return BreakerOpen(end.message, retry_in=end.retry_in)
        case _:
            return Exhausted(end.message, retry_in=end.retry_in)
