"""The Messages API: neutral messages to those of the ``anthropic`` package, and its replies back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ._chat import ChatModel, Message, read_arguments, read_usage, said_instead, with_tools


class AnthropicMessages(ChatModel):
    package = "anthropic"

    def _fits(self, client: Any) -> bool:
        return hasattr(client, "messages") and not hasattr(client, "chat")

    def _create(self, client: Any) -> Callable[..., Any]:
        return client.messages.create  # type: ignore[no-any-return]

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

    def _read(self, reply: Any) -> dict[str, Any]:
        blocks = getattr(reply, "content", None)
        if not isinstance(blocks, list):
            self._unusable(said_instead(reply), "malformed", reply)
        self._refuse_unfinished(getattr(reply, "stop_reason", None), None, reply)
        calls = [
            {"id": block.id, "name": block.name, "arguments": read_arguments(block.input)}
            for block in blocks
            if getattr(block, "type", None) == "tool_use"
        ]
        text = "".join(block.text or "" for block in blocks if getattr(block, "type", None) == "text")
        parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return self._reply(calls, text, read_usage(reply, parts, "output_tokens"), reply)


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
