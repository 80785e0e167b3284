"""What an approver is asked, and what its answer is bound to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import _native
from ._native import Policy
from .errors import ApprovalDenied


@dataclass(frozen=True)
class ApprovalRequest:
    """What an approver is asked: may ``tool`` run with exactly these ``arguments``? ``digest`` binds the answer."""

    tool: str
    arguments: Mapping[str, Any]
    digest: str


Approver = Callable[[ApprovalRequest], Any]


def digest_of(tool: str, arguments: Any) -> tuple[str | None, str | None]:
    """The digest of a tool call, or what is wrong with its arguments."""
    try:
        return _native.canonical_digest(tool, _as_json(arguments))
    except UnicodeEncodeError:
        return None, "the arguments hold a lone surrogate, which is no text"
    except (TypeError, ValueError, RecursionError) as error:
        return None, f"the arguments are not plain data: {error}"


def plain_copy(arguments: Any) -> Any:
    """Arguments as plain data that nobody else holds."""
    return json.loads(_as_json(arguments))


def _as_json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def ask_gate(
    policy: Policy, tool: str, arguments: Mapping[str, Any], risky: bool, standing: list[str]
) -> ApprovalRequest | None:
    """The request that must be put to an approver; None when the call may run."""
    word = _native.gate(policy, tool, risky, standing)
    if word == "deny":
        raise ApprovalDenied(_native.denied_by_rule(tool))
    if word != "ask":
        return None
    digest, complaint = digest_of(tool, arguments)
    if digest is None:
        raise ValueError(f"{tool}: {complaint}")
    return ApprovalRequest(tool, arguments, digest)


def decided(asked: ApprovalRequest, answer: Any) -> str:
    """An approver's answer as a decision that lets the tool run.

    :raises ApprovalDenied: it does not.
    """
    decision = _native.decision(answer)
    refused = _native.refusal(asked.tool, decision)
    if refused is not None:
        reason, sentence = refused
        raise ApprovalDenied(sentence, reason)
    return decision
