"""Retries a block: ``for attempt in attempts(): with attempt: ...``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType

from .._engine.route import Span
from .._native import Attempt, Call, Finish, Wait
from ..session import Session
from . import aio, here
from .call import Judge, raise_end, unknown
from .effects import Flow, Give, Sleep
from .retry import On, judge_by, retry_policy
from .runners import aitems, items


class attempts:  # a function to its users
    """Retries a block: ``for attempt in attempts(max_attempts=3): with attempt: ...``, or ``async for``.

    The options are those of ``retry``. The loop ends with the first block that succeeds; the error of the last one, or
    a permanent one, comes out of the ``with``.
    """

    def __init__(
        self,
        *,
        max_attempts: int = 3,
        base: Span = 0.5,
        factor: float = 2.0,
        cap: Span = 30.0,
        jitter: str = "full",
        on: On = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] | None = None,
        seed: int | None = None,
    ) -> None:
        policy = retry_policy(max_attempts, base, factor, cap, jitter)
        self._session = Session._without_routes(policy, clock, sleep, seed)
        self._judge, self._sleep = judge_by(on, self._session), sleep

    def __iter__(self) -> Iterator[Block]:
        return items(self._blocks(), here.Host(self._sleep).do)

    def __aiter__(self) -> AsyncIterator[Block]:
        return aitems(self._blocks(), aio.Host(self._sleep).do)

    def _blocks(self) -> Flow[None]:
        call, last = Call(self._session.turn()), None
        try:
            while True:
                match call.next():
                    case Attempt() as attempt:
                        last = None
                        block = Block(call, self._judge, attempt)
                        yield Give(block)
                        if not block.left:
                            raise RuntimeError("attempts: the block was not entered: write `with attempt:` in the loop")
                        last, block.error = block.error, None
                    case Wait() as wait:
                        yield Sleep(wait.delay)
                        call.waited(wait.id)
                    case Finish(end="succeeded"):
                        return
                    case Finish() as end:  # the current turn's deadline, before the first block or during a wait
                        raise_end(end, last)
                    case other:
                        raise unknown(other)
        finally:
            last = None  # an exception must not hold the frame that holds it


class Block:
    """One attempt of ``attempts``: ``number`` counts from 1."""

    def __init__(self, call: Call, judge: Judge, attempt: Attempt) -> None:
        self._call, self._judge, self._attempt = call, judge, attempt
        self.left = False
        self.error: Exception | None = None

    @property
    def number(self) -> int:
        """Which attempt it is, from 1."""
        return self._attempt.number

    def __enter__(self) -> Block:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.left = True
        call, attempt = self._call, self._attempt
        if error is None:
            call.succeeded(attempt.id)
            return False
        if not isinstance(error, Exception):
            call.abandoned(attempt.id)
            return False
        call.failed(attempt.id, self._judge(error, attempt))
        end = call.poll()
        if isinstance(end, Finish):
            if end.raised(has_original=True) == "original":
                return False
            raise_end(end, error)
        self.error = error
        return True
