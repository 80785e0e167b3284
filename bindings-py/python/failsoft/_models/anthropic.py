"""The Messages API: neutral messages to those of the ``anthropic`` package, and its replies back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .chat import ChatModel, Message, said_instead, with_tools
from .chunks import AnthropicReply, Parts, item, read_arguments, read_usage


class AnthropicMessages(ChatModel):
    package = "anthropic"

    def _fits(self, client: Any) -> bool:
        return hasattr(client, "messages") and not hasattr(client, "chat")

    def _resource(self, client: Any) -> Any:
        return client.messages

    def _request(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        schemas = [
            {"name": spec["name"], "description": spec.get("description") or "", "input_schema": spec["parameters"]}
            for spec in tools
        ]
        request = with_tools(self.options, schemas, ("tool_choice",))
        used = dict.fromkeys(call["name"] for message in messages for call in message.get("tool_calls") or ())
        if used and not request.get("tools"):
            # The API wants every tool declared that the conversation has used, also where none may be used now.
            request["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in used]
            request["tool_choice"] = {"type": "none"}
        system = [one["content"] for one in messages if one["role"] in ("system", "developer")]
        if system:
            first = self.options.get("system")
            request["system"] = "\n\n".join([first, *system] if isinstance(first, str) else system)
        request["messages"] = _to_anthropic(messages)
        return request

    def _streamed(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        return {**request, "stream": True}, True

    def _collected(self) -> AnthropicReply:
        return AnthropicReply()

    def _parts(self, reply: Any) -> Parts:
        blocks = item(reply, "content")
        if not isinstance(blocks, list):
            raise self._unusable(said_instead(reply), "malformed", reply)
        calls = [
            {"id": item(block, "id"), "name": item(block, "name"), "arguments": read_arguments(item(block, "input"))}
            for block in blocks
            if item(block, "type") == "tool_use"
        ]
        text = "".join(item(block, "text") or "" for block in blocks if item(block, "type") == "text")
        return Parts(item(reply, "stop_reason"), None, calls, text, item(reply, "usage"), item(reply, "model"))

    def _usage(self, usage: Any) -> dict[str, int | None] | None:
        read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return read_usage(usage, read, "output_tokens")


def _to_anthropic(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Roles in turn: what the API takes as one message, such as the results of one step's tools, is put into one."""
    told: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] in ("system", "developer"):
            continue
        role = "assistant" if message["role"] == "assistant" else "user"
        blocks = _blocks(message)
        if told and told[-1]["role"] == role:
            told[-1]["content"] += blocks
        elif blocks:
            told.append({"role": role, "content": blocks})
    return told


def _blocks(message: Message) -> list[dict[str, Any]]:
    content = message.get("content")
    if message["role"] == "tool":
        return [{"type": "tool_result", "tool_use_id": _anthropic_id(message["tool_call_id"]), "content": content}]
    # Empty text is refused.
    blocks: list[dict[str, Any]] = (
        [{"type": "text", "text": content}] if isinstance(content, str) and content.strip() else []
    )
    if isinstance(content, list):
        blocks = list(content)
    for call in message.get("tool_calls") or ():
        given = call["arguments"]
        # What was no object can only be shown in one.
        given = given if isinstance(given, Mapping) else {"not_an_object": given}
        blocks.append({"type": "tool_use", "id": _anthropic_id(call["id"]), "name": call["name"], "input": dict(given)})
    return blocks


def _anthropic_id(key: str) -> str:
    """The id of a call, which may be another provider's: the API takes letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", key)
