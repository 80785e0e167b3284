"""Replays ``tests/vectors/driver`` through the host loops: sync, asyncio and trio, on virtual time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import trio
from failsoft import Agent, Attempt, Discard, Exhausted, Failure, Policy, Route, Runtime, Session, retry, tool
from failsoft.events import Retry, Step, Switch, Text, ToolCall, ToolResult
from failsoft.testing import VirtualTime, achunks, chunks, ends, instant, streams
from vectors import Wrong, known, need

FIELDS = "name note policy seed retry call activates broken one_slot models tools approver runs stream expect"


class Told(Exception):
    """What a script fails with."""

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failsoft_failure = failure


def failed(step: dict[str, Any]) -> Told:
    after = step.get("retry_after_ms")
    failure = Failure(step["fails"], retry_after=None if after is None else after / 1000)
    return Told(step.get("message", step["fails"]), failure)


def part(form: Any) -> Any:
    """A part of a stream, as `failsoft.testing` takes it."""
    if isinstance(form, str):
        return form
    known(form, "after_ms fails message retry_after_ms ends calls")
    if "after_ms" in form:
        return form["after_ms"] / 1000
    if "fails" in form:
        return failed(form)
    if "calls" in form:
        return {"tool_calls": [{"id": f"c{at}", **call} for at, call in enumerate(form["calls"])]}
    return ends(form["ends"] or "")


def parts(step: dict[str, Any]) -> list[Any]:
    return [part(form) for form in step["chunks"]]


class Script:
    """Behaves as it is told, one step a request; the last step repeats."""

    def __init__(self, steps: list[dict[str, Any]], time: VirtualTime, log: list[str], name: str = "") -> None:
        self.steps, self.time, self.log, self.name, self.asked = steps, time, log, name, 0

    def begin(self) -> dict[str, Any]:
        step = self.steps[min(self.asked, len(self.steps) - 1)]
        known(step, "fails message retry_after_ms after_ms hangs value answer calls reply chunks")
        self.asked += 1
        self.log.append(self.name)
        return step

    @staticmethod
    def span(step: dict[str, Any]) -> float:
        return float("inf") if step.get("hangs") else step.get("after_ms", 0) / 1000

    def end(self, step: dict[str, Any]) -> Any:
        if "fails" in step:
            raise failed(step)
        if "calls" in step:
            return {"tool_calls": [{"id": f"c{at}", **call} for at, call in enumerate(step["calls"])]}
        if "answer" in step:
            return {"answer": step["answer"]}
        return step.get("reply", step.get("value"))

    def sync(self, *_: Any, **__: Any) -> Any:
        step = self.begin()
        if self.span(step):
            self.time.hang(self.span(step))
        return chunks(*parts(step)) if "chunks" in step else self.end(step)

    async def later(self, *_: Any, **__: Any) -> Any:
        step = self.begin()
        if self.span(step):
            await self.time.ahang(self.span(step))
        return achunks(*parts(step)) if "chunks" in step else self.end(step)


def replay(vector: dict[str, Any], loop: str) -> None:
    """``loop``: sync, asyncio or trio."""
    known(vector, FIELDS)
    with instant(0) as time:
        play = Play(vector, loop, time)
        if loop == "sync":
            play.sync()
        elif loop == "asyncio":
            asyncio.run(play.later())
        else:
            trio.run(play.later)
        found = play.found()
    for name, wanted in vector["expect"].items():
        if name == "took_ms" and isinstance(wanted, dict):
            wanted = wanted["sync" if loop == "sync" else "async"]
        if name == "ran_any_order":
            need(sorted(found["ran"]), sorted(wanted), name)
        elif name not in found:
            raise Wrong(f"no field {name} in {found}")
        else:
            need(found[name], wanted, name)


class Play:
    def __init__(self, vector: dict[str, Any], loop: str, time: VirtualTime) -> None:
        self.vector, self.loop, self.time = vector, loop, time
        self.policy = Policy.from_json(json.dumps(vector.get("policy") or {}))
        self.seed = vector.get("seed", 1)
        self.log: list[str] = []
        self.stream = vector.get("stream")
        known(self.stream or {}, "restartable collect")
        self.received: list[str] = []
        self.events: list[str] = []
        self.facts: dict[str, Any] = {}
        self.activated: list[str] = []
        self.clients: list[str] = []
        self.values: list[Any] = []
        self.approved: list[str] = []
        bodies = [vector["retry"]] if "retry" in vector else list(vector.get("call", {}).values())
        self.scripts = [Script(steps, time, []) for steps in [*bodies, *vector.get("models", [])]]

    def found(self) -> dict[str, Any]:
        return {
            "slept_ms": [round(delay * 1000) for delay in self.time.slept],
            "took_ms": round(self.time.now * 1000),
            "asked": [len(script.requests) if hasattr(script, "requests") else script.asked for script in self.scripts],
            "activated": self.activated,
            "clients": self.clients,
            "values": self.values,
            "approved": self.approved,
            "ran": self.log,
            "received": self.received,
            "events": self.events,
            **self.facts,
        }

    def failed(self, error: Exception) -> None:
        word = {Told: "original", Exhausted: "exhausted"}.get(type(error), type(error).__name__)
        self.facts |= {"error": word, "message": str(error), "cause": error.__cause__ and str(error.__cause__)}

    # ---- The same, sync and async. ----

    def sync(self) -> None:
        try:
            if "retry" in self.vector:
                self.facts["value"] = retry(self.scripts[0].sync, seed=self.seed, **self.options())
            elif "call" in self.vector:
                session, by_route = self.session()
                # Only from a thread of its own is a request that hangs given up on, or one that is slow hedged.
                hangs = any(step.get("hangs") for steps in self.vector["call"].values() for step in steps)
                isolate = hangs or "hedge" in (self.vector.get("policy") or {})

                def ask(attempt: Attempt) -> Any:
                    return by_route[attempt.route.name].sync()

                for _ in range(self.vector.get("runs", 1)):
                    with session.turn() as turn:
                        try:
                            if self.stream is None:
                                self.facts["value"] = turn.call(ask, isolate=isolate)
                                self.values.append(self.facts["value"])
                            else:
                                for chunk in turn.stream(ask, **self.stream):
                                    self.receive(chunk)
                        finally:
                            self.facts |= {"lines": turn.report().lines, "route": turn.report().route}
            else:
                agent = self.agent()
                for _ in range(self.vector.get("runs", 1)):
                    if self.stream is None:
                        self.read(agent.run("go"))
                    else:
                        for event in agent.stream("go", **self.stream):
                            self.hear(event)
        except Exception as error:
            self.failed(error)

    async def later(self) -> None:
        try:
            if "retry" in self.vector:
                self.facts["value"] = await retry(self.scripts[0].later, seed=self.seed, **self.options())
            elif "call" in self.vector:
                session, by_route = self.session()

                async def request(attempt: Attempt) -> Any:
                    return await by_route[attempt.route.name].later()

                for _ in range(self.vector.get("runs", 1)):
                    async with session.turn() as turn:
                        try:
                            if self.stream is None:
                                self.facts["value"] = await turn.acall(request)
                                self.values.append(self.facts["value"])
                            else:
                                async for chunk in turn.astream(request, **self.stream):
                                    self.receive(chunk)
                        finally:
                            self.facts |= {"lines": turn.report().lines, "route": turn.report().route}
            else:
                agent = self.agent()
                for _ in range(self.vector.get("runs", 1)):
                    if self.stream is None:
                        self.read(await agent.arun("go"))
                    else:
                        async for event in agent.astream("go", **self.stream):
                            self.hear(event)
        except Exception as error:
            self.failed(error)

    # ---- What is driven. ----

    def options(self) -> dict[str, Any]:
        retry_part = json.loads(self.policy.to_json())["retry"]
        options = {name: retry_part[name] for name in ("max_attempts", "factor", "jitter")}
        return {**options, "base": retry_part["base_ms"] / 1000, "cap": retry_part["cap_ms"] / 1000}

    def session(self) -> Any:
        names = list(self.vector["call"])
        if self.vector.get("one_slot"):
            runtime = Runtime(model=names[0], build=self.build, close=self.close)
            routes = [Route(name, runtime={"model": name} if place else None) for place, name in enumerate(names)]
            session = Session(self.policy, routes=routes, seed=self.seed, runtime=runtime)
        else:
            hooks = {"activate": lambda route: self.activate(route.name), "close": self.close}
            activates = self.vector.get("activates", [])
            routes = [Route(name, **(hooks if name in activates else {})) for name in names]
            session = Session(self.policy, routes=routes, seed=self.seed)
        return session, dict(zip(names, self.scripts, strict=True))

    def build(self, values: dict[str, Any]) -> Any:
        return self.activate(values["model"])

    def activate(self, name: str) -> Any:
        self.activated.append(name)
        number, broken = self.activated.count(name), self.vector.get("broken", {})
        if name in broken and (isinstance(broken, list) or number in broken[name]):
            raise OSError("no client")
        self.clients.append(f"made {name}{number}")
        return self.here_or_later(f"{name}{number}")

    def close(self, client: str, reason: str) -> Any:
        self.clients.append(f"{reason} {client}")
        return self.here_or_later(None)

    def here_or_later(self, value: Any) -> Any:
        async def later() -> Any:
            return value

        return value if self.loop == "sync" else later()

    def agent(self) -> Agent:
        body = "sync" if self.loop == "sync" else "later"
        first, *others = (self.model(place, body) for place in range(len(self.scripts)))
        tools = []
        for form in self.vector.get("tools", []):
            known(form, "name risky replay timeout_ms does")
            script = Script(form["does"], self.time, self.log, form["name"])
            options = {name: form[name] for name in ("name", "risky", "replay") if name in form}
            tools.append(tool(getattr(script, body), **options))
        approver = self.approver if "approver" in self.vector else None
        return Agent(first, fallbacks=others, tools=tools, approver=approver, policy=self.policy, seed=self.seed)

    def model(self, place: int, body: str) -> Any:
        script = self.scripts[place]
        if not any("chunks" in step for step in script.steps):
            return getattr(script, body)
        model = streams(*(parts(step) for step in script.steps), is_async=body == "later")
        self.scripts[place] = model.client
        return model

    def receive(self, chunk: Any) -> None:
        """A chunk of a stream in words: its text, what a consumer is told to discard, or nothing."""
        if isinstance(chunk, Discard):
            self.received.append(f"discard: {chunk.reason}")
        elif chunk["choices"] and (text := chunk["choices"][0]["delta"].get("content")):
            self.received.append(text)

    def hear(self, event: Any) -> None:
        """An event of a run in words."""
        match event:
            case Step():
                told = str(event.step)
            case Text():
                told = event.text
            case Discard():
                told = f"{event.reason} in step {event.step}"
            case ToolCall():
                told = f"{event.id} {event.name} {json.dumps(event.arguments, sort_keys=True)}"
            case ToolResult():
                told = f"{event.id} {event.name} {event.outcome}: {event.content}"
            case Retry():
                told = f"{event.route} after {round(event.delay * 1000)} ms, attempt {event.attempt}: {event.failure}"
            case Switch():
                told = f"{event.route}: {event.reason}"
            case _:
                told = event.result.stop_reason
                self.read(event.result)
        self.events.append(f"{event.type}: {told}")

    def approver(self, request: Any) -> Any:
        self.approved.append(request.tool)
        answers = self.vector["approver"]
        return answers[min(len(self.approved), len(answers)) - 1]

    def read(self, result: Any) -> None:
        names = ("answer", "steps", "blocked", "degraded", "stop_reason", "attempts", "route", "lines", "model")
        self.facts = {name: getattr(result, name) for name in names}
        for name in ("usage", "spent"):
            tokens = getattr(result, name)
            self.facts[name] = [tokens.input_tokens, tokens.output_tokens]
        self.facts["told"] = [message["content"] for message in result.messages if message["role"] == "tool"]
