"""What providers say, through real clients: by status, headers and body, as far as the client lets them be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asking import error_of
from harness import Provider
from told import Told, told

SEEING = ("httpx", "httpx_async", "requests", "litellm", "litellm_async", "litellm_stream", "litellm_anthropic")
BLIND = ("httpx_stream", "requests_stream", "aiohttp", "aiohttp_sockets", "urllib")
"""Their exceptions have status and headers; the body is on the connection still, and nobody may read it there."""


def said(status: int, body: Any = None, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"do": "status", "status": status, "headers": named, **({} if body is None else {"body": body})}


def error(status: int, message: str, **fields: Any) -> dict[str, Any]:
    return said(status, {"error": {"message": message, **fields}})


RATE = Told("rate_limited", "rate_limit_429", 429)

# What an API of OpenAI's kind says, what it is, and what is left of that where the body cannot be seen.
CHAT: dict[str, tuple[dict[str, Any], Told, Told | None]] = {
    "retry-after": (said(429, {}, retry_after="7"), replace(RATE, retry_after=7), None),
    "retry-after-ms": (said(429, {}, retry_after_ms="1500"), replace(RATE, retry_after=1.5), None),
    "reset": (
        said(429, {}, x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="1m12s"),
        replace(RATE, reset_after=72),
        None,
    ),
    "quota": (
        error(429, "You exceeded your current quota", type="insufficient_quota", code="insufficient_quota"),
        Told("quota_exhausted", "quota", 429),
        RATE,
    ),
    "context": (
        error(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded"),
        Told("context_overflow", "context", 400),
        Told("invalid_request", "refused_4xx", 400),
    ),
    "key": (
        error(401, "Incorrect API key provided", code="invalid_api_key"),
        Told("auth", "auth_by_word", 401),
        Told("auth", "auth_401_403", 401),
    ),
    "model": (
        error(404, "The model does not exist", code="model_not_found"),
        Told("not_found", "model", 404),
        Told("not_found", "not_found_404_410", 404),
    ),
    "500": (said(500, "<html>oops</html>"), Told("server_error", "server_5xx", 500), None),
    "503": (said(503, {}), Told("overloaded", "overloaded_503_529", 503), None),
    "529": (
        said(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        Told("overloaded", "overloaded", 529),
        Told("overloaded", "overloaded_503_529", 529),
    ),
}


@pytest.mark.parametrize("case", CHAT)
@pytest.mark.parametrize("client", (*SEEING, *BLIND))
def test_what_an_api_of_openais_kind_says(provider: Provider, client: str, case: str) -> None:
    behaviour, seen, unseen = CHAT[case]
    provider.script(m=behaviour)
    raised = error_of(client, provider.url)
    assert told(raised) == (seen if client in SEEING or unseen is None else unseen), repr(raised)
    assert len(provider.log("m")) == 1


def google(status: int, word: str, message: str, **details: Any) -> dict[str, Any]:
    told = [{"@type": f"type.googleapis.com/google.rpc.{kind}", **fields} for kind, fields in details.items()]
    return said(status, {"error": {"code": status, "message": message, "status": word, "details": told}})


GOOGLE: dict[str, tuple[dict[str, Any], Told]] = {
    "a minute": (
        google(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            QuotaFailure={"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
            RetryInfo={"retryDelay": "34.5s"},
        ),
        replace(RATE, retry_after=34.5),
    ),
    "a day": (
        google(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            QuotaFailure={"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
            RetryInfo={"retryDelay": "34s"},
        ),
        Told("quota_exhausted", "quota", 429, retry_after=34),
    ),
    "key": (
        google(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            ErrorInfo={"reason": "API_KEY_INVALID"},
        ),
        Told("auth", "auth_by_word", 400),
    ),
    "overloaded": (
        google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        Told("overloaded", "overloaded_by_phrase", 503),
    ),
    "model": (google(404, "NOT_FOUND", "models/x is not found"), Told("not_found", "not_found_404_410", 404)),
    "500": (said(500, "<html>oops</html>"), Told("server_error", "server_5xx", 500)),
}


@pytest.mark.parametrize("case", GOOGLE)
@pytest.mark.parametrize("client", ("google", "google_async", "google_stream"))
def test_what_google_says(provider: Provider, client: str, case: str) -> None:
    behaviour, expected = GOOGLE[case]
    provider.script(m=behaviour)
    raised = error_of(client, provider.url)
    assert told(raised) == expected, repr(raised)


def amazon(status: int, word: str, message: str) -> dict[str, Any]:
    return said(status, {"message": message}, x_amzn_errortype=f"{word}:http://internal.amazon.com/coral/")


BEDROCK: dict[str, tuple[dict[str, Any], Told]] = {
    "throttled": (
        amazon(429, "ThrottlingException", "Too many requests, please wait"),
        replace(RATE, rule="rate_limit"),
    ),
    "quota": (
        amazon(400, "ServiceQuotaExceededException", "You have exceeded your quota"),
        Told("quota_exhausted", "quota", 400),
    ),
    "key": (
        amazon(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
        Told("auth", "auth_by_word", 403),
    ),
    "context": (
        amazon(400, "ValidationException", "Input is too long for requested model."),
        Told("context_overflow", "context_by_phrase", 400),
    ),
    "not ready": (
        amazon(429, "ModelNotReadyException", "The model is not ready"),
        Told("overloaded", "overloaded", 429),
    ),
    "unavailable": (
        amazon(503, "ServiceUnavailableException", "Service unavailable"),
        Told("overloaded", "overloaded", 503),
    ),
    "500": (amazon(500, "InternalServerException", ""), Told("server_error", "server_5xx", 500)),
}


@pytest.mark.parametrize("case", BEDROCK)
@pytest.mark.parametrize("client", ("bedrock", "bedrock_stream", "bedrock_invoke"))
def test_what_amazon_says(provider: Provider, client: str, case: str) -> None:
    behaviour, expected = BEDROCK[case]
    provider.script(m=behaviour)
    raised = error_of(client, provider.url)
    assert told(raised) == expected, repr(raised)


AMID: dict[str, Told] = {
    "google_stream": Told("overloaded", "overloaded_503_529", 503),
    "bedrock_stream": Told("overloaded", "overloaded"),
    "litellm_stream": Told("overloaded", "overloaded"),
    "litellm_anthropic": Told("server_error", "server_5xx", 500),  # nothing is kept of it but a status that is made up
}


@pytest.mark.parametrize("client", AMID)
def test_an_error_under_status_200(provider: Provider, client: str) -> None:
    provider.script(m="overloaded:2")
    raised = error_of(client, provider.url)
    assert told(raised) == AMID[client], repr(raised)
