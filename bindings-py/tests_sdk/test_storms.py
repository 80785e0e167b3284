"""Many agents of one session, and a provider that is down: what it sees of them, by its own log.

Time is a clock that the tests move: it passes when they say so, and while somebody waits. So nothing here depends on
how quick the machine is. ``bindings-wasm/test_sdk/storms.test.mjs`` is alike.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from failsoft import Agent, Policy, Result, Session
from failsoft.adapters import openai_chat
from harness import Provider

CROWD = 200
DOWN = {"primary": "503", "backup": "answer:from the backup"}
UP = {"primary": "answer:from the primary", "backup": "answer:from the backup"}


class Clock:
    """Seconds that pass by hand, and while somebody sleeps: those who sleep at the same time sleep side by side."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, delay: float) -> None:
        self._reach(self.now + delay)

    async def asleep(self, delay: float) -> None:
        until = self.now + delay
        await asyncio.sleep(0)
        self._reach(until)

    def _reach(self, until: float) -> None:
        with self._lock:
            self.now = max(self.now, until)


class Crowd:
    """Agents of one session, which run one by one or all at once: as tasks, or as threads."""

    def __init__(self, provider: Provider, way: str, policy: Policy, models: tuple[str, ...]) -> None:
        self.way, self.clock = way, Clock()
        sleep = self.clock.sleep if way == "threads" else self.clock.asleep
        self.session = Session(policy, routes=models, clock=self.clock, sleep=sleep, seed=7)
        kind = openai.OpenAI if way == "threads" else openai.AsyncOpenAI
        # A pool of 200 connections is slow to look through, and that is not what is tested.
        self.clients: list[Any] = [kind(base_url=f"{provider.url}/v1", api_key="any", max_retries=0) for _ in range(10)]
        self.agents = []
        for number in range(CROWD):
            chats = [openai_chat(self.clients[number % 10], model) for model in models]
            self.agents.append(Agent(chats[0], fallbacks=chats[1:], session=self.session))
        self._pool = ThreadPoolExecutor(CROWD) if way == "threads" else None
        self._loop = None if way == "threads" else asyncio.new_event_loop()

    def all_at_once(self, many: int = CROWD) -> list[Result]:
        some = self.agents[:many]
        if self._pool is not None:
            return list(self._pool.map(lambda agent: agent.run("hi"), some))

        async def run() -> list[Result]:
            return await asyncio.gather(*(agent.arun("hi") for agent in some))

        assert self._loop is not None
        return self._loop.run_until_complete(run())

    def one_by_one(self, many: int) -> list[Result]:
        return [result for _ in range(many) for result in self.all_at_once(1)]

    def close(self) -> None:
        for client in self.clients:
            if self._loop is None:
                client.close()
            else:
                self._loop.run_until_complete(client.close())
        if self._loop is not None:
            self._loop.close()
        if self._pool is not None:
            self._pool.shutdown()


@pytest.fixture(params=["tasks", "threads"])
def crowd(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Any]:
    made: list[Crowd] = []

    def make(policy: Policy, *models: str) -> Crowd:
        made.append(Crowd(provider, request.param, policy, models))
        return made[-1]

    yield make
    for one in made:
        one.close()


def answers(results: list[Result]) -> Counter[str]:
    return Counter("nobody" if result.degraded else result.answer for result in results)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "failsoft")


@pytest.mark.parametrize(("crowd", "backup"), [("threads", True), ("tasks", False)], indirect=["crowd"])
def test_a_storm_is_not_made_worse_by_those_who_suffer_it(provider: Provider, crowd: Any, backup: bool) -> None:
    """With nothing but the retry budget between the crowd and the provider: its breaker is off."""
    provider.script(**DOWN)
    storm = crowd(Policy(breaker={"enabled": False}), "primary", *(["backup"] if backup else []))
    begun, results = storm.clock.now, []
    for _ in range(5):
        results += storm.all_at_once()
        storm.clock.now += 7
    calls, seen = len(results), len(provider.log("primary"))
    minutes = (storm.clock.now - begun) // 60 + 1
    assert calls == 1000
    assert calls <= seen <= 1.2 * calls + 10 * minutes
    assert answers(results) == {"from the backup" if backup else "nobody": calls}
    assert len(provider.log("backup")) == (calls if backup else 0)


def alone_in_time(log: list[dict[str, Any]]) -> bool:
    """Whether each of these requests ended before the next one came."""
    return all(before["ended_ms"] <= after["at_ms"] for before, after in itertools.pairwise(log))


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "all at once"])
def test_a_flapping_primary_is_probed_and_used_again(provider: Provider, crowd: Any, alone: bool) -> None:
    provider.script(**UP)
    flock = crowd(Policy(breaker={"consecutive": 5}), "primary", "backup")
    everybody = 20 if alone else CROWD

    def turns(many: int = everybody) -> Counter[str]:
        return answers(flock.one_by_one(many) if alone else flock.all_at_once(many))

    assert turns(20) == {"from the primary": 20}
    provider.change(**DOWN)
    begun, known = flock.clock.now, len(provider.log("primary"))
    assert turns() == {"from the backup": everybody}
    opened = len(provider.log("primary")) - known
    assert 5 <= opened <= 1.2 * everybody + 10
    # Down for a minute: the breaker is open for 5, 10, 20, then 30 seconds, and each time one of them looks.
    for wait, looks in ((2, 0), (4, 1), (5, 0), (6, 1), (11, 0), (10, 1), (14, 0), (9, 0)):
        flock.clock.now += wait
        known, many = len(provider.log("primary")), everybody if wait == 4 else 20
        assert turns(many) == {"from the backup": many}
        assert len(provider.log("primary")) - known == looks
    assert flock.clock.now - begun >= 60
    provider.change(**UP)
    known = len(provider.log("primary"))
    # Not before the 30 seconds are over, and then at once.
    flock.clock.now += 4
    assert turns(20) == {"from the backup": 20}
    assert len(provider.log("primary")) == known
    flock.clock.now += 5
    came = turns()
    back = provider.log("primary")[known:]
    assert came["from the primary"] == len(back) >= 1
    assert came.total() == everybody
    # All who came before the one probe was answered have asked the backup.
    assert alone_in_time(back[:2])
    known = len(provider.log("backup"))
    assert turns(20) == {"from the primary": 20}
    assert len(provider.log("backup")) == known
