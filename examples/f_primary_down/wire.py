"""F over the wire: the primary is down for one turn, the backup answers, and the next turn is back on the primary."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from failsoft import Agent, Result
from failsoft.adapters import openai_chat
from telling import policy
from wiring import aclient, check, check_gaps, client, log, play, script, tell

BACKOFF = policy(retry={"base": 0.05})
PRIMARY = ["503x3", "answer:hello from the primary"]
BACKUP = "answer:hello from the backup"


def sync() -> None:
    script(big=PRIMARY, small=BACKUP)
    with client() as openai:
        agent = Agent(openai_chat(openai, "big"), fallbacks=[openai_chat(openai, "small")], policy=BACKOFF)
        review([agent.run("Hello!"), agent.run("Hello again!")])


async def asynchronous() -> None:
    script(big=PRIMARY, small=BACKUP)
    async with aclient() as openai:
        agent = Agent(openai_chat(openai, "big"), fallbacks=[openai_chat(openai, "small")], policy=BACKOFF)
        review([await agent.arun("Hello!"), await agent.arun("Hello again!")])


def review(results: list[Result]) -> None:
    tell(results[0], answer="hello from the backup", route="backup", attempts=4, degraded=False)
    tell(results[1], answer="hello from the primary", route="primary", attempts=1, degraded=False)
    check("requests the primary saw", len(log("big")), 4)
    check_gaps(log("big")[:3], 0.05, 0.1)
    check("requests the backup saw", len(log("small")), 1)


play("F. The primary is down for one turn, over the wire", sync, asynchronous)
