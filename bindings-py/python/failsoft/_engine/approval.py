"""What an approver is asked, and what its answer is bound to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import _native
from .._loops.effects import Do, Flow
from .._native import Policy
from ..errors import ApprovalDenied


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
        return None, f"the arguments are not plain data: {_native.foreign_text(str(error))}"


def plain_copy(arguments: Any) -> Any:
    """Arguments as plain data that nobody else holds."""
    return json.loads(_as_json(arguments))


def _as_json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def asking(
    policy: Policy,
    tool: str,
    arguments: Mapping[str, Any],
    risky: bool,
    approver: Approver | None,
    standing: Sequence[str] = (),
) -> Flow[str | None]:
    """Asks whether a tool call may run: the decision that lets it; None where nobody needs to be asked.

    :raises ApprovalDenied: it may not.
    """
    word = _native.gate(policy, tool, risky, list(standing))
    if word == "deny":
        raise ApprovalDenied(_native.denied_by_rule(tool))
    if word != "ask":
        return None
    digest, complaint = digest_of(tool, arguments)
    if digest is None:
        raise ValueError(f"{tool}: {complaint}")
    answer: Any = "no_approver"
    if approver is not None:
        answer = yield Do(partial(approver, ApprovalRequest(tool, arguments, digest)), "the approver")
    decision = _native.decision(answer)
    refused = _native.refusal(tool, decision)
    if refused is not None:
        reason, sentence = refused
        raise ApprovalDenied(sentence, reason)
    return decision
