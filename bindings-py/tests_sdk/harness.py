"""What the tests beside the real SDKs share: the misbehaving provider, and one request asked in three ways."""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import trio
from failsoft import Agent, Failure, Policy, Result, Session, classify

WAYS = ("sync", "asyncio", "trio")
HI = [{"role": "user", "content": "hi"}]


class Provider:
    """The provider of ``tests/provider`` as a child: it ends when its standard input is closed, so also if we die."""

    def __init__(self, binary: str) -> None:
        self._child = subprocess.Popen(
            [binary, "--tls", "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._child.stdout is not None
        self.url = self._child.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{self.url}/health") as reply:
            health = json.load(reply)
        self.doors: dict[str, str] = health["doors"]
        """Addresses where a request fails before HTTP begins: ``closed``, ``untrusted``, ``mute``, ``not_tls``."""
        self.certificate: str = health["certificate"]

    def close(self) -> None:
        self._child.communicate(timeout=10)

    def script(self, **models: Any) -> None:
        """What each model does, one behaviour a request. Log and counters begin anew."""
        self._send("/reset", {})
        self._send("/script", {"models": models})

    def change(self, **models: Any) -> None:
        """What each model does from now on; the log goes on."""
        self._send("/script", {"models": models})

    def log(self, model: str | None = None) -> list[dict[str, Any]]:
        """What it saw, with bodies, oldest first."""
        with urllib.request.urlopen(f"{self.url}/log?bodies=true") as reply:
            entries = json.load(reply)
        return [entry for entry in entries if model in (None, entry["model"])]

    def _send(self, path: str, body: Any) -> None:
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request):
            pass


def run(way: str, client: Any, work: Callable[[], Any]) -> Any:
    """Runs ``work`` with a client that is closed afterwards, on the loop of this way."""
    if way == "sync":
        with client:
            return work()

    async def main() -> Any:
        async with client:
            return await work()

    return asyncio.run(main()) if way == "asyncio" else trio.run(main)


def attempts_of(
    way: str,
    client: Any,
    model: Any,
    *,
    messages: Any = HI,
    tools: Any = (),
    timeout: float = 5,
    max_attempts: int = 1,
) -> tuple[Any, list[Exception]]:
    """Asks through a session: the value that came, if any, and the error of each attempt."""
    policy = Policy(attempt={"timeout": timeout}, retry={"max_attempts": max_attempts})
    session = Session(policy, routes=["primary"], sleep=lambda delay: None)
    turn, errors = session.turn(), []

    def ask(attempt: Any) -> Any:
        try:
            return model.ask(messages, tools, attempt)
        except Exception as error:
            errors.append(error)
            raise

    async def aask(attempt: Any) -> Any:
        try:
            return await model.ask(messages, tools, attempt)
        except Exception as error:
            errors.append(error)
            raise

    try:
        value = run(way, client, lambda: turn.call(ask) if way == "sync" else turn.acall(aask))
    except Exception as end:
        value = None
        if not errors:  # the loop cancelled the attempt at its limit, and the error is the loop's own
            errors.append(end.__cause__)  # type: ignore[arg-type]
    return value, errors


def failure_of(errors: list[Exception]) -> Failure:
    assert len(errors) == 1, errors
    return classify(errors[0])


def run_agent(way: str, client: Any, agent: Agent, task: str = "What is 17 times 23?", **options: Any) -> Result:
    return run(way, client, lambda: agent.run(task, **options) if way == "sync" else agent.arun(task, **options))


def multiply(a: int, b: int) -> int:
    """Multiplies two whole numbers."""
    return a * b
