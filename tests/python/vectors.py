"""Reads and runs the files of ``tests/vectors`` through the Python binding's machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from failsoft import _native
from failsoft._native import Failure, Policy

FOLDER = Path(__file__).parent.parent / "vectors"
WALL = 1_700_000_000.0
"""The calendar of every vector, in seconds since the Unix epoch."""


class Wrong(AssertionError):
    """A vector that does not hold."""


def files() -> dict[str, dict[str, Any]]:
    """Every vector by ``folder/name``."""
    paths = sorted(FOLDER.glob("*/*.json"))
    return {f"{path.parent.name}/{path.stem}": json.loads(path.read_text("utf-8")) for path in paths}


def need(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise Wrong(f"{what}: expected {wanted!r}, got {found!r}")


def known(data: dict[str, Any], fields: str) -> None:
    """Refuses what the form does not name."""
    for name in data:
        if name not in fields.split():
            raise Wrong(f"unknown field {name}")


def fits(wanted: Any, found: Any, what: str) -> None:
    """Every field that is given must be there and equal; ``{"from", "to"}`` is a range; two digits a whole digest."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            if name not in found:
                raise Wrong(f"{what}: no field {name} in {found}")
            fits(value, found[name], f"{what}.{name}")
    elif isinstance(wanted, dict) and isinstance(found, int):
        known(wanted, "from to")
        if not wanted["from"] <= found <= wanted["to"]:
            raise Wrong(f"{what}: expected {wanted}, got {found}")
    elif isinstance(wanted, str) and len(wanted) == 2 and found == wanted * 32:
        pass
    else:
        need(found, wanted, what)


def ms(seconds: float | None) -> int | None:
    return None if seconds is None or seconds > 1e14 else round(seconds * 1000)


def seconds(data: dict[str, Any]) -> dict[str, Any]:
    """Fields with their times as Python has them."""
    return {
        name.removesuffix("_ms"): value / 1000 if name.endswith("_ms") and value is not None else value
        for name, value in data.items()
    }


# ---- Timelines. ----


class Timeline:
    """One session, its named turns, and one clock that the file holds."""

    def __init__(self, vector: dict[str, Any], way: str) -> None:
        known(vector, "name note source policy routes one_slot tools seed call streams steps")
        self.vector, self.way = vector, way
        self.now, self.latest, self.wall, self.epoch = 0, 0, WALL, 0
        self.policy = Policy.from_json(json.dumps(vector.get("policy") or {}))
        self.set_chain(vector.get("routes", []))
        self.tools = [self.tool(**seconds(one)) for one in vector.get("tools", [])]
        self.one_slot = vector.get("one_slot", False)
        self.session = _native.Session(self.policy, self.chain, self.clock, vector.get("seed", 1), self.one_slot)
        self.actors: dict[str, Actor] = {}

    def set_chain(self, routes: list[Any]) -> None:
        chain = [{"name": one} if isinstance(one, str) else one for one in routes]
        self.names: list[str] = [one["name"] for one in chain]
        self.chain = [(one["name"], seconds(one)) for one in chain]

    def clock(self) -> float:
        self.latest = max(self.latest, self.now)
        return self.now / 1000

    @staticmethod
    def tool(name: str, risky: bool = False, replay: str = "once", timeout: float | None = None) -> Any:
        return name, risky, replay, timeout

    def run(self) -> None:
        for place, step in enumerate(self.vector["steps"]):
            self.now = step.get("at", self.now)
            try:
                self.step({name: value for name, value in step.items() if name not in ("at", "note")})
            except Wrong as wrong:
                raise Wrong(f"step {place} (at {self.now}, {self.way}): {wrong}") from None

    def step(self, step: dict[str, Any]) -> None:
        name, stale = step.pop("turn", "a"), step.pop("stale", False)
        ((action, value),) = step.items()
        if action == "snapshot":
            self.restore(value)
        elif action == "reset":
            self.session.reset_route(self.names.index(value))
        elif action == "order":
            known(value, "route order")
            self.session.order_breaker(self.names.index(value["route"]), value["order"])
        elif action in ("isolate", "release"):
            getattr(self.session, f"{action}_route")(self.names.index(value))
        elif action == "breaker":
            row = self.session.breaker_metrics(self.names.index(value["route"]))
            fits(value, {"route": value["route"], **metrics_fields(row, self.latest)}, "breaker")
        elif action == "new_turn":
            self.actors[name] = Actor(self)
        elif action == "within":
            self.actors[name] = Actor(self)
            self.actors[name].begin_within(**value)
        else:
            if name not in self.actors:
                self.actors[name] = Actor(self)
            elif self.way == "restored":
                self.actors[name].restore(self.wall + self.now / 1000)
            self.actors[name].step(action, value, stale)

    def restore(self, form: Any) -> None:
        clock, outside = self.now, 0
        if form is not True:
            known(form, "clock outside_ms routes")
            clock, outside = form["clock"], form["outside_ms"]
            if "routes" in form:
                self.set_chain(form["routes"])
        wall = self.wall + self.now / 1000
        there = wall + outside / 1000
        session = self.session.snapshot(wall)
        turns = {name: actor.turn.snapshot(wall) for name, actor in self.actors.items()}
        self.epoch += 1
        self.now = self.latest = clock
        self.session = _native.Session.restore(
            session, self.policy, self.chain, self.clock, self.epoch, there, self.one_slot
        )
        for name, text in turns.items():
            self.actors[name].turn = _native.Turn.restore(self.session, text, self.tools, there)
        self.wall = there - clock / 1000


class Actor:
    """A turn, and what it drives: its own loop, or a call of a function."""

    def __init__(self, host: Timeline) -> None:
        self.host = host
        self.turn = _native.Turn(host.session, host.tools)
        self.asked: dict[int, str] = {}
        self.call: _native.Call | None = None
        self.admitted: _native.Attempt | None = None
        self.settled = self.taken = self.shares = False
        form = host.vector.get("call")
        if form is not None:
            self.begin(form)
        streams = host.vector.get("streams")
        if streams is not None:
            self.stream(**streams)

    def begin_within(self, turn: str, share_budgets: bool = False, deadline_ms: int | None = None) -> None:
        above = self.host.actors[turn]
        self.turn.inherit(above.turn, share_budgets)
        self.shares, above.shares = share_budgets, above.shares or share_budgets
        if deadline_ms is not None:
            self.turn.shorten(deadline_ms / 1000)

    def stream(self, restartable: bool, routes: list[str] | None = None) -> None:
        names = self.host.names
        self.turn.stream_on([names.index(name) for name in (names if routes is None else routes)], restartable)

    def begin(self, form: dict[str, Any]) -> None:
        known(form, "replay streaming restartable timeout_ms context_tokens")
        self.settled, self.taken, self.admitted = False, False, None
        if self.host.way == "fused" and set(form) <= {"streaming", "restartable", "context_tokens"}:
            self.call, self.form = None, form
        else:
            self.call = _native.Call(self.turn, **seconds(form))

    @property
    def machine(self) -> Any:
        if self.host.vector.get("call") is None:
            return self.turn
        if self.call is None:
            raise Unfused
        return self.call

    def restore(self, wall: float) -> None:
        """On the same clock, at once: nothing may change. Calls are bound to their turn, and stay."""
        # Budgets that are shared become the turn's own when it is stored: that is another state.
        if self.host.vector.get("call") is None and not self.shares:
            self.turn = _native.Turn.restore(self.host.session, self.turn.snapshot(wall), self.host.tools, wall)

    def step(self, action: str, value: Any, stale: bool) -> None:
        match action:
            case "poll":
                self.poll(value)
            case "new_call":
                self.begin(value)
            case "report":
                fits(value, self.report(), "report")
            case "outcome":
                known(value, "index outcome limit")
                outcome, limit = self.turn.outcome(value["index"]) or (None, None)
                fits(value, {"index": value["index"], "outcome": outcome, "limit": limit}, "outcome")
            case "sentence":
                known(value, "index text")
                need(self.turn.sentence(value["index"]), value["text"], "sentence")
            case "lines":
                need(self.turn.tally()["lines"], value, "lines")
            case "explain":
                end = self.machine.poll()
                need(end.message if isinstance(end, _native.Finish) else "", value, "explain")
            case "degraded_answer":
                need(self.turn.degraded_answer(), value, "degraded_answer")
            case _:
                accepted = self.event(action, value)
                if accepted == stale:
                    raise Wrong(f"{action} {value} was {'accepted' if accepted else 'stale'}")

    def report(self) -> dict[str, Any]:
        tally = self.turn.tally()
        failure = tally.pop("failure")
        return {**tally, "failure": failure and failure.kind}

    # ---- Polls. ----

    def poll(self, wanted: dict[str, Any]) -> None:
        command = self.enter() or self.machine.poll()
        if self.admitted is None:
            again = self.machine.poll()
            need(self.shown(again), self.shown(command), "polled twice")
        if isinstance(command, _native.AskApproval):
            self.asked[command.id] = command.digest
        fits(wanted, self.shown(command), "poll")

    def enter(self) -> _native.Attempt | None:
        """The short way in, as far as it goes."""
        if self.host.way != "fused" or self.call is not None:
            return None
        if self.settled or self.admitted is not None:
            raise Unfused
        entered = self.turn.enter(**self.form)
        if isinstance(entered, _native.Call):
            self.call = entered
        else:
            self.admitted = entered
        return self.admitted

    def shown(self, command: Any) -> dict[str, Any]:
        """A command as a vector writes it, every field given."""
        route = getattr(command, "route", None)
        until = {"until_ms": ms(getattr(command, "until", None))}
        fields: dict[str, Any]
        match command:
            case _native.Attempt():
                work = {"function": "function", "tool": f"tool {command.index}", "model": f"model {command.step}"}
                without = "" if command.with_tools or command.work != "model" else " without tools"
                fields = {
                    "route": route,
                    "client": command.generation,
                    "work": work[command.work] + without,
                    "number": command.number,
                    "timeout_ms": ms(command.timeout),
                    "first_progress_ms": ms(command.first_progress),
                    "idle_ms": ms(command.idle),
                    "idempotency_key": command.idempotency_key,
                    **until,
                }
            case _native.Wait():
                fields = {"delay_ms": ms(command.delay), "why": command.why, **until}
                if command.until is None:
                    fields["delay_ms"] = None
            case _native.Switch():
                fields = {"route": self.host.names[command.route], "why": command.why, **until}
            case _native.Rebuild():
                fields = {"route": self.host.names[command.route], "client": command.client, **until}
            case _native.AskApproval():
                fields = {"index": command.index, "digest": command.digest, **until}
            case _native.Cancel():
                fields = {"why": command.why}
            case _native.Finish():
                retry_in = command.retry_in
                fields = {
                    "end": command.end,
                    "limit": command.limit,
                    "stop_reason": command.stop_reason,
                    "failure": command.failure and command.failure.kind,
                    "retry_at_ms": None if retry_in is None else ms(retry_in) + self.host.latest,
                }
                return {"finish": fields}
            case _:
                raise Wrong(f"no such command: {command!r}")
        word = "".join("_" + letter.lower() if letter.isupper() else letter for letter in type(command).__name__)
        return {word[1:]: {"id": command.id, **fields}}

    # ---- Events. ----

    def event(self, name: str, value: Any) -> bool:
        if self.admitted is not None:
            return self.settle(name, value)
        if self.settled:
            raise Unfused
        machine = self.machine
        match name:
            case "taken" | "succeeded" | "waited" | "ready" | "not_ready" | "abandoned":
                return bool(getattr(machine, name)(value))
            case "interrupted":
                need(value, True, "interrupted")
                return bool(machine.interrupted())
            case "failed":
                return bool(machine.failed(value["id"], failure(value), *used(value, "spent")))
            case "progress":
                known(value, "id meaningful usage")
                return bool(machine.progress(value["id"], value["meaningful"], *used(value, "usage")))
            case "decided":
                known(value, "id decision digest")
                digest = value.get("digest") or self.asked[value["id"]]
                return self.turn.decided(value["id"], value["decision"], digest * 32 if len(digest) == 2 else digest)
            case "replied":
                return self.replied(**value)
        raise Wrong(f"no such step: {name}")

    def replied(
        self, id: int, answer: bool | None = None, tool_calls: list[Any] | None = None, usage: Any = None
    ) -> bool:
        if (answer is None) == (tool_calls is None):
            raise Wrong("replied: give answer or tool_calls")
        known(usage or {}, "input_tokens output_tokens")
        rows = [tool_call(**one) for one in tool_calls or ()]
        kind = _native.read_reply("an answer" if answer else "", len(rows))
        return self.turn.replied(id, kind, rows, **(usage or {}))

    def settle(self, name: str, value: Any) -> bool:
        attempt = self.admitted
        assert attempt is not None
        if attempt.id != (value["id"] if isinstance(value, dict) else value) or (name == "taken" and self.taken):
            raise Unfused
        match name:
            case "taken":
                self.taken = True
                return True
            case "succeeded":
                self.turn.settle(attempt)
                self.settled = True
            case "abandoned":
                self.turn.settle_abandoned(attempt)
                self.settled = True
            case "failed":
                self.call = self.turn.settle_failed(attempt, failure(value))
            case _:
                raise Unfused
        self.admitted = None
        return True


class Unfused(Exception):
    """The short way does not know this step: the file is run the long way only."""


def failure(form: dict[str, Any]) -> Failure:
    known(form, "id kind status retry_after_ms reset_after_ms phase should_retry effect spent")
    fields = {name: value for name, value in seconds(form).items() if name not in ("id", "kind", "spent")}
    return Failure(form["kind"], **fields)


def used(form: dict[str, Any], name: str) -> tuple[tuple[int | None, int | None], ...]:
    """What an attempt has used, as one more argument; nothing where the host cannot say."""
    if name not in form:
        return ()
    usage = form[name]
    known(usage, "input_tokens output_tokens")
    return ((usage.get("input_tokens"), usage.get("output_tokens")),)


def tool_call(
    name: str,
    digest: str | None = None,
    arguments: str | None = None,
    bad: str | None = None,
    risky: bool | Literal["unknown"] | None = None,
) -> tuple[str, str | None, str | None, bool | Literal["unknown"] | None]:
    if [digest, arguments, bad].count(None) != 2:
        raise Wrong(f"tool call {name}: give one of digest, arguments, bad")
    if arguments is not None:
        digest, bad = _native.canonical_digest(name, arguments)
    return name, digest * 32 if digest and len(digest) == 2 else digest, bad, risky


# ---- The other forms. ----


def run_timeline(vector: dict[str, Any]) -> None:
    """As it stands; with every turn written and restored before each step; by ``enter`` and ``settle``."""
    for way in ("plain", "restored", "fused") if "call" in vector else ("plain", "restored"):
        try:
            Timeline(vector, way).run()
        except Unfused:
            continue


def metrics_fields(row: tuple[Any, ...], now: int) -> dict[str, Any]:
    """What a breaker goes by, as a vector writes it; ``now`` in milliseconds."""
    *fields, retry_in = row
    names = ("state", "calls", "failed", "slow", "failure_rate", "slow_rate")
    retry_at = None if retry_in is None else now + round(retry_in * 1000)
    return {**dict(zip(names, fields, strict=True)), "retry_at_ms": retry_at}


OUTCOMES = {"S": True, "F": False, "N": None}


class Bench:
    """Breakers alone, on a clock that the file holds."""

    def __init__(self, vector: dict[str, Any]) -> None:
        policy = Policy.from_json(json.dumps({"breaker": vector["breaker"]}))
        self.now = 0
        self.circuit = _native.Circuit(policy, lambda: self.now / 1000, vector.get("max_keys"))
        self.calls: dict[str, _native.Permit] = {}
        self.held: dict[str, _native.Hold] = {}

    def step(self, step: dict[str, Any]) -> None:
        key = step.get("key")
        match step["event"].split(":"):
            case ["read"]:
                pass
            case ["reset"]:
                self.circuit.reset(key)
            case ["order", word]:
                self.circuit.order(word, key)
            case ["isolate", name]:
                self.held[name] = self.circuit.isolate(key)
            case ["release", name]:
                self.circuit.release(self.held.pop(name))
            case ["end", name, word]:
                self.circuit.settle(self.calls.pop(name), OUTCOMES[word])
            case event:
                permit, _ = self.circuit.admit(step.get("lease_ms", float("inf")) / 1000, key)
                need(permit is None, step.get("rejected", False), "refused")
                if permit is not None and event[0] == "start":
                    self.calls[event[1]] = permit
                elif permit is not None:
                    self.circuit.settle(permit, OUTCOMES[event[0]])

    def look(self, step: dict[str, Any]) -> None:
        found = metrics_fields(self.circuit.metrics(step.get("key")), self.now)
        need(found["state"], step.get("state", found["state"]), "state")
        fits(step.get("metrics", {}), found, "metrics")


def run_breaker(vector: dict[str, Any]) -> None:
    known(vector, "name note source breaker max_keys steps")
    bench = Bench(vector)
    for place, step in enumerate(vector["steps"]):
        known(step, "at advance_ms key event times lease_ms rejected state metrics note")
        bench.now = step.get("at", bench.now + step.get("advance_ms", 0))
        try:
            for _ in range(step.get("times", 1)):
                bench.step(step)
            bench.look(step)
        except Wrong as wrong:
            raise Wrong(f"step {place} (at {bench.now}): {wrong}") from None


def failure_fields(failure: Failure) -> dict[str, Any]:
    return {
        "kind": failure.kind,
        "status": failure.status,
        "retry_after_ms": ms(failure.retry_after),
        "reset_after_ms": ms(failure.reset_after),
        "phase": failure.phase,
        "should_retry": failure.should_retry,
        "effect": failure.effect,
    }


def run_classify(vector: dict[str, Any]) -> None:
    known(vector, "name note source policy cases")
    policy = Policy.from_json(json.dumps(vector.get("policy") or {}))
    for place, case in enumerate(vector["cases"]):
        known(case, "facts failure note rule near")
        known(case["facts"], "status headers body code error_type message classes phase provider wall_ms")
        found = _native.classify(case["facts"], policy)
        told = _native.explain(case["facts"], policy)
        need(failure_fields(found), case["failure"], f"case {place}, by rule {told.rule}")
        need(failure_fields(told.failure), case["failure"], f"case {place}, explained")
        need(told.rule, case.get("rule", told.rule), f"case {place}")


def run_refused(vector: dict[str, Any]) -> None:
    known(vector, "name note source refused")
    for place, case in enumerate(vector["refused"]):
        known(case, "policy routes line python javascript schema")
        try:
            policy = Policy.from_json(json.dumps(case.get("policy") or {}))
            _open(policy, case.get("routes"))
        except ValueError as refused:
            # A host is given routes in its own spelling, and policies in that of a file.
            spelling = getattr(_native, "SPELLING", "python")
            need(str(refused), case.get(spelling, case["line"]), f"case {place}")
        else:
            raise Wrong(f"case {place}: not refused")


def run_reply(vector: dict[str, Any]) -> None:
    known(vector, "name note source replies finishes limits")
    for place, case in enumerate(vector.get("replies", [])):
        known(case, "answer calls kind")
        need(_native.read_reply(case["answer"], case["calls"]), case["kind"], f"reply {place}")
    for place, case in enumerate(vector.get("finishes", [])):
        known(case, "reason refusal accept_cut kind what")
        found = _native.judge_finish(case.get("reason"), case.get("refusal"), case.get("accept_cut", False))
        need(found, (case["kind"], case["what"]) if "kind" in case else None, f"finish {place}")
    for place, case in enumerate(vector.get("limits", [])):
        known(case, "kind ends_reading waited_ms limit_ms ours")
        waited, limit = case["waited_ms"] / 1000, case["limit_ms"] / 1000
        found = _native.is_limit_of_ours(case["kind"], case["ends_reading"], waited, limit)
        need(found, case["ours"], f"limit {place}")


def run_foreign(vector: dict[str, Any]) -> None:
    known(vector, "name note source foreign")
    for place, case in enumerate(vector["foreign"]):
        known(case, "is text times shown")
        show = {"name": _native.foreign_name, "text": _native.foreign_text}[case["is"]]
        need(show(case["text"] * case.get("times", 1)), case["shown"], f"text {place}")


def run_stream(vector: dict[str, Any]) -> None:
    known(vector, "name note source accept_cut wants_usage chunks seen phase end error")
    options = {name: vector[name] for name in ("accept_cut", "wants_usage") if name in vector}
    stream = _native.Stream(**options)
    for place, (chunk, seen) in enumerate(zip(vector["chunks"], vector["seen"], strict=True)):
        need(stream.take(**chunk), seen, f"chunk {place}")
    need(stream.phase, vector["phase"], "phase")
    need(stream.has_progressed, vector["phase"] == "idle", "has_progressed")
    if "error" in vector:
        known(vector["error"], "classes error_type message kind")
        facts = {name: fact for name, fact in vector["error"].items() if name != "kind"}
        need(_native.classify({**facts, "phase": stream.phase}).kind, vector["error"]["kind"], "error")
    else:
        end = vector.get("end")
        need(stream.end(), end and (end["kind"], end["what"]), "end")


def _open(policy: Policy, routes: list[Any] | None) -> None:
    from failsoft import Session

    if routes == [] or (routes and all(isinstance(one, str) for one in routes)):
        Session(policy, routes=routes)
    chain = [{"name": one} if isinstance(one, str) else one for one in routes or []]
    _native.Session(policy, [(None, seconds(one)) for one in chain], None, 1)


def runner(key: str, vector: dict[str, Any]) -> Any:
    folder = key.split("/")[0]
    forms = {"classify": run_classify, "policy": run_refused, "reply": run_reply, "stream": run_stream}
    if folder in forms:
        return forms[folder]
    if "foreign" in vector:
        return run_foreign
    return run_breaker if "breaker" in vector else run_timeline


def actions(vector: dict[str, Any]) -> Iterator[str]:
    for step in vector.get("steps", []):
        yield from (name for name in step if name not in ("at", "turn", "stale", "note"))
