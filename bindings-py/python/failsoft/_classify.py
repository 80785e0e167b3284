"""Collects plain facts about an exception; the core decides what they mean."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import _native
from ._native import Failure

_DEEPEST = 16


def classify(error: BaseException) -> Failure:
    """What kind of failure an exception is.

    Looks at its class and the classes of its causes, at an HTTP status, headers and error body where it carries them
    (as those of ``openai``, ``anthropic``, ``httpx``, ``requests``, ``aiohttp`` do), and never at anything else. A
    failure that an exception brings along as ``failsoft_failure`` is taken as it is.
    """
    known = _get(error, "failsoft_failure")
    if type(known) is Failure:
        return known
    return _native.classify(facts(error))


def facts(error: BaseException) -> dict[str, Any]:
    """The facts themselves, for those who wonder about a classification."""
    found: dict[str, Any] = {"classes": [], "message": text_of(error)}
    for one in _chain(error):
        found["classes"] += [parent.__name__ for parent in type(one).__mro__ if parent not in (BaseException, object)]
        if found.get("status") is None:
            _read_response(one, found)
    found["wall_ms"] = int(time.time() * 1000)
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then its causes, nearest first. A suppressed context counts: libraries hide there what broke."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting and len(seen) < _DEEPEST:
        one = waiting.pop(0)
        if not _is(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        cause = _get(one, "__cause__")
        waiting.append(_get(one, "__context__") if cause is None else cause)
        inner = _get(one, "exceptions")
        waiting.extend(inner if type(inner) is tuple else ())


def _read_response(error: BaseException, found: dict[str, Any]) -> None:
    response = _get(error, "response")
    for holder in (error, response):
        for name in ("status_code", "status", "code"):
            value = _get(holder, name)
            if _is(value, int) and 100 <= value <= 599:
                found.setdefault("status", value)
        headers = _get(holder, "headers")
        if headers is not None and hasattr(type(headers), "get"):
            for name in ("retry-after-ms", "retry-after", "x-should-retry"):
                key = "should_retry" if name == "x-should-retry" else name.replace("-", "_")
                value = _item(headers, name) or _item(headers, name.title())
                if _is(value, str):
                    found.setdefault(key, value)
    body = _get(error, "body")
    inner = _item(body, "error") or body if _is(body, Mapping) else None
    for source in (inner, error):
        for key, name in (("code", "code"), ("error_type", "type")):
            value = _item(source, name) if _is(source, Mapping) else _get(source, name)
            if _is(value, str):
                found.setdefault(key, value)


def _is(value: object, kind: type) -> bool:
    """As ``isinstance``, which may run code of the value's own."""
    return issubclass(type(value), kind)


def _get(holder: object, name: str) -> Any:
    """An attribute, or None: a property may raise anything, and a classification must not."""
    try:
        return getattr(holder, name, None)
    except Exception:
        return None


def _item(mapping: Any, name: str) -> Any:
    try:
        return mapping.get(name)
    except Exception:
        return None


def text_of(error: BaseException) -> str:
    """What an exception says of itself, if it can; 4096 characters at most."""
    try:
        return str.__str__(str(error))[:4096]
    except Exception:
        return ""
