"""What kind of failure an exception is, and why."""

from __future__ import annotations

from .. import _native
from .._native import Explanation, Failure, Policy
from .facts import facts, text_of
from .peek import get

__all__ = ["classify", "explain", "facts", "judged", "text_of"]


def classify(
    error: BaseException, *, phase: str | None = None, policy: Policy | None = None, provider: str | None = None
) -> Failure:
    """What kind of failure an exception is.

    Looks at its class and the classes of its causes, at an HTTP status, headers and body where it carries them (as
    those of ``openai``, ``anthropic``, ``google-genai``, ``botocore``, ``litellm``, ``httpx``, ``requests``,
    ``aiohttp`` do), and never at anything else: nothing is read from a connection. A group counts as its members. A
    failure that an exception brings along as ``failsoft_failure`` is taken as it is.

    :param phase: how far the attempt had come, if you know: ``connect``, ``send``, ``first_progress`` or ``idle``.
    :param policy: whose ``classify`` rules count before the built-in ones; the built-in ones alone if not given.
    :param provider: who was asked, such as ``"openrouter"``; read from the exception's package if not given.
    """
    return judged(error, phase, policy, provider)[0]


def explain(
    error: BaseException, *, phase: str | None = None, policy: Policy | None = None, provider: str | None = None
) -> Explanation:
    """As ``classify``, with the rule that decided, the facts that made it hold, and what the engine will do.

    ``str()`` of it is a text of a few lines for people; ``rule``, ``failure``, ``why`` and ``next`` are its parts.
    """
    known = get(error, "failsoft_failure")
    if type(known) is Failure:
        return _native.explain_failure(known, policy)
    said = _native.explain(facts(error, phase=phase, provider=provider), policy)
    if said.failure.kind == "unknown":
        return _native.explain(facts(error, phase=phase, provider=provider, older=True), policy)
    return said


def judged(error: BaseException, phase: str | None, policy: Policy | None, provider: str | None) -> tuple[Failure, int]:
    """What kind of failure it is, and how often the client had asked again by itself."""
    known = get(error, "failsoft_failure")
    if type(known) is Failure:
        return known, 0
    found = facts(error, phase=phase, provider=provider)
    failure = _native.classify(found, policy)
    if failure.kind == "unknown":
        failure = _native.classify(facts(error, phase=phase, provider=provider, older=True), policy)
    return failure, found["retries_inside"]
