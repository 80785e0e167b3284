"""Arguments are checked where they are given: what is wrong later is hard to find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .._native import Policy, foreign_name, foreign_quoted, foreign_text

if TYPE_CHECKING:
    from .route import Span


def function(what: str, value: Any) -> None:
    """Refuses what cannot be called; None is left out."""
    if value is not None and not callable(value):
        raise TypeError(f"{what}: {shown(value)} is not a function")


def flag(what: str, value: object) -> None:
    """Refuses what is neither true nor false: a text such as "no" must not mean yes."""
    if type(value) is not bool:
        raise TypeError(f"{what}: {shown(value)} is not allowed; use true or false")


def text(what: str, value: object) -> None:
    """Refuses what is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{what}: {shown(value)} is not allowed; use a text")


def fields(what: str, value: Any) -> None:
    """Refuses what is no mapping of named values."""
    if not isinstance(value, Mapping):
        raise TypeError(f'{what}: {shown(value)} is not a dict of fields; use one such as {{"model": "m"}}')


def shown(value: object) -> str:
    """A value in a message: short. Of an object only its type, for it may hold a secret."""
    if isinstance(value, type):
        return f"the class {foreign_name(value.__name__)}"
    if value is None or isinstance(value, bool | int | float):
        return foreign_name(repr(value))
    return foreign_quoted(value) if isinstance(value, str) else f"a {foreign_name(type(value).__name__)}"


def raised(error: BaseException) -> str:
    """An exception in a message: its class and its arguments."""
    try:
        return foreign_text(repr(error))
    except Exception:  # a class of the user's, whose own fault must not become ours
        return foreign_name(type(error).__name__)


def seconds(group: str, field: str, span: Span) -> float:
    """A span as seconds, checked as this field of a policy is.

    :raises ValueError: it is out of range.
    """
    told = span.total_seconds() if isinstance(span, timedelta) else span
    Policy(**{group: {field: told}})  # the core's own check, and its words
    return float(told)
