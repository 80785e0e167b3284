"""E. A hung call: given up on at its limit and made afresh. Its late answer is ignored."""

import asyncio
import queue
import sys
import threading
from pathlib import Path

from failsoft import Attempt, Session
from failsoft.testing import instant

sys.path.append(str(Path(__file__).parents[1]))
from telling import policy, tell_lines


def session() -> Session:
    """One route, whose requests may take 200 ms."""
    return Session(policy(attempt={"timeout": 0.2}, retry={"base": 0.01}), routes=["primary"])


def blocking() -> None:
    print("blocking:")
    # The first request hangs until it is let go, and then brings its answer all the same.
    let_go = threading.Event()
    arrives: queue.Queue[str] = queue.Queue()

    def request(attempt: Attempt) -> str:
        if attempt.number > 1:
            return "fresh"
        let_go.wait()
        arrives.put("stale")
        return "stale"

    with session().turn() as turn:
        # A thread cannot be killed: the one that hangs is left behind. A request with a limit of its own
        # needs none of this.
        answer = turn.call(request, isolate=True)

    let_go.set()
    late = arrives.get()
    tell_lines(turn.report().lines)
    print(f"late answer: {late}, ignored")
    print(f"answer: {answer}")


async def asynchronous() -> None:
    print("asynchronous:")
    came_late = False

    async def request(attempt: Attempt) -> str:
        nonlocal came_late
        if attempt.number > 1:
            return "fresh"
        await time.ahang(60)
        came_late = True
        return "stale"

    async with session().turn() as turn:
        answer = await turn.acall(request)
    # By now the hung request would have answered. It was cancelled at its limit instead.
    await time.ahang(120)

    tell_lines(turn.report().lines)
    print(f"late answer: {'came' if came_late else 'none, the request was cancelled'}")
    print(f"answer: {answer}")


print("E. A hung call")
blocking()
with instant() as time:
    asyncio.run(asynchronous())
