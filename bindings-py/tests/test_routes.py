from __future__ import annotations

import logging
from typing import Any

import pytest
from conftest import Run
from failsoft import Attempt, Exhausted, Policy, Route, Session, TransientError
from failsoft.testing import VirtualTime

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}}


class Hooks:
    """A client is made, used and closed; ``log`` says when."""

    def __init__(self, *, broken: bool = False) -> None:
        self.log: list[str] = []
        self.broken, self.made = broken, 0

    def activate(self, route: Route) -> str:
        self.log.append(f"activate {route.name}")
        if self.broken:
            raise OSError("no key")
        self.made += 1
        return f"client {self.made} of {route.name}"

    def close(self, client: Any) -> None:
        self.log.append(f"close {client}")

    async def aactivate(self, route: Route) -> str:
        return self.activate(route)

    async def aclose(self, client: Any) -> None:
        self.close(client)


def down_on_a(attempt: Attempt) -> Any:
    if attempt.route.name == "a":
        raise TransientError
    return attempt.client


def test_a_fallback_client_is_made_when_it_is_needed(time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=hooks.activate)])
    assert hooks.log == []
    assert session.turn().call(down_on_a) == "client 1 of b"
    assert session.turn().call(down_on_a) == "client 1 of b"
    assert hooks.log == ["activate b"]


def test_async_hooks_are_awaited(run: Run, time: VirtualTime) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=hooks.aactivate)])

    async def request(attempt: Attempt) -> Any:
        return down_on_a(attempt)

    async def main() -> Any:
        return await session.turn().acall(request)

    assert run(main) == "client 1 of b"


def test_a_route_whose_client_cannot_be_made_is_passed_over(
    time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks(broken=True)
    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=hooks.activate), "c"])
    with caplog.at_level(logging.WARNING, "failsoft"):
        assert session.turn().call(lambda attempt: down_on_a(attempt) or attempt.route.name) == "c"
    assert "the client of route b could not be made: OSError('no key')" in caplog.text


def test_an_async_hook_that_fails_is_passed_over_too(run: Run, time: VirtualTime) -> None:
    hooks = Hooks(broken=True)
    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=hooks.aactivate)])

    async def request(attempt: Attempt) -> Any:
        return down_on_a(attempt)

    async def main() -> None:
        with pytest.raises(Exhausted):
            await session.turn().acall(request)

    run(main)


def test_an_async_hook_in_the_sync_form_is_refused_and_said_so(
    time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks()
    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=hooks.aactivate)])
    with pytest.raises(Exhausted), caplog.at_level(logging.WARNING, "failsoft"):
        session.turn().call(down_on_a)
    assert "activate of route b is async" in caplog.text


def test_a_broken_connection_has_its_client_made_again(time: VirtualTime) -> None:
    hooks, clients = Hooks(), []
    session = Session(
        Policy(retry={"max_attempts": 1}), routes=[Route("a", activate=hooks.activate, close=hooks.close)]
    )

    def request(attempt: Attempt) -> str:
        clients.append(attempt.client)
        if len(clients) < 2:
            raise ConnectionResetError
        return "ok"

    assert session.turn().call(request) == "ok"
    assert clients == ["client 1 of a", "client 2 of a"]
    assert hooks.log == ["activate a", "close client 1 of a", "activate a"]
    assert time.slept == [4.0]


def test_async_close_is_awaited_before_the_new_client_is_made(run: Run, time: VirtualTime) -> None:
    hooks, clients = Hooks(), []
    session = Session(
        Policy(retry={"max_attempts": 1}), routes=[Route("a", activate=hooks.aactivate, close=hooks.aclose)]
    )

    async def request(attempt: Attempt) -> str:
        clients.append(attempt.client)
        if len(clients) < 2:
            raise ConnectionResetError
        return "ok"

    async def main() -> Any:
        return await session.turn().acall(request)

    assert run(main) == "ok"
    assert hooks.log == ["activate a", "close client 1 of a", "activate a"]


def test_ctrl_c_while_a_client_is_made_passes_and_frees_the_route(time: VirtualTime) -> None:
    interrupted = [True]

    def activate(route: Route) -> str:
        if interrupted.pop() if interrupted else False:
            raise KeyboardInterrupt
        return "client"

    session = Session(Policy(**ONCE), routes=["a", Route("b", activate=activate)])
    with pytest.raises(KeyboardInterrupt):
        session.turn().call(down_on_a)
    assert session.turn().call(down_on_a) == "client"


def test_a_client_is_dropped_outside_of_every_lock(time: VirtualTime) -> None:
    class Nosy:
        def __del__(self) -> None:
            states.append(session.breaker("a"))

    states: list[str] = []
    session = Session(routes=["a"])
    session.core.set_client(0, Nosy())
    session.core.set_client(0, None)
    assert states == ["closed"]
