"""``openai_chat`` with the real ``openai`` package: what every misbehaviour comes out as."""

from __future__ import annotations

import contextlib
import json
import pickle
import socket
import subprocess
import sys
import threading
from typing import Any

import openai
import pytest
from failsoft import Agent, CallTimeout, Policy, classify
from failsoft.adapters import ProviderError, UnusableReply, openai_chat
from harness import HI, Provider, attempts_of, failure_of, multiply, run, run_agent


def error(status: int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    return {"do": "status", "status": status, "body": {"error": body}, "headers": headers}


def json_body(body: Any) -> dict[str, Any]:
    return {"do": "malformed_body", "body": json.dumps(body), "headers": {"content-type": "application/json"}}


def choice(**fields: Any) -> dict[str, Any]:
    message = fields.pop("message", {"role": "assistant", "content": "hello"})
    return json_body({"id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": message, **fields}]})


# What the provider does, and the kind and status of the failure that it must come out as.
CASES: dict[str, tuple[Any, str, int | None]] = {
    "reset": ("reset", "connect", None),
    "reset mid-body": ("cut:2:the answer is forty two", "connect", None),
    "close mid-body": ("close:2:the answer is forty two", "connect", None),
    "429": ("429", "rate_limited", 429),
    "insufficient_quota": (
        error(429, {"message": "You exceeded ..", "type": "insufficient_quota", "code": "insufficient_quota"}),
        "quota_exhausted",
        429,
    ),
    "500": ("500", "server_error", 500),
    "503": ("503", "overloaded", 503),
    "529": ("529", "overloaded", 529),
    "context length": (
        error(
            400, {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}
        ),
        "context_overflow",
        400,
    ),
    "content policy": (
        error(400, {"message": "no", "code": "content_policy_violation", "type": "invalid_request_error"}),
        "content_refused",
        400,
    ),
    "400": ("400", "invalid_request", 400),
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
    "no choices": (json_body({"choices": []}), "malformed", None),
    "choices of nonsense": (json_body({"choices": 5}), "malformed", None),
    "a message of nonsense": (choice(message=5), "malformed", None),
    "tool calls of nonsense": (choice(message={"role": "assistant", "tool_calls": 5}), "malformed", None),
    "neither answer nor tool call": ("answer:", "malformed", None),
    "nothing says it is whole": ("no_finish:9:the answer is", "malformed", None),
    "an error mid-way": (choice(finish_reason="error"), "malformed", None),
    "cut": ({"do": "answer", "text": "the answer is", "finish": "length"}, "context_overflow", None),
    "filtered": ({"do": "answer", "text": "the", "finish": "content_filter"}, "content_refused", None),
    "refused": (
        choice(message={"role": "assistant", "content": None, "refusal": "I cannot do that"}),
        "content_refused",
        None,
    ),
}


def client(way: str, url: str, **options: Any) -> Any:
    make = openai.OpenAI if way == "sync" else openai.AsyncOpenAI
    return make(base_url=f"{url}/v1", api_key="sk-a-secret", **options)


@pytest.mark.parametrize("case", CASES)
def test_one_request_one_failure(provider: Provider, way: str, case: str) -> None:
    behaviour, kind, status = CASES[case]
    provider.script(m=behaviour)
    ours = client(way, provider.url)
    _, errors = attempts_of(way, ours, openai_chat(ours, "m"))
    failure = failure_of(errors)
    assert (failure.kind, failure.status, failure.effect) == (kind, status, "possible")
    assert len(provider.log("m")) == 1
    assert ours.max_retries == 2, "the caller's client is left as it was"


def test_a_stated_wait_is_kept(provider: Provider, way: str) -> None:
    provider.script(m="429:retry-after=7", ms="429:retry-after-ms=1500", hint="503:x-should-retry=false")
    failures = []
    for name in ("m", "ms", "hint"):
        ours = client(way, provider.url)
        failures.append(failure_of(attempts_of(way, ours, openai_chat(ours, name))[1]))
    assert [one.retry_after for one in failures] == [7.0, 1.5, None]
    assert failures[2].should_retry is False


def test_refused(nobody: str, way: str) -> None:
    ours = client(way, nobody)
    failure = failure_of(attempts_of(way, ours, openai_chat(ours, "m"))[1])
    assert (failure.kind, failure.effect) == ("connect", "none")


@pytest.mark.parametrize("behaviour", ["silence", "stall:1:the answer is"])
def test_our_limit_is_reported_as_ours(provider: Provider, way: str, behaviour: str) -> None:
    provider.script(m=behaviour)
    ours = client(way, provider.url)
    _, errors = attempts_of(way, ours, openai_chat(ours, "m"), timeout=0.2)
    assert failure_of(errors).kind == "timed_out"
    assert isinstance(errors[0], CallTimeout)
    assert len(provider.log("m")) == 1
    if way == "sync":
        assert isinstance(errors[0].__cause__, openai.APITimeoutError)
        assert str(errors[0]) == "m was given up on after 0.2 s of silence"


@pytest.mark.parametrize("way", ["a thread", "asyncio", "trio"])
def test_a_server_that_dribbles_is_given_up_on_where_that_is_possible(way: str) -> None:
    over = threading.Event()

    def dribble() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n")
            while not over.wait(0.05):
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=dribble)
        thread.start()
        ours = client("sync" if way == "a thread" else way, f"http://127.0.0.1:{server.getsockname()[1]}")
        model = openai_chat(ours, "m")
        assert model.honours_timeout == (way == "a thread")
        model.honours_timeout = False
        policy = Policy(attempt={"timeout": 0.3}, retry={"max_attempts": 1})
        result = run_agent("sync" if way == "a thread" else way, ours, Agent(model, policy=policy))
        over.set()
        thread.join()
    assert result.degraded
    assert any("timed_out" in line for line in result.lines)


@pytest.mark.parametrize("where", ["client", "options"])
def test_a_shorter_limit_of_the_clients_own_is_its_own(provider: Provider, way: str, where: str) -> None:
    provider.script(m="silence")
    short = {"timeout": 0.2}
    ours = client(way, provider.url, **(short if where == "client" else {}))
    _, errors = attempts_of(way, ours, openai_chat(ours, "m", **(short if where == "options" else {})))
    assert failure_of(errors).kind == "read_timeout"
    assert isinstance(errors[0], openai.APITimeoutError)


def test_limits_are_shortened_phase_by_phase(provider: Provider) -> None:
    from failsoft._models.chat import _shorter

    own = openai.Timeout(600, connect=5.0)
    both, is_ours = _shorter(own, 60.0)
    assert (both, is_ours) == (openai.Timeout(60, connect=5.0), True)
    assert _shorter(own, float("inf")) == (own, False)
    assert _shorter(None, 60.0) == (60.0, True)
    assert _shorter(30, 60.0) == (30, False)
    assert _shorter(openai.Timeout(None), 60.0) == (openai.Timeout(60), True)


def test_an_agent_makes_the_round_trip(provider: Provider, way: str) -> None:
    call = {"name": "multiply", "arguments": {"a": 17, "b": 23}}
    usage = {"input_tokens": 10, "output_tokens": 5}
    provider.script(
        m={
            "do": "after_tool",
            "first": {"do": "answer", "tool_calls": [call], "text": "let me see", "usage": usage},
            "then": {"do": "answer", "text": "17 x 23 = {last_tool_result}", "usage": usage},
        }
    )
    ours = client(way, provider.url)
    agent = Agent(openai_chat(ours, "m", temperature=0), tools=[multiply])
    result = run_agent(way, ours, agent)
    assert result.answer == "17 x 23 = 391"
    assert (result.steps, result.attempts, result.degraded, result.stop_reason) == (2, 2, False, "answered")
    assert (result.usage.input_tokens, result.usage.output_tokens) == (20, 10)
    first, second = (entry["body"] for entry in provider.log("m"))
    assert first["messages"] == [{"role": "user", "content": "What is 17 times 23?"}]
    assert first["temperature"] == 0
    assert first["tools"][0]["type"] == "function"
    assert first["tools"][0]["function"]["name"] == "multiply"
    assert first["tools"][0]["function"]["parameters"]["required"] == ["a", "b"]
    asked, told = second["messages"][1:]
    assert asked["content"] == "let me see"
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"a": 17, "b": 23}
    assert told == {"role": "tool", "tool_call_id": asked["tool_calls"][0]["id"], "content": "391"}


def test_arguments_that_are_no_json_are_told_to_the_model(provider: Provider, way: str) -> None:
    bad = {"do": "answer", "tool_calls": [{"name": "multiply", "arguments": '{"a": 17, '}]}
    provider.script(m=[bad, "call:multiply({})", "answer:I see"])
    ours = client(way, provider.url)
    result = run_agent(way, ours, Agent(openai_chat(ours, "m"), tools=[multiply]))
    assert (result.answer, result.steps) == ("I see", 3)
    bodies = [entry["body"] for entry in provider.log("m")]
    assert bodies[1]["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"a": 17, '
    assert "multiply" in bodies[1]["messages"][2]["content"]
    assert "argument" in bodies[2]["messages"][4]["content"]


def test_no_arguments_at_all_are_none(provider: Provider) -> None:
    provider.script(m={"do": "answer", "tool_calls": [{"name": "now", "arguments": ""}]})
    with client("sync", provider.url) as ours:
        assert openai_chat(ours, "m")(HI)["tool_calls"][0]["arguments"] == {}


def test_retries_are_the_engines_and_keep_their_key(provider: Provider, way: str) -> None:
    provider.script(m=["503", "reset", "answer:hello"])
    ours = client(way, provider.url)
    model = openai_chat(ours, "m", extra_headers={"x-mine": "1"})
    value, errors = attempts_of(way, ours, model, max_attempts=3)
    assert value["answer"] == "hello"
    assert len(errors) == 2
    headers = [entry["headers"] for entry in provider.log("m")]
    assert len(headers) == 3
    assert len({one["idempotency-key"] for one in headers}) == 1
    assert headers[0]["idempotency-key"]
    assert {one["x-stainless-retry-count"] for one in headers} == {"0"}
    assert {one["x-mine"] for one in headers} == {"1"}


def test_two_calls_have_two_keys(provider: Provider) -> None:
    provider.script(m="answer:hello")
    for _ in range(2):
        ours = client("sync", provider.url)
        attempts_of("sync", ours, openai_chat(ours, "m"))
    assert len({entry["headers"]["idempotency-key"] for entry in provider.log("m")}) == 2


def test_a_backup_answers_and_the_next_turn_is_back(provider: Provider, way: str) -> None:
    provider.script(p=["503x3", "answer:from p"], b="answer:from b")
    ours = client(way, provider.url)
    agent = Agent(openai_chat(ours, "p"), fallbacks=[openai_chat(ours, "b")], sleep=lambda delay: None)

    def both() -> Any:
        if way == "sync":
            return agent.run("one"), agent.run("two")

        async def one_after_the_other() -> Any:
            return await agent.arun("one"), await agent.arun("two")

        return one_after_the_other()

    one, two = run(way, ours, both)
    assert (one.answer, two.answer) == ("from b", "from p")
    assert (len(provider.log("p")), len(provider.log("b"))) == (4, 1)


def test_a_cut_answer_goes_to_the_next_route_at_once(provider: Provider, way: str) -> None:
    provider.script(p={"do": "answer", "text": "half an", "finish": "length"}, b="answer:a whole answer")
    ours = client(way, provider.url)
    agent = Agent(openai_chat(ours, "p"), fallbacks=[openai_chat(ours, "b")])
    assert run_agent(way, ours, agent).answer == "a whole answer"
    assert len(provider.log("p")) == 1


def test_a_cut_answer_alone_is_degraded_and_says_why(provider: Provider, way: str) -> None:
    provider.script(m={"do": "answer", "text": "half an", "finish": "length"})
    ours = client(way, provider.url)
    result = run_agent(way, ours, Agent(openai_chat(ours, "m")))
    assert result.degraded
    assert "half an" not in result.answer
    assert isinstance(result.error, UnusableReply)
    assert str(result.error) == "m: the answer was cut (length): allow it more tokens"
    assert result.error.reply.choices[0].message.content == "half an"


def test_a_part_is_taken_where_it_is_wanted(provider: Provider, way: str) -> None:
    provider.script(m=[{"do": "answer", "text": "half an", "finish": "length"}, "no_finish:9:half an"])
    for _ in range(2):
        ours = client(way, provider.url)
        value, _ = attempts_of(way, ours, openai_chat(ours, "m", accept_cut=True))
        assert value["answer"] == "half an"


def test_what_the_provider_said_under_200_is_told(provider: Provider) -> None:
    provider.script(m="overloaded")
    with client("sync", provider.url) as ours, pytest.raises(ProviderError, match="overloaded_error") as caught:
        openai_chat(ours, "m")(HI)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.body) == (str(caught.value), caught.value.body)


def test_an_error_of_an_older_server_under_200_is_known(provider: Provider) -> None:
    error = {"object": "error", "message": "This model's maximum context length is 8 tokens", "code": 400}
    provider.script(m={"do": "status", "status": 200, "body": error})
    with (
        client("sync", provider.url) as ours,
        pytest.raises(ProviderError, match=r'under status 200 is an error: .*"object"') as caught,
    ):
        openai_chat(ours, "m")(HI)
    assert classify(caught.value).kind == "context_overflow"


def test_what_cannot_be_used_can_be_pickled(provider: Provider) -> None:
    provider.script(m="answer:")
    with client("sync", provider.url) as ours, pytest.raises(UnusableReply) as caught:
        openai_chat(ours, "m")(HI)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.failsoft_failure) == (str(caught.value), caught.value.failsoft_failure)


def test_it_is_a_function_too(provider: Provider, way: str) -> None:
    provider.script(m=["503", "answer:hello"])
    ours = client(way, provider.url)
    model = openai_chat(ours, "m")

    def ask() -> Any:
        return model(HI, [])

    async def aask() -> Any:
        return await model(HI, [])

    with pytest.raises(openai.InternalServerError):
        run(way, ours, ask if way == "sync" else aask)
    ours = client(way, provider.url)
    model = openai_chat(ours, "m")
    assert run(way, ours, ask if way == "sync" else aask)["answer"] == "hello"
    assert len(provider.log("m")) == 2
    assert "tools" not in provider.log("m")[0]["body"]


def test_the_last_step_without_tools_drops_what_goes_with_them(provider: Provider) -> None:
    provider.script(m=['call:multiply({"a":1,"b":2})', "answer:done"])
    with client("sync", provider.url) as ours:
        policy = Policy(turn={"steps": 2, "final_answer": True})
        model = openai_chat(ours, "m", tool_choice="auto", parallel_tool_calls=False)
        assert Agent(model, tools=[multiply], policy=policy).run("1 x 2?").answer == "done"
    first, last = (entry["body"] for entry in provider.log("m"))
    assert {"tools", "tool_choice", "parallel_tool_calls"} <= first.keys()
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & last.keys()


def test_what_it_says_of_itself() -> None:
    ours = openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-a-secret")
    azure = openai.AsyncAzureOpenAI(azure_endpoint="http://127.0.0.1:9", api_key="sk-b", api_version="2024-06-01")
    model = openai_chat(ours, "m", route={"name": "eu", "context_window": 8192})
    assert (model.is_async, model.honours_timeout) == (False, True)
    credential = model.route.pop("credential")
    assert credential.startswith("sha256:")
    assert "secret" not in credential
    assert model.route == {
        "name": "eu",
        "provider": "openai",
        "model": "m",
        "endpoint": "http://127.0.0.1:9/v1/",
        "context_window": 8192,
    }
    assert Agent(model).session.routes[0].context_window == 8192
    model = openai_chat(azure, "m")
    assert (model.is_async, model.honours_timeout, model.route["provider"]) == (True, False, "azureopenai")


def test_what_is_no_client_is_refused_at_once() -> None:
    for wrong in (openai.OpenAI, object(), "openai"):
        with pytest.raises(TypeError, match="use a client of the package openai"):
            openai_chat(wrong, "m")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="options: temperatur is not allowed"):
        openai_chat(openai.OpenAI(api_key="k"), "m", temperatur=0)


def test_no_sdk_is_imported_unasked() -> None:
    code = (
        "import sys, failsoft.adapters; sys.exit(bool({'openai', 'anthropic', 'httpx', 'httpx2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_async_client_in_a_sync_run_says_so() -> None:
    with pytest.raises(TypeError, match="<AsyncOpenAI m> is async; use arun"):
        Agent(openai_chat(openai.AsyncOpenAI(api_key="k"), "m")).run("hi")
