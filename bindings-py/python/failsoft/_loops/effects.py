"""What a loop wants done.

A loop is a generator, a ``Flow``: it yields effects, and is sent what came of each, or has thrown into it what that
raised. So each loop exists once. A host does what it says, in a thread (``here.Host``) or on an event loop
(``aio.Host``); ``runners`` carries effects and outcomes between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .._engine.turn import Turn

T = TypeVar("T")
Report = tuple[int, Any, BaseException | None]
"""What was started under a key has brought: a value, or an error."""


class Do(NamedTuple):
    """Call ``work()`` and bring its value; an async host awaits an awaitable, a sync one refuses it.

    ``in_thread`` keeps work that may block away from the event loop; a sync host blocks anyway.
    """

    work: Callable[[], Any]
    what: str = "the hook"
    in_thread: bool = False


class Close(NamedTuple):
    """As ``Do``, for what has to be done although the task is being cancelled."""

    work: Callable[[], Any]
    what: str


class Through(NamedTuple):
    """Go through another loop, as one effect."""

    flow: Generator[Any, Any, Any]


class Inside(NamedTuple):
    """Do this while ``turn`` is the current turn."""

    turn: Turn
    effect: Effect


class Within(NamedTuple):
    """Do this within ``timeout`` seconds, else raise ``CallTimeout``. A sync host that is not isolated has no limit."""

    timeout: float
    effect: Effect
    what: str


class Sleep(NamedTuple):
    """Wait ``delay`` seconds."""

    delay: float


class Try(NamedTuple):
    """Make a request by ``work()``, within ``timeout`` seconds as ``Within`` does, and bring its ``Report``."""

    key: int
    work: Callable[[], Any]
    timeout: float


class Start(NamedTuple):
    """Begin this under a key; what it brings comes by ``Take``.

    An async host runs it in a task. A sync host runs it in a thread if it is to run ``beside`` the loop, else when the
    next report is taken.
    """

    key: int
    effect: Effect
    beside: bool


class Take(NamedTuple):
    """Bring the next ``Report``; None if there is none yet."""


class Listen(NamedTuple):
    """Wait for a report, ``delay`` seconds at most."""

    delay: float


class Leave(NamedTuple):
    """Nobody wants what was started under this key: cancel it where that is possible."""

    key: int


class Give(NamedTuple):
    """Hand this to the consumer, and go on when it wants more."""

    item: Any


Effect: TypeAlias = Do | Close | Through | Inside | Within | Sleep | Try | Start | Take | Listen | Leave | Give
Flow: TypeAlias = Generator[Effect, Any, T]
