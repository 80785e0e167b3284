"""G over the wire: the breaker opens, refuses without a request, lets one of 20 callers probe, and closes."""

import asyncio
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from failsoft import BreakerOpen, Exhausted, Session
from failsoft.adapters import ChatModel, openai_chat
from telling import policy
from wiring import aclient, check, client, log, play, script

GUARDED = policy(breaker={"consecutive": 3, "open": 0.2}, retry={"max_attempts": 1})
# The probe is answered slowly: all the others come while it is under way.
SICK = ["503x3", {"do": "answer", "text": "back", "delay_ms": 400}, "answer:well"]
MESSAGES = [{"role": "user", "content": "Hello?"}]


def sync() -> None:
    script(sick=SICK)
    with client() as openai:
        model, session = openai_chat(openai, "sick"), Session(GUARDED, routes=["primary"])
        review_open(session, [ask(session, model) for _ in range(4)])
        time.sleep(0.2)
        together, outcomes = threading.Barrier(20), []

        def caller() -> None:
            together.wait()
            outcomes.append(ask(session, model))

        callers = [threading.Thread(target=caller) for _ in range(20)]
        for one in callers:
            one.start()
        for one in callers:
            one.join()
        review_probe(session, outcomes)
        review_closed(ask(session, model))


def ask(session: Session, model: ChatModel) -> str:
    try:
        return str(session.turn().call(lambda attempt: model.ask(MESSAGES, [], attempt))["answer"])
    except Exhausted:
        return "failed"
    except BreakerOpen:
        return "refused"


async def asynchronous() -> None:
    script(sick=SICK)
    async with aclient() as openai:
        model, session = openai_chat(openai, "sick"), Session(GUARDED, routes=["primary"])
        review_open(session, [await aask(session, model) for _ in range(4)])
        await asyncio.sleep(0.2)
        review_probe(session, await asyncio.gather(*[aask(session, model) for _ in range(20)]))
        review_closed(await aask(session, model))


async def aask(session: Session, model: ChatModel) -> str:
    try:
        return str((await session.turn().acall(lambda attempt: model.ask(MESSAGES, [], attempt)))["answer"])
    except Exhausted:
        return "failed"
    except BreakerOpen:
        return "refused"


def review_open(session: Session, outcomes: list[str]) -> None:
    check("four callers, one after the other", outcomes, ["failed", "failed", "failed", "refused"])
    check("requests the provider saw", len(log("sick")), 3)
    check("state", session.breaker("primary"), "open")


def review_probe(session: Session, outcomes: list[str]) -> None:
    check("of 20 callers at once, answered", outcomes.count("back"), 1)
    check("refused", outcomes.count("refused"), 19)
    check("requests the provider saw", len(log("sick")), 4)
    check("state", session.breaker("primary"), "closed")


def review_closed(outcome: str) -> None:
    check("the next caller", outcome, "well")
    check("requests the provider saw", len(log("sick")), 5)


play("G. The breaker, over the wire", sync, asynchronous)
