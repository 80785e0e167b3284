"""A real client whose connection breaks is closed and made again; JavaScript has the same tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import openai
import pytest
from failsoft import Attempt, Policy, Route, Runtime, Session
from harness import HI, Provider, run

try:
    import httpx2 as httpx
except ImportError:  # older SDKs
    import httpx

Build = Callable[[Provider, str, str, int], Any]
"""Makes the client of a way; the number of the making counts from 0."""


def client_of(way: str, url: str, **options: Any) -> Any:
    kind = openai.OpenAI if way == "sync" else openai.AsyncOpenAI
    return kind(base_url=f"{url}/v1", api_key="any", max_retries=0, **options)


def plain(provider: Provider, nobody: str, way: str, number: int) -> Any:
    return client_of(way, provider.url)


def impatient(provider: Provider, nobody: str, way: str, number: int) -> Any:
    return client_of(way, provider.url, timeout=0.3 if number == 0 else 10)


def refused_at_first(provider: Provider, nobody: str, way: str, number: int) -> Any:
    return client_of(way, nobody if number == 0 else provider.url)


def mute_at_first(provider: Provider, nobody: str, way: str, number: int) -> Any:
    return client_of(way, provider.doors["mute"] if number == 0 else provider.url, timeout=0.5)


def not_tls_at_first(provider: Provider, nobody: str, way: str, number: int) -> Any:
    return client_of(way, provider.doors["not_tls"] if number == 0 else provider.url)


def full_at_first(provider: Provider, nobody: str, way: str, number: int) -> Any:
    if number > 0:
        return client_of(way, provider.url)
    kind = httpx.Client if way == "sync" else httpx.AsyncClient
    limits = httpx.Limits(max_connections=0)  # as a pool whose connections are all taken
    return client_of(way, provider.url, http_client=kind(limits=limits, timeout=httpx.Timeout(10, pool=0.2)))


FAILURES: dict[str, tuple[Build, Any, str]] = {
    "a read timeout": (impatient, ["silence", "answer:hi"], "read_timeout"),
    "a connect timeout": (mute_at_first, "answer:hi", "connect"),
    "a pool timeout": (full_at_first, "answer:hi", "connect"),
    "a refused connection": (refused_at_first, "answer:hi", "connect"),
    "a reset": (plain, ["reset", "answer:hi"], "connect"),
    "a protocol error": (plain, ["cut:0", "answer:hi"], "connect"),
    "a connection without TLS": (not_tls_at_first, "answer:hi", "connect"),
}


class Host:
    """A primary with hooks around real clients, in each of the three ways."""

    def __init__(self, way: str, build: Callable[[int], Any]) -> None:
        self.way, self.build = way, build
        self.made: list[Any] = []
        self.closed: list[tuple[int, str]] = []
        self.slept: list[float] = []

    def session(self, *, in_one_place: bool = False) -> Session:
        hooks: dict[str, Any] = {"close": self.close if self.way == "sync" else self.aclose}
        policy = Policy(retry={"max_attempts": 1})
        if in_one_place:
            runtime = Runtime(build=self.activate, model="m", **hooks)
            return Session(policy, routes=["primary"], runtime=runtime, sleep=self.slept.append)
        return Session(policy, routes=[Route("primary", activate=self.activate, **hooks)], sleep=self.slept.append)

    def activate(self, _: Any) -> Any:
        self.made.append(self.build(len(self.made)))
        return self.made[-1]

    def close(self, client: Any, reason: str) -> None:
        client.close()
        self.closed.append((self.made.index(client), reason))

    async def aclose(self, client: Any, reason: str) -> None:
        await client.close()
        self.closed.append((self.made.index(client), reason))

    def ask(self, session: Session, model: str = "m") -> Any:
        """One call, to be awaited unless this is the sync way."""
        if self.way == "sync":
            return session.turn().call(lambda attempt: text_of(request(attempt, model)))

        async def arequest(attempt: Attempt) -> str:
            return text_of(await request(attempt, model))

        return session.turn().acall(arequest)


def request(attempt: Attempt, model: str) -> Any:
    return attempt.client.chat.completions.create(model=model, messages=HI)


def text_of(reply: Any) -> str:
    return str(reply.choices[0].message.content)


def play(way: str, session: Session, work: Callable[[], Any]) -> Any:
    return run(way, session, work)


@pytest.mark.parametrize("in_one_place", [False, True], ids=["a client for each route", "one place"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_transport_failure_is_recovered_from(
    provider: Provider, nobody: str, way: str, failure: str, in_one_place: bool
) -> None:
    build, script, kind = FAILURES[failure]
    provider.script(m=script)
    host = Host(way, lambda number: build(provider, nobody, way, number))
    session, kinds = host.session(in_one_place=in_one_place), []
    judge = session._judge
    session._judge = lambda *given: kinds.append(judge(*given).kind) or judge(*given)  # type: ignore[method-assign]
    assert play(way, session, lambda: host.ask(session)) == "hi"
    assert kinds == [kind]
    assert [client.is_closed() for client in host.made] == [True, True]  # the second with its session
    assert host.closed == [(0, "rebuild"), (1, "closed")]
    assert [round(delay, 1) for delay in host.slept] == [4.0]


def test_what_is_no_transport_failure_is_not(provider: Provider, nobody: str, way: str) -> None:
    provider.script(m=["503", "answer:hi"])
    host = Host(way, lambda number: plain(provider, nobody, way, number))
    session = host.session()
    with pytest.raises(Exception, match="overloaded"):
        play(way, session, lambda: host.ask(session))
    assert (len(host.made), host.closed) == (1, [(0, "closed")])


def test_another_turns_request_in_flight_keeps_its_client_until_it_has_its_answer(provider: Provider) -> None:
    provider.script(slow={"do": "answer", "text": "slow", "delay_ms": 1000}, m=["reset", "answer:hi"])
    host = Host("asyncio", lambda number: plain(provider, "", "asyncio", number))

    async def main() -> tuple[str, list[tuple[int, str]], str]:
        async with host.session() as session:
            slow = asyncio.create_task(host.ask(session, "slow"))
            while not await asyncio.to_thread(provider.log, "slow"):
                await asyncio.sleep(0)
            quick = await host.ask(session)
            closed = list(host.closed)
            return quick, closed, await slow

    assert asyncio.run(main()) == ("hi", [], "slow")
    assert host.closed == [(0, "retired"), (1, "closed")]


def test_another_threads_request_in_flight_keeps_its_client_until_it_has_its_answer(provider: Provider) -> None:
    provider.script(slow={"do": "answer", "text": "slow", "delay_ms": 1000}, m=["reset", "answer:hi"])
    host, found = Host("sync", lambda number: plain(provider, "", "sync", number)), []
    with host.session() as session:
        thread = threading.Thread(target=lambda: found.append(host.ask(session, "slow")))
        thread.start()
        while not provider.log("slow"):
            pass
        assert host.ask(session) == "hi"
        assert host.closed == []
        thread.join(10)
    assert found == ["slow"]
    assert host.closed == [(0, "retired"), (1, "closed")]
