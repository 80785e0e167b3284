"""The gate of a turn, for those with a loop of their own."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Run
from failsoft import ApprovalDenied, ApprovalRequest, Policy, Session

MAIL = {"to": "ada"}


def never(_: ApprovalRequest) -> bool:
    raise AssertionError("asked")


def test_a_safe_tool_passes_and_a_risky_one_asks() -> None:
    turn = Session(routes=["a"]).turn()
    turn.gate("add", {}, approver=never)
    turn.gate("mail", MAIL, risky=True, approver=lambda request: request.arguments == MAIL)
    with pytest.raises(ApprovalDenied):
        turn.gate("mail", MAIL, risky=True, approver=lambda _: False)


def test_the_policy_names_risky_tools_too() -> None:
    turn = Session(Policy(approval={"risky": ["mail"]}), routes=["a"]).turn()
    with pytest.raises(ApprovalDenied) as caught:
        turn.gate("mail", MAIL)
    assert caught.value.reason == "no_approver"


@pytest.mark.parametrize("answer", ["session", "always"])
def test_a_standing_approval_holds_for_the_session(answer: str) -> None:
    session = Session(routes=["a"])
    session.turn().gate("mail", MAIL, risky=True, approver=lambda _: answer)
    session.turn().gate("mail", {"to": "bob"}, risky=True, approver=never)
    assert session.approvals() == ["mail"]
    assert session.withdraw_approval("mail")
    assert not session.withdraw_approval("mail")
    with pytest.raises(ApprovalDenied):
        session.turn().gate("mail", MAIL, risky=True)


def test_a_yes_for_once_is_for_once() -> None:
    turn = Session(routes=["a"]).turn()
    turn.gate("mail", MAIL, risky=True, approver=lambda _: True)
    with pytest.raises(ApprovalDenied):
        turn.gate("mail", MAIL, risky=True)


def test_a_deny_rule_beats_every_approval() -> None:
    session = Session(Policy(approval={"deny": ["rm"]}), routes=["a"])
    session.core.stand_for("rm")
    with pytest.raises(ApprovalDenied) as caught:
        session.turn().gate("rm", {}, approver=never)
    assert caught.value.reason == "denied"
    assert "a rule of the policy denies it" in str(caught.value)


def test_an_async_approver_is_awaited(run: Run) -> None:
    turn = Session(routes=["a"]).turn()

    async def approver(request: ApprovalRequest) -> Any:
        return request.arguments["to"] == "ada"

    async def main() -> None:
        await turn.agate("mail", MAIL, risky=True, approver=approver)
        await turn.agate("mail", MAIL, risky=True, approver=lambda _: True)
        with pytest.raises(ApprovalDenied):
            await turn.agate("mail", {"to": "bob"}, risky=True, approver=approver)

    run(main)


def test_an_async_approver_is_refused_where_nothing_awaits_it() -> None:
    async def approver(_: ApprovalRequest) -> bool:
        return True

    with pytest.raises(TypeError, match="the approver is async"):
        Session(routes=["a"]).turn().gate("mail", MAIL, risky=True, approver=approver)
