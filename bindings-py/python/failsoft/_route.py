"""The places that can be asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

Span = float | timedelta


class Route:
    """A place that can be asked for the same thing: one entry of the chain, the primary first.

    What two routes share, they share in sickness too: the same ``endpoint`` has one breaker for connections; the same
    provider, endpoint and model have one for everything else; the same ``credential`` has one quota.

    :param name: its name in logs and messages; unique in the chain.
    :param provider: who runs it, such as ``"openai"``.
    :param model: the model that is asked for.
    :param endpoint: where it is reached, such as a base URL.
    :param credential: what pays for it: a name or a fingerprint, never the secret itself.
    :param aggregator: whether it spreads requests over several upstreams; its client is never rebuilt.
    :param context_window: the model's context window in tokens, if known.
    :param timeout: the limit of one attempt in seconds, in place of the policy's ``attempt.timeout`` (600 s).
    :param first_progress: seconds until a stream must make progress, in place of ``attempt.first_progress`` (60 s).
    :param idle: seconds between two chunks of a stream, in place of ``attempt.idle`` (60 s).
    :param activate: makes the route's client: ``activate(route) -> client``, sync or async. Called before the first
        attempt on a fallback route, and again to rebuild a broken client; ``attempt.client`` is what it returned.
    :param close: closes a client before it is rebuilt: ``close(client)``, sync or async.
    """

    def __init__(
        self,
        name: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        endpoint: str | None = None,
        credential: str | None = None,
        aggregator: bool = False,
        context_window: int | None = None,
        timeout: Span | None = None,
        first_progress: Span | None = None,
        idle: Span | None = None,
        activate: Callable[[Route], Any] | None = None,
        close: Callable[[Any], Any] | None = None,
    ) -> None:
        self.name = name
        self.provider = provider
        self.model = model
        self.endpoint = endpoint
        self.credential = credential
        self.aggregator = aggregator
        self.context_window = context_window
        self.timeout = timeout
        self.first_progress = first_progress
        self.idle = idle
        self.activate = activate
        self.close = close

    def __repr__(self) -> str:
        return f"Route({self.name!r})"

    def fields(self) -> dict[str, Any]:
        """As the core reads it."""
        names = ("name", "provider", "model", "endpoint", "credential", "aggregator", "context_window")
        fields = {name: getattr(self, name) for name in (*names, "timeout", "first_progress", "idle")}
        return {**fields, "activates": self.activate is not None}
