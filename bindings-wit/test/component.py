"""The component in wasmtime: its functions by name, and its records as plain objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wasmtime import Engine, Store
from wasmtime.component import Component, Func, Linker, Record, Variant

INTERFACE = "failsoft:engine/machine@0.1.0"


class Machine:
    """One instance of the component."""

    def __init__(self, path: Path) -> None:
        self.engine = Engine()
        self.component = Component.from_file(self.engine, str(path))
        self.store = Store(self.engine)
        # The linker is empty: nothing is lent to the component.
        self.instance = Linker(self.engine).instantiate(self.store, self.component)
        self.interface = self.instance.get_export_index(self.store, INTERFACE)
        self.functions: dict[str, Func] = {}

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Calls a function by its name in the interface, such as ``[method]turn.poll``."""
        function = self.functions.get(name)
        if function is None:
            index = self.instance.get_export_index(self.store, name, self.interface)
            assert index is not None, name
            function = self.functions[name] = self.instance.get_func(self.store, index)
        return function(self.store, *arguments)

    def types(self) -> dict[str, Any]:
        """What the interface exports, by name."""
        exported = self.component.type.exports(self.engine)[INTERFACE].ty
        return {name: item.ty for name, item in exported.exports(self.engine).items()}

    def imports(self) -> list[str]:
        return list(self.component.type.imports(self.engine))


def record(**fields: Any) -> Record:
    """A record; names of its fields have hyphens in the component."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def fields(found: Record) -> dict[str, Any]:
    """The fields of a record as Python names them."""
    return {name.replace("-", "_"): value for name, value in vars(found).items()}


def snake(word: str | None) -> str | None:
    return word and word.replace("-", "_")


def kebab(word: str | None) -> str | None:
    return word and word.replace("_", "-")


def case(tag: str, payload: Any = None) -> Variant:
    return Variant(tag.replace("_", "-"), payload)
