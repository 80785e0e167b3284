"""The turn that is under way here: turns that begin within it, retries and time limits find it without being told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Literal, TypeAlias, Union

from .. import _native
from ..errors import CallTimeout, DeadlineExceeded
from . import check

if TYPE_CHECKING:
    from .turn import Turn

Parent: TypeAlias = Union["Turn", Literal["current"], None]

_here: ContextVar[Turn | None] = ContextVar("failsoft turn", default=None)
here = _here.get
"""As ``current_turn``, for those in a hurry."""


def current_turn() -> Turn | None:
    """The turn that is under way in this thread or task; None outside of all.

    It is that of the innermost ``with session.turn()``, or of the agent whose model or tool this is. Tasks, and the
    threads that failsoft starts, have that of whoever started them; a thread of your own has it if you run it in
    ``contextvars.copy_context()``.
    """
    return here()


def enter(turn: Turn) -> Token[Turn | None]:
    """From here on it is the current one."""
    return _here.set(turn)


def leave(token: Token[Turn | None]) -> None:
    """The one before is the current one again."""
    # A block that is left in another task than it was entered in has nothing to put back there.
    with contextlib.suppress(ValueError):
        _here.reset(token)


@contextlib.contextmanager
def inside(turn: Turn) -> Iterator[None]:
    """Makes this turn the current one for the block."""
    token = enter(turn)
    try:
        yield
    finally:
        leave(token)


def found(parent: Parent) -> Turn | None:
    """The turn to begin within: the current one, the one that is given, or none."""
    if parent == "current":
        return here()
    if parent is None or isinstance(parent, _native.Turn):
        return parent
    raise TypeError(f"parent: {check.shown(parent)} is not allowed; use a turn, None to stand alone, or leave it out")


def time_left() -> float | None:
    """Seconds that the current turn has left; None without one, or without a deadline.

    :raises DeadlineExceeded: none is left.
    """
    left = _left()
    if left is not None and left <= 0:
        raise DeadlineExceeded(_native.deadline_passed())
    return left


def tell_late(error: CallTimeout) -> None:
    """Says of a call that was given up on that the time of the current turn is over, if it is.

    :raises DeadlineExceeded: it is, so that asking again cannot help.
    """
    left = _left()
    if left is not None and left <= 0:
        raise DeadlineExceeded(_native.deadline_passed()) from error


def _left() -> float | None:
    turn = here()
    return None if turn is None else turn.time_left()
