"""A over the wire: two 503, then a tool call and an answer. The engine asks again, the SDK does not."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from failsoft import Agent, Result
from failsoft.adapters import openai_chat
from telling import multiply, policy
from wiring import aclient, check, check_gaps, client, log, play, script, tell

TASK = "What is 17 times 23?"
BACKOFF = policy(retry={"base": 0.05})
FLAKY = ["503x2", 'agent:multiply({"a":17,"b":23}):17 times 23 is {last_tool_result}']


def sync() -> None:
    script(flaky=FLAKY)
    with client() as openai:
        review(Agent(openai_chat(openai, "flaky"), tools=[multiply], policy=BACKOFF).run(TASK))


async def asynchronous() -> None:
    script(flaky=FLAKY)
    async with aclient() as openai:
        review(await Agent(openai_chat(openai, "flaky"), tools=[multiply], policy=BACKOFF).arun(TASK))


def review(result: Result) -> None:
    tell(result, answer="17 times 23 is 391", steps=2, attempts=4, degraded=False)
    seen = log("flaky")
    check("statuses the provider sent", [entry["status"] for entry in seen], [503, 503, 200, 200])
    check_gaps(seen, 0.05, 0.1, 0)
    keys = [entry["headers"]["idempotency-key"] for entry in seen]
    check("idempotency keys: one for each step", [len(set(keys[:3])), len(set(keys))], [1, 2])


play("A. A model that fails twice, then works, over the wire", sync, asynchronous)
