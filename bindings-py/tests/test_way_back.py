"""A turn on its way back to the primary, and what is skipped on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Run
from failsoft import Attempt, BreakerOpen, Policy, Route, Session, TransientError, Turn
from failsoft.testing import VirtualTime

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1, "jitter": "none"}}


class Provider:
    """Says who was asked; routes in ``down`` fail."""

    def __init__(self, *down: str) -> None:
        self.down = set(down)

    def __call__(self, attempt: Attempt) -> str:
        if attempt.route.name in self.down:
            raise TransientError(f"{attempt.route.name} is down")
        return str(attempt.route.name)

    async def ask(self, attempt: Attempt) -> str:
        return self(attempt)

    def stream(self, attempt: Attempt) -> Iterator[str]:
        yield self(attempt)


def windows() -> Session:
    return Session(routes=[Route("small", context_window=8_000), Route("large", context_window=200_000)])


def test_a_long_turn_looks_at_the_primary_again(time: VirtualTime) -> None:
    session = Session(Policy(fallback={"recheck": 60}, **ONCE), routes=["primary", "backup"])
    provider = Provider("primary")
    turn = session.turn()
    assert turn.call(provider) == "backup"
    provider.down.clear()
    assert turn.call(provider) == "backup"
    time.sleep(60)
    assert turn.call(provider) == "primary"
    assert turn.call(provider) == "primary"
    assert [line for line in turn.report().lines if line.startswith("returned")] == ["returned to primary"]


def test_a_request_that_needs_more_context_is_asked_elsewhere(time: VirtualTime) -> None:
    provider = Provider()
    turn = windows().turn()
    assert turn.call(provider, context_tokens=8_001) == "large"
    assert turn.report().lines[0] == "small: skipped, its context window is too small"
    assert windows().turn().call(provider, context_tokens=8_000) == "small"
    assert windows().turn().call(provider) == "small"


def test_so_are_those_in_a_thread_and_streams(time: VirtualTime) -> None:
    provider = Provider()
    assert windows().turn().call(provider, isolate=True, context_tokens=8_001) == "large"
    assert list(windows().turn().stream(provider.stream, context_tokens=8_001)) == ["large"]


def test_so_are_async_ones(run: Run, time: VirtualTime) -> None:
    provider = Provider()

    async def main() -> tuple[str, list[Any]]:
        asked = await windows().turn().acall(provider.ask, context_tokens=8_001)
        return asked, [chunk async for chunk in windows().turn().astream(provider.stream, context_tokens=8_001)]

    assert run(main) == ("large", ["large"])


@pytest.mark.parametrize(
    ("tokens", "shown"), [(-1, "-1"), (0.5, "0.5"), (2**32, "4294967296"), ("12", '"12"'), (True, "true")]
)
def test_what_is_no_number_of_tokens_is_refused(tokens: Any, shown: str) -> None:
    line = f"context_tokens: {shown} is not allowed; use a whole number from 0 to 4294967295"
    with pytest.raises(ValueError) as refused:
        windows().turn().call(Provider(), context_tokens=tokens)
    assert str(refused.value) == line


def test_a_route_without_a_credential_is_passed_over(time: VirtualTime) -> None:
    session = Session(routes=[Route("primary", has_credential=False), "backup"])
    turn = session.turn()
    assert turn.call(Provider()) == "backup"
    assert turn.report().lines == ["primary: skipped, it has no credential", "backup: taking over"]


def test_without_any_credential_the_error_says_so(time: VirtualTime) -> None:
    session = Session(routes=[Route("primary", has_credential=False)])
    with pytest.raises(BreakerOpen) as refused:
        session.turn().call(Provider())
    assert str(refused.value) == "no route can be asked: primary has no credential"
    assert refused.value.retry_in is None


@pytest.mark.parametrize(
    ("fields", "made"),
    [
        ({}, 2),
        ({"provider": "openrouter"}, 1),
        ({"endpoint": "https://OpenRouter.ai/api/v1"}, 1),
        ({"provider": "openrouter", "aggregator": False}, 2),
        ({"aggregator": True}, 1),
    ],
)
def test_the_client_of_an_aggregator_is_not_made_again(time: VirtualTime, fields: dict[str, Any], made: int) -> None:
    clients: list[str] = []

    def activate(route: Route) -> str:
        clients.append(route.name)
        return route.name

    def request(attempt: Attempt) -> str:
        if attempt.route.name == "primary":
            raise ConnectionRefusedError("nobody listens")
        return "answered"

    session = Session(Policy(**ONCE), routes=[Route("primary", activate=activate, **fields), "backup"])
    assert session.turn().call(request) == "answered"
    assert len(clients) == made


def test_a_turn_finds_its_route_in_another_chain(time: VirtualTime) -> None:
    session = Session(Policy(**ONCE), routes=["primary", "backup"])
    turn = session.turn()
    assert turn.call(Provider("primary")) == "backup"
    stored = turn.snapshot(0.0)
    changed = Session(Policy(**ONCE), routes=["new", "backup", "primary"])
    assert Turn.restore(changed.core, stored, [], 0.0).tally()["route"] == "backup"
    gone = Session(Policy(**ONCE), routes=["new"])
    assert Turn.restore(gone.core, stored, [], 0.0).tally()["route"] is None
