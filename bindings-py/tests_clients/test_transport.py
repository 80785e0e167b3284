"""What real clients raise where no whole answer came."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest
from asking import CLIENTS, error_of
from harness import Provider
from told import Told, told

LOST = Told("connect", "lost")
LIMIT = Told("read_timeout", "read_timeout")
CERTIFICATE = Told("certificate", "certificate", effect="none", phase="connect")
MALFORMED = Told("malformed", "malformed")
ANSWERED = None
"""The client takes it for an answer."""

# What the provider does, then what it is; where a client sees something else, that client by name.
FAULTS: dict[str, tuple[str, Told | None, dict[str, Told | None]]] = {
    "reset": ("reset", LOST, {}),
    "silence": ("silence", LIMIT, {}),
    "cut": ("cut:2:the answer is forty two", LOST, {}),
    "close": ("close:2:the answer is forty two", LOST, {"bedrock": ANSWERED}),
    "stall": ("stall:1:the answer is forty two", LIMIT, {}),
    "HTML under 200": (
        "malformed_body",
        MALFORMED,
        dict.fromkeys(("httpx_stream", "requests_stream", "bedrock", "litellm_stream"), ANSWERED),
    ),
}


def unsent(rule: str) -> Told:
    return Told("connect", rule, effect="none", phase="connect")


# Some clients tell by a class of their own that they were connecting still, others leave it at what the system said.
CONNECTING = (
    *("httpx", "httpx_async", "httpx_stream", "aiohttp", "aiohttp_sockets", "google", "google_async", "google_stream"),
    *("litellm", "litellm_anthropic", "litellm_async", "litellm_stream"),
)
NAMING = ("aiohttp", "aiohttp_sockets", "google_async")
BEDROCK = ("bedrock", "bedrock_stream", "bedrock_invoke")


def told_by(clients: tuple[str, ...], told: Told) -> dict[str, Told]:
    return dict.fromkeys(clients, told)


REFUSED = {**told_by(tuple(CLIENTS), unsent("refused")), **told_by(CONNECTING, unsent("connecting"))}
UNTRUSTED = told_by(tuple(CLIENTS), CERTIFICATE)
NO_TLS = {
    **told_by(tuple(CLIENTS), Told("connect", "wrapped")),  # of a TLS error nobody can say when it was
    **told_by(CONNECTING, unsent("connecting")),
}
MUTE = {
    **told_by(tuple(CLIENTS), LIMIT),  # a handshake that nobody answers: those that see no difference from an answer
    **told_by(
        tuple(client for client in CONNECTING if client not in ("aiohttp", "google_async")),
        unsent("connect_timeout"),
    ),
}
NO_SUCH_NAME = {
    **told_by(tuple(CLIENTS), unsent("dns")),
    **told_by(CONNECTING, unsent("connecting")),
    **told_by(NAMING, unsent("dns")),
    **told_by(BEDROCK, unsent("refused")),
}
NO_ANSWER = {
    **told_by(tuple(CLIENTS), unsent("connect_timeout")),
    **told_by(("aiohttp", "google_async", "urllib"), LIMIT),  # one limit for all, or one class for both
}
DOORS = {"closed": REFUSED, "untrusted": UNTRUSTED, "mute": MUTE, "not_tls": NO_TLS}


def check(client: str, url: str, expected: Told | None, limit: float = 10) -> None:
    if expected is None:
        CLIENTS[client](url, "m", limit)
        return
    error = error_of(client, url, limit)
    assert told(error) == expected, repr(error)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_that_never_was_whole(provider: Provider, client: str, fault: str) -> None:
    behaviour, expected, otherwise = FAULTS[fault]
    provider.script(m=behaviour)
    check(client, provider.url, otherwise.get(client, expected), 0.2 if expected == LIMIT else 10)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_that_never_was_heard(provider: Provider, client: str, door: str) -> None:
    check(client, provider.doors[door], DOORS[door][client], 0.2 if door == "mute" else 10)
    assert provider.log() == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_name_that_nobody_has(client: str) -> None:
    check(client, "http://x.invalid", NO_SUCH_NAME[client])


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that does not even say no: its queue of connections is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for one in waiting:
            one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves it at silence when the queue is full")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_limit_of_connecting(deaf: str, client: str) -> None:
    check(client, deaf, NO_ANSWER[client], 0.2)
