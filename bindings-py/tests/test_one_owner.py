"""A client that asks again by itself: one warning a session, with the product of both."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from failsoft import Agent, Policy, Route, Session, attempts, retry, session
from failsoft.errors import Exhausted

TOLD = "retries 2 times by itself: up to 3 x 3 = 9 requests a call"


class Retried(Exception):
    """As openai and anthropic raise it after they have asked three times."""

    status_code = 503

    def __init__(self, count: Any = "2") -> None:
        super().__init__("no")
        self.request = type("Request", (), {"headers": {"x-stainless-retry-count": count}})()


class AsAmazon(Exception):
    def __init__(self) -> None:
        super().__init__("no")
        self.response = {
            "Error": {"Code": "ServiceUnavailable"},
            "ResponseMetadata": {"HTTPStatusCode": 503, "RetryAttempts": 2},
        }


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A fresh process, as far as this goes."""
    monkeypatch.setattr(session, "_of_the_process", session._Warning())
    caplog.set_level(logging.WARNING, "failsoft")
    return caplog.messages


def failing(error: Exception) -> Any:
    def request(*_: Any) -> Any:
        raise error

    return request


def test_once_a_session(caplog: pytest.LogCaptureFixture) -> None:
    ours = Session(Policy(turn={"attempts": 9}), routes=["primary"], sleep=lambda _: None)
    for _ in range(2):
        with pytest.raises(Exhausted):
            ours.turn().call(failing(Retried()))
    (told,) = caplog.messages
    assert told == f"the client under route primary {TOLD}; switch its retries off (max_retries=0)"
    with pytest.raises(Exhausted):
        Session(routes=["backup"], sleep=lambda _: None).turn().call(failing(AsAmazon()))
    assert caplog.messages[1:] == [told.replace("primary", "backup")]


def test_of_an_async_call(caplog: pytest.LogCaptureFixture) -> None:
    async def request(_: Any) -> None:
        raise Retried

    with pytest.raises(Exhausted):
        asyncio.run(Session(routes=["primary"], sleep=lambda _: None).turn().acall(request))
    assert [TOLD in told for told in caplog.messages] == [True]


def test_once_a_process_for_a_plain_retry(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        with pytest.raises(Exhausted):
            retry(failing(Retried()), sleep=lambda _: None)
    with pytest.raises(Exhausted):
        for attempt in attempts(sleep=lambda _: None):
            with attempt:
                raise Retried
    assert caplog.messages == [f"the client {TOLD}; switch its retries off (max_retries=0)"]


def test_of_an_agent(caplog: pytest.LogCaptureFixture) -> None:
    Agent(failing(Retried()), sleep=lambda _: None).run("hi")
    assert [told for told in caplog.messages if "by itself" in told] == [
        f"the client under route primary {TOLD}; switch its retries off (max_retries=0)"
    ]


@pytest.mark.parametrize("count", ["0", "", "two", "-1", None, 2.5, "9" * 30])
def test_a_client_that_asked_once_is_not_warned_of(caplog: pytest.LogCaptureFixture, count: Any) -> None:
    with pytest.raises(Exhausted):
        retry(failing(Retried(count)), sleep=lambda _: None)
    assert caplog.messages == []


def test_a_number_beyond_reason_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Exhausted):
        retry(failing(Retried("9" * 15)), sleep=lambda _: None)
    assert "retries 1000 times by itself" in caplog.text


class Client:
    def __init__(self, max_retries: Any) -> None:
        self.max_retries = max_retries


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(("retries", "warned"), [(2, True), (0, False), (None, False), ("many", False)])
def test_a_client_that_a_route_brings(caplog: pytest.LogCaptureFixture, way: str, retries: Any, warned: bool) -> None:
    routes = [Route("primary"), Route("backup", activate=lambda _: Client(retries))]
    ours = Session(Policy(retry={"max_attempts": 3}), routes=routes, sleep=lambda _: None)

    def request(attempt: Any) -> str:
        if attempt.route.name == "primary":
            raise ConnectionRefusedError
        return "answer"

    async def arequest(attempt: Any) -> str:
        return request(attempt)

    answer = ours.turn().call(request) if way == "sync" else asyncio.run(ours.turn().acall(arequest))
    assert answer == "answer"
    told = [f"the client under route backup {TOLD}; switch its retries off (max_retries=0)"]
    assert caplog.messages == (told if warned else [])
