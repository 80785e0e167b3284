"""E over the wire: the first request hangs. It is given up on at its limit and made afresh."""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from failsoft import Agent, Result
from failsoft.adapters import openai_chat
from telling import policy
from wiring import aclient, check, check_gaps, client, log, play, script, tell

# The limit goes to the SDK, which closes the connection: no thread is needed, and none is left behind.
LIMIT = policy(attempt={"timeout": 0.4}, retry={"base": 0.05})
HUNG = [{"do": "answer", "text": "late", "delay_ms": 600}, "answer:fresh"]


def sync() -> None:
    script(hung=HUNG)
    with client() as openai:
        review(Agent(openai_chat(openai, "hung"), policy=LIMIT).run("Hello?"))


async def asynchronous() -> None:
    script(hung=HUNG)
    async with aclient() as openai:
        review(await Agent(openai_chat(openai, "hung"), policy=LIMIT).arun("Hello?"))


def review(result: Result) -> None:
    tell(result, answer="fresh", attempts=2, degraded=False)
    check("the event log names the limit", any("timed_out" in line for line in result.lines), True)
    # The limit began before the request arrived, so from there only the backoff is certain.
    check_gaps(log("hung"), 0.05)
    while log("hung")[0]["ended_ms"] is None:
        time.sleep(0.01)
    check("had the client left before the late answer", log("hung")[0]["client_left"], True)
    check("requests the provider saw", len(log("hung")), 2)


play("E. A hung call, over the wire", sync, asynchronous)
