"""Chat Completions: neutral messages to those of the ``openai`` package, and its replies back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._chat import ChatModel, Message, read_arguments, read_usage, said_instead, with_tools


class OpenAIChat(ChatModel):
    package = "openai"

    def _fits(self, client: Any) -> bool:
        return hasattr(client, "chat")

    def _create(self, client: Any) -> Callable[..., Any]:
        return client.chat.completions.create  # type: ignore[no-any-return]

    def _request(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        functions = [{"type": "function", "function": dict(spec)} for spec in tools]
        return {
            **with_tools(self.options, functions, ("tool_choice", "parallel_tool_calls")),
            "messages": [_to_openai(message) for message in messages],
        }

    def _read(self, reply: Any) -> dict[str, Any]:
        choice = next(iter(getattr(reply, "choices", None) or ()), None)
        message = getattr(choice, "message", None)
        if message is None:
            self._unusable(said_instead(reply), "malformed", reply)
        self._refuse_unfinished(getattr(choice, "finish_reason", None), getattr(message, "refusal", None), reply)
        calls = [_read_call(call) for call in message.tool_calls or ()]
        return self._reply(calls, message.content, read_usage(reply, "prompt_tokens", "completion_tokens"), reply)


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
    function = getattr(call, "function", None)
    if function is None:
        custom = getattr(call, "custom", None)
        return {"id": call.id, "name": getattr(custom, "name", None), "arguments": getattr(custom, "input", None)}
    return {"id": call.id, "name": function.name, "arguments": read_arguments(function.arguments)}
