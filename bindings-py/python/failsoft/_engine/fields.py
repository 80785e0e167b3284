"""Which fields of a ``Runtime`` belong together, and which go along from one place to the next."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from . import check
from .route import Route

OF_A_PLACE = ("provider", "base_url", "api_key", "api_mode", "client_arguments")
"""What says where and as whom to ask: it never goes along to another provider or base URL."""
_PLACES = ("provider", "base_url", "api_mode")
OF_A_MODEL = ("context_window", "prompt_caching")
"""What holds for one model of one place."""
MODES = {
    "anthropic_": ("anthropic",),
    "openai_": ("chat", "responses", "codex"),
    "bedrock_": ("bedrock",),
    "aws_": ("bedrock",),
}
"""Fields that begin so belong to the API modes that begin so, and to no other."""


def fields_of(to: Route | Mapping[str, Any]) -> dict[str, Any]:
    """What a fallback puts in force: its ``runtime`` fields, over what the route says of itself."""
    if not isinstance(to, Route):
        check.fields("Runtime", to)
        return dict(to)
    own = {"provider": to.provider, "model": to.model, "base_url": to.endpoint, "context_window": to.context_window}
    return {**{name: value for name, value in own.items() if value is not None}, **(to.runtime or {})}


def fitting(
    base: Mapping[str, Any], fields: Mapping[str, Any], modes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The values of the next place: what goes along from ``base``, what its API mode brings, and what was given."""
    moves = not base or any(name in fields and fields[name] != base.get(name) for name in _PLACES)
    before, mode = _mode_of(base), _mode_of(fields if moves or "api_mode" in fields else base)
    stays = set(base)
    if moves:
        stays -= {*OF_A_PLACE, *OF_A_MODEL, *modes.get(before, ()), *filter(_is_of_a_mode, base)}
    if fields.get("model", base.get("model")) != base.get("model"):
        stays -= set(OF_A_MODEL)
    own = modes.get(mode, {}) if moves else {}
    values = {**{name: base[name] for name in base if name in stays}, **own, **fields}
    return copied({name: value for name, value in values.items() if _applies(name, mode)})


def _mode_of(fields: Mapping[str, Any]) -> str:
    """The API mode, if it is text."""
    mode = fields.get("api_mode")
    return mode if isinstance(mode, str) else ""


def _is_of_a_mode(name: str) -> bool:
    return any(name.startswith(prefix) for prefix in MODES)


def _applies(name: str, mode: str) -> bool:
    """Whether a field applies to an API mode. Of a mode that is not known nothing is known."""
    is_known = any(mode.startswith(known) for one in MODES.values() for known in one)
    wanted = [known for prefix, one in MODES.items() if name.startswith(prefix) for known in one]
    return not is_known or not wanted or any(mode.startswith(known) for known in wanted)


def copied(values: dict[str, Any]) -> dict[str, Any]:
    """A deep copy. What cannot be copied, such as a connection amid the arguments of a client, is shared."""
    return {name: _copy(value) for name, value in values.items()}


def _copy(value: Any) -> Any:
    try:
        return deepcopy(value)
    except Exception:
        if isinstance(value, dict):
            return {name: _copy(one) for name, one in value.items()}
        if isinstance(value, list | tuple) and type(value) in (list, tuple):
            return type(value)(_copy(one) for one in value)
        return value
