from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from failsoft import (
    CallTimeout,
    DeadlineExceeded,
    Failure,
    PermanentError,
    TransientError,
    classify,
)


class HttpError(Exception):
    """As SDKs raise it."""

    def __init__(self, status: int, headers: Any = None, body: Any = None, message: str = "") -> None:
        super().__init__(message)
        self.status_code, self.body = status, body
        self.response = type("Response", (), {"headers": headers or {}, "status_code": status})()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TransientError(), "server_error"),
        (PermanentError(), "invalid_request"),
        (CallTimeout(), "timed_out"),
        (ConnectionRefusedError(), "connect"),
        (ConnectionResetError(), "connect"),
        (TypeError(), "bug"),
        (AttributeError(), "bug"),
        (ssl.SSLCertVerificationError(), "certificate"),
        (Exception("?"), "unknown"),
        (HttpError(429), "rate_limited"),
        (HttpError(401), "auth"),
        (HttpError(404), "not_found"),
        (HttpError(500), "server_error"),
        (HttpError(529), "overloaded"),
        (HttpError(400), "invalid_request"),
        (HttpError(429, body={"error": {"code": "insufficient_quota"}}), "quota_exhausted"),
        (HttpError(400, body={"error": {"code": "context_length_exceeded"}}), "context_overflow"),
        (HttpError(500, body={"type": "error", "error": {"type": "overloaded_error"}}), "overloaded"),
    ],
    ids=repr,
)
def test_what_a_failure_is(error: Exception, kind: str) -> None:
    assert classify(error).kind == kind


def test_a_deadline_of_the_turn_is_not_transient() -> None:
    assert classify(DeadlineExceeded("over")).kind not in ("timed_out", "read_timeout", "server_error")


def test_headers_of_the_response_are_read() -> None:
    failure = classify(HttpError(429, {"retry-after": "3", "x-should-retry": "false"}))
    assert (failure.status, failure.retry_after, failure.should_retry) == (429, 3.0, False)


def test_a_cause_tells_what_a_wrapper_does_not() -> None:
    class Wrapper(Exception): ...

    try:
        try:
            raise ConnectionRefusedError("no")
        except OSError as error:
            raise Wrapper from error
    except Wrapper as wrapped:
        assert classify(wrapped).kind == "connect"


def test_a_suppressed_context_counts() -> None:
    class Wrapper(Exception): ...

    try:
        try:
            raise ConnectionRefusedError("no")
        except OSError:
            raise Wrapper from None
    except Wrapper as wrapped:
        assert classify(wrapped).kind == "connect"


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = Exception("a"), Exception("b")
    first.__cause__, second.__cause__ = second, first
    assert classify(first).kind == "unknown"


def test_a_failure_that_an_exception_brings_along_is_taken_as_it_is() -> None:
    error = ValueError()
    error.failsoft_failure = Failure("overloaded", retry_after=2)  # type: ignore[attr-defined]
    assert classify(error) == Failure("overloaded", retry_after=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit()])
def test_even_what_is_no_exception_is_classified(error: BaseException) -> None:
    assert isinstance(classify(error), Failure)


class Hostile(Exception):
    """Everything about it raises."""

    def __str__(self) -> str:
        raise RuntimeError

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __bool__(self) -> bool:
        raise RuntimeError


class OddHeaders:
    def get(self, name: str) -> str:
        raise KeyError(name)


class Text(str):
    def __getitem__(self, _: Any) -> Any:
        raise RuntimeError


class OddText(Exception):
    def __str__(self) -> str:
        return Text("odd")


def odd(**attributes: Any) -> Exception:
    error = Exception("odd")
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


ODD = [
    Hostile(),
    OddText(),
    Exception("\ud800"),
    odd(status_code=10**30),
    odd(status_code=True),
    odd(status_code="429"),
    odd(headers=OddHeaders()),
    odd(headers={"retry-after": b"1"}),
    odd(headers={"retry-after": "\ud800"}),
    odd(headers=42, body=42, response=42, code=[], type={}),
    odd(exceptions=("not", "exceptions")),
    odd(body={"error": None}),
    odd(code="\ud800"),
    odd(code=Hostile(), status=Hostile(), headers=Hostile(), body=Hostile(), response=Hostile()),
]


@pytest.mark.parametrize("place", range(len(ODD)))
def test_an_odd_exception_never_breaks_it(place: int) -> None:
    assert isinstance(classify(ODD[place]), Failure)


def test_the_cause_of_a_hostile_one_is_still_found() -> None:
    outer = Exception("x")
    outer.__cause__ = Hostile()
    assert classify(outer).kind == "unknown"


def test_unknown_kinds_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r'failure\.kind: "oops" is not allowed; use one of connect, '):
        Failure("oops")
    with pytest.raises(ValueError, match=r"failure\.retry_after: -1 s is not allowed"):
        Failure("overloaded", retry_after=-1)
