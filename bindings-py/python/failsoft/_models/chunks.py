"""What the chunks of a stream hold, and the reply that they come to: those of OpenAI and Anthropic, dicts or objects.

Facts only. Whether a stream made progress, may be left, or was whole, is judged by the core's ``Stream``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .._native import judge_finish

Facts = dict[str, Any]
"""What a chunk holds: the arguments of ``Stream.take``. What is left out is not in it."""
Read = Callable[[Any], Mapping[str, Any]]


def item(holder: Any, name: str) -> Any:
    """A field of a dict, or an attribute of an SDK's object; None where it has none."""
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def first(many: Any) -> Any:
    return many[0] if isinstance(many, list | tuple) and many else None


def word(value: Any) -> str | None:
    """What providers and SDKs let through as a word is not always text."""
    return value if value is None or isinstance(value, str) else str(value)


def text_in(value: Any) -> str:
    return value if isinstance(value, str) else ""


def said_in(content: Any) -> str:
    """The text of a message's content: it may come in typed parts, with reasoning among them (Mistral)."""
    if not isinstance(content, list):
        return text_in(content)
    return "".join(text_in(item(part, "text")) for part in content if item(part, "type") == "text")


def is_text(value: Any) -> bool:
    return isinstance(value, str | bytes | bytearray) and bool(value.strip())


def read_chunk(chunk: Any) -> Facts:
    """What any chunk holds: one of OpenAI, one of Anthropic, or something else, whose end cannot be known."""
    if chunk is None or isinstance(chunk, str | bytes | bytearray):
        return {"other": is_text(chunk)}
    if item(chunk, "object") == "chat.completion.chunk" or isinstance(item(chunk, "choices"), list):
        return read_openai(chunk)
    kind = text_in(item(chunk, "type"))
    if kind in _ANTHROPIC:
        return read_anthropic(chunk)
    if kind.startswith("response."):
        return read_response(chunk, kind)
    return {"other": True}


class Reader:
    """Reads the chunks of one stream. Where several answers were asked for (``n``), its end is that of the last one."""

    def __init__(self) -> None:
        self._ends: dict[Any, str | None] = {}

    def __call__(self, chunk: Any) -> Facts:
        choices = item(chunk, "choices")
        if not isinstance(choices, list) or not choices:
            return read_chunk(chunk)
        for choice in choices:
            index = item(choice, "index") or 0
            self._ends[index] = word(item(choice, "finish_reason")) or self._ends.get(index)
        if len(self._ends) == 1:
            return read_chunk(chunk)
        several = [_read_choice(chunk, choice) for choice in choices]
        facts = {name: next((one[name] for one in several if one[name]), told) for name, told in several[0].items()}
        ends = list(self._ends.values())
        # If one of them may not be taken for whole, that is the end of all.
        facts["finish"] = max(ends, key=lambda end: judge_finish(end, None, False) is not None) if all(ends) else None
        return facts


class Parts(NamedTuple):
    """What a reply consists of, whole or put together: ``usage`` is the provider's own, ``calls`` are to be run."""

    finish: Any
    refusal: Any
    calls: list[dict[str, Any]]
    text: Any
    usage: Any
    model: Any


def read_arguments(given: Any) -> Any:
    """Arguments as an object; what is none stays as it came, for the core to refuse and the model to hear of."""
    if not isinstance(given, str):
        return given
    try:
        read = json.loads(given) if given.strip() else {}
    except (ValueError, RecursionError):
        return given
    return read if isinstance(read, dict) else given


def read_usage(usage: Any, read: Sequence[str], written: str) -> dict[str, int | None] | None:
    """Usage in failsoft's words, if the tokens that were read are told; those written may be unknown as yet."""
    counts = [item(usage, name) for name in read]
    output = item(usage, written)
    if not isinstance(counts[0], int):
        return None
    told = sum(count for count in counts if isinstance(count, int))
    return {"input_tokens": told, "output_tokens": output if isinstance(output, int) else None}


def error_in(chunk: Any) -> Any:
    """The error that a provider sends amid a stream under status 200, if this is one."""
    named = item(chunk, "type")
    if named == "error" or item(chunk, "object") == "error":
        return item(chunk, "error") or chunk
    if named == "response.failed":
        return item(item(chunk, "response"), "error") or chunk
    if named is None and isinstance(chunk, Mapping):
        return item(chunk, "error") or None
    return None


# ---- Chat Completions. ----


def read_openai(chunk: Any) -> Facts:
    return _read_choice(chunk, _choice(chunk))


def _read_choice(chunk: Any, choice: Any) -> Facts:
    delta = item(choice, "delta")
    content = item(delta, "content")
    return {
        "text": is_text(said_in(content)),
        "tool_call": bool(item(delta, "tool_calls")),
        "reasoning": any(item(delta, name) for name in ("reasoning_content", "reasoning"))
        or (isinstance(content, list) and any(item(part, "type") == "thinking" for part in content)),
        "finish": word(item(choice, "finish_reason")),
        "refusal": word(item(delta, "refusal")),
        "usage": item(chunk, "usage") is not None,
    }


def _choice(chunk: Any) -> Any:
    """The first choice, where a chunk of it is: who asks for several takes one."""
    choice = first(item(chunk, "choices"))
    return choice if item(choice, "index") in (None, 0) else None


def _joined(pieces: list[str], is_custom: bool) -> Any:
    """The arguments of a function are JSON; the input of a custom tool is whatever it is."""
    return "".join(pieces) if is_custom else read_arguments("".join(pieces))


class OpenAIReply:
    """Puts the chunks of Chat Completions together."""

    @staticmethod
    def read(chunk: Any) -> Facts:
        return read_openai(chunk)

    def __init__(self) -> None:
        self.model: str | None = None
        self.finish: str | None = None
        self.usage: Any = None
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._by_index: dict[Any, dict[str, Any]] = {}

    def parts(self) -> Parts:
        calls = [
            {"id": call["id"], "name": call["name"], "arguments": _joined(call["arguments"], call["is_custom"])}
            for call in self._calls
        ]
        return Parts(self.finish, "".join(self._refusal), calls, "".join(self._text), self.usage, self.model)

    @property
    def spent(self) -> Any:
        """Usage that was told so far."""
        return self.usage

    def add(self, chunk: Any) -> str:
        """Takes a chunk, and gives the text in it."""
        self.model = word(item(chunk, "model")) or self.model
        self.usage = item(chunk, "usage") or self.usage
        choice = _choice(chunk)
        delta = item(choice, "delta")
        self.finish = word(item(choice, "finish_reason")) or self.finish
        self._refusal.append(text_in(item(delta, "refusal")))
        for part in item(delta, "tool_calls") or ():
            self._add_call(part)
        text = said_in(item(delta, "content"))
        self._text.append(text)
        return text

    def _add_call(self, part: Any) -> None:
        index, key = item(part, "index"), item(part, "id")
        call = self._by_index.get(index)
        # Some servers leave the index out, or give every call the same one: then a new id begins a new call.
        if call is None or (key and call["id"] and key != call["id"]):
            call = self._by_index[index] = {"id": None, "name": None, "arguments": [], "is_custom": False}
            self._calls.append(call)
        function = item(part, "function")
        if function is None and (custom := item(part, "custom")) is not None:
            function, call["is_custom"] = custom, True
        call["id"] = call["id"] or key
        call["name"] = call["name"] or item(function, "name")
        call["arguments"].append(text_in(item(function, "arguments")) or text_in(item(function, "input")))


# ---- The Responses API, whose events are only handed on. ----


def read_response(event: Any, kind: str) -> Facts:
    response, delta = item(event, "response"), bool(item(event, "delta"))
    facts: Facts = {
        "text": kind == "response.output_text.delta" and is_text(item(event, "delta")),
        "tool_call": delta and kind.endswith(("_call_arguments.delta", "_call_input.delta")),
        "reasoning": delta and kind.startswith("response.reasoning"),
        "refusal": word(item(event, "delta")) if kind == "response.refusal.delta" else None,
    }
    if kind in ("response.completed", "response.incomplete"):
        why = item(item(response, "incomplete_details"), "reason")
        facts.update(finish=word(why) or kind, usage=item(response, "usage") is not None, terminator=True)
    return facts


# ---- The Messages API. ----

_ANTHROPIC = {
    "ping",
    "error",
    "message_start",
    "message_delta",
    "message_stop",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
}


def read_anthropic(event: Any) -> Facts:
    delta, block = item(event, "delta"), item(event, "content_block")
    kinds = (item(delta, "type"), item(block, "type"))
    usage = item(event, "usage")
    return {
        "text": is_text(item(delta, "text")) or is_text(item(block, "text")),
        "tool_call": any(kind in ("tool_use", "input_json_delta") for kind in kinds),
        "reasoning": any(kind in ("thinking", "redacted_thinking", "thinking_delta") for kind in kinds),
        "finish": word(item(delta, "stop_reason")),
        # What a message begins with is not what it used in the end.
        "usage": usage is not None and item(usage, "output_tokens") is not None,
        "terminator": item(event, "type") == "message_stop",
    }


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    # Without parts, the input of its first event is all of it.
    arguments = read_arguments("".join(block["json"]) or block["input"])
    return {"id": block["id"], "name": block["name"], "arguments": arguments}


class AnthropicReply:
    """Puts the events of the Messages API together."""

    @staticmethod
    def read(event: Any) -> Facts:
        return read_anthropic(event)

    def __init__(self) -> None:
        self.model: str | None = None
        self.finish: str | None = None
        self.usage: dict[str, Any] | None = None
        self._counts: dict[str, Any] = {}
        self._blocks: dict[Any, dict[str, Any]] = {}

    def parts(self) -> Parts:
        blocks = self._blocks.values()
        text = "".join("".join(block["text"]) for block in blocks if block["type"] == "text")
        calls = [_call(block) for block in blocks if block["type"] == "tool_use"]
        return Parts(self.finish, None, calls, text, self.usage, self.model)

    @property
    def spent(self) -> dict[str, Any] | None:
        """Usage that was told so far: at first that of the input alone."""
        return self.usage or ({**self._counts, "output_tokens": None} if self._counts else None)

    def add(self, event: Any) -> str:
        """Takes an event, and gives the text in it."""
        message = item(event, "message")
        self.model = word(item(message, "model")) or self.model
        self._count(item(message, "usage"))
        if (usage := item(event, "usage")) is not None:
            self._count(usage)
            self.usage = self._counts
        delta, block = item(event, "delta"), item(event, "content_block")
        self.finish = word(item(delta, "stop_reason")) or self.finish
        if block is None and item(delta, "type") is None:
            return ""
        known = self._block(item(event, "index"), block)
        text = text_in(item(delta, "text")) or text_in(item(block, "text"))
        known["text"].append(text)
        known["json"].append(text_in(item(delta, "partial_json")))
        return text if known["type"] == "text" else ""

    def _block(self, index: Any, block: Any) -> dict[str, Any]:
        if block is not None or index not in self._blocks:
            kind = item(block, "type") or "text"
            known = {"type": kind, "id": item(block, "id"), "name": item(block, "name"), "input": item(block, "input")}
            self._blocks[index] = {**known, "text": [], "json": []}
        return self._blocks[index]

    def _count(self, usage: Any) -> None:
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"):
            count = item(usage, name)
            if isinstance(count, int):
                self._counts[name] = count


Reply = OpenAIReply | AnthropicReply
