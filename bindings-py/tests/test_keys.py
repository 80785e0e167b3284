"""Idempotency keys: which of them repeat, and which never do, over sessions, threads, forks, processes and restores."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from failsoft import Agent, Attempt, Policy, Route, Session, TransientError, _native, tool

FIVE_OF_A_PROCESS = """
from failsoft import Session
for _ in range(3):
    with Session(routes=["a"]).turn({}) as turn:
        for _ in range(5):
            print(turn.call(lambda attempt: attempt.idempotency_key))
"""


def key(attempt: Attempt) -> str:
    return attempt.idempotency_key


def keys(session: Session, turns: int = 3, **options: Any) -> list[str]:
    return [turn.call(key) for turn in [session.turn(**options) for _ in range(turns)] for _ in range(3)]


def of_processes(options: str) -> list[list[str]]:
    """The keys that two processes hand out at the same time."""
    command = [sys.executable, "-c", FIVE_OF_A_PROCESS.format(options)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[0].split() for process in started]
    assert all(process.returncode == 0 for process in started)
    return told


def test_two_processes_hand_out_no_key_twice() -> None:
    first, second = of_processes("")
    assert len(set(first) | set(second)) == len(first) + len(second) == 30


def test_two_processes_hand_out_the_same_keys_for_the_same_run() -> None:
    first, second = of_processes('run_id="order 7"')
    assert first == second
    assert len(set(first)) == 5


def test_sessions_and_threads_hand_out_no_key_twice() -> None:
    shared = Session(routes=["a"])
    seen: list[str] = keys(Session(routes=["a"]))

    def work() -> None:
        own = keys(shared) + keys(Session(routes=["a"]))
        seen.extend(own)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == len(seen) == 9 + 8 * 18


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("seed", [None, 7])
def test_forks_hand_out_no_key_twice(seed: int | None) -> None:
    from test_fork import in_child

    session = Session(routes=["a"], seed=seed)
    keys(session)
    # One that nobody tells of the fork.
    alone = _native.Session(Policy(), [], None, None)

    def all_of_them() -> list[str]:
        turn = _native.Turn(alone, [])
        entered = turn.enter()
        assert isinstance(entered, Attempt)
        return [*keys(session), *keys(Session(routes=["a"])), entered.idempotency_key]

    seen = [*in_child(all_of_them), *in_child(all_of_them), *in_child(lambda: in_child(all_of_them)), *all_of_them()]
    assert len(set(seen)) == len(seen) == 4 * 19


def restored(text: str) -> _native.Session:
    route = Route("a")
    return _native.Session.restore(text, Policy(), [(route, route.fields())], None, 1, 0.0)


def first_key(session: _native.Session) -> str:
    entered = _native.Turn(session, []).enter()
    assert isinstance(entered, Attempt)
    return entered.idempotency_key


def test_restores_under_a_repeated_epoch_hand_out_no_key_twice() -> None:
    session = Session(routes=["a"])
    keys(session)
    text = session.core.snapshot(0.0)
    seen = [first_key(one) for one in (session.core, restored(text), restored(text))]
    assert len(set(seen)) == 3
    told = of_restores(text)
    assert len({*seen, *told}) == 5


RESTORES = """
import sys
from failsoft import Policy, Route, _native
route = Route("a")
session = _native.Session.restore(sys.argv[1], Policy(), [(route, route.fields())], None, 1, 0.0)
print(_native.Turn(session, []).enter().idempotency_key)
"""


def of_restores(text: str) -> list[str]:
    command = [sys.executable, "-c", RESTORES, text]
    return [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]


def test_a_key_stays_the_same_over_all_attempts_of_a_call() -> None:
    seen: list[str] = []

    def ask(attempt: Attempt) -> str:
        seen.append(attempt.idempotency_key)
        if len(seen) < 3:
            raise TransientError
        return attempt.idempotency_key

    session = Session(Policy(retry={"base": 0}), routes=["a"])
    assert session.turn().call(ask) == seen[0]
    assert len(seen) == 3
    assert len(set(seen)) == 1


def paid(run_id: str | None, *amounts: int) -> list[tuple[int, str]]:
    """What was paid under which key, in a run whose model asks for these payments one after the other."""
    log: list[tuple[int, str]] = []

    @tool(replay="keyed")
    def pay(amount: int, idempotency_key: str) -> str:
        """Pays.

        :param amount: how much.
        """
        log.append((amount, idempotency_key))
        return "paid"

    replies = iter([*amounts, None])

    def model(messages: Any, tools: Any) -> dict[str, Any]:
        amount = next(replies)
        return {"answer": "done"} if amount is None else {"tool_calls": [PAY(amount)]}

    result = Agent(model, tools=[pay]).run("pay", run_id=run_id)
    assert result.answer == "done"
    return log


PAY: Callable[[int], dict[str, Any]] = lambda amount: {  # noqa: E731 - one expression
    "id": "1",
    "name": "pay",
    "arguments": {"amount": amount},
}


def test_a_run_that_is_run_again_pays_under_the_same_keys() -> None:
    first = paid("order 7", 5, 6, 5)
    assert paid("order 7", 5, 6, 5) == first
    assert len({key for _, key in first}) == 3
    assert not {key for _, key in first} & {key for _, key in paid("order 8", 5, 6, 5) + paid(None, 5, 6, 5)}


def test_a_run_that_goes_another_way_gives_no_other_payment_the_same_key() -> None:
    first, diverged = paid("order 7", 5, 6), paid("order 7", 6, 9, 5)
    assert sorted(first) == sorted(pair for pair in diverged if pair[0] != 9)
    assert len({key for _, key in diverged}) == 3


def test_an_empty_run_id_is_refused() -> None:
    with pytest.raises(ValueError, match=r'run_id: "" is not allowed; use a text that no other run has'):
        Session(routes=["a"]).turn(run_id="")
