from __future__ import annotations

from typing import Any

import pytest
from conftest import AsyncFailing, Failing, Run
from failsoft import Exhausted, PermanentError, TransientError, fallback
from failsoft.testing import VirtualTime

ERRORS = [TransientError("x"), PermanentError("x"), TypeError("x"), TimeoutError("x"), Exception("x")]


def test_the_first_option_that_works_wins(time: VirtualTime) -> None:
    never = Failing(0, Exception())
    assert fallback(lambda: "first", never) == "first"
    assert never.calls == 0


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_it_moves_on_at_every_exception(time: VirtualTime, error: Exception) -> None:
    broken = Failing(9, error)
    assert fallback(broken, broken, lambda: "third") == "third"
    assert broken.calls == 2
    assert time.slept == []


def test_a_hint_to_wait_is_not_waited_for(time: VirtualTime) -> None:
    limited = Exception("slow down")
    limited.status_code, limited.headers = 429, {"retry-after": "600"}  # type: ignore[attr-defined]
    assert fallback(Failing(9, limited), lambda: "second") == "second"
    assert time.slept == []


def test_none_that_works_is_exhausted_from_the_last(time: VirtualTime) -> None:
    last = PermanentError("last")
    with pytest.raises(Exhausted) as caught:
        fallback(Failing(9, TransientError("first")), Failing(9, last))
    assert caught.value.__cause__ is last
    expected = "gave up after 2 attempts in 0 s: option 1 server_error, option 2 invalid_request"
    assert str(caught.value) == expected


def test_what_is_no_exception_passes() -> None:
    never = Failing(0, Exception())
    with pytest.raises(KeyboardInterrupt):
        fallback(Failing(1, KeyboardInterrupt()), never)
    assert never.calls == 0


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(ValueError, match="routes: an empty chain is not allowed; use 1 to 64 routes"):
        fallback()


def test_async_options_make_it_awaitable(run: Run, time: VirtualTime) -> None:
    async def main() -> Any:
        return await fallback(AsyncFailing(9, TypeError()), AsyncFailing(0, Exception(), "second"))

    assert run(main) == "second"


def test_sync_and_async_options_mix(run: Run, time: VirtualTime) -> None:
    async def main() -> Any:
        return await fallback(Failing(9, TypeError()), AsyncFailing(9, TypeError()), Failing(0, TypeError(), 3))

    assert run(main) == 3


def test_lambdas_that_call_async_functions_are_awaited(run: Run, time: VirtualTime) -> None:
    async def ask(name: str) -> str:
        if name != "third":
            raise TransientError(name)
        return name

    async def main() -> Any:
        return await fallback(lambda: ask("first"), lambda: ask("second"), lambda: ask("third"))

    assert run(main) == "third"
