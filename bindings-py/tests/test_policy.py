from __future__ import annotations

import json
import pickle
from datetime import timedelta
from typing import Any

import pytest
from failsoft import Policy, Route, Session

NAN, INF = float("nan"), float("inf")


def looped() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["retry"] = loop
    return loop


@pytest.mark.parametrize(
    ("groups", "complaint"),
    [
        (
            {"retry": {"max_attempts": 0}},
            "retry.max_attempts: 0 is not allowed; use a whole number from 1 to 1000",
        ),
        (
            {"retry": {"max_attempts": 2.5}},
            "retry.max_attempts: 2.5 is not allowed; use a whole number from 1 to 1000",
        ),
        (
            {"retry": {"max_attempts": True}},
            "retry.max_attempts: true is not allowed; use a whole number from 1 to 1000",
        ),
        (
            {"retry": {"max_attempts": 10**400}},
            "retry.max_attempts: inf is not allowed; use a whole number from 1 to 1000",
        ),
        ({"retry": {"base": -0.5}}, "retry.base: -0.5 s is not allowed; use 0 s to 30 days"),
        ({"retry": {"base": NAN}}, "retry.base: NaN s is not allowed; use 0 s to 30 days"),
        ({"retry": {"base": INF}}, "retry.base: inf s is not allowed; use 0 s to 30 days"),
        ({"retry": {"base": "1"}}, 'retry.base: "1" is not allowed; use 0 s to 30 days'),
        (
            {"retry": {"base": 2, "cap": 1}},
            "retry.cap: 1 s is not allowed; use at least retry.base, which is 2 s",
        ),
        ({"turn": {"deadline": -1}}, "turn.deadline: -1 s is not allowed; use 0.001 s to 30 days"),
        ({"attempt": {"timeout": 0}}, "attempt.timeout: 0 s is not allowed; use 0.001 s to 30 days"),
        ({"approval": {"deny": "rm"}}, 'approval.deny: "rm" is not allowed; use a list of names'),
        ({"retry": 3}, "retry: 3 is not allowed; use a map of fields"),
        ({"turn": {"strict": 1}}, "turn.strict: 1 is not allowed; use true or false"),
    ],
)
def test_nonsense_is_refused_in_one_line(groups: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        Policy(**groups)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("groups", "begins"),
    [
        ({"retry": {"tries": 3}}, "retry.tries: 3 is not allowed; use one of the fields max_attempts, base, "),
        ({"retries": {}}, "retries: a map of 0 is not allowed; use one of the fields retry, attempt, breaker, "),
        ({"retry": {"base": timedelta(days=-1)}}, "retry.base: -86400 s is not allowed"),
        ({"retry": {"jitter": object()}}, 'retry.jitter: "<object object at'),
        (looped(), "retry.retry: "),
    ],
)
def test_what_is_unknown_is_named(groups: dict[str, Any], begins: str) -> None:
    with pytest.raises(ValueError) as caught:
        Policy(**groups)
    assert str(caught.value).startswith(begins)
    assert "\n" not in str(caught.value)


def test_a_field_of_another_name_is_told_by_its_whole_path() -> None:
    with pytest.raises(ValueError, match=r"^failures\.connect\.again: "):
        Policy(failures={"connect": {"again": "maybe"}})


@pytest.mark.parametrize(
    ("routes", "complaint"),
    [
        ([], "routes: an empty chain is not allowed; use 1 to 64 routes"),
        (["a", "b", "a"], 'routes[2].name: "a" is not allowed; use a name that no other route has'),
        ([""], 'routes[0].name: "" is not allowed; use a name that is not empty'),
        ([str(number) for number in range(65)], "routes: a chain of 65 is not allowed; use 1 to 64 routes"),
        ([Route("a", timeout=-1)], "route.timeout: -1 s is not allowed; use 0.001 s to 30 days"),
        (
            [Route("a", context_window=0)],
            "route.context_window: 0 is not allowed; use a whole number from 1 to 4294967295",
        ),
    ],
)
def test_a_bad_chain_is_refused_in_one_line(routes: list[Any], complaint: str) -> None:
    with pytest.raises(ValueError) as caught:
        Session(routes=routes)
    assert str(caught.value) == complaint


def test_seconds_and_timedeltas_mean_the_same() -> None:
    assert Policy(turn={"deadline": timedelta(minutes=1)}) == Policy(turn={"deadline": 60})


def test_json_says_everything_and_is_read_back() -> None:
    policy = Policy(retry={"max_attempts": 7, "base": 0.25}, approval={"deny": ["rm"]}, turn={"deadline": 1.5})
    data = json.loads(policy.to_json())
    assert (data["retry"]["max_attempts"], data["retry"]["base_ms"], data["turn"]["deadline_ms"]) == (7, 250, 1500)
    assert Policy.from_json(policy.to_json()) == policy


def test_a_policy_file_of_nonsense_is_refused_with_its_place() -> None:
    with pytest.raises(
        ValueError, match=r"^policy: .* at line 1 column 1 is not allowed; use valid JSON: an object of"
    ):
        Policy.from_json("{")
    with pytest.raises(ValueError, match=r"^retry\.base: 1 is not allowed; use one of the fields"):
        Policy.from_json('{"retry": {"base": 1}}')


def test_it_survives_pickling() -> None:
    policy = Policy(retry={"max_attempts": 7})
    assert pickle.loads(pickle.dumps(policy)) == policy


def test_equal_policies_are_equal_and_hash_alike() -> None:
    one, two = Policy(retry={"max_attempts": 3}), Policy()
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two, Policy(turn={"steps": 2})}) == 2
    assert Policy() != Policy(turn={"steps": 2})
    assert Policy() != "a policy"


def test_none_switches_an_optional_field_off() -> None:
    assert Policy(turn={"deadline": None}) == Policy()
