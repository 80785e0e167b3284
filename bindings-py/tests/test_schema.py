"""The JSON Schema of a policy file, as it is in the package, by a validator of other people."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from failsoft import Policy
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(resources.files("failsoft").joinpath("policy.schema.json").read_text(encoding="utf-8"))
VECTORS = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "tests" / "vectors").glob("*/*.json"))
]


def good() -> list[dict[str, Any]]:
    found = [{}, json.loads(Policy().to_json())]
    found += [vector["policy"] for vector in VECTORS if "policy" in vector]
    # A vector that speaks to one breaker alone has the policy's part of that name.
    found += [{"breaker": vector["breaker"]} for vector in VECTORS if "breaker" in vector]
    for page in ("README.md", "docs/failures.md"):
        blocks = (ROOT / page).read_text(encoding="utf-8").split("```json\n")[1:]
        found += [json.loads(block.split("```")[0]) for block in blocks]
    return found


def test_it_is_the_one_of_the_repository_and_a_schema() -> None:
    assert json.loads((ROOT / "docs" / "policy.schema.json").read_text(encoding="utf-8")) == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


def test_every_policy_that_is_read_is_valid() -> None:
    policies = good()
    assert len(policies) > 200
    for policy in policies:
        Policy.from_json(json.dumps(policy))
        Draft202012Validator(SCHEMA).validate(policy)


REFUSED = [case for vector in VECTORS for case in vector.get("refused", []) if "policy" in case]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["line"][:60])
def test_a_policy_that_is_refused_is_not(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Policy.from_json(json.dumps(case["policy"]))
    assert Draft202012Validator(SCHEMA).is_valid(case["policy"]) is not case.get("schema", True)
