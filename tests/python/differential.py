"""The Python side of the differential test: plays scripts, and writes down all that the machine says.

``python differential.py FOLDER`` prints the fingerprint of every file's transcript, ``FOLDER NAME`` the transcript of
one file. What a script is, and what stands in a transcript, is told in ``tests/src/differential.rs``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from failsoft import _native
from failsoft._native import Failure
from vectors import Actor, Timeline, failure, ms

TOOL_CALLS = 4
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def transcript(chunk: str) -> str:
    """What is told of these scripts, one a line."""
    told: list[str] = []
    for place, line in enumerate(chunk.splitlines()):
        told.append(f"script {place}")
        Stage(json.loads(line), told).play()
    return "\n".join([*told, ""])


class Stage(Timeline):
    """One session, its turns by number, and the transcript so far."""

    def __init__(self, script: dict[str, Any], told: list[str]) -> None:
        steps, seed = script.pop("steps"), int(script.pop("seed"))
        self.snapshots = script.pop("snapshots")
        super().__init__({**script, "seed": seed, "steps": steps}, "plain")
        self.told = told
        self.players: dict[int, Player] = {}
        self.actors = self.players  # type: ignore[assignment]

    def play(self) -> None:
        for at, turn, verb, value in self.vector["steps"]:
            self.now = at
            self.told.append(f"{at} {verb}{self.act(turn, verb, value)}")
            if turn in self.players:
                for one in self.players[turn].turn.notices():
                    failed = [one.attempt, one.kind, one.next, ms(one.delay)]
                    self.told.append(f"  {ms(one.at)} {one.line} {to_json([one.what, one.route, failed])}")
        self.close()

    def act(self, turn: int, verb: str, value: Any) -> str:
        """Does it, and tells what came of it."""
        match verb:
            case "turn":
                self.players[turn] = Player(self)
                if value is not None:
                    self.players[turn].turn.stream_on(**value)
            case "snapshot":
                self.restore(value)
            case "breaker":
                return f" {to_json(self.metrics(value))}"
            case "order":
                self.session.order_breaker(value["route"], value["order"])
            case "isolate":
                self.session.isolate_route(value)
            case "release":
                self.session.release_route(value)
            case "reset":
                self.session.reset_route(value)
            case "stand_for":
                self.session.stand_for(value)
            case "withdraw":
                return f" {to_json(self.session.withdraw_approval(value))}"
            case _:
                return self.players[turn].act(verb, value)
        return ""

    def close(self) -> None:
        """Tells what is left."""
        left = {
            "breakers": [self.metrics(place) for place in range(len(self.names))],
            "approvals": self.session.standing_approvals(),
            "snapshot": self.content(self.session),
        }
        self.told.append(f"session {to_json(left)}")
        for turn, player in self.players.items():
            self.told.append(f"turn {turn} {to_json(player.left())}")

    def metrics(self, place: int) -> list[Any]:
        """What a breaker goes by: a word and numbers; rates in thousandths, the time when it may be asked in ms."""
        state, calls, failed, slow, *rates, retry_in = self.session.breaker_metrics(place)
        thousandths = [None if rate is None else round(rate * 1000) for rate in rates]
        retry_at = None if retry_in is None else self.now + round(retry_in * 1000)
        return [state, calls, failed, slow, *thousandths, retry_at]

    def content(self, of: _native.Session | _native.Turn) -> Any:
        """What a snapshot holds, where the script asks for it: hosts order its fields as they like."""
        return json.loads(of.snapshot(self.wall + self.now / 1000)) if self.snapshots else None


class Player(Actor):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage

    @property
    def machine(self) -> Any:
        return self.turn if self.call is None else self.call

    def act(self, verb: str, value: Any) -> str:
        match verb:
            case "call":
                options = {name: one for name, one in value.items() if name != "timeout_ms"}
                timeout = value.get("timeout_ms")
                self.call = _native.Call(self.turn, timeout=None if timeout is None else timeout / 1000, **options)
            case "poll":
                return self.say(self.machine.poll())
            case "next":
                return self.say(self.machine.next())
            case "enter":
                return self.enter_by(**value)
            case "settle":
                self.end(value)
            case "take_step":
                return f" {to_json(self.turn.take_step())}"
            case "shorten":
                self.turn.shorten(value / 1000)
            case _:
                return " accepted" if self.event(verb, value) else " stale"
        return ""

    def say(self, command: Any) -> str:
        ((word, said),) = self.shown(command).items()
        if isinstance(command, _native.Finish):
            del said["retry_at_ms"]
            said["retry_in_ms"] = ms(command.retry_in)
            said["timed_out"] = command.timed_out
            said["raised"] = [command.raised(original) for original in (False, True)]
            said["failure"] = of_failure(command.failure)
            said["message"] = command.message
        return f" {word} {to_json(said)}"

    def enter_by(self, streaming: bool, restartable: bool) -> str:
        entered = self.turn.enter(streaming, restartable)
        if isinstance(entered, _native.Call):
            self.call = entered
            return " slow"
        self.call, self.let_through = None, entered
        return self.say(entered)

    def end(self, value: Any) -> None:
        match value:
            case "succeeded":
                self.turn.settle(self.let_through)
            case "abandoned":
                self.turn.settle_abandoned(self.let_through)
            case _:
                self.call = self.turn.settle_failed(self.let_through, failure(value["failed"]))

    def left(self) -> dict[str, Any]:
        tally = self.turn.tally()
        outcomes = [
            [*(self.turn.outcome(index) or (None, None)), self.turn.sentence(index)] for index in range(TOOL_CALLS)
        ]
        order = "route stop_reason degraded steps attempts tool_calls blocked input_tokens output_tokens"
        order += " spent_input_tokens spent_output_tokens"
        return {
            **{name: tally[name] for name in order.split()},
            "failure": of_failure(tally["failure"]),
            "lines": tally["lines"],
            "time_left_ms": ms(self.turn.time_left()),
            "degraded_answer": self.turn.degraded_answer(),
            "outcomes": outcomes,
            "snapshot": self.stage.content(self.turn),
        }


def of_failure(found: Failure | None) -> list[Any] | None:
    if found is None:
        return None
    spans = [ms(found.retry_after), ms(found.reset_after)]
    return [found.kind, found.status, *spans, found.phase, found.should_retry, found.effect]


def main(folder: str, only: str | None = None) -> None:
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    if only is not None:
        sys.stdout.write(transcript(Path(folder, only).read_text("utf-8")))
        return
    for path in sorted(Path(folder).glob("*.jsonl")):
        told = transcript(path.read_text("utf-8"))
        print(path.name, hashlib.sha256(told.encode()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
