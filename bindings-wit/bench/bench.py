"""What a call that works at once costs through the component, in Python, through wasmtime.

Prints nanoseconds a call; ``FAILSOFT_WIT_DIR`` is the folder that holds ``failsoft.component.wasm``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "test"))

from component import Machine, case

machine = Machine(Path(os.environ["FAILSOFT_WIT_DIR"]) / "failsoft.component.wasm")
policy = machine("[static]policy.from-json", "{}")
session = machine("[static]session.open", policy, '["primary", "backup"]', 1, False)


def timed(name: str, times: int, work: Callable[[int], object]) -> None:
    for one in range(times // 10):
        work(one)
    begun = time.perf_counter_ns()
    for one in range(times):
        work(one)
    print(f"{name}: {(time.perf_counter_ns() - begun) // times} ns")


turn = machine("[constructor]turn", session, [], 0)


def call(now: int) -> None:
    _, permit = machine("[method]turn.enter", turn, now, None)
    machine("[static]admitted.succeeded", permit, now)


timed("python: enter and succeeded", 2_000, call)

looped = machine("[constructor]turn", session, [], 0)
machine("[method]turn.next", looped, 0)
timed("python: a poll that says wait", 2_000, lambda _: machine("[method]turn.poll", looped, 0))
timed("python: an event that is stale", 2_000, lambda _: machine("[method]turn.handle", looped, 0, case("waited", 9)))
