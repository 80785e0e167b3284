"""Clients that ask again by themselves: how many requests that makes is told once, by the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import tenacity
import urllib3
from asking import CHAT, HI, bedrock, chat, litellm
from failsoft import Policy, Session
from failsoft.errors import Exhausted
from harness import Provider
from requests.adapters import HTTPAdapter


def by_bedrock(url: str) -> Any:
    client = bedrock(url, 10, retries={"mode": "standard", "total_max_attempts": 3})
    return client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])


def by_requests(url: str) -> Any:
    again = urllib3.Retry(total=2, status_forcelist=[503], allowed_methods=None, raise_on_status=False)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=again))
        response = session.post(url + CHAT, json=chat("m"), timeout=10)
        response.raise_for_status()
        return response.json()


def by_litellm(url: str) -> Any:
    return litellm.completion("openai/m", HI, api_base=url + "/v1", api_key="any", timeout=10, max_retries=2)


def by_tenacity(url: str) -> Any:
    @tenacity.retry(stop=tenacity.stop_after_attempt(3))
    def ask() -> Any:
        requests.post(url + CHAT, json=chat("m"), timeout=10).raise_for_status()

    return ask()


@pytest.mark.parametrize("ask", [by_bedrock, by_requests, by_litellm, by_tenacity])
def test_it_is_told_once_a_session(
    provider: Provider, ask: Callable[[str], Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script(m="503:retry-after-ms=1")
    monkeypatch.setattr(time, "sleep", lambda _: None)  # theirs
    session = Session(Policy(retry={"max_attempts": 2}), routes=["primary"], sleep=lambda _: None)
    with pytest.raises(Exhausted) as raised:
        session.turn().call(lambda _: ask(provider.url))
    assert len(provider.log("m")) == 6
    assert "overloaded x2" in str(raised.value)
    assert [told for told in caplog.messages if "by itself" in told] == [
        "the client under route primary retries 2 times by itself: up to 2 x 3 = 6 requests a call; "
        "switch its retries off (max_retries=0)"
    ]
