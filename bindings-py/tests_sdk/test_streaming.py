"""Streams of the real SDKs through the adapters: what every misbehaviour amid a stream comes out as."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import anthropic
import openai
import pytest
from failsoft import Agent, CallTimeout, Discard, Exhausted, Policy, Session
from failsoft.adapters import ProviderError, UnusableReply, anthropic_messages, openai_chat
from harness import HI, WAYS, Provider, attempts_of, failure_of, multiply, run, run_agent

TEXT = "the answer is forty two"
# What a stream that is left early leaves to the collector inside the SDKs and httpx, trio remarks on.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")


@pytest.fixture(params=["openai", "anthropic"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client(api: str, way: str, url: str) -> Any:
    if api == "openai":
        return (openai.OpenAI if way == "sync" else openai.AsyncOpenAI)(base_url=f"{url}/v1", api_key="k")
    return (anthropic.Anthropic if way == "sync" else anthropic.AsyncAnthropic)(base_url=url, api_key="k")


def model(api: str, ours: Any, name: str = "m", **options: Any) -> Any:
    return (openai_chat if api == "openai" else anthropic_messages)(ours, name, stream=True, **options)


def ask(provider: Provider, api: str, way: str, behaviour: Any, **options: Any) -> tuple[Any, list[Exception]]:
    provider.script(m=behaviour)
    ours = client(api, way, provider.url)
    return attempts_of(way, ours, model(api, ours), **options)


WHOLE: dict[str, Any] = {
    "an answer": f"answer:{TEXT}",
    "a chunk that is no JSON, and the rest": f"malformed_chunk:2:{TEXT}",
    "no terminator": f"no_terminator:{TEXT}",
    "no terminator, and it stays open": {"do": "no_terminator", "stays_open": True, "reply": TEXT},
    "keep-alives amid it": {"do": "stall", "after": 2, "for_ms": 60, "keep_alive_ms": 20, "reply": TEXT},
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_whole_answer(provider: Provider, api: str, way: str, case: str) -> None:
    begun = time.monotonic()
    value, errors = ask(provider, api, way, WHOLE[case])
    assert (value, errors) == (
        {"answer": TEXT, "model": "m", "usage": {"input_tokens": 1, "output_tokens": 5}},
        [],
    )
    assert time.monotonic() - begun < 2, "a terminator that is missing is not waited for"


# What the provider does amid the stream, the kind that it must come out as, and how far the stream had come.
BROKEN: dict[str, tuple[Any, str, str | None]] = {
    "reset before the first part": (f"cut:0:{TEXT}", "connect", "first_progress"),
    "reset": (f"cut:2:{TEXT}", "stream_broken", "idle"),
    "closed": (f"close:2:{TEXT}", "stream_broken", "idle"),
    "a chunk that is no JSON, and then nothing": (
        {"do": "malformed_chunk", "after": 2, "goes_on": False, "reply": TEXT},
        "stream_broken",
        "idle",
    ),
    "nothing says it is whole": (f"no_finish:2:{TEXT}", "stream_broken", "idle"),
    "a terminator alone": ({"do": "no_finish", "terminator": True, "reply": TEXT}, "stream_broken", "idle"),
    "an error before the first part": ("overloaded:0", "overloaded", "first_progress"),
    "an error": ("overloaded:2", "overloaded", "idle"),
    "filtered": ({"do": "answer", "text": "the", "finish": "content_filter"}, "content_refused", "idle"),
    "429": ("429", "rate_limited", "first_progress"),
    "HTML under 200": ("malformed_body", "malformed", None),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_one(provider: Provider, api: str, way: str, case: str) -> None:
    behaviour, kind, phase = BROKEN[case]
    _, errors = ask(provider, api, way, behaviour)
    assert failure_of(errors).kind == kind
    assert len(provider.log("m")) == 1
    if phase is not None:
        assert errors[0].failsoft_phase == phase  # type: ignore[attr-defined]
    if case.startswith("an error"):
        assert isinstance(errors[0], ProviderError)
    if case == "filtered":
        assert isinstance(errors[0], UnusableReply)
        assert errors[0].failsoft_usage == {"input_tokens": 1, "output_tokens": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("keep_alive", [None, 50])
def test_in_a_plain_call_the_whole_has_our_limit(
    provider: Provider, api: str, way: str, keep_alive: int | None
) -> None:
    stall = {"do": "stall", "after": 2, "keep_alive_ms": keep_alive, "reply": TEXT}
    _, errors = ask(provider, api, way, stall if keep_alive else f"stall:2:{TEXT}", timeout=0.3)
    assert failure_of(errors).kind == "timed_out"
    assert isinstance(errors[0], CallTimeout)


def test_tool_calls_are_put_together(provider: Provider, api: str, way: str) -> None:
    calls = [{"name": "multiply", "arguments": {"a": 17, "b": 23}}, {"name": "multiply", "arguments": {}}]
    value, _ = ask(provider, api, way, {"do": "answer", "text": "let me see", "tool_calls": calls})
    assert value["answer"] == "let me see"
    assert [{"name": one["name"], "arguments": one["arguments"]} for one in value["tool_calls"]] == calls
    assert len({one["id"] for one in value["tool_calls"]}) == 2


def test_a_cut_may_be_accepted(provider: Provider, api: str) -> None:
    provider.script(m={"do": "answer", "text": "half an", "finish": "length" if api == "openai" else "max_tokens"})
    with client(api, "sync", provider.url) as ours:
        assert model(api, ours, accept_cut=True)(HI)["answer"] == "half an"
        with pytest.raises(UnusableReply):
            model(api, ours)(HI)


def test_usage_is_asked_for_unless_the_caller_did(provider: Provider) -> None:
    provider.script(m="answer:x")
    with client("openai", "sync", provider.url) as ours:
        assert model("openai", ours)(HI)["usage"] == {"input_tokens": 1, "output_tokens": 1}
        assert "usage" not in model("openai", ours, stream_options={"include_usage": False})(HI)
    asked = [entry["body"]["stream_options"] for entry in provider.log("m")]
    assert asked == [{"include_usage": True}, {"include_usage": False}]


def test_the_connection_is_used_again(provider: Provider, api: str, way: str) -> None:
    provider.script(m="answer:x")
    ours = client(api, way, provider.url)
    one = model(api, ours)

    async def main() -> None:
        await one(HI)
        await one(HI)

    run(way, ours, lambda: [one(HI), one(HI)] if way == "sync" else main())
    assert len({entry["connection"] for entry in provider.log("m")}) == 1


def test_a_reply_that_comes_whole_all_the_same(provider: Provider, way: str) -> None:
    reply = {"choices": [{"finish_reason": "stop", "message": {"content": "x"}}], "model": "n"}
    headers = {"content-type": "application/json"}
    value, _ = ask(provider, "openai", way, {"do": "status", "status": 200, "body": reply, "headers": headers})
    assert value == {"answer": "x", "model": "n"}


@pytest.mark.parametrize("way", WAYS)
def test_a_client_without_raw_responses_is_read_by_its_own_iterator(provider: Provider, api: str, way: str) -> None:
    provider.script(m=f"answer:{TEXT}", bad="overloaded:2")
    ours = client(api, way, provider.url)
    one, bad = model(api, ours), model(api, ours, "bad")
    for each in (one, bad):
        each._resource = lambda client, inner=each._resource: SimpleNamespace(create=inner(client).create)
    value, _ = attempts_of(way, ours, one)
    assert value["answer"] == TEXT
    ours = client(api, way, provider.url)
    bad.client = ours
    assert failure_of(attempts_of(way, ours, bad)[1]).kind == "overloaded"


def test_answers_of_another_type_are_read_by_the_clients_own_iterator(provider: Provider, api: str, way: str) -> None:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": "hello"}, "finish_reason": None}], "model": "n"},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": "n"},
    ]
    if api == "anthropic":
        chunks = [
            {"type": "message_start", "message": {"model": "n", "usage": {"input_tokens": 1, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "hello"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        ]
    wire = "".join(f"event: {one.get('type', 'x')}\ndata: {json.dumps(one)}\n\n" for one in chunks)
    headers = {"content-type": "application/vnd.somebodys.own"}
    value, errors = ask(provider, api, way, {"do": "malformed_body", "body": wire, "headers": headers})
    assert errors == []
    assert (value["answer"], value["model"]) == ("hello", "n")


# A connection that is cancelled amid its handshake is left to the collector by asyncio and trio.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("stream", [False, True])
def test_our_limit_while_connecting_is_ours(provider: Provider, way: str, stream: bool) -> None:
    ours = client("openai", way, provider.doors["mute"])
    _, errors = attempts_of(way, ours, openai_chat(ours, "m", stream=stream), timeout=0.3)
    assert failure_of(errors).kind == "timed_out"
    assert isinstance(errors[0], CallTimeout)
    gc.collect()


# ---- In an agent. ----


def clocks(**seconds: float) -> Policy:
    return Policy(attempt=seconds, retry={"jitter": "none", "base": 0.01})


def both(api: str, way: str, url: str, policy: Policy, **options: Any) -> tuple[Any, Agent]:
    ours = client(api, way, url)
    first, second = (model(api, ours, name, route={"name": name, "endpoint": name}) for name in ("p", "b"))
    return ours, Agent(first, fallbacks=[second], policy=policy, **options)


@pytest.mark.parametrize("keep_alive", [None, 20])
@pytest.mark.parametrize("after", [0, 2])
def test_a_stall_is_left_for_the_backup(
    provider: Provider, api: str, way: str, after: int, keep_alive: int | None
) -> None:
    stall: dict[str, Any] = {"do": "stall", "after": after, "reply": TEXT}
    provider.script(p={**stall, "keep_alive_ms": keep_alive} if keep_alive else stall, b=f"answer:{TEXT}")
    ours, agent = both(api, way, provider.url, clocks(first_progress=0.3, idle=0.3))
    begun = time.monotonic()
    result = run_agent(way, ours, agent)
    assert (result.answer, result.route, result.model) == (TEXT, "b", "b")
    assert time.monotonic() - begun < 3
    assert [entry["model"] for entry in provider.log()] == ["p", "b"]
    assert "timed_out" in result.lines[0]
    # What began is known to have read the request; how much was written, nobody said.
    assert result.spent.output_tokens is None
    assert result.spent.input_tokens == (5 if api == "anthropic" else None)
    assert all(entry["client_left"] for entry in provider.log("p"))


def test_a_broken_stream_is_fetched_whole(provider: Provider, api: str, way: str) -> None:
    provider.script(p=[f"cut:2:{TEXT}", "503", 'call:multiply({"a":17,"b":23})', "answer:it is {last_tool_result}"])
    ours, agent = both(api, way, provider.url, clocks(), tools=[multiply])
    result = run_agent(way, ours, agent)
    assert (result.answer, result.steps, result.attempts) == ("it is 391", 2, 4)


def events_of(way: str, ours: Any, agent: Agent, **options: Any) -> list[Any]:
    async def main() -> list[Any]:
        return [event async for event in agent.astream("hi", **options)]

    events: list[Any] = run(way, ours, lambda: list(agent.stream("hi", **options)) if way == "sync" else main())
    return events


def test_text_arrives_as_it_comes(provider: Provider, api: str, way: str) -> None:
    provider.script(p=[f"cut:2:{TEXT}", f"answer:{TEXT}"])
    ours, agent = both(api, way, provider.url, clocks())
    events = events_of(way, ours, agent)
    assert [event.type for event in events[:5]] == ["step", "text", "text", "discard", "retry"]
    at = events.index(next(event for event in events if event.type == "retry"))
    assert "".join(event.text for event in events[at:] if event.type == "text") == TEXT
    assert (events[-1].type, events[-1].result.answer) == ("report", TEXT)


def test_leaving_the_agent_closes_the_response(provider: Provider, api: str, way: str) -> None:
    provider.script(p={"do": "stall", "after": 2, "reply": TEXT})
    ours, agent = both(api, way, provider.url, clocks())

    def leave() -> None:
        events = agent.stream("hi")
        while next(events).type != "text":
            pass
        events.close()

    async def aleave() -> None:
        events = agent.astream("hi")
        while (await anext(events)).type != "text":
            pass
        await events.aclose()

    run(way, ours, leave if way == "sync" else aleave)
    deadline = time.monotonic() + 5
    while not all(entry["client_left"] for entry in provider.log("p")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [entry["client_left"] for entry in provider.log("p")] == [True]


# ---- In a loop of the caller's own. ----


def stream_of(way: str, ours: Any, turn: Any, request: Any, **options: Any) -> list[Any]:
    async def main() -> list[Any]:
        return [chunk async for chunk in turn.astream(request, **options)]

    chunks: list[Any] = run(way, ours, lambda: list(turn.stream(request, **options)) if way == "sync" else main())
    return chunks


def text_of(api: str, chunk: Any) -> str:
    if api == "openai":
        return (chunk.choices[0].delta.content or "") if chunk.choices else ""
    return str(getattr(getattr(chunk, "delta", None), "text", None) or "")


def test_the_sdks_own_chunks(provider: Provider, api: str, way: str) -> None:
    provider.script(m=[f"cut:2:{TEXT}", f"stall:2:{TEXT}", f"answer:{TEXT}"])
    ours = client(api, way, provider.url)
    turn = Session(clocks(idle=0.3), routes=["a", "b"]).turn()

    def request(attempt: Any) -> Any:
        bare = ours.with_options(max_retries=0)
        if api == "openai":
            return bare.chat.completions.create(model="m", messages=HI, stream=True)
        return bare.messages.create(model="m", messages=HI, stream=True, max_tokens=100)

    chunks = stream_of(way, ours, turn, request, restartable=True)
    discards = [at for at, chunk in enumerate(chunks) if isinstance(chunk, Discard)]
    assert len(discards) == 2
    assert "".join(text_of(api, chunk) for chunk in chunks[discards[-1] + 1 :]) == TEXT


def test_what_broke_is_an_error(provider: Provider, api: str, way: str) -> None:
    provider.script(m=f"no_finish:2:{TEXT}")
    ours = client(api, way, provider.url)

    def request(attempt: Any) -> Any:
        if api == "openai":
            return ours.chat.completions.create(model="m", messages=HI, stream=True)
        return ours.messages.create(model="m", messages=HI, stream=True, max_tokens=100)

    with pytest.raises(Exhausted, match="stream_broken"):
        stream_of(way, ours, Session(routes=["a"]).turn(), request)


def test_a_stream_of_the_sdks_own_that_hangs_leaves_no_thread(provider: Provider, api: str) -> None:
    provider.script(m=f"stall:2:{TEXT}")
    session = Session(Policy(attempt={"idle": 0.2}, retry={"max_attempts": 1}), routes=["a"])
    with client(api, "sync", provider.url) as ours, pytest.raises(Exhausted):
        list(session.turn().stream(lambda attempt: chunks_of(api, ours)))
    until = time.monotonic() + 5
    while any(one.name == "failsoft" for one in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(one.name == "failsoft" for one in threading.enumerate())


def test_a_connection_is_used_again_after_a_stream(provider: Provider, api: str) -> None:
    provider.script(m=f"answer:{TEXT}")

    async def main() -> None:
        async with client(api, "asyncio", provider.url) as ours:
            for _ in range(3):
                async for _chunk in Session(routes=["a"]).turn().astream(lambda attempt: chunks_of(api, ours)):
                    pass

    asyncio.run(main())
    assert len({entry["connection"] for entry in provider.log("m")}) == 1


def chunks_of(api: str, ours: Any) -> Any:
    if api == "openai":
        return ours.chat.completions.create(model="m", messages=HI, stream=True, stream_options={"include_usage": True})
    return ours.messages.create(model="m", messages=HI, max_tokens=10, stream=True)
