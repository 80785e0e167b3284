from __future__ import annotations

import contextvars
import functools
import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest
from conftest import Run
from failsoft import CallTimeout, DeadlineExceeded, TransientError, call_with_deadline
from failsoft.testing import VirtualTime


def test_a_value_in_time_is_returned(time: VirtualTime) -> None:
    assert call_with_deadline(lambda: 42, 1) == 42


def test_an_error_in_time_comes_out_unchanged(time: VirtualTime) -> None:
    error = KeyError("x")

    def broken() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        call_with_deadline(broken, 1)
    assert caught.value is error


def test_a_late_call_is_given_up_on(time: VirtualTime) -> None:
    before = time.now
    with pytest.raises(CallTimeout) as caught:
        call_with_deadline(time.hang, 2.5)
    assert time.now - before == 2.5
    assert isinstance(caught.value, TransientError)
    assert isinstance(caught.value, DeadlineExceeded)
    assert isinstance(caught.value, TimeoutError)
    assert "was given up on after 2.5 s; the thread that runs it is left behind" in str(caught.value)


def test_a_late_result_is_ignored(time: VirtualTime) -> None:
    came = threading.Event()

    def late() -> str:
        time.hang(10)
        came.set()
        return "late"

    with pytest.raises(CallTimeout):
        call_with_deadline(late, 1)
    assert not came.is_set()
    time.hang(20)
    assert came.wait(5)
    assert call_with_deadline(lambda: "fresh", 1) == "fresh"


def test_the_thread_sees_the_callers_context(time: VirtualTime) -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user")
    user.set("ada")
    assert call_with_deadline(user.get, 1) == "ada"


def test_ctrl_c_in_the_thread_reaches_the_caller(time: VirtualTime) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_with_deadline(stop, 1)


def test_the_process_exits_while_a_thread_hangs() -> None:
    program = """
import threading
from failsoft import CallTimeout, call_with_deadline
try:
    call_with_deadline(threading.Event().wait, 0.01)
except CallTimeout:
    print("given up")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "given up\n"
    assert done.stderr == ""


def test_an_async_call_is_cancelled_at_its_limit(run: Run, time: VirtualTime) -> None:
    ended = []

    async def hung() -> None:
        try:
            await time.ahang()
        finally:
            ended.append("cancelled")

    async def main() -> None:
        with pytest.raises(CallTimeout, match=r"given up on after 3 s and cancelled"):
            await call_with_deadline(hung, 3)
        assert ended == ["cancelled"]

    run(main)


def test_on_real_time_an_async_call_is_cancelled_too(run: Run) -> None:
    import asyncio

    import trio

    ended = []

    async def hung() -> None:
        try:
            await (trio.sleep_forever() if _on_trio() else asyncio.Event().wait())
        finally:
            ended.append("cancelled")

    async def main() -> None:
        with pytest.raises(CallTimeout):
            await call_with_deadline(hung, 0.001)

    run(main)
    assert ended == ["cancelled"]


def _on_trio() -> bool:
    import trio

    return trio.lowlevel.in_trio_run()


def test_an_async_value_and_an_async_error_come_out(run: Run, time: VirtualTime) -> None:
    async def value() -> int:
        return 42

    async def broken() -> None:
        raise KeyError("x")

    async def main() -> None:
        assert await call_with_deadline(value, 1) == 42
        with pytest.raises(KeyError):
            await call_with_deadline(broken, 1)

    run(main)


@pytest.mark.parametrize("wrap", [lambda fn: functools.partial(fn), lambda fn: lambda: fn()])
def test_an_async_call_is_recognised_through_partials_and_lambdas(run: Run, time: VirtualTime, wrap: Any) -> None:
    async def main() -> None:
        with pytest.raises(CallTimeout):
            await call_with_deadline(wrap(time.ahang), 3)

    run(main)


def test_a_time_limit_of_nonsense_is_refused() -> None:
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"attempt\.timeout: .* is not allowed; use 0.001 s to 30 days"):
            call_with_deadline(lambda: None, wrong)


def test_no_cycle_keeps_an_exception_alive(time: VirtualTime) -> None:
    gone: list[weakref.ref[Exception]] = []

    class Marked(Exception): ...

    def broken() -> None:
        error = Marked()
        gone.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    before = set(threading.enumerate())
    gc.disable()
    try:
        try:
            call_with_deadline(broken, 1)
        except Marked:
            pass
        # The thread that ran it has ended, or does so soon; nothing else holds it.
        for thread in set(threading.enumerate()) - before:
            thread.join(5)
        assert gone[0]() is None
    finally:
        gc.enable()
