"""Looking at things that may be hostile: a property may raise anything, and a classification must not."""

from __future__ import annotations

from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")


def is_a(value: object, kind: type[T]) -> TypeGuard[T]:
    """As ``isinstance``, which may run code of the value's own."""
    return issubclass(type(value), kind)


def get(holder: object, name: str) -> Any:
    """An attribute, or None."""
    try:
        return getattr(holder, name, None)
    except Exception:
        return None


def held(holder: object, name: str) -> Any:
    """What an instance holds under a name, or None: no property is asked, which might read from a socket."""
    try:
        return object.__getattribute__(holder, "__dict__").get(name)
    except Exception:
        return None


def item(mapping: object, name: str) -> Any:
    """What a dictionary holds under a name, or None."""
    return dict.get(mapping, name) if is_a(mapping, dict) else None


def whole(value: object) -> int | None:
    """A whole number, also one that is written as text."""
    if is_a(value, int):
        return int.__index__(value)
    text = plain(value)
    return int(text) if text is not None and len(text) < 20 and text.isascii() and text.isdigit() else None


def plain(value: object) -> str | None:
    """A text without whatever a subclass of ``str`` makes of it."""
    return str.__str__(value) if is_a(value, str) else None
