"""What is read of an exception, and what never is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from failsoft import classify
from failsoft._facts.body import LONGEST
from failsoft._facts.facts import facts


def error(message: str = "no", **attributes: Any) -> Exception:
    made = Exception(message)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


class Open:
    """A response whose body is on the connection still."""

    status_code = 500
    headers: Any = None

    @property
    def text(self) -> str:
        raise AssertionError("this would read from a socket")

    content = body = json = text


def test_a_body_that_was_not_read_is_not_read() -> None:
    found = facts(error(response=Open()))
    assert found["status"] == 500
    assert "body" not in found


@pytest.mark.parametrize(
    "attributes",
    [
        {"response": SimpleNamespace(_content=b'{"error": "no"}')},
        {"response": SimpleNamespace(_body=bytearray(b'{"error": "no"}'))},
        {"response": SimpleNamespace(text='{"error": "no"}')},
        {"raw_response": SimpleNamespace(_content=b'{"error": "no"}')},
        {"body": '{"error": "no"}'},
        {"body": b'{"error": "no"}'},
        {"body": {"error": "no"}, "response": Open()},
        {"details": {"error": "no"}},
        {"response_json": {"error": "no"}},
        {"response": {"error": "no", "ResponseMetadata": {"HTTPStatusCode": 500}}},
    ],
    ids=str,
)
def test_a_body_is_found_wherever_a_client_has_left_it(attributes: dict[str, Any]) -> None:
    assert json.loads(facts(error(**attributes))["body"]) == {"error": "no"}


@pytest.mark.parametrize("body", [b"", "", {}, [], None, 5, object(), iter(()), {1: {2}}, {("a",): 1}])
def test_what_is_no_body_is_none(body: Any) -> None:
    found = facts(error(body=body, status_code=500)).get("body")
    assert found in (None, '{"1":null}')


def test_of_a_long_body_only_the_beginning_is_looked_at() -> None:
    assert facts(error(body=b"\xff" * 10**6))["body"] == "\ufffd" * LONGEST
    assert len(facts(error(body={"echo": ["x" * 100] * 10**5}))["body"]) == LONGEST
    itself: dict[str, Any] = {"message": "no"}
    itself["itself"] = itself
    assert "body" not in facts(error(body=itself))


def test_headers_in_any_case_and_form() -> None:
    class Raw:
        def items(self) -> Any:
            return [(b"Retry-After", b"7"), ("X-SHOULD-RETRY", "true"), ("set-cookie", "a secret"), (5, 5)]

    expected = {"retry-after": "7", "x-should-retry": "true"}
    assert facts(error(headers=Raw()))["headers"] == expected
    assert facts(error(response=SimpleNamespace(headers={"Retry-After": 7, "X-Should-Retry": "true"})))["headers"] == (
        expected
    )
    aws = {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "7", "x-should-retry": "true"}}
    assert facts(error(response={"Error": {}, "ResponseMetadata": aws}))["headers"] == expected


def test_no_more_headers_are_kept_than_the_engine_reads() -> None:
    headers = {**{f"x-{i}": "y" for i in range(300)}, "retry-after": "7"}
    assert facts(error(headers=headers))["headers"] == {}, "after so many of them it is given up"
    assert facts(error(headers={"retry-after": "7" * 5000}))["headers"] == {}


def test_a_phase_that_a_reader_has_noted() -> None:
    lost = ConnectionResetError()
    lost.failsoft_phase = "idle"  # type: ignore[attr-defined]
    assert facts(lost)["phase"] == "idle"
    assert facts(lost, phase="send")["phase"] == "send"
    lost.failsoft_phase = "lunch"  # type: ignore[attr-defined]
    assert facts(lost)["phase"] is None, "whatever else somebody has noted there"
    assert classify(lost).kind == "connect"


def test_who_was_asked_is_known_by_the_package() -> None:
    def of(module: str) -> Any:
        return facts(type("APIError", (Exception,), {"__module__": module})())["provider"]

    assert [of(module) for module in ("anthropic", "google.genai.errors", "botocore.exceptions")] == [
        "anthropic",
        "google",
        "bedrock",
    ]
    assert [of(module) for module in ("openai", "google", "builtins", "")] == [None] * 4
    assert facts(error(), provider="OpenRouter")["provider"] == "openrouter"


def test_a_translation_is_judged_by_what_it_was_made_from() -> None:
    made_up = type("InternalServerError", (Exception,), {"__module__": "litellm.exceptions"})("500")
    made_up.status_code = 500
    made_up.__context__ = ConnectionRefusedError()
    assert "status" not in facts(made_up)
    assert (classify(made_up).kind, classify(made_up).effect) == ("connect", "none")
    made_up.__context__ = None
    assert facts(made_up)["status"] == 500, "there is nothing else to go by"


def test_a_status_that_a_parser_made_up_is_none() -> None:
    cut = type("ContentLengthError", (Exception,), {"__module__": "aiohttp.http_exceptions", "code": 400})()
    assert "status" not in facts(cut)


def test_the_classes_end_at_the_root() -> None:
    class Mixin: ...

    class Ours(Exception, Mixin): ...

    assert facts(Ours())["classes"] == ["Ours", "Exception"]
    assert facts(KeyboardInterrupt())["classes"] == ["KeyboardInterrupt", "BaseException"]


class Loud(str):
    """Text that raises whatever is done with it."""

    def __len__(self) -> int:
        raise RuntimeError

    __getitem__ = __eq__ = __hash__ = lower = isdigit = isascii = __str__ = __len__  # type: ignore[assignment]


class Unnamed(type):
    @property
    def __name__(cls) -> Any:  # type: ignore[override]
        return 5


def test_hostile_words_and_classes() -> None:
    nameless = Unnamed("Nameless", (Exception,), {})
    assert facts(nameless("no"))["classes"] == ["Exception"]
    found = facts(error(code=Loud("quota"), type=Loud("x"), body=Loud("{}"), headers={"retry-after": Loud("7")}))
    assert (found["code"], found["error_type"], found["body"]) == ("quota", "x", "{}")
    assert found["headers"] == {"retry-after": "7"}
    assert classify(error(llm_provider=Loud("openrouter"), num_retries=Loud("2"))).kind == "unknown"


class Busy(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise KeyboardInterrupt


def test_ctrl_c_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        facts(error(headers=Busy()))
