"""The component behind the names of ``failsoft._native``, so that the vectors' runner drives it as it drives that.

It only renames: milliseconds in the component are seconds here, words with hyphens have underscores here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from component import Machine, case, fields, kebab, record, snake
from wasmtime.component import Record, ResourceAny, Variant

machine = Machine(Path(os.environ["FAILSOFT_WIT_DIR"]) / "failsoft.component.wasm")

# It reads routes as it reads policies.
SPELLING = "json"

SPANS = ("timeout", "first_progress", "idle")


def whole(seconds: float | None) -> int | None:
    return None if seconds is None or seconds == float("inf") else round(seconds * 1000)


def seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def metrics_row(found: Any, now: int) -> tuple[Any, ...]:
    """What a breaker goes by, as the native module tells it; ``now`` in milliseconds."""
    told = fields(found)
    retry_at = told["retry_at"]
    rates = [None if told[name] is None else told[name] / 1000 for name in ("failure_rate", "slow_rate")]
    counts = [told[name] for name in ("calls", "failed", "slow")]
    return snake(told["state"]), *counts, *rates, seconds(None if retry_at is None else retry_at - now)


def tried(name: str, *arguments: Any) -> Any:
    """A ``result`` whose error is a line: the line as Python raises it."""
    found = machine(name, *arguments)
    if isinstance(found, str):
        raise ValueError(found)
    return found


class Failure:
    def __init__(self, kind: str, **options: Any) -> None:
        names = ("status", "retry_after", "reset_after", "phase", "should_retry", "effect")
        self.kind = kind
        for name in names:
            setattr(self, name, options.get(name))

    @classmethod
    def read(cls, found: Any) -> Failure | None:
        if found is None:
            return None
        told = fields(found)
        for name in ("retry_after", "reset_after"):
            told[name] = seconds(told[name])
        return cls(snake(told.pop("kind")), **{**told, "phase": snake(told["phase"])})

    def told(self) -> Record:
        return record(
            kind=kebab(self.kind),
            status=self.status,
            retry_after=whole(self.retry_after),
            reset_after=whole(self.reset_after),
            phase=kebab(self.phase),
            should_retry=self.should_retry,
            effect=self.effect,
        )


class Policy:
    def __init__(self, core: ResourceAny) -> None:
        self.core = core

    @classmethod
    def from_json(cls, text: str) -> Policy:
        return cls(tried("[static]policy.from-json", text))


# ---- Commands, as classes to match on. ----


class Command(SimpleNamespace):
    """Its fields, with moments and spans in seconds."""

    @staticmethod
    def read(found: Variant, session: Session) -> Command:
        told = fields(found.payload)
        if found.tag == "attempt":
            return Attempt.of(found.payload, session)
        if found.tag == "finish":
            end, retry_at = told["end"], told["retry_at"]
            return Finish(
                end=snake(end.tag),
                limit=snake(end.payload),
                stop_reason=snake(told["stop_reason"]),
                failure=Failure.read(told["failure"]),
                retry_in=None if retry_at is None else (retry_at - session.now) / 1000,
                message=told["message"],
            )
        if "why" in told:
            told["why"] = snake(told["why"])
        for name in {"until", "delay"} & set(told):
            told[name] = seconds(told[name])
        classes = {"wait": Wait, "switch": Switch, "rebuild": Rebuild, "ask-approval": AskApproval, "cancel": Cancel}
        return classes[found.tag](**told)


class Attempt(Command):
    permit: ResourceAny | None = None

    @classmethod
    def of(cls, found: Record, session: Session) -> Attempt:
        told = fields(found)
        for name in ("timeout", "until", "first_progress", "idle"):
            told[name] = seconds(told[name])
        route, work = told["route"], told.pop("work")
        told["idempotency_key"] = machine("idempotency-key", told.pop("key")).payload
        told["route"] = None if route is None else session.routes[route]
        told["generation"] = told.pop("client")
        # Of this variant every case has a type of its own, and wasmtime leaves out the tag.
        told["work"] = "function" if work is None else "tool" if isinstance(work, int) else "model"
        request = fields(work) if told["work"] == "model" else {"step": None, "with_tools": False}
        return cls(index=work if told["work"] == "tool" else None, **request, **told)


class Wait(Command): ...


class Switch(Command): ...


class Rebuild(Command): ...


class AskApproval(Command): ...


class Cancel(Command): ...


class Finish(Command): ...


# ---- The machine. ----


class Session:
    def __init__(
        self,
        policy: Policy,
        routes: list[Any],
        clock: Callable[[], float] | None,
        seed: int,
        one_slot: bool = False,
    ) -> None:
        self.over(routes, clock, "[static]session.open", policy.core, self.written(routes), seed, one_slot)

    @staticmethod
    def written(routes: list[Any]) -> str | None:
        def field(name: str, value: Any) -> tuple[str, Any]:
            return (f"{name}_ms", value * 1000) if name in SPANS else (name, value)

        chain = [dict(field(*one) for one in told.items()) for _, told in routes]
        return json.dumps(chain) if chain else None

    @classmethod
    def restore(
        cls,
        text: str,
        policy: Policy,
        routes: list[Any],
        clock: Callable[[], float],
        epoch: int,
        wall: float,
        one_slot: bool = False,
    ) -> Session:
        session = cls.__new__(cls)
        chain, now = cls.written(routes), whole(clock())
        given = (text, policy.core, chain, epoch, None, now, whole(wall), one_slot)
        session.over(routes, clock, "[static]session.restore", *given)
        return session

    def over(self, routes: list[Any], clock: Callable[[], float] | None, name: str, *arguments: Any) -> None:
        self.clock = clock
        self.latest = 0
        self.routes = [route for route, _ in routes]
        self.core = tried(name, *arguments)

    @property
    def now(self) -> int:
        # A clock that goes back stands still, as it does for the core.
        self.latest = max(self.latest, round(self.clock() * 1000))
        return self.latest

    def snapshot(self, wall: float) -> str:
        return machine("[method]session.snapshot", self.core, self.now, whole(wall))

    def reset_route(self, route: int) -> None:
        machine("[method]session.reset", self.core, route)

    def breaker_metrics(self, route: int) -> tuple[Any, ...]:
        return metrics_row(machine("[method]session.breaker", self.core, route, self.now), self.now)

    def order_breaker(self, route: int, order: str) -> None:
        machine("[method]session.order-breaker", self.core, route, kebab(order))

    def isolate_route(self, route: int) -> None:
        machine("[method]session.isolate", self.core, route)

    def release_route(self, route: int) -> None:
        machine("[method]session.release", self.core, route)


class Driven:
    """What turns and calls have in common."""

    core: ResourceAny
    session: Session
    kind: str

    def tell(self, tag: str, payload: Any = None) -> bool:
        return machine(f"[method]{self.kind}.handle", self.core, self.session.now, case(tag, payload))

    def poll(self) -> Command:
        return Command.read(machine(f"[method]{self.kind}.poll", self.core, self.session.now), self.session)

    def failed(self, id: int, failure: Failure, spent: tuple[int | None, int | None] | None = None) -> bool:
        usage = spent and record(input_tokens=spent[0], output_tokens=spent[1])
        return self.tell("failed", record(id=id, failure=failure.told(), spent=usage))

    def progress(self, id: int, meaningful: bool, usage: tuple[int | None, int | None] | None = None) -> bool:
        used = usage and record(input_tokens=usage[0], output_tokens=usage[1])
        return self.tell("progress", record(id=id, meaningful=meaningful, usage=used))

    def interrupted(self) -> bool:
        return self.tell("interrupted")

    def __getattr__(self, name: str) -> Any:
        if name in ("taken", "succeeded", "waited", "ready", "not_ready", "abandoned"):
            return lambda id: self.tell(name, id)
        raise AttributeError(name)


class Turn(Driven):
    kind = "turn"

    def __init__(self, session: Session, tools: list[Any]) -> None:
        self.session = session
        self.core = machine("[constructor]turn", session.core, self.rows(tools), session.now)

    @staticmethod
    def rows(tools: list[Any]) -> list[Any]:
        return [record(name=n, risky=r, replay=replay, timeout=whole(t)) for n, r, replay, t in tools]

    @classmethod
    def restore(cls, session: Session, text: str, tools: list[Any], wall: float) -> Turn:
        turn = cls.__new__(cls)
        turn.session = session
        rows = cls.rows(tools)
        turn.core = tried("[static]turn.restore", session.core, text, rows, session.now, whole(wall))
        return turn

    def snapshot(self, wall: float) -> str:
        return machine("[method]turn.snapshot", self.core, self.session.now, whole(wall))

    def decided(self, id: int, decision: str, digest: str) -> bool:
        return self.tell("decided", record(id=id, decision=kebab(decision), digest=digest))

    def replied(
        self, id: int, kind: str, rows: list[Any], input_tokens: int | None = None, output_tokens: int | None = None
    ) -> bool:
        calls = [tool_call(*row) for row in rows]
        usage = record(input_tokens=input_tokens, output_tokens=output_tokens)
        reply = case(kind, calls if kind == "tool_calls" else None)
        return self.tell("replied", record(id=id, reply=reply, usage=usage))

    def outcome(self, index: int) -> tuple[str | None, str | None] | None:
        found = machine("[method]turn.outcome", self.core, index)
        return found and (snake(found.tag), snake(found.payload))

    def stream_on(self, routes: list[int], restartable: bool) -> None:
        machine("[method]turn.stream-on", self.core, bytes(routes), restartable)

    def shorten(self, timeout: float) -> None:
        machine("[method]turn.shorten", self.core, self.session.now, whole(timeout))

    def inherit(self, parent: Turn, share_budgets: bool) -> None:
        there = parent.session.now
        machine("[method]turn.inherit", self.core, self.session.now, parent.core, there, share_budgets)

    def sentence(self, index: int) -> str | None:
        return machine("[method]turn.sentence", self.core, index)

    def degraded_answer(self) -> str | None:
        return machine("[method]turn.degraded-answer", self.core)

    def tally(self) -> dict[str, Any]:
        told = fields(machine("[method]turn.report", self.core))
        usage = fields(told.pop("usage"))
        usage |= {f"spent_{name}": tokens for name, tokens in fields(told.pop("spent")).items()}
        failure = Failure.read(told.pop("failure"))
        return {**told, **usage, "stop_reason": snake(told["stop_reason"]), "failure": failure}

    def enter(
        self, streaming: bool = False, restartable: bool = True, context_tokens: int | None = None
    ) -> Attempt | Call:
        if context_tokens is not None:
            return Call(self, streaming=streaming, restartable=restartable, context_tokens=context_tokens)
        form = record(restartable=restartable) if streaming else None
        entered = machine("[method]turn.enter", self.core, self.session.now, form)
        if isinstance(entered, ResourceAny):
            return Call.over(self, entered)
        attempt = Attempt.of(entered[0], self.session)
        attempt.permit = entered[1]
        return attempt

    def settle(self, attempt: Attempt) -> None:
        machine("[static]admitted.succeeded", attempt.permit, self.session.now)

    def settle_abandoned(self, attempt: Attempt) -> None:
        machine("[static]admitted.abandoned", attempt.permit, self.session.now)

    def settle_failed(self, attempt: Attempt, failure: Failure) -> Call:
        return Call.over(self, machine("[static]admitted.failed", attempt.permit, self.session.now, failure.told()))


class Call(Driven):
    kind = "call"

    def __init__(
        self,
        turn: Turn,
        *,
        replay: str = "idempotent",
        streaming: bool = False,
        restartable: bool = True,
        timeout: float | None = None,
        context_tokens: int | None = None,
    ) -> None:
        self.session = turn.session
        stream = record(restartable=restartable) if streaming else None
        form = record(replay=replay, streaming=stream, timeout=whole(timeout), context_tokens=context_tokens)
        self.core = machine("[constructor]call", turn.core, form)

    @classmethod
    def over(cls, turn: Turn, core: ResourceAny) -> Call:
        call = cls.__new__(cls)
        call.session, call.core = turn.session, core
        return call


class Circuit:
    def __init__(self, policy: Policy, clock: Callable[[], float], max_keys: int | None = None) -> None:
        self.clock = clock
        self.core = tried("[static]circuit.open", policy.core, max_keys)

    def admit(self, lease: float | None = None, key: str | None = None) -> tuple[Any, float | None]:
        found = machine("[method]circuit.admit", self.core, whole(self.clock()), whole(lease), key)
        return (found, None) if isinstance(found, Record) else (None, seconds(found))

    def settle(self, permit: Any, passed: bool | None) -> None:
        machine("[method]circuit.settle", self.core, whole(self.clock()), permit, passed)

    def metrics(self, key: str | None = None) -> tuple[Any, ...]:
        now = round(self.clock() * 1000)
        return metrics_row(machine("[method]circuit.metrics", self.core, now, key), now)

    def order(self, order: str, key: str | None = None) -> None:
        machine("[method]circuit.order", self.core, kebab(order), key)

    def isolate(self, key: str | None = None) -> Any:
        return machine("[method]circuit.isolate", self.core, key)

    def release(self, held: Any) -> None:
        machine("[method]circuit.release", self.core, held)

    def reset(self, key: str | None = None) -> None:
        machine("[method]circuit.reset", self.core, key)


class Stream:
    def __init__(self, *, accept_cut: bool = False, wants_usage: bool = False) -> None:
        self.core = machine("[constructor]stream", accept_cut, wants_usage)

    def take(self, **chunk: Any) -> str | None:
        flags = ("text", "tool_call", "reasoning", "usage", "terminator", "malformed", "other")
        held = {**dict.fromkeys(flags, False), "finish": None, "refusal": None, **chunk}
        return snake(machine("[method]stream.take", self.core, record(**held)))

    def end(self) -> tuple[str | None, str] | None:
        found = machine("[method]stream.end", self.core)
        return found and (snake(found.kind), found.what)

    @property
    def phase(self) -> str | None:
        return snake(machine("[method]stream.phase", self.core))

    @property
    def has_progressed(self) -> bool:
        return machine("[method]stream.has-progressed", self.core)


class OverAChain:
    """``failsoft.Session`` as far as the runner needs it: the chain as it stands; the core refuses an empty one."""

    def __init__(self, policy: Policy, *, routes: list[str]) -> None:
        tried("[static]session.open", policy.core, json.dumps(routes), 1, False)


# ---- Small questions. ----


def tool_call(name: str, digest: str | None, complaint: str | None, risky: bool | str | None) -> Record:
    arguments = case("complaint", complaint) if digest is None else case("digest", digest)
    said = case("said", risky) if isinstance(risky, bool) else case(risky or "declared")
    return record(name=name, arguments=arguments, risky=said)


def facts_of(told: dict[str, Any]) -> Record:
    known = {
        name: told.get(name) for name in ("body", "code", "error_type", "message", "provider", "status", "wall_ms")
    }
    lists = {"classes": told.get("classes", []), "headers": list(told.get("headers", {}).items())}
    return record(**known, **lists, phase=kebab(told.get("phase")))


def classify(told: dict[str, Any], policy: Policy | None = None) -> Failure | None:
    if policy is None:
        return Failure.read(machine("classify", facts_of(told)))
    return Failure.read(machine("[method]policy.classify", policy.core, facts_of(told)))


def explain(told: dict[str, Any], policy: Policy) -> SimpleNamespace:
    found = machine("[method]policy.explain", policy.core, facts_of(told))
    return SimpleNamespace(rule=found.rule, failure=Failure.read(found.failure))


def canonical_digest(tool: str, arguments: str) -> tuple[str | None, str | None]:
    found = machine("canonical-digest", tool, arguments)
    return (found.payload, None) if found.tag == "ok" else (None, found.payload)


def read_reply(answer: str, calls: int) -> str | None:
    return snake(machine("read-reply", answer, calls))


def is_limit_of_ours(kind: str, ends_reading: bool, waited: float, limit: float) -> bool:
    return bool(machine("is-limit-of-ours", kebab(kind), ends_reading, round(waited * 1000), round(limit * 1000)))


def judge_finish(reason: str | None, refusal: str | None, accept_cut: bool) -> tuple[str | None, str] | None:
    found = machine("judge-finish", reason, refusal, accept_cut)
    return found and (snake(found.kind), found.what)


def foreign_name(text: str) -> str:
    return str(machine("foreign-name", text))


def foreign_text(text: str) -> str:
    return str(machine("foreign-text", text))
