"""What the stories over the wire share: a provider to put a script to, its log, and checks that end in an exit code."""

import asyncio
import json
import os
import sys
import urllib.request
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

from failsoft import Result
from openai import AsyncOpenAI, OpenAI

failed = 0


def provider() -> str:
    """Where the misbehaving provider listens: see tests/provider/README.md."""
    url = os.environ.get("FAILSOFT_PROVIDER")
    if not url:
        sys.exit(
            "FAILSOFT_PROVIDER is not set: start the provider (cargo run -p failsoft-provider) and give its address"
        )
    return url


def script(**models: Any) -> None:
    """What each model does, one behaviour a request; the log begins anew."""
    post("/reset", {})
    post("/script", {"models": models})


def log(model: str) -> list[dict[str, Any]]:
    """The requests for a model that the provider saw, oldest first."""
    with urllib.request.urlopen(f"{provider()}/log") as reply:
        return [entry for entry in json.load(reply) if entry["model"] == model]


def post(path: str, body: Any) -> None:
    request = urllib.request.Request(provider() + path, data=json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(request).close()


def gaps(entries: list[dict[str, Any]]) -> list[float]:
    """Seconds between the arrivals of one request and the next."""
    times = [entry["at_ms"] / 1000 for entry in entries]
    return [after - before for before, after in pairwise(times)]


def client() -> OpenAI:
    """A client as anybody makes it: its own two retries are on, and it is the adapter that switches them off."""
    return OpenAI(base_url=f"{provider()}/v1", api_key="any")


def aclient() -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{provider()}/v1", api_key="any")


def check(what: str, seen: Any, expected: Any) -> None:
    """Prints what was seen, and remembers if it is not what was expected."""
    expect(f"{what}: {seen}", seen == expected, f"expected {expected}")


def check_gaps(entries: list[dict[str, Any]], *least: float) -> None:
    """The gaps between the requests are these seconds at least, less a millisecond of the log's own rounding."""
    seen = gaps(entries)
    long_enough = len(seen) == len(least) and all(gap >= span - 0.001 for gap, span in zip(seen, least, strict=True))
    words = ", ".join(f"at least {span:g} s" for span in least)
    expect(f"gaps: {words}", long_enough, f"seen {', '.join(f'{gap:.3f} s' for gap in seen) or 'none'}")


def expect(line: str, holds: bool, otherwise: str) -> None:
    global failed
    failed += not holds
    print(f"  {line}" if holds else f"  {line}   <-- WRONG: {otherwise}")


def tell(result: Result, **expected: Any) -> None:
    """What a result must say."""
    for name, value in expected.items():
        check(name, getattr(result, name), value)


def play(title: str, sync: Callable[[], None], asynchronous: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Plays both parts, and ends the process: with 0 if every check held."""
    print(title)
    print("sync, openai.OpenAI:")
    sync()
    print("async, openai.AsyncOpenAI:")
    asyncio.run(asynchronous())
    sys.exit(1 if failed else 0)
