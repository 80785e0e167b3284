"""Runs every vector through the Python binding, and counts the files."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from failsoft import Failure, Policy, _native
from vectors import FOLDER, Timeline, Wrong, files, fits, run_timeline, runner

VECTORS = {key: vector for key, vector in files().items() if not key.startswith("driver/")}


@pytest.mark.parametrize("key", VECTORS)
def test_it_holds(key: str) -> None:
    runner(key, VECTORS[key])(VECTORS[key])


def test_every_folder_holds_as_many_as_were_counted() -> None:
    found = Counter(key.split("/")[0] for key in files())
    assert dict(found) == json.loads((FOLDER / "count.json").read_text("utf-8"))


NAMES: dict[str, list[str]] = json.loads((FOLDER / "names.json").read_text("utf-8"))


def test_every_command_has_its_class() -> None:
    classes = {"".join(part.title() for part in name.split("_")) for name in NAMES["command"]}
    assert {name for name in classes if hasattr(_native, name)} == classes


@pytest.mark.parametrize("machine", [_native.Turn, _native.Call])
def test_every_event_has_its_verb(machine: type) -> None:
    of_turns_alone = {"replied", "decided"} if machine is _native.Call else set[str]()
    assert {name for name in NAMES["event"] if not hasattr(machine, name)} == of_turns_alone


def test_every_notice_has_its_word() -> None:
    steps = [{"poll": {"attempt": {}}}, {"failed": {"id": 1, "kind": "server_error", "status": 500}}]
    vector = {"name": "x", "routes": ["p"], "policy": {"retry": {"jitter": "none"}}, "steps": steps}
    timeline = Timeline(vector, "plain")
    timeline.run()
    (notice,) = timeline.actors["a"].turn.notices()
    assert (notice.what, notice.route, notice.kind) == (NAMES["notice"][0], "p", "server_error")
    assert (notice.at, notice.attempt, notice.next, notice.delay) == (0.0, 1, NAMES["follows"][0], 0.5)
    assert notice.line == "p: attempt 1 failed: server_error (500); asking again in 0.5 s"


@pytest.mark.parametrize(("kind", "field"), [("failure_phase", "phase"), ("failure_effect", "effect")])
def test_every_word_of_a_failure_is_known(kind: str, field: str) -> None:
    for word in NAMES[kind]:
        options: dict[str, Any] = {field: word}
        assert getattr(Failure("unknown", **options), field) == word
    with pytest.raises(ValueError, match=f"use one of {', '.join(NAMES[kind])}$"):
        Failure("unknown", **dict[str, Any]({field: "oops"}))


def test_every_kind_of_failure_is_known() -> None:
    assert [Failure(kind).kind for kind in NAMES["failure_kind"]] == NAMES["failure_kind"]
    assert set(json.loads(Policy().to_json())["failures"]) == set(NAMES["failure_kind"])


def test_every_kind_of_reply_is_known() -> None:
    turn = _native.Turn(_native.Session(Policy(), [(None, {"name": "p"})], None, 1), [])
    assert not any(turn.replied(9, kind, []) for kind in NAMES["reply_kind"])
    oops: Any = "oops"
    with pytest.raises(ValueError, match=f"use one of {', '.join(NAMES['reply_kind'])}$"):
        turn.replied(9, oops, [])


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("jitter", "retry.jitter"),
        ("past_patience", "retry.past_patience"),
        ("fallback_scope", "fallback.scope"),
        ("when_refused", "fallback.when_refused"),
        ("rule_again", "failures.connect.again"),
        ("rule_rebuild", "failures.connect.rebuild"),
        ("rule_next", "failures.connect.next"),
        ("rule_charge", "failures.connect.charge"),
        ("rule_cool", "failures.connect.cool"),
    ],
)
def test_every_choice_of_a_policy_is_known(kind: str, path: str) -> None:
    def policy(word: str) -> Policy:
        groups: Any = word
        for name in reversed(path.split(".")):
            groups = {name: groups}
        return Policy(**groups)

    for word in NAMES[kind]:
        policy(word)
    with pytest.raises(ValueError, match=f"use one of {', '.join(NAMES[kind])}$"):
        policy("oops")


def test_a_wrong_vector_is_seen() -> None:
    poll = {"name": "x", "routes": ["p"], "steps": [{"poll": {"attempt": {"id": 2}}}]}
    with pytest.raises(Wrong, match=r"step 0 \(at 0, plain\): poll\.attempt\.id: expected 2, got 1"):
        run_timeline(poll)
    with pytest.raises(Wrong, match="no field oops"):
        run_timeline({**poll, "steps": [{"poll": {"attempt": {"oops": 1}}}]})
    with pytest.raises(Wrong, match="unknown field oops"):
        run_timeline({**poll, "oops": 1})
    with pytest.raises(Wrong, match="no such step: oops"):
        run_timeline({**poll, "steps": [{"oops": 1}]})
    with pytest.raises(Wrong, match="was stale"):
        run_timeline({**poll, "steps": [{"taken": 9}]})
    fits({"from": 1, "to": 3}, 2, "x")
    with pytest.raises(Wrong):
        fits({"from": 1, "to": 3}, 4, "x")
