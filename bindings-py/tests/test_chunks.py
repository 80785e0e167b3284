"""What the wire holds: server-sent events, and the chunks of OpenAI and Anthropic, as dicts and as objects."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from failsoft._models.chunks import AnthropicReply, OpenAIReply, Reader, error_in, read_chunk
from failsoft._models.collect import Collecting
from failsoft._models.sse import Decoder, Event
from failsoft.adapters import ProviderError, UnusableReply
from hypothesis import given
from hypothesis import strategies as st

# ---- Server-sent events. ----


def events(*pieces: bytes) -> list[Event]:
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.end()


WIRES: dict[bytes, list[Event]] = {
    b"data: a\n\ndata: b\n\n": [(None, "a"), (None, "b")],
    b"data: a\r\n\r\ndata: b\r\rdata:c\n\n": [(None, "a"), (None, "b"), (None, "c")],
    b"event: ping\ndata: {}\n\ndata: x\n\n": [("ping", "{}"), (None, "x")],
    b": keep-alive\n\n: another\n\n": [],
    b"data: a\ndata: b\n\n": [(None, "a\nb")],
    b"event: nothing\n\ndata: x\n\n": [(None, "x")],
    b"id: 7\nretry: 10\ndata: x\n\n": [(None, "x")],
    b"data:  two blanks\n\n": [(None, " two blanks")],
    b"data\n\n": [(None, "")],
    b"data: cut off": [(None, "cut off")],
    b"\xef\xbb\xbfdata: x\n\n": [(None, "x")],
    "data: \u2028 \u0085 \x0b \x1c\n\n".encode(): [(None, "\u2028 \u0085 \x0b \x1c")],
    b"data: \xff\n\n": [(None, "\ufffd")],
    b"": [],
}


@pytest.mark.parametrize("wire", WIRES)
def test_events(wire: bytes) -> None:
    assert events(wire) == WIRES[wire]


@given(st.lists(st.text(), max_size=5), st.sampled_from(["\n", "\r", "\r\n"]), st.data())
def test_whatever_pieces_they_come_in(texts: list[str], newline: str, data: Any) -> None:
    wire = "".join(f"data: {json.dumps(text, ensure_ascii=False)}{newline}{newline}" for text in texts)
    whole = wire.encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert events(*pieces) == events(whole)
    if not any(0xD800 <= ord(character) <= 0xDFFF for text in texts for character in text):
        assert [json.loads(told) for _, told in events(whole)] == texts


# ---- Chunks. ----


def as_object(value: Any) -> Any:
    """As an SDK would hand it out."""
    if isinstance(value, dict):
        # The input of a tool is a dict in every SDK.
        return SimpleNamespace(**{name: one if name == "input" else as_object(one) for name, one in value.items()})
    return [as_object(one) for one in value] if isinstance(value, list) else value


def openai(delta: Any = None, finish: Any = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **fields}


HELD: list[tuple[Any, dict[str, Any]]] = [
    (openai({"role": "assistant", "content": ""}), {}),
    (openai({"content": " \n"}), {}),
    (openai({"content": "x"}), {"text": True}),
    (openai({"tool_calls": [{"index": 0}]}), {"tool_call": True}),
    (openai({"reasoning_content": "hm"}), {"reasoning": True}),
    (openai({"reasoning": "hm"}), {"reasoning": True}),
    (openai({"content": [{"type": "text", "text": "x"}]}), {"text": True}),
    (openai({"content": [{"type": "thinking", "thinking": []}]}), {"reasoning": True}),
    (openai({"refusal": "no"}), {"refusal": "no"}),
    (openai({}, "stop"), {"finish": "stop"}),
    (openai({}, 5), {"finish": "5"}),
    ({"choices": [], "usage": {"prompt_tokens": 1}}, {"usage": True}),
    ({"choices": [{"index": 1, "delta": {"content": "another"}}]}, {}),
    ({"object": "chat.completion.chunk", "choices": None}, {}),
    ({"type": "ping"}, {}),
    ({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}, {}),
    ({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, {}),
    ({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}}, {"tool_call": True}),
    ({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}}, {"reasoning": True}),
    ({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "x"}}, {"text": True}),
    ({"type": "content_block_delta", "delta": {"type": "input_json_delta"}}, {"tool_call": True}),
    ({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}, {"reasoning": True}),
    ({"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": 1}}, {"usage": True}),
    ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"finish": "end_turn"}),
    ({"type": "message_stop"}, {"terminator": True}),
    ({"type": "response.created", "response": {}}, {}),
    ({"type": "response.output_text.delta", "delta": "x"}, {"text": True}),
    ({"type": "response.function_call_arguments.delta", "delta": "{"}, {"tool_call": True}),
    ({"type": "response.reasoning_summary_text.delta", "delta": "hm"}, {"reasoning": True}),
    ({"type": "response.refusal.delta", "delta": "no"}, {"refusal": "no"}),
    (
        {"type": "response.completed", "response": {"usage": {"input_tokens": 1}}},
        {"finish": "response.completed", "usage": True, "terminator": True},
    ),
    (
        {"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_output_tokens"}}},
        {"finish": "max_output_tokens", "terminator": True},
    ),
    ({"type": "of another provider"}, {"other": True}),
    (42, {"other": True}),
    ("text", {"other": True}),
    (b"bytes", {"other": True}),
    (" \n", {}),
    (None, {}),
]


@pytest.mark.parametrize(("chunk", "held"), HELD)
def test_what_a_chunk_holds(chunk: Any, held: dict[str, Any]) -> None:
    for one in (chunk, as_object(chunk)):
        assert {name: value for name, value in read_chunk(one).items() if value} == held


def test_an_error_is_one_where_nothing_else_is_meant() -> None:
    assert error_in({"error": {"message": "no"}}) == {"message": "no"}
    assert error_in({"type": "error", "error": {"message": "no"}}) == {"message": "no"}
    assert error_in(as_object({"type": "error", "error": "no"})) == "no"
    assert error_in({"type": "tool_end", "error": "of somebody's own"}) is None
    assert error_in({"type": "error", "message": "no"}) == {"type": "error", "message": "no"}
    assert error_in({"object": "error", "message": "no"}) == {"object": "error", "message": "no"}
    assert error_in({"type": "response.failed", "response": {"error": {"code": "x"}}}) == {"code": "x"}
    assert error_in({"error": None}) is None
    assert error_in("error") is None


def test_several_answers_end_with_the_last_of_them() -> None:
    def of(index: int, text: str, finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]}

    reader = Reader()
    stream = [of(0, "a"), of(1, "b"), of(0, "", "length"), of(1, "c"), of(1, "", "stop")]
    told = [reader(chunk) for chunk in stream]
    assert [facts["text"] for facts in told] == [True, True, False, True, False]
    # One that was cut is not made whole by the other.
    assert [facts["finish"] for facts in told] == [None, None, None, None, "length"]


# ---- Replies. ----


def read(reply: Any, *chunks: Any) -> tuple[str, Any]:
    return "".join(reply.add(chunk) for chunk in chunks), reply.parts()


def part(index: Any, key: Any, name: Any, arguments: str) -> dict[str, Any]:
    return {"index": index, "id": key, "function": {"name": name, "arguments": arguments}}


CALLS: list[tuple[list[dict[str, Any]], list[tuple[Any, Any, Any]]]] = [
    # In turn, as OpenAI does it; mixed; several in one chunk.
    ([part(0, "a", "f", ""), part(0, None, None, '{"x":'), part(0, None, None, "1}")], [("a", "f", {"x": 1})]),
    (
        [part(0, "a", "f", "{"), part(1, "b", "g", "{"), part(0, None, None, "}"), part(1, None, None, "}")],
        [("a", "f", {}), ("b", "g", {})],
    ),
    # Servers that leave the index out, or give every call the same.
    ([part(None, "a", "f", "{}"), part(None, "b", "g", "{}")], [("a", "f", {}), ("b", "g", {})]),
    ([part(0, "a", "f", "{}"), part(0, "b", "g", "{}")], [("a", "f", {}), ("b", "g", {})]),
    # The same id again is the same call; what is no object stays a text.
    ([part(0, "a", "f", "[1"), part(0, "a", "f", "]")], [("a", "f", "[1]")]),
    ([part(0, "a", "f", "")], [("a", "f", {})]),
]


@pytest.mark.parametrize(("parts", "calls"), CALLS)
def test_tool_calls_of_openai(parts: list[dict[str, Any]], calls: list[tuple[Any, Any, Any]]) -> None:
    for shape in (lambda chunk: chunk, as_object):
        _, found = read(OpenAIReply(), *(shape(openai({"tool_calls": [one]})) for one in parts))
        assert [(call["id"], call["name"], call["arguments"]) for call in found.calls] == calls


def test_the_input_of_a_custom_tool_stays_text() -> None:
    custom = {"index": 0, "id": "a", "custom": {"name": "sql", "input": '{"a":'}}
    _, found = read(
        OpenAIReply(), openai({"tool_calls": [custom]}), openai({"tool_calls": [{**custom, "custom": {"input": "1}"}}]})
    )
    assert found.calls == [{"id": "a", "name": "sql", "arguments": '{"a":1}'}]


def test_a_reply_of_openai() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    chunks = [openai({"content": "a"}, model="m-1"), openai({"content": "b"}, "stop"), {"choices": [], "usage": usage}]
    text, found = read(OpenAIReply(), *chunks)
    assert (text, found.text, found.finish, found.model, found.usage) == ("ab", "ab", "stop", "m-1", usage)


def test_a_reply_of_anthropic() -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 20, "output_tokens": 1}
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    events = [
        {"type": "message_start", "message": {"model": "m-1", "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "b"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": block},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"x":'}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
        {"type": "content_block_start", "index": 3, "content_block": {**block, "id": "u"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    for shape in (lambda event: event, as_object):
        reply = AnthropicReply()
        assert reply.spent is None
        assert reply.add(shape(events[0])) == ""
        assert reply.spent == {**usage, "output_tokens": None}, "what was written is not known yet"
        text, found = read(reply, *map(shape, events[1:]))
        assert (text, found.text, found.finish, found.model) == ("ab", "ab", "tool_use", "m-1")
        assert found.usage == {**usage, "output_tokens": 9} == reply.spent
        assert found.calls == [
            {"id": "t", "name": "f", "arguments": {"x": 1}},
            {"id": "u", "name": "f", "arguments": {}},
        ]


NAMES = "choices delta content tool_calls index id function type message usage error content_block text stop_reason"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4),
        max_leaves=20,
    )
)
def test_no_chunk_is_too_strange(chunk: Any) -> None:
    read_chunk(chunk)
    error_in(chunk)


def collecting() -> Collecting:
    return Collecting("m", OpenAIReply(), lambda usage: None, False, True, None, None)


@pytest.mark.parametrize("data", ['{"code": "Throttling", "message": "wait"}', "wait"])
def test_an_event_that_is_called_an_error_is_one(data: str) -> None:
    with pytest.raises(ProviderError, match="wait"):
        collecting().take_event(("error", data))


@pytest.mark.parametrize(
    "strange", ["{", "5", "null", "[]", "[" * 100_000, '{"choices": [{"delta": {"tool_calls": 5}}]}']
)
def test_a_chunk_that_cannot_be_read_is_passed_over_where_the_rest_is_whole(strange: str) -> None:
    text, finish = json.dumps(openai({"content": "x"})), json.dumps(openai({}, "stop"))
    whole = collecting()
    assert [whole.take_event((None, data)) for data in (text, strange, "", finish, " [DONE] ")] == [False] * 4 + [True]
    assert whole.parts().text == "x"
    broken = collecting()
    broken.take_event((None, text))
    broken.take_event((None, strange))
    with pytest.raises(UnusableReply, match=r"without saying that it is whole; 1 chunk could not be read$"):
        broken.parts()
