"""C over the wire: the provider is down and there is no other. Three requests, not nine; a degraded answer."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from failsoft import Agent, Result
from failsoft.adapters import openai_chat
from telling import policy
from wiring import aclient, check, check_gaps, client, log, play, script, tell

BACKOFF = policy(retry={"base": 0.05})


def sync() -> None:
    script(down="503")
    with client() as openai:
        review(Agent(openai_chat(openai, "down"), policy=BACKOFF).run("Hello?"))


async def asynchronous() -> None:
    script(down="503")
    async with aclient() as openai:
        review(await Agent(openai_chat(openai, "down"), policy=BACKOFF).arun("Hello?"))


def review(result: Result) -> None:
    print(f"  answer: {result.answer}")
    tell(result, degraded=True, stop_reason="model_unavailable", attempts=3)
    seen = log("down")
    check("requests the provider saw", len(seen), 3)
    check_gaps(seen, 0.05, 0.1)


play("C. A full outage, and no fallback, over the wire", sync, asynchronous)
