"""What a function is: async, a generator, and by what name people know it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import GeneratorType
from typing import Any, TypeVar

T = TypeVar("T")


def is_async(fn: object) -> bool:
    """Whether calling it makes a coroutine: also through ``functools.partial`` and callable objects."""
    while True:
        if inspect.iscoroutinefunction(fn):
            return True
        inner = getattr(fn, "func", None)
        if inner is None or inner is fn:
            break
        fn = inner
    method = getattr(fn, "__call__", None)  # noqa: B004 - the method itself is looked at
    return inspect.iscoroutinefunction(method)


def is_generator(fn: object) -> bool:
    """Whether calling it makes a generator, which nothing can retry from outside."""
    while getattr(fn, "func", None) is not None:
        fn = fn.func  # type: ignore[attr-defined]
    method = getattr(fn, "__call__", None)  # noqa: B004 - the method itself is looked at
    return any(
        test(candidate)
        for test in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for candidate in (fn, method)
    )


def is_awaitable(value: object) -> bool:
    """As ``inspect.isawaitable``, and quick for what is not."""
    return hasattr(type(value), "__await__") or (type(value) is GeneratorType and inspect.isawaitable(value))


def plain(value: T, what: str) -> T:
    """Refuses an awaitable where a plain value is needed."""
    if is_awaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError(f"{what} is async: use the async form of this function")
    return value


def wraps(fn: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    inner = fn
    while isinstance(inner, functools.partial):
        inner = inner.func
    return functools.wraps(inner if hasattr(inner, "__name__") else type(inner))


def name_of(fn: Any) -> str:
    return getattr(fn, "__qualname__", None) or type(fn).__qualname__
