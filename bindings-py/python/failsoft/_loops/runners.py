"""Runs loops: hands their effects to a host, and what came of these back to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

from .effects import Effect, Flow, Give

T = TypeVar("T")


def run(flow: Flow[T], do: Callable[[Effect], Any]) -> T:
    """Runs a loop to its end and returns its value. Nothing that it gives is wanted."""
    course = _Course(flow)
    while course.goes_on():
        try:
            course.came = do(course.effect)
        except BaseException as raised:
            course.raised = raised
    return course.value


async def arun(flow: Flow[T], do: Callable[[Effect], Awaitable[Any]]) -> T:
    """As ``run``, for an async host."""
    course = _Course(flow)
    while course.goes_on():
        try:
            course.came = await do(course.effect)
        except BaseException as raised:
            course.raised = raised
    return course.value


def items(flow: Flow[Any], do: Callable[[Effect], Any]) -> Generator[Any, None, None]:
    """Runs a loop, and hands on what it gives."""
    course = _Course(flow)
    while course.goes_on():
        try:
            if isinstance(course.effect, Give):
                yield course.effect.item
            else:
                course.came = do(course.effect)
        except BaseException as raised:
            course.raised = raised


async def aitems(flow: Flow[Any], do: Callable[[Effect], Awaitable[Any]]) -> AsyncGenerator[Any, None]:
    """As ``items``, for an async host."""
    course = _Course(flow)
    while course.goes_on():
        try:
            if isinstance(course.effect, Give):
                yield course.effect.item
            else:
                course.came = await do(course.effect)
        except BaseException as raised:
            course.raised = raised


class _Course(Generic[T]):
    """A loop under way: what it wants now, and what it is told next.

    It is never merely closed: what interrupts its runner is raised inside it, so that it can still have things done.
    """

    __slots__ = ("came", "effect", "flow", "raised", "value")

    effect: Effect
    value: T

    def __init__(self, flow: Flow[T]) -> None:
        self.flow = flow
        self.came: Any = None
        self.raised: BaseException | None = None

    def goes_on(self) -> bool:
        """Tells the loop what came of its effect, for the next one; false when it has ended, with a value."""
        came, raised, self.came, self.raised = self.came, self.raised, None, None
        try:
            self.effect = self.flow.send(came) if raised is None else self.flow.throw(raised)
            return True
        except StopIteration as end:
            self.value = end.value
            return False
        finally:
            came = raised = None  # an exception must not hold the frame that holds it
