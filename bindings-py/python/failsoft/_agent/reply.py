"""What models and tools bring, as facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def read_reply(value: Any, step: int) -> tuple[list[dict[str, Any]], str, tuple[int | None, int | None]]:
    """A model's reply as facts: its tool calls, its text, its usage."""
    if not isinstance(value, Mapping):
        return [], "", (None, None)
    answer = value.get("answer")
    answer = answer if isinstance(answer, str) else ""
    asked = value.get("tool_calls")
    calls = (
        [_read_call(one, f"call_{step}_{place}") for place, one in enumerate(asked)]
        if isinstance(asked, list | tuple)
        else []
    )
    return calls, answer, read_usage(value.get("usage"))


def read_usage(usage: Any) -> tuple[int | None, int | None]:
    """Tokens that were read and written; None is unknown."""
    known = usage if isinstance(usage, Mapping) else {}
    counts = [known.get(name) for name in ("input_tokens", "output_tokens")]
    read, written = (count if type(count) is int and 0 <= count < 2**63 else None for count in counts)
    return read, written


def _read_call(call: Any, otherwise: str) -> dict[str, Any]:
    known = call if isinstance(call, Mapping) else {}
    name, key = known.get("name"), known.get("id")
    return {
        "id": key if isinstance(key, str) and key else otherwise,
        "name": name if isinstance(name, str) else repr(name),
        "arguments": known.get("arguments", {}),
    }


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        return repr(value)
