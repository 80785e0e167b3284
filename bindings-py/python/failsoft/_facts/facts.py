"""Collects plain facts about an exception; the core decides what they mean."""

from __future__ import annotations

import itertools
import operator
import time
from collections.abc import Iterator
from typing import Any

from .. import _native
from .body import body_of
from .peek import get, held, is_a, item, plain, whole

_DEEPEST = 16
"""So many exceptions of a chain are looked at, the first included."""
_MOST_HEADERS = 256
MOST_RETRIES = 1000
"""A client that says it has asked again more often is believed so far."""
_LONGEST_WORD, _LONGEST_HEADER, _LONGEST_TEXT = 128, 1024, 4096

_HEADERS = frozenset(_native.HEADERS)
_RESPONSES = ("response", "raw_response")
_STATUSES = ("status_code", "status", "code")
_PHASES = ("first_progress", "idle")
"""What the reader of a stream notes on what it met."""
_CODES = ("code", "error_code")
_PROVIDERS = {"anthropic": "anthropic", "google.genai": "google", "botocore": "bedrock"}
"""Packages of one provider. Not ``openai``: every aggregator is asked with that one too."""
_TRANSLATORS = ("litellm",)
"""Packages whose exceptions tell what another client's said in words of their own: there a refused connection has a
status of 500, and so has a 529. What they were made from tells what came."""
_NAME_OF = operator.attrgetter("__name__")
_SILENT = ("builtins", "failsoft.errors")
"""Modules whose exceptions say no more than their class and message, unless somebody has attached something."""
_PARSERS = ("aiohttp.http_exceptions",)
"""Modules whose exceptions tell what is wrong with the bytes that came, by a status that nobody sent."""


def facts(
    error: BaseException, *, phase: str | None = None, provider: str | None = None, older: bool = False
) -> dict[str, Any]:
    """The facts about an exception, for those who wonder about a classification.

    :param older: whether that counts too which is worth a look only if all else says nothing: the answer of an
        exception in whose handling this one was raised without ``from`` (it may be the reason, or a failure that was
        dealt with long ago), and what a translation makes of what it was made from.
    """
    found: dict[str, Any] = {"classes": [], "headers": {}, "retries_inside": 0}
    provider = _word(provider)  # a host's Runtime may hold anything there
    for one, is_told in _chain(error):
        found.setdefault("message", text_of(one))
        found["classes"] += _classes_of(one)
        if _module_of(one) in _SILENT and not get(one, "__dict__"):
            continue
        found["retries_inside"] = max(found["retries_inside"], _retries_inside(one))
        package = _package_of(one)
        is_reading = _module_of(one) in _PARSERS or (_is_translation(one, package) and not older)
        noted = plain(held(one, "failsoft_phase"))
        phase = phase or (noted if noted in _PHASES else None)
        provider = provider or _PROVIDERS.get(package) or _word(held(one, "llm_provider"))
        if "status" not in found and (is_told or older) and not is_reading:
            _read_answer(one, found)
    found["phase"], found["provider"] = phase, provider.lower() if provider else None
    found["wall_ms"] = int(time.time() * 1000)
    return found


def text_of(error: BaseException) -> str:
    """What an exception says of itself, if it can; 4096 characters at most."""
    try:
        return str.__str__(str(error))[:_LONGEST_TEXT]
    except Exception:
        return ""


def _chain(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """The error, then its causes, nearest first; and whether each is told as a cause, or merely came before or beside.

    A suppressed context is a cause: libraries hide there what broke. A group is nothing but its members: they stand in
    its place, the first to fail first, but those that are no ``Exception`` (somebody stopped it) before all.
    """
    seen: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(error, True)]
    while waiting and len(seen) < _DEEPEST:
        one, is_told = waiting.pop(0)
        if not is_a(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        members = get(one, "exceptions")
        members = members[:_DEEPEST] if type(members) is tuple else ()
        if members and "BaseExceptionGroup" in _classes_of(one):
            first, *others = sorted(members, key=lambda member: is_a(member, Exception))
            waiting[:0] = [(first, is_told), *((other, False) for other in others), _before(one, is_told)]
        else:
            yield one, is_told
            waiting[:0] = [_before(one, is_told), *((member, False) for member in members)]


def _before(error: BaseException, is_told: bool) -> tuple[Any, bool]:
    cause = get(error, "__cause__")
    if cause is not None:
        return cause, is_told
    is_hidden = get(error, "__suppress_context__") is True or _package_of(error) in _TRANSLATORS
    return get(error, "__context__"), is_told and is_hidden


def _classes_of(error: BaseException) -> list[str]:
    """Its own class and the bases of that, up to ``Exception``; of what is none, up to ``BaseException``."""
    root = Exception if is_a(error, Exception) else BaseException
    try:
        parents = type(error).__mro__
        return [name for name in map(_NAME_OF, parents[: parents.index(root) + 1]) if type(name) is str]
    except Exception:
        return []


def _module_of(error: BaseException) -> str:
    module = get(type(error), "__module__")
    return module if type(module) is str else ""


def _package_of(error: BaseException) -> str:
    names = _module_of(error).split(".")
    return ".".join(names[:2]) if names[0] == "google" else names[0]


def _is_translation(error: BaseException, package: str) -> bool:
    return package in _TRANSLATORS and (get(error, "__cause__") or get(error, "__context__")) is not None


def _read_answer(error: BaseException, found: dict[str, Any]) -> None:
    """What is left of the provider's answer, on the exception or on the response that it carries."""
    if not is_a(error, Exception):
        return  # the code of a SystemExit is no status
    response = next((value for name in _RESPONSES if (value := get(error, name)) is not None), None)
    of_aws = item(response, "ResponseMetadata")
    for value in (
        *(get(holder, name) for holder in (error, response) for name in _STATUSES),
        item(of_aws, "HTTPStatusCode"),
    ):
        status = whole(value) if is_a(value, int) else None
        if status is not None and 100 <= status <= 599:
            found.setdefault("status", status)
    for headers in (get(error, "headers"), get(response, "headers"), item(of_aws, "HTTPHeaders")):
        found["headers"] = found["headers"] or _headers_of(headers)
    body = body_of(error, response)
    words = [get(error, name) for name in _CODES]
    told = (
        ("body", body),
        ("code", next(filter(None, map(_word, words)), None) or _word(item(item(response, "Error"), "Code"))),
        ("error_type", _word(get(error, "type"))),
    )
    for name, text in told:
        if text is not None:
            found.setdefault(name, text)


def _headers_of(headers: Any) -> dict[str, str]:
    """Those that the core reads, by their names in lower case."""
    kept: dict[str, str] = {}
    try:
        for name, value in itertools.islice(headers.items(), _MOST_HEADERS) if hasattr(headers, "items") else ():
            known, text = _text(name).lower(), _text(value)
            if known in _HEADERS and 0 < len(text) <= _LONGEST_HEADER:
                kept.setdefault(known, text)
    except Exception:
        pass  # what was read until then is read
    return kept


def _retries_inside(error: BaseException) -> int:
    """How often the client has asked again before it gave up, where it tells: that of openai and anthropic in the
    headers of its request; botocore's; requests' over urllib3; litellm's; and tenacity around any of them."""
    counts = [whole(held(error, "num_retries"))]
    request, response, last = get(error, "request"), get(error, "response"), held(error, "last_attempt")
    if request is not None:
        try:
            counts.append(whole(request.headers.get("x-stainless-retry-count")))
        except Exception:
            pass
    if response is not None:
        history = held(held(held(response, "raw"), "_retries"), "history")
        counts.append(len(history) if type(history) is tuple else 0)
        counts.append(whole(item(item(response, "ResponseMetadata"), "RetryAttempts")))
    if last is not None:
        counts.append((whole(held(last, "attempt_number")) or 1) - 1)
    return min(max(count or 0 for count in counts), MOST_RETRIES)


def _word(value: object) -> str | None:
    text = plain(value)
    return text if text is not None and 0 < len(text) <= _LONGEST_WORD else None


def _text(value: object) -> str:
    return value.decode("latin-1") if is_a(value, bytes) else plain(value) or str(whole(value) or "")
