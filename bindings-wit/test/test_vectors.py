"""Runs every vector through the component, in Python, through wasmtime.

``FAILSOFT_WIT_DIR`` is the folder that holds ``failsoft.component.wasm``. The runner is that of the binding
(``tests/python/vectors.py``): it is given another machine under the binding's name.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import machine as component
import pytest
from wasmtime.component import VariantType

failsoft: Any = ModuleType("failsoft")
failsoft._native, failsoft.Session = component, component.OverAChain
sys.modules.update({"failsoft": failsoft, "failsoft._native": component})
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "python"))

from vectors import FOLDER, Wrong, files, run_timeline, runner  # noqa: E402

VECTORS = {key: vector for key, vector in files().items() if not key.startswith("driver/")}
NAMES: dict[str, list[str]] = json.loads((FOLDER / "names.json").read_text("utf-8"))
TYPES = component.machine.types()
TEXT = {name for name in NAMES if name.replace("_", "-") not in TYPES} | {"notice"}
"""Words of policies and of notices, which cross as text, and of what a language raises. A notice is a record here."""


@pytest.mark.parametrize("key", VECTORS)
def test_it_holds(key: str) -> None:
    runner(key, VECTORS[key])(VECTORS[key])


def test_every_folder_holds_as_many_as_were_counted() -> None:
    found = Counter(key.split("/")[0] for key in files())
    assert dict(found) == json.loads((FOLDER / "count.json").read_text("utf-8"))


def test_it_imports_nothing() -> None:
    assert component.machine.imports() == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - TEXT))
def test_its_words_are_those_of_the_vocabulary(name: str) -> None:
    found = TYPES[name.replace("_", "-")]
    words = [word for word, _ in found.cases] if isinstance(found, VariantType) else found.names
    assert [word.replace("-", "_") for word in words] == NAMES[name]


def test_what_crosses_as_text_is_known() -> None:
    rules = {name for name in NAMES if name.startswith("rule_")}
    policies = {"fallback_scope", "jitter", "past_patience", "when_refused"}
    assert rules | policies | {"follows", "notice", "raised", "scope", "skip"} == TEXT


def test_a_wrong_vector_is_seen() -> None:
    poll = {"name": "x", "routes": ["p"], "steps": [{"poll": {"attempt": {"id": 2}}}]}
    with pytest.raises(Wrong, match=r"step 0 \(at 0, plain\): poll\.attempt\.id: expected 2, got 1"):
        run_timeline(poll)
