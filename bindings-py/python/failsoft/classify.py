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
    known = getattr(error, "failsoft_failure", None)
    if isinstance(known, Failure):
        return known
    return _native.classify(facts(error))


def facts(error: BaseException) -> dict[str, Any]:
    """The facts themselves, for those who wonder about a classification."""
    found: dict[str, Any] = {"classes": [], "message": _text(error)}
    for one in _chain(error):
        found["classes"] += [parent.__name__ for parent in type(one).__mro__ if parent not in (BaseException, object)]
        if found.get("status") is None:
            _read_response(one, found)
    found["wall_ms"] = int(time.time() * 1000)
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then its causes, nearest first. A suppressed context counts: libraries hide there what broke."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting and len(seen) < _DEEPEST:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.append(one.__cause__ or one.__context__)
        waiting.extend(getattr(one, "exceptions", ()) if isinstance(getattr(one, "exceptions", None), tuple) else ())


def _read_response(error: BaseException, found: dict[str, Any]) -> None:
    response = getattr(error, "response", None)
    for holder in (error, response):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
                found.setdefault("status", value)
        headers = getattr(holder, "headers", None)
        if headers is not None and hasattr(headers, "get"):
            for name in ("retry-after-ms", "retry-after", "x-should-retry"):
                key = "should_retry" if name == "x-should-retry" else name.replace("-", "_")
                value = headers.get(name)
                if isinstance(value, str):
                    found.setdefault(key, value)
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    for source in (inner, error):
        for key, name in (("code", "code"), ("error_type", "type")):
            value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if isinstance(value, str):
                found.setdefault(key, value)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:4096]
    except Exception:
        return ""
