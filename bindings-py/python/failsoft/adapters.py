"""Clients of the real SDKs as models: ``Agent(openai_chat(OpenAI(), "gpt-5")).run(task)``.

Nothing of ``openai`` or ``anthropic`` is imported here; the clients come from you. Both adapters convert and judge
nothing:

- The SDK's own retries are off for every request: one owner of retries, or 3 attempts become 9.
- ``attempt.timeout`` goes to the SDK as its time limit, phase by phase the shorter of it and the client's own, so a
  client keeps its quick connect limit. When the SDK gives up at a limit that was ours, that is ours to report: a
  ``CallTimeout`` (kind ``timed_out``) with the SDK's error as its cause. At a shorter limit of the client's own, the
  SDK's error stays as it is (``read_timeout``, or ``connect`` where no connection came about).
- These limits are httpx's: of one wait for bytes, not of the whole. A server that dribbles (some send a blank now and
  then while a request waits in their queue) holds a sync request beyond its limit. Where that happens, use an async
  client, whose request is cancelled in any case, or set ``model.honours_timeout = False``: then an ``Agent`` runs the
  request in a thread of its own and leaves it behind at the limit.
- ``attempt.idempotency_key`` goes out as the header ``Idempotency-Key``, the same in every attempt of a call.
- Whatever else the SDK raises is raised unchanged; ``failsoft.classify`` knows it.

A reply is an answer only if it says that it is whole. What cannot be taken for one is raised as ``UnusableReply``:

- refused or filtered (``content_filter``, ``refusal``): ``content_refused``. Asking again is no use;
- cut at a limit of tokens (``length``, ``max_tokens``): ``context_overflow``. The same route would cut it again at the
  same place, so only another one is asked, and it is not counted. With ``accept_cut=True`` the part is taken for the
  answer;
- no finish reason at all, no content, or anything else under status 200: ``malformed``;
- but an error object under status 200 is raised as ``ProviderError``, and classified by its words.

With ``stream=True`` a reply is collected from a stream. An ``Agent`` then watches its progress by three clocks (first
progress, idle, and the whole until there is progress), and ``agent.stream`` hands its text on. Read is what came over
the wire, so a chunk that is no JSON is skipped where the answer still ends whole; where the answers of a client are
no server-sent events (Bedrock's are not), its own iterator is read. What is judged, is judged as above; besides:

- a stream that ends without the reason for its end: ``stream_broken``, or ``malformed`` if nothing had come;
- an error that the provider sends amid the stream is raised as ``ProviderError``, and classified by its words;
- a reason for the end without a terminator after it is the end: only the usage is waited for, for 0.5 s at most.

Used in ``turn.call``, such a model knows ``attempt.timeout`` alone, as the limit of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ._models.anthropic import AnthropicMessages
from ._models.chat import ChatModel
from ._models.openai import OpenAIChat
from ._models.watch import Watch
from ._models.wrong import ProviderError, UnusableReply

__all__ = ["ChatModel", "ProviderError", "UnusableReply", "Watch", "anthropic_messages", "openai_chat"]


class OpenAIClient(Protocol):
    """Any client of the ``openai`` package, sync or async: ``OpenAI``, ``AsyncOpenAI``, ``AzureOpenAI``, .."""

    @property
    def chat(self) -> Any: ...
    @property
    def with_options(self) -> Any: ...


class AnthropicClient(Protocol):
    """Any client of the ``anthropic`` package, sync or async: ``Anthropic``, ``AsyncAnthropic``, ``AnthropicBedrock``,
    .."""

    @property
    def messages(self) -> Any: ...
    @property
    def with_options(self) -> Any: ...


def openai_chat(
    client: OpenAIClient,
    model: str,
    *,
    stream: bool = False,
    accept_cut: bool = False,
    route: Mapping[str, Any] | None = None,
    **options: Any,
) -> ChatModel:
    """A model of the Chat Completions API: OpenAI, Azure OpenAI, and whatever speaks it behind another base URL.

    :param client: a client of the ``openai`` package, sync or async. Its own ``max_retries`` is not used.
    :param model: the model, or on Azure the deployment.
    :param stream: let the reply come as a stream, and collect it. ``stream_options`` asks for its usage, unless you
        give one of your own.
    :param accept_cut: take an answer that was cut at a limit of tokens, or that has no finish reason, as it is.
    :param route: what the route of an ``Agent`` shall say besides, such as ``{"name": "eu", "context_window":
        128_000}``: fields of ``failsoft.Route``. Provider, model, endpoint and a fingerprint of the key are read from
        the client.
    :param options: for ``client.chat.completions.create``: ``temperature``, ``max_completion_tokens``, .. A ``timeout``
        among them takes the place of the client's own.
    :raises TypeError: what is no such client, or an option that it does not know.
    """
    return OpenAIChat(client, model, options, route, accept_cut, stream)


def anthropic_messages(
    client: AnthropicClient,
    model: str,
    *,
    max_tokens: int = 4096,
    stream: bool = False,
    accept_cut: bool = False,
    route: Mapping[str, Any] | None = None,
    **options: Any,
) -> ChatModel:
    """A model of the Messages API: Anthropic, also on Bedrock, Vertex and the like.

    Tokens read from or written to a cache count among the input tokens, as they do with OpenAI. Extended thinking
    cannot be used together with tools: thinking blocks would have to be handed back, and the messages of an agent do
    not hold them.

    :param client: a client of the ``anthropic`` package, sync or async. Its own ``max_retries`` is not used.
    :param model: the model.
    :param max_tokens: so many tokens of an answer at most; an answer cut there is not taken for one.
    :param stream: let the reply come as a stream, and collect it.
    :param accept_cut: take an answer that was cut at a limit of tokens, or that has no stop reason, as it is.
    :param route: what the route of an ``Agent`` shall say besides, as for ``openai_chat``.
    :param options: for ``client.messages.create``: ``system``, ``stop_sequences``, .. A ``timeout`` among them takes
        the place of the client's own.
    :raises TypeError: what is no such client, or an option that it does not know.
    """
    return AnthropicMessages(client, model, {"max_tokens": max_tokens, **options}, route, accept_cut, stream)
