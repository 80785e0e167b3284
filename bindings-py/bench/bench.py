"""What failsoft costs in Python, beside other libraries, the bare call and a loop written by hand.

``cargo xtask bench --only python``, or ``python bindings-py/bench/bench.py [--rounds N] [--quick] [--only BLOCK]`` in
an environment with failsoft; tenacity, stamina, backoff and pybreaker are measured if they are there.

How to read it. Every line is one call of the same trivial function, guarded in one way. All lines of a block are
measured in turn, in a new order each round, so that whatever else the machine does hits all of them; ``median`` is over
the rounds, ``spread`` the middle half of them. ``x loop`` is the median of the ratios to the hand-written loop *of
the same round*: it is steadier than the times, and the one to compare. It is noisy all the same: nanoseconds move by a
third between machines and between runs, and a difference of less than a tenth says nothing. Nothing here fails: the
last block says which targets are met.

What is fair. ``time.sleep`` and ``asyncio.sleep`` are stubbed for everybody, so waits cost nothing. Every library makes
up to three attempts on one exception class, with its own default backoff and no logging. "everything on" is a
``Session`` of two routes under a policy with retry, deadline, breaker and fallback: its line does a good deal more than
those it stands beside.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import random
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import failsoft
from failsoft import CircuitBreaker, Policy, Session, TransientError, retry, retrying

LOOP = "hand-written loop"
SAMPLE = 2e-3
"""Seconds that one sample takes, about."""

Timed = Callable[[int], float]
"""Runs a case so many times and says how many seconds it took."""


@dataclass
class Block:
    """Lines that are compared with each other."""

    title: str
    cases: dict[str, Timed] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    once: bool = False
    """Whether each sample is one run, for what cannot be run in a loop."""

    def measure(self, rounds: int) -> None:
        counts = {name: 1 if self.once else _count(run) for name, run in self.cases.items()}
        self.times = {name: [] for name in self.cases}
        order = list(self.cases)
        for _ in range(rounds):
            random.shuffle(order)
            gc.collect()
            for name in order:
                self.times[name].append(self.cases[name](counts[name]) / counts[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the ratios within a round."""
        return statistics.median(a / b for a, b in zip(self.times[name], self.times[to], strict=True))

    def show(self) -> None:
        print(f"\n{self.title}\n  {'':44}{'median':>10}  {'spread':<19}{'x loop':>7}")
        for name, times in self.times.items():
            low, middle, high = statistics.quantiles(times, n=4)
            against = f"{self.ratio(name, LOOP):7.2f}" if LOOP in self.times else ""
            print(f"  {name:44}{_span(middle):>10}  {_span(low) + ' - ' + _span(high):<19}{against}", flush=True)


def _count(run: Timed) -> int:
    count = 1
    while (took := run(count)) < SAMPLE / 4:
        count *= 4
    return max(1, int(count * SAMPLE / took))


def _span(seconds: float) -> str:
    if seconds < 1e-5:
        return f"{seconds * 1e9:.0f} ns"
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def sync(statement: str, **names: Any) -> Timed:
    return timeit.Timer(statement, globals=names).timeit


def awaited(statement: str, **names: Any) -> Timed:
    """An ``await`` in a running loop; only the statement is timed, not the start of the loop."""
    loop = f"    for _ in range(n):\n        {statement}\n"
    source = f"async def run(n):\n    started = now()\n{loop}    return now() - started"
    names["now"] = time.perf_counter
    exec(source, names)
    return lambda count: RUNNER.run_until_complete(names["run"](count))


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


tenacity, stamina, backoff, pybreaker = (optional(name) for name in ("tenacity", "stamina", "backoff", "pybreaker"))
RUNNER = asyncio.new_event_loop()


def stub_sleeps() -> None:
    async def asleep(delay: float, result: Any = None) -> Any:
        return result

    time.sleep = lambda seconds: None
    asyncio.sleep = asleep  # type: ignore[assignment]


# ---- What is called ----


def answer(*_: Any) -> str:
    return "391"


async def aanswer(*_: Any) -> str:
    return "391"


def broken(*_: Any) -> str:
    raise TransientError("down")


def third_time(*_: Any, calls: list[int] = [0]) -> str:  # noqa: B006 - one counter
    calls[0] += 1
    if calls[0] % 3:
        raise TransientError("busy")
    return "391"


async def athird_time(*_: Any) -> str:
    return third_time()


# ---- How it is guarded by hand ----


def by_hand(fn: Callable[[], str]) -> str:
    for attempt in range(3):
        try:
            return fn()
        except TransientError:
            if attempt == 2:
                raise
            time.sleep(random.uniform(0, min(30.0, 0.5 * 2**attempt)))
    raise AssertionError


async def aby_hand(fn: Callable[[], Awaitable[str]]) -> str:
    for attempt in range(3):
        try:
            return await fn()
        except TransientError:
            if attempt == 2:
                raise
            await asyncio.sleep(random.uniform(0, min(30.0, 0.5 * 2**attempt)))
    raise AssertionError


async def aby_hand_timed(fn: Callable[[], Awaitable[str]]) -> str:
    async with asyncio.timeout(600):
        return await aby_hand(fn)


# ---- failsoft with everything on ----


def everything(**changes: Any) -> Session:
    """Retry, deadline, breaker and fallback over two routes."""
    # A benchmark that fails two times in three would open any sensible breaker and spend any budget.
    breaker = {"rate": 1.0, **changes}
    policy = Policy(turn={"deadline": 86_400}, breaker=breaker, budget={"floor": 1_000_000})
    return Session(policy, routes=["primary", "backup"], seed=7)


def with_open_breaker() -> Session:
    session = everything(consecutive=3, open=86_400, max_open=86_400)
    for _ in range(3):
        session.turn().call(lambda attempt: broken() if attempt.route.name == "primary" else "391")
    assert session.breaker("primary") == "open"
    return session


def refuses(call: Callable[[], Any], refusal: type[Exception]) -> Callable[[], None]:
    def refused() -> None:
        try:
            call()
        except refusal:
            return
        raise AssertionError

    refused()
    return refused


# ---- How others guard it ----


def others(fn: Any, is_async: bool) -> dict[str, Callable[[], Any]]:
    """The same function under every library, three attempts each."""
    guarded: dict[str, Callable[[], Any]] = {}
    if tenacity:
        kind = tenacity.AsyncRetrying if is_async else tenacity.Retrying
        options = {
            "stop": tenacity.stop_after_attempt(3),
            "wait": tenacity.wait_random_exponential(multiplier=0.5, max=30),
            "retry": tenacity.retry_if_exception_type(TransientError),
        }
        retrier = kind(**options)
        guarded["tenacity Retrying()(fn)"] = lambda: retrier(fn)
        guarded["tenacity @retry"] = tenacity.retry(**options)(fn)
    if stamina:
        stamina.instrumentation.set_on_retry_hooks([])  # else it logs every retry, and the log is what is measured
        guarded["stamina @retry"] = stamina.retry(on=TransientError, attempts=3, timeout=None)(fn)
    if backoff:
        guarded["backoff @on_exception"] = backoff.on_exception(backoff.expo, TransientError, max_tries=3)(fn)
    return guarded


def retries(title: str, fn: Any) -> Block:
    block = Block(title)
    session = everything()
    turn = session.turn()
    block.cases = {
        "bare call": sync("fn()", fn=fn) if fn is answer else sync("fn()", fn=answer),
        LOOP: sync("by_hand(fn)", by_hand=by_hand, fn=fn),
        "failsoft retry(fn)": sync("retry(fn)", retry=retry, fn=fn),
        "failsoft @retrying": sync("fn()", fn=retrying(fn)),
        "failsoft turn.call, everything on": sync("turn.call(fn)", turn=turn, fn=fn),
        "failsoft session.turn().call, a turn each": sync("session.turn().call(fn)", session=session, fn=fn),
    }
    block.cases |= {name: sync("fn()", fn=guarded) for name, guarded in others(fn, False).items()}
    return block


def aretries(title: str, fn: Any) -> Block:
    block = Block(title)
    session = everything()
    turn = session.turn()
    block.cases = {
        "bare await": awaited("await fn()", fn=aanswer),
        LOOP: awaited("await by_hand(fn)", by_hand=aby_hand, fn=fn),
        "failsoft await retry(fn)": awaited("await retry(fn)", retry=retry, fn=fn),
        "failsoft @retrying": awaited("await fn()", fn=retrying(fn)),
        "failsoft turn.acall, everything on": awaited("await turn.acall(fn)", turn=turn, fn=fn),
        "failsoft session.turn().acall, a turn each": awaited("await session.turn().acall(fn)", session=session, fn=fn),
    }
    if sys.version_info >= (3, 11):
        block.cases["the loop in asyncio.timeout, as acall's"] = awaited("await hand(fn)", hand=aby_hand_timed, fn=fn)
    block.cases |= {name: awaited("await fn()", fn=guarded) for name, guarded in others(fn, True).items()}
    return block


def breaker_closed() -> Block:
    block = Block("breaker closed, success (sync)")
    turn = everything().turn()
    block.cases = {
        "bare call": sync("fn()", fn=answer),
        LOOP: sync("by_hand(fn)", by_hand=by_hand, fn=answer),
        "failsoft CircuitBreaker.call": sync("call(fn)", call=CircuitBreaker().call, fn=answer),
        "failsoft with breaker:": sync("with b:\n    fn()", b=CircuitBreaker(), fn=answer),
        "failsoft turn.call, everything on": sync("turn.call(fn)", turn=turn, fn=answer),
    }
    if pybreaker:
        block.cases["pybreaker .call"] = sync("call(fn)", call=pybreaker.CircuitBreaker().call, fn=answer)
    return block


def abreaker_closed() -> Block:
    block = Block("breaker closed, success (asyncio)")
    block.cases = {
        "bare await": awaited("await fn()", fn=aanswer),
        LOOP: awaited("await by_hand(fn)", by_hand=aby_hand, fn=aanswer),
        "failsoft CircuitBreaker.acall": awaited("await call(fn)", call=CircuitBreaker().acall, fn=aanswer),
    }
    if pybreaker:
        # Its call_async needs tornado; its block does not.
        calling = pybreaker.CircuitBreaker().calling
        block.cases["pybreaker with .calling():"] = awaited(
            "with calling():\n            await fn()", calling=calling, fn=aanswer
        )
    return block


def breaker_open() -> Block:
    block = Block("breaker open: refused without a request (sync)")
    mine = CircuitBreaker(consecutive=1, open=86_400, max_open=86_400)
    refuses(lambda: mine.call(broken), TransientError)
    session = with_open_breaker()
    alone = Session(
        Policy(breaker={"consecutive": 1, "open": 86_400, "max_open": 86_400}, retry={"max_attempts": 1}),
        routes=["only"],
    )
    refuses(lambda: alone.turn().call(broken), failsoft.Exhausted)
    block.cases = {
        "bare call that raises, caught": sync("fn()", fn=refuses(lambda: broken(), TransientError)),
        "failsoft CircuitBreaker.call": sync("fn()", fn=refuses(lambda: mine.call(answer), failsoft.BreakerOpen)),
        "failsoft turn.call, one route": sync(
            "fn()", fn=refuses(lambda: alone.turn().call(answer), failsoft.BreakerOpen)
        ),
        "failsoft turn.call, the backup answers": sync("session.turn().call(fn)", session=session, fn=answer),
    }
    if pybreaker:
        theirs = pybreaker.CircuitBreaker(fail_max=1, reset_timeout=86_400)
        refuses(lambda: theirs.call(broken), pybreaker.CircuitBreakerError)
        block.cases["pybreaker .call"] = sync(
            "fn()", fn=refuses(lambda: theirs.call(answer), pybreaker.CircuitBreakerError)
        )
    return block


# ---- The import ----

PREPARED = "import asyncio, json, logging, dataclasses, typing, re, threading, contextvars, secrets"
IMPORTS = {
    "import json": ("pass", "import json"),
    "import failsoft": ("pass", "import failsoft"),
    "from failsoft import retry": ("pass", "from failsoft import retry"),
    "from failsoft import Agent": ("pass", "from failsoft import Agent"),
    "import failsoft after import json": ("import json", "import failsoft"),
    "from failsoft import Agent, with asyncio etc. loaded": (PREPARED, "from failsoft import Agent"),
}


def imports() -> Block:
    """Fresh interpreters, each of which times one import."""
    block = Block("import, each in a fresh interpreter", once=True)

    def case(before: str, statement: str) -> Timed:
        code = f"{before}\nimport time\nt = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
        return lambda _: float(subprocess.check_output([sys.executable, "-I", "-c", code]))

    block.cases = {name: case(*what) for name, what in IMPORTS.items()}
    return block


# ---- The targets ----


def verdict(what: str, is_now: float, most: float, unit: str) -> None:
    word = "met" if is_now <= most else f"missed by {(is_now / most - 1) * 100:.0f} %"
    print(f"  {what:66}{is_now:7.2f} {unit:<3} of {most:g} {unit:<3} {word}")


def targets(blocks: dict[str, Block]) -> None:
    print("\ntargets")
    block, mine = blocks.get("success"), "failsoft turn.call, everything on"
    if block:
        verdict("sync success, everything on, to a hand-written loop: at most", block.ratio(mine, LOOP), 3, "x")
        verdict("@retrying to a hand-written loop: at most", block.ratio("failsoft @retrying", LOOP), 3, "x")
        verdict("retry(fn) to a hand-written loop: at most", block.ratio("failsoft retry(fn)", LOOP), 2.4, "x")
        each = statistics.median(block.times["failsoft session.turn().call, a turn each"]) * 1e6
        verdict("a turn made and used: at most", each, 2, "us")
        for name in block.times:
            if name.startswith("tenacity"):
                ratio = block.ratio(name, mine)
                word = "met" if ratio >= 25 else f"missed by {(1 - ratio / 25) * 100:.0f} %"
                print(f"  {'faster than ' + name + ' alone: at least':66}{ratio:7.2f} x   of 25 x   {word}")
    if "import" in blocks:
        for name in (
            "import failsoft",
            "from failsoft import Agent",
            "from failsoft import Agent, with asyncio etc. loaded",
        ):
            verdict(name + ": at most", statistics.median(blocks["import"].times[name]) * 1e3, 15, "ms")


BLOCKS: dict[str, Callable[[], Block]] = {
    "success": lambda: retries("success path (sync)", answer),
    "failures": lambda: retries("two failures, then success; no waiting (sync)", third_time),
    "closed": breaker_closed,
    "open": breaker_open,
    "asuccess": lambda: aretries("success path (asyncio)", aanswer),
    "afailures": lambda: aretries("two failures, then success; no waiting (asyncio)", athird_time),
    "aclosed": abreaker_closed,
    "import": imports,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="What failsoft costs, beside other libraries.")
    parser.add_argument("--rounds", type=int, default=150, help="rounds of each block (a fifth for the imports)")
    parser.add_argument("--quick", action="store_true", help="twenty rounds: to see that it runs")
    parser.add_argument("--only", choices=list(BLOCKS), action="append", help="measures one block alone")
    options = parser.parse_args()
    rounds = 20 if options.quick else options.rounds
    stub_sleeps()
    print(f"python {sys.version.split()[0]}, failsoft from {failsoft.__path__[0]}, {rounds} rounds")
    missing = [name for name in ("tenacity", "stamina", "backoff", "pybreaker") if not globals()[name]]
    if missing:
        print(f"not installed, not measured: {', '.join(missing)}")
    blocks = {}
    for name in options.only or BLOCKS:
        blocks[name] = block = BLOCKS[name]()
        block.measure(max(2, rounds // 5) if name == "import" else rounds)
        block.show()
    targets(blocks)


if __name__ == "__main__":
    main()
