"""Every fault of ``faults.json`` met by an agent over the real ``openai`` client: one line of JSON a cell.

    python tests/matrix/matrix.py sync|async PROVIDER-URL [FAULT ..]

The provider is one with ``--tls``, for its doors. It judges nothing: ``cargo xtask demo --faults`` holds the lines
against what the catalogue expects.
"""

import asyncio
import json
import re
import sys
import time
import urllib.request
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from failsoft import Agent, Policy, Result
from failsoft.adapters import openai_chat
from openai import AsyncOpenAI, OpenAI

CATALOGUE = json.loads((Path(__file__).parent.parent / "faults.json").read_text(encoding="utf-8"))
POLICY = Policy.from_json(json.dumps(CATALOGUE["policy"]))
ROUTES = ("primary", "backup")


def main(way: str, url: str, *names: str) -> None:
    doors = get(f"{url}/health")["doors"]
    for fault in CATALOGUE["faults"]:
        if names and fault["name"] not in names:
            continue
        for stream in {"both": (False, True)}.get(fault["streaming"], (fault["streaming"],)):
            post(f"{url}/reset", {})
            post(f"{url}/script", {"models": fault["models"]})
            bases = [doors[fault["doors"][name]] if name in fault.get("doors", ()) else url for name in ROUTES]
            begun = time.monotonic()
            result = ask(bases, stream) if way == "sync" else asyncio.run(aask(bases, stream))
            tell(url, fault, stream, result, time.monotonic() - begun)


def ask(bases: list[str], stream: bool) -> Result:
    with ExitStack() as stack:
        return agent([stack.enter_context(OpenAI(**access(base))) for base in bases], stream).run("hi")


async def aask(bases: list[str], stream: bool) -> Result:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(AsyncOpenAI(**access(base))) for base in bases]
        return await agent(clients, stream).arun("hi")


def access(base: str) -> dict[str, str]:
    return {"base_url": f"{base}/v1", "api_key": "any"}


def agent(clients: list[Any], stream: bool) -> Agent:
    # Two deployments and two credentials, as two providers would be, although one server plays both.
    first, second = (
        openai_chat(client, name, stream=stream, route={"name": name, "endpoint": name, "credential": name})
        for client, name in zip(clients, ROUTES, strict=True)
    )
    return Agent(first, fallbacks=[second], policy=POLICY, seed=1)


def tell(url: str, fault: dict[str, Any], stream: bool, result: Result, took: float) -> None:
    asked = [entry["model"] for entry in get(f"{url}/log")]
    kinds = [told[1] for line in result.lines if (told := re.match(r"primary: attempt \d+ failed: (\w+)", line))]
    cell = {
        "fault": fault["name"],
        "streaming": stream,
        **{name: asked.count(name) for name in ROUTES},
        "attempts": result.attempts,
        "kind": kinds[-1] if kinds else None,
        "answer": None if result.degraded else result.answer,
        "stop_reason": result.stop_reason,
        "ms": round(took * 1000),
    }
    print(json.dumps(cell), flush=True)


def get(address: str) -> Any:
    with urllib.request.urlopen(address) as reply:
        return json.load(reply)


def post(address: str, body: Any) -> None:
    request = urllib.request.Request(address, data=json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(request).close()


main(*sys.argv[1:])
