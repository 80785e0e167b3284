from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from failsoft import Tool, tool


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


def properties(fn: Any) -> Any:
    return tool(fn).parameters["properties"]


def test_name_and_description_come_from_the_function() -> None:
    def multiply(a: int, b: int = 2) -> int:
        """Multiplies two numbers.

        As one learns at school.
        """
        return a * b

    spec = tool(multiply).spec()
    assert spec["name"] == "multiply"
    assert spec["description"] == "Multiplies two numbers. As one learns at school."
    assert spec["parameters"] == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }


def test_types_become_json_types() -> None:
    def fn(  # type: ignore[no-untyped-def]
        text: str,
        number: float,
        flag: bool,
        items: list[str],
        table: dict[str, int],
        choice: Literal["a", "b"],
        colour: Colour,
        maybe: int | None,
        either: int | str,
        anything: Any,
        untyped,
    ) -> None:
        """Takes all sorts."""

    assert properties(fn) == {
        "text": {"type": "string"},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "items": {"type": "array", "items": {"type": "string"}},
        "table": {"type": "object"},
        "choice": {"enum": ["a", "b"]},
        "colour": {"enum": ["red", "blue"]},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "anything": {},
        "untyped": {},
    }


@pytest.mark.parametrize(
    "doc",
    [
        "Sends.\n\n:param to: who gets it\n:param body: what it says",
        "Sends.\n\nArgs:\n    to: who gets it\n    body (str): what it says",
    ],
)
def test_parameters_are_explained_by_the_docstring(doc: str) -> None:
    def send(to: str, body: str) -> None: ...

    send.__doc__ = doc
    assert tool(send).description == "Sends."
    assert [one["description"] for one in properties(send).values()] == ["who gets it", "what it says"]


def test_all_of_it_may_be_said_by_hand() -> None:
    schema = {"type": "object", "properties": {}}
    one = tool(lambda: 1, name="one", description="Gives one.", parameters=schema)
    assert one.spec() == {"name": "one", "description": "Gives one.", "parameters": schema}


def test_it_stays_callable() -> None:
    @tool
    def multiply(a: int, b: int) -> int:
        """Multiplies."""
        return a * b

    assert isinstance(multiply, Tool)
    assert multiply(2, b=3) == 6
    assert repr(multiply) == "tool(multiply)"


def test_methods_and_callable_objects_are_tools_too() -> None:
    class Box:
        def put(self, item: str) -> None:
            """Puts."""

        def __call__(self, item: str) -> None:
            """Calls."""

    assert properties(Box().put) == {"item": {"type": "string"}}
    assert properties(Box()) == {"item": {"type": "string"}}
    assert tool(Box()).name == "Box"


def test_nonsense_is_refused() -> None:
    def generator() -> Iterator[int]:
        yield 1

    def positional(a: int, /) -> None: ...

    with pytest.raises(ValueError, match=r'tool\.replay: "twice" is not allowed; use one of idempotent, keyed, once'):
        tool(positional, replay="twice")
    with pytest.raises(TypeError, match="tool generator: a generator brings no result"):
        tool(generator)
    with pytest.raises(TypeError, match="tool positional: a is positional-only; a model names its arguments"):
        tool(positional)
