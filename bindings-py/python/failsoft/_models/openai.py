"""Chat Completions: neutral messages to those of the ``openai`` package, and its replies back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .chat import ChatModel, Message, said_instead, with_tools
from .chunks import OpenAIReply, Parts, first, item, read_arguments, read_usage, said_in


class OpenAIChat(ChatModel):
    package = "openai"

    def _fits(self, client: Any) -> bool:
        return hasattr(client, "chat")

    def _resource(self, client: Any) -> Any:
        return client.chat.completions

    def _request(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        functions = [{"type": "function", "function": dict(spec)} for spec in tools]
        return {
            **with_tools(self.options, functions, ("tool_choice", "parallel_tool_calls")),
            "messages": [_to_openai(message) for message in messages],
        }

    def _streamed(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        options = request.setdefault("stream_options", {"include_usage": True})
        return {**request, "stream": True}, bool(item(options, "include_usage"))

    def _collected(self) -> OpenAIReply:
        return OpenAIReply()

    def _parts(self, reply: Any) -> Parts:
        choice = first(item(reply, "choices"))
        message = item(choice, "message")
        if message is None:
            raise self._unusable(said_instead(reply), "malformed", reply)
        calls = [_read_call(call) for call in item(message, "tool_calls") or ()]
        finish, refusal, content = item(choice, "finish_reason"), item(message, "refusal"), item(message, "content")
        return Parts(finish, refusal, calls, said_in(content), item(reply, "usage"), item(reply, "model"))

    def _usage(self, usage: Any) -> dict[str, int | None] | None:
        return read_usage(usage, ("prompt_tokens",), "completion_tokens")


def _to_openai(message: Message) -> dict[str, Any]:
    if message["role"] == "tool":
        return {"role": "tool", "tool_call_id": message["tool_call_id"], "content": message["content"]}
    plain = {"role": message["role"], "content": message.get("content") or ""}
    if not message.get("tool_calls"):
        return plain
    return {
        **plain,
        "content": message.get("content") or None,
        "tool_calls": [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": _as_json(call["arguments"])},
            }
            for call in message["tool_calls"]
        ],
    }


def _as_json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _read_call(call: Any) -> dict[str, Any]:
    function, key = item(call, "function"), item(call, "id")
    if function is None:
        custom = item(call, "custom")
        return {"id": key, "name": item(custom, "name"), "arguments": item(custom, "input")}
    return {"id": key, "name": item(function, "name"), "arguments": read_arguments(item(function, "arguments"))}
