from __future__ import annotations

from typing import Any

import pytest
from conftest import Run
from failsoft import ApprovalDenied, ApprovalRequest, approval_gate

MAIL = {"to": "ada", "body": "hi"}


def never(_: ApprovalRequest) -> bool:
    raise AssertionError("asked")


def test_a_safe_tool_is_never_asked_about() -> None:
    approval_gate("add", {}, risky=False, approver=never)
    approval_gate("add", {}, risky={"mail"}, approver=never)
    approval_gate("add", {}, risky=lambda tool, arguments: False, approver=never)


def test_a_string_is_one_name_and_not_its_letters() -> None:
    approval_gate("mail", {}, risky="send_mail", approver=never)
    with pytest.raises(ApprovalDenied):
        approval_gate("mail", {}, risky="mail")


@pytest.mark.parametrize("risky", [True, {"mail"}, ["mail"], lambda tool, arguments: arguments["to"] == "ada"])
def test_a_risky_one_runs_after_a_yes(risky: Any) -> None:
    asked: list[ApprovalRequest] = []

    def approver(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    approval_gate("mail", MAIL, risky=risky, approver=approver)
    assert (asked[0].tool, asked[0].arguments, len(asked[0].digest)) == ("mail", MAIL, 64)


@pytest.mark.parametrize("answer", [True, "once", "session", "always"])
def test_every_kind_of_yes(answer: Any) -> None:
    approval_gate("mail", MAIL, risky=True, approver=lambda _: answer)


@pytest.mark.parametrize("answer", [False, None, "deny", "yes", 1, "", object(), ["once"]])
def test_everything_else_is_a_no(answer: Any) -> None:
    with pytest.raises(ApprovalDenied) as caught:
        approval_gate("mail", MAIL, risky=True, approver=lambda _: answer)
    assert caught.value.reason == "denied"
    assert str(caught.value) == "mail may not run: denied"


def test_a_withdrawn_request_says_so() -> None:
    with pytest.raises(ApprovalDenied) as caught:
        approval_gate("mail", MAIL, risky=True, approver=lambda _: "withdrawn")
    assert caught.value.reason == "withdrawn"


def test_no_approver_means_no() -> None:
    with pytest.raises(ApprovalDenied) as caught:
        approval_gate("mail", MAIL, risky=True)
    assert caught.value.reason == "no_approver"
    assert isinstance(caught.value, PermissionError)


def test_an_approver_that_fails_is_no_yes() -> None:
    def broken(_: ApprovalRequest) -> bool:
        raise KeyError("x")

    with pytest.raises(KeyError):
        approval_gate("mail", MAIL, risky=True, approver=broken)


def test_the_digest_binds_tool_and_arguments() -> None:
    digests = set()

    def approver(request: ApprovalRequest) -> bool:
        digests.add(request.digest)
        return True

    same: tuple[dict[str, Any], ...] = ({"a": 1, "b": 2.0}, {"b": 2, "a": 1})
    for tool, arguments in [("t", same[0]), ("t", same[1]), ("u", same[0]), ("t", {"a": 1.0})]:
        approval_gate(tool, arguments, risky=True, approver=approver)
    assert len(digests) == 3


@pytest.mark.parametrize("arguments", [{"id": 2**53}, {"x": float("nan")}, {"x": "\ud800"}, {"x": object()}])
def test_arguments_without_an_exact_form_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="mail: the"):
        approval_gate("mail", arguments, risky=True, approver=never)


def test_an_async_approver_makes_it_awaitable(run: Run) -> None:
    async def approver(request: ApprovalRequest) -> bool:
        return bool(request.arguments["to"] == "ada")

    async def main() -> None:
        await approval_gate("mail", MAIL, risky=True, approver=approver)
        await approval_gate("mail", {"to": "bob"}, risky=False, approver=approver)
        with pytest.raises(ApprovalDenied):
            await approval_gate("mail", {"to": "bob"}, risky=True, approver=approver)

    run(main)
