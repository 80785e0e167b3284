"""Tools as a model sees them, and as the engine does."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal, overload

from . import _native
from ._loops.functions import is_async, is_generator

Risk = bool | Callable[[Mapping[str, Any]], bool]


class Tool:
    """A function that a model may ask for. Made by ``tool``; calling it calls the function."""

    def __init__(
        self,
        fn: Callable[..., Any],
        *,
        risky: Risk = False,
        replay: str = "once",
        timeout: float | timedelta | None = None,
        isolate: bool = False,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.fn, self.risky, self.replay, self.isolate = fn, risky, replay, isolate
        self.timeout = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        self.name = name or getattr(fn, "__name__", None) or type(fn).__name__
        _native.check_tool(self.name, self.is_risky, replay, self.timeout)
        self.signature = inspect.signature(fn)
        shown = _native.foreign_name(self.name)
        if is_generator(fn):
            raise TypeError(f"tool {shown}: a generator brings no result; use a function that returns one")
        for parameter in self.signature.parameters.values():
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise TypeError(f"tool {shown}: {parameter.name} is positional-only; a model names its arguments")
        summary, explained = _read_docstring(inspect.getdoc(fn) or "")
        self.description = summary if description is None else description
        self.parameters = dict(parameters) if parameters is not None else _schema(fn, self.signature, explained)

    @property
    def is_risky(self) -> bool:
        """Whether every call asks; a predicate is asked for each call."""
        return self.risky if isinstance(self.risky, bool) else False

    @property
    def is_async(self) -> bool:
        return is_async(self.fn)

    def risk_of(self, arguments: Mapping[str, Any]) -> bool | None:
        """The predicate's word on a call; None if there is no predicate."""
        return None if isinstance(self.risky, bool) else bool(self.risky(arguments))

    def complaint(self, arguments: Mapping[str, Any]) -> str | None:
        """What is wrong with the arguments, for the model; None if they fit the signature."""
        given = dict(arguments)
        if self.wants_key:
            given["idempotency_key"] = ""
        try:
            self.signature.bind(**given)
        except TypeError as error:
            return f"the arguments do not fit: {_native.foreign_text(str(error))}"
        return None

    @property
    def wants_key(self) -> bool:
        """Whether the function takes the ``idempotency_key`` of the call."""
        return "idempotency_key" in self.signature.parameters

    def spec(self) -> dict[str, Any]:
        """What a model is told about it."""
        return {"name": self.name, "description": self.description, "parameters": self.parameters}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __repr__(self) -> str:
        return f"tool({_native.foreign_name(self.name)})"


@overload
def tool(fn: Callable[..., Any], /, **options: Any) -> Tool: ...
@overload
def tool(
    fn: None = None,
    /,
    *,
    risky: Risk = False,
    replay: Literal["once", "idempotent", "keyed"] = "once",
    timeout: float | timedelta | None = None,
    isolate: bool = False,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Makes a tool of a function: ``tool(multiply)``, ``@tool`` or ``@tool(risky=True)``.

    Name, description and JSON schema come from the function's name, docstring and signature.

    :param risky: whether a call needs approval: a bool, or ``risky(arguments) -> bool``.
    :param replay: ``once`` (never run twice for one call), ``idempotent`` (twice does no harm) or ``keyed`` (the
        function takes an ``idempotency_key``, by which the other end recognises a repetition).
    :param timeout: the limit of one run in seconds; by default the policy's ``attempt.timeout``.
    :param isolate: in a sync agent, run it in a thread that is left behind at the limit.
    """
    if fn is None:
        return lambda fn: Tool(fn, **options)
    return Tool(fn, **options)


def as_tool(one: Tool | Callable[..., Any]) -> Tool:
    return one if isinstance(one, Tool) else Tool(one)


_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def _schema(fn: Callable[..., Any], signature: inspect.Signature, explained: Mapping[str, str]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(fn if hasattr(fn, "__annotations__") else type(fn).__call__)
    except (NameError, TypeError):
        hints = {}
    properties: dict[str, Any] = {}
    required = []
    for parameter in signature.parameters.values():
        if parameter.name == "idempotency_key" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        shape = _type_schema(hints.get(parameter.name, parameter.annotation))
        if parameter.name in explained:
            shape["description"] = explained[parameter.name]
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        properties[parameter.name] = shape
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type_schema(hint: Any) -> dict[str, Any]:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if origin is Literal:
        return {"enum": list(args)}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type_schema(arg) for arg in args]}
    if origin in (list, set, frozenset, tuple, collections.abc.Sequence, collections.abc.Iterable):
        return {"type": "array", "items": _type_schema(args[0])} if args else {"type": "array"}
    if hint in (list, tuple, set):
        return {"type": "array"}
    if hint is dict or origin in (dict, collections.abc.Mapping):
        return {"type": "object"}
    return {}


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """The text before the parameters, and what it says of each (Google's, Sphinx' and plain `name: text` forms)."""
    lines = text.strip().splitlines()
    head: list[str] = []
    explained = {}
    for at, line in enumerate(lines):
        if re.match(r"\s*(Args|Arguments|Parameters|Returns|Raises|Yields)\s*:?\s*$|\s*:(param|return|raises)\b", line):
            for rest in lines[at:]:
                found = re.match(r"\s*(?::param\s+)?\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s+(.+)", rest)
                if found:
                    explained[found[1]] = found[2].strip()
            break
        head.append(line)
    return " ".join(" ".join(head).split()), explained
