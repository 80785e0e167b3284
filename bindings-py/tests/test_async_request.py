"""A request that turns out to be async is refused, and never taken for a success."""

import pytest
from failsoft import Session, TransientError


async def request(attempt: object) -> str:
    return "never awaited"


def test_call_refuses_an_async_request() -> None:
    with pytest.raises(TypeError, match="the request is async: use the async form"):
        Session(routes=["primary"]).turn().call(request)


def test_call_refuses_a_request_that_becomes_async_after_a_failure() -> None:
    def first_fails(attempt: object) -> object:
        if getattr(attempt, "number", 0) == 1:
            raise TransientError("once")
        return request(attempt)

    session = Session(routes=["primary"], sleep=lambda delay: None)
    with pytest.raises(TypeError, match="the request is async"):
        session.turn().call(first_fails)
