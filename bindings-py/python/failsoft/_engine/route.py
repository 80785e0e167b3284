"""The places that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from . import check

Span = float | timedelta


class Route:
    """A place that can be asked for the same thing: one entry of the chain, the primary first.

    What two routes share, they share in sickness too: the same ``endpoint`` has one breaker for connections; the same
    provider, endpoint and model have one for everything else; the same ``credential`` has one quota. Endpoints are
    compared as URLs: the case of the host, a default port or a slash at the end make no other one.

    :param name: its name in logs and messages; unique in the chain.
    :param provider: who runs it, such as ``"openai"``.
    :param model: the model that is asked for.
    :param endpoint: where it is reached, such as a base URL.
    :param credential: what pays for it: a name or a fingerprint, never the secret itself.
    :param has_credential: whether there is a credential to ask it with; true. A route without one is skipped, the
        primary too, and the event log says so: a chain may be written down whole.
    :param aggregator: whether it spreads requests over several upstreams: its client is not rebuilt after a failed
        connection. Left out, the well-known ones (OpenRouter, Nous, Requesty, Portkey, Helicone, AI/ML API, the
        gateways of Vercel and Cloudflare, the router of Hugging Face) are recognised by ``provider`` or the host of
        ``endpoint``.
    :param context_window: the model's context window in tokens, if known: calls that are said to need more
        (``context_tokens``) skip it.
    :param timeout: the limit of one attempt in seconds, in place of the policy's ``attempt.timeout`` (600 s).
    :param first_progress: seconds until a stream must make progress, in place of ``attempt.first_progress`` (60 s).
    :param idle: seconds between two chunks of a stream, in place of ``attempt.idle`` (60 s).
    :param activate: makes the route's client: ``activate(route) -> client``, sync or async. Called before the first
        attempt on the route, the primary's too, and again to rebuild a broken client; ``attempt.client`` is what it
        returned. On an async host it is cancelled at its limit, the share of the deadline that the route may take. A
        plain one runs where the call runs (with ``isolate=True`` and in ``agent.run``: in a thread that is left behind
        at the limit); one that takes ``timeout`` is told how many seconds there are. No hedge goes to a
        route whose client is not there yet.
    :param close: closes a client that is out of service and that nobody uses any more: ``close(client)`` or
        ``close(client, reason=...)``, sync or async. ``reason`` is ``"rebuild"`` (before it is made again),
        ``"retired"`` (later, when its last request ended), ``"superseded"`` (another one took its place, or it came too
        late) or ``"closed"`` (the session was). What it raises is logged.
    :param client: a client that is there already: no ``activate`` before the first attempt. It is closed only to be
        made again.
    :param runtime: what to put in force in the session's ``Runtime`` while this fallback is used.
    """

    def __init__(
        self,
        name: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        endpoint: str | None = None,
        credential: str | None = None,
        has_credential: bool = True,
        aggregator: bool | None = None,
        context_window: int | None = None,
        timeout: Span | None = None,
        first_progress: Span | None = None,
        idle: Span | None = None,
        activate: Callable[..., Any] | None = None,
        close: Callable[..., Any] | None = None,
        client: Any = None,
        runtime: Mapping[str, Any] | None = None,
    ) -> None:
        check.function("Route: activate", activate)
        check.function("Route: close", close)
        if runtime is not None:
            check.fields("Route: runtime", runtime)
        self.name = name
        self.provider = provider
        self.model = model
        self.endpoint = endpoint
        self.credential = credential
        self.has_credential = has_credential
        self.aggregator = aggregator
        self.context_window = context_window
        self.timeout = timeout
        self.first_progress = first_progress
        self.idle = idle
        self.activate = activate
        self.close = close
        self.client = client
        self.runtime = runtime

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Route({self.name!r})"

    def fields(self) -> dict[str, Any]:
        """As the core reads it."""
        limits = ("timeout", "first_progress", "idle")
        names = ("name", "provider", "model", "endpoint", "credential", "has_credential")
        fields = {name: getattr(self, name) for name in (*names, "aggregator", "context_window", *limits)}
        return {**fields, "activates": self.activate is not None, "ready": self.client is not None}
