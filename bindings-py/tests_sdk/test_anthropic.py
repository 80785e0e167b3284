"""``anthropic_messages`` with the real ``anthropic`` package: what every misbehaviour comes out as."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest
from failsoft import Agent, CallTimeout, Policy
from failsoft.adapters import UnusableReply, anthropic_messages, openai_chat
from harness import HI, Provider, attempts_of, failure_of, multiply, run, run_agent


def error(status: int, kind: str, message: str) -> dict[str, Any]:
    return {"do": "status", "status": status, "body": {"type": "error", "error": {"type": kind, "message": message}}}


def json_body(body: Any) -> dict[str, Any]:
    return {"do": "malformed_body", "body": json.dumps(body), "headers": {"content-type": "application/json"}}


def message(**fields: Any) -> dict[str, Any]:
    known = {"id": "m", "type": "message", "role": "assistant", "stop_reason": "end_turn"}
    return json_body({**known, "content": [{"type": "text", "text": "hello"}], **fields})


# What the provider does, and the kind and status of the failure that it must come out as.
CASES: dict[str, tuple[Any, str, int | None]] = {
    "reset": ("reset", "connect", None),
    "reset mid-body": ("cut:2:the answer is forty two", "connect", None),
    "close mid-body": ("close:2:the answer is forty two", "connect", None),
    "429": ("429", "rate_limited", 429),
    "out of credit": (error(400, "invalid_request_error", "Your credit balance is too low"), "quota_exhausted", 400),
    "billing": (error(402, "billing_error", "pay first"), "quota_exhausted", 402),
    "500": ("500", "server_error", 500),
    "503": ("503", "overloaded", 503),
    "529": ("529", "overloaded", 529),
    "context length": (error(400, "invalid_request_error", "prompt is too long: 9 > 8"), "context_overflow", 400),
    "content policy": (
        error(400, "invalid_request_error", "Output blocked by content filtering policy"),
        "content_refused",
        400,
    ),
    "400": ("400", "invalid_request", 400),
    "413": (error(413, "request_too_large", "too large"), "invalid_request", 413),
    "401": ("401", "auth", 401),
    "403": ("403", "auth", 403),
    "404": ("404", "not_found", 404),
    "HTML under 200": ("malformed_body", "malformed", None),
    "half a body": ("malformed_chunk:1:hello there", "malformed", None),
    "an empty body": ({"do": "malformed_body", "body": ""}, "malformed", None),
    "an error under 200": ("overloaded", "overloaded", None),
    "a list": (json_body([1]), "malformed", None),
    "a text": (json_body("hello"), "malformed", None),
    "null": (json_body(None), "malformed", None),
    "no content": (message(content=[]), "malformed", None),
    "content of nonsense": (message(content=5), "malformed", None),
    "blocks of nonsense": (message(content=[5]), "malformed", None),
    "neither answer nor tool call": ("answer:", "malformed", None),
    "nothing says it is whole": ("no_finish:9:the answer is", "malformed", None),
    "a paused turn": (message(stop_reason="pause_turn"), "malformed", None),
    "cut": ({"do": "answer", "text": "the answer is", "finish": "max_tokens"}, "context_overflow", None),
    "window full": (message(stop_reason="model_context_window_exceeded"), "context_overflow", None),
    "refused": (message(stop_reason="refusal"), "content_refused", None),
}


def client(way: str, url: str, **options: Any) -> Any:
    make = anthropic.Anthropic if way == "sync" else anthropic.AsyncAnthropic
    return make(base_url=url, api_key="sk-a-secret", **options)


@pytest.mark.parametrize("case", CASES)
def test_one_request_one_failure(provider: Provider, way: str, case: str) -> None:
    behaviour, kind, status = CASES[case]
    provider.script(m=behaviour)
    ours = client(way, provider.url)
    _, errors = attempts_of(way, ours, anthropic_messages(ours, "m"))
    failure = failure_of(errors)
    assert (failure.kind, failure.status, failure.effect) == (kind, status, "possible")
    assert len(provider.log("m")) == 1
    assert ours.max_retries == 2, "the caller's client is left as it was"


def test_a_stated_wait_is_kept(provider: Provider, way: str) -> None:
    provider.script(m="429:retry-after=7", ms="429:retry-after-ms=1500", hint="503:x-should-retry=false")
    failures = []
    for name in ("m", "ms", "hint"):
        ours = client(way, provider.url)
        failures.append(failure_of(attempts_of(way, ours, anthropic_messages(ours, name))[1]))
    assert [one.retry_after for one in failures] == [7.0, 1.5, None]
    assert failures[2].should_retry is False


def test_refused(nobody: str, way: str) -> None:
    ours = client(way, nobody)
    failure = failure_of(attempts_of(way, ours, anthropic_messages(ours, "m"))[1])
    assert (failure.kind, failure.effect) == ("connect", "none")


@pytest.mark.parametrize("behaviour", ["silence", "stall:1:the answer is"])
def test_our_limit_is_reported_as_ours(provider: Provider, way: str, behaviour: str) -> None:
    provider.script(m=behaviour)
    ours = client(way, provider.url)
    _, errors = attempts_of(way, ours, anthropic_messages(ours, "m"), timeout=0.2)
    assert failure_of(errors).kind == "timed_out"
    assert isinstance(errors[0], CallTimeout)
    assert len(provider.log("m")) == 1
    if way == "sync":
        assert isinstance(errors[0].__cause__, anthropic.APITimeoutError)


@pytest.mark.parametrize("where", ["client", "options"])
def test_a_shorter_limit_of_the_clients_own_is_its_own(provider: Provider, way: str, where: str) -> None:
    provider.script(m="silence")
    short = {"timeout": 0.2}
    ours = client(way, provider.url, **(short if where == "client" else {}))
    model = anthropic_messages(ours, "m", **(short if where == "options" else {}))
    _, errors = attempts_of(way, ours, model)
    assert failure_of(errors).kind == "read_timeout"
    assert isinstance(errors[0], anthropic.APITimeoutError)


def test_an_agent_makes_the_round_trip(provider: Provider, way: str) -> None:
    calls = [{"name": "multiply", "arguments": {"a": 17, "b": 23}}, {"name": "multiply", "arguments": {"a": 1, "b": 2}}]
    usage = {"input_tokens": 10, "output_tokens": 5}
    provider.script(
        m={
            "do": "after_tool",
            "first": {"do": "answer", "tool_calls": calls, "text": "let me see", "usage": usage},
            "then": {"do": "answer", "text": "the last is {last_tool_result}", "usage": usage},
        }
    )
    ours = client(way, provider.url)
    agent = Agent(anthropic_messages(ours, "m", max_tokens=100, stop_sequences=["x"]), tools=[multiply])
    result = run_agent(way, ours, agent)
    assert result.answer == "the last is 2"
    assert (result.steps, result.attempts, result.degraded, result.stop_reason) == (2, 2, False, "answered")
    assert (result.usage.input_tokens, result.usage.output_tokens) == (20, 10)
    first, second = (entry["body"] for entry in provider.log("m"))
    assert (first["max_tokens"], first["stop_sequences"]) == (100, ["x"])
    assert first["tools"][0]["name"] == "multiply"
    assert first["tools"][0]["description"] == "Multiplies two whole numbers."
    assert first["tools"][0]["input_schema"]["required"] == ["a", "b"]
    asked, told = second["messages"][1:]
    assert asked["role"] == "assistant"
    assert asked["content"][0] == {"type": "text", "text": "let me see"}
    assert [block["input"] for block in asked["content"][1:]] == [one["arguments"] for one in calls]
    keys = [block["id"] for block in asked["content"][1:]]
    results = [
        {"type": "tool_result", "tool_use_id": key, "content": text}
        for key, text in zip(keys, ["391", "2"], strict=True)
    ]
    assert told == {"role": "user", "content": results}


def test_arguments_that_are_no_object_are_told_to_the_model(provider: Provider, way: str) -> None:
    bad = {"do": "answer", "tool_calls": [{"name": "multiply", "arguments": '{"a": 17, '}]}
    provider.script(m=[bad, "answer:I see"])
    ours = client(way, provider.url)
    result = run_agent(way, ours, Agent(anthropic_messages(ours, "m"), tools=[multiply]))
    assert (result.answer, result.steps) == ("I see", 2)
    asked, told = provider.log("m")[1]["body"]["messages"][1:]
    assert asked["content"][0]["input"] == {"not_an_object": '{"a": 17, '}
    assert "multiply" in told["content"][0]["content"]


def test_a_conversation_begun_elsewhere_goes_on_here(provider: Provider) -> None:
    provider.script(m="answer:hello")
    call = {"id": "functions.multiply:0", "name": "multiply", "arguments": {"a": 1, "b": 2}}
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "1 x 2?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "name": "multiply", "content": "2"},
        {"role": "user", "content": "well?"},
    ]
    with client("sync", provider.url) as ours:
        anthropic_messages(ours, "m", system="you are a calculator")(messages)
    body = provider.log("m")[0]["body"]
    key = "functions_multiply_0"
    assert body["system"] == "you are a calculator\n\nbe brief"
    assert [one["role"] for one in body["messages"]] == ["user", "assistant", "user"]
    used = {"type": "tool_use", "id": key, "name": "multiply", "input": {"a": 1, "b": 2}}
    assert body["messages"][1]["content"] == [used]
    assert [one.get("tool_use_id") for one in body["messages"][2]["content"]] == [key, None]


def test_the_last_step_declares_the_tools_it_may_not_use(provider: Provider) -> None:
    provider.script(m=['call:multiply({"a":1,"b":2})', "answer:done"])
    with client("sync", provider.url) as ours:
        policy = Policy(turn={"steps": 2, "final_answer": True})
        model = anthropic_messages(ours, "m", tool_choice={"type": "auto"})
        assert Agent(model, tools=[multiply], policy=policy).run("1 x 2?").answer == "done"
    first, last = (entry["body"] for entry in provider.log("m"))
    assert first["tool_choice"] == {"type": "auto"}
    assert last["tool_choice"] == {"type": "none"}
    assert last["tools"] == [{"name": "multiply", "input_schema": {"type": "object"}}]


def test_cached_tokens_count(provider: Provider) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 400}
    provider.script(m=message(usage=usage))
    with client("sync", provider.url) as ours:
        assert anthropic_messages(ours, "m")(HI)["usage"] == {"input_tokens": 431, "output_tokens": 2}


def test_retries_are_the_engines_and_keep_their_key(provider: Provider, way: str) -> None:
    provider.script(m=["529", "reset", "answer:hello"])
    ours = client(way, provider.url)
    value, errors = attempts_of(way, ours, anthropic_messages(ours, "m"), max_attempts=3)
    assert value["answer"] == "hello"
    assert len(errors) == 2
    headers = [entry["headers"] for entry in provider.log("m")]
    assert len(headers) == 3
    assert len({one["idempotency-key"] for one in headers}) == 1
    assert {one["x-stainless-retry-count"] for one in headers} == {"0"}


def test_a_backup_of_another_provider_answers(provider: Provider, way: str) -> None:
    import openai

    provider.script(p=['call:multiply({"a":17,"b":23})', "401"], b="answer:it is {last_tool_result}")
    ours = client(way, provider.url)
    other = (openai.OpenAI if way == "sync" else openai.AsyncOpenAI)(base_url=f"{provider.url}/v1", api_key="k")
    agent = Agent(anthropic_messages(ours, "p"), fallbacks=[openai_chat(other, "b")], tools=[multiply])

    def both() -> Any:
        if way == "sync":
            with other:
                return agent.run("17 x 23?")

        async def main() -> Any:
            async with other:
                return await agent.arun("17 x 23?")

        return main()

    result = run(way, ours, both)
    assert (result.answer, result.degraded) == ("it is 391", False)
    assert (len(provider.log("p")), len(provider.log("b"))) == (2, 1)


def test_a_cut_answer_alone_is_degraded_and_says_why(provider: Provider, way: str) -> None:
    provider.script(m={"do": "answer", "text": "half an", "finish": "max_tokens"})
    ours = client(way, provider.url)
    result = run_agent(way, ours, Agent(anthropic_messages(ours, "m")))
    assert result.degraded
    assert "half an" not in result.answer
    assert isinstance(result.error, UnusableReply)


def test_a_part_is_taken_where_it_is_wanted(provider: Provider) -> None:
    provider.script(m={"do": "answer", "text": "half an", "finish": "max_tokens"})
    with client("sync", provider.url) as ours:
        assert anthropic_messages(ours, "m", accept_cut=True)(HI)["answer"] == "half an"


def test_what_it_says_of_itself() -> None:
    ours = anthropic.AsyncAnthropic(base_url="http://127.0.0.1:9", api_key="sk-a-secret")
    model = anthropic_messages(ours, "m")
    assert (model.is_async, model.honours_timeout) == (True, False)
    assert "secret" not in model.route.pop("credential")
    assert model.route == {"provider": "anthropic", "model": "m", "endpoint": "http://127.0.0.1:9"}


def test_what_is_no_client_is_refused_at_once() -> None:
    import openai

    for wrong in (anthropic.Anthropic, object(), openai.OpenAI(api_key="k")):
        with pytest.raises(TypeError, match="use a client of the package anthropic"):
            anthropic_messages(wrong, "m")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="options: stop_sequence is not allowed"):
        anthropic_messages(anthropic.Anthropic(api_key="k"), "m", stop_sequence="x")
