"""What belongs to one process: it is told when that is copied, and refuses to be written down for another."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

_told: weakref.WeakKeyDictionary[Any, Callable[[Any], object]] = weakref.WeakKeyDictionary()


def tell(thing: object, forked: Callable[[Any], object]) -> None:
    """Calls ``forked(thing)`` in the child of a fork, as long as somebody has the thing."""
    _told[thing] = forked


def _in_child() -> None:
    for thing, forked in list(_told.items()):
        forked(thing)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def refuse(thing: object, instead: str) -> NoReturn:
    """For ``__reduce__``: a copy would have locks, permits and clients that are somebody else's."""
    raise TypeError(f"{type(thing).__name__}: it belongs to its process and cannot be pickled or copied; {instead}")
