"""A real small model on loopback, faults in between: started by `cargo xtask demo --real-model`.

llama.cpp's own OpenAI-compatible server (PyPI `xllamacpp`) serves the weights in FAILSOFT_GGUF. The misbehaving
provider (FAILSOFT_PROVIDER_BIN) stands in front of it as a proxy: what it is told to break it breaks, the rest it
passes on.
"""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import xllamacpp
from failsoft import Agent, Policy, Result
from failsoft.adapters import openai_chat
from openai import AsyncOpenAI, OpenAI

TASK = "What is the capital of France? Answer in one short sentence."
POLICY = Policy(retry={"base": 0.1, "jitter": "none"})
OPTIONS: dict[str, Any] = {"max_tokens": 48, "temperature": 0}

failed = 0


def model_server(weights: str) -> xllamacpp.Server:
    """The real one, in this process. It picks a free port and ends with us."""
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 512
    params.n_parallel = 1
    # More threads wait for each other by spinning: on a busy machine with few cores one is the quickest.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.verbosity = 1
    return xllamacpp.Server(params)


@contextmanager
def proxy(binary: str, upstream: str) -> Iterator[str]:
    """The provider in front of the model. It ends when its standard input is closed, so also if we die."""
    command = [binary, "--until-stdin-closes", "--upstream", upstream]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield child.stdout.readline().split()[-1]
    finally:
        child.communicate(timeout=10)


class Demo:
    def __init__(self, url: str) -> None:
        self.url = url

    def script(self, **models: Any) -> None:
        for path, body in (("/reset", {}), ("/script", {"models": models})):
            request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method="POST")
            urllib.request.urlopen(request).close()

    def log(self) -> list[str]:
        """Every request the proxy saw: whom it asked, and what was done with it."""
        with urllib.request.urlopen(f"{self.url}/log") as reply:
            return [f"{entry['model']}: {entry['behaviour']}" for entry in json.load(reply)]

    def run(self, *models: dict[str, Any], **script: Any) -> Result:
        self.script(**script)
        with OpenAI(base_url=f"{self.url}/v1", api_key="any") as client:
            first, *others = [openai_chat(client, **{**OPTIONS, **one}) for one in models]
            return Agent(first, fallbacks=others, policy=POLICY).run(TASK)

    async def arun(self, *models: dict[str, Any], **script: Any) -> Result:
        self.script(**script)
        async with AsyncOpenAI(base_url=f"{self.url}/v1", api_key="any") as client:
            first, *others = [openai_chat(client, **{**OPTIONS, **one}) for one in models]
            return await Agent(first, fallbacks=others, policy=POLICY).arun(TASK)

    def tell(self, title: str, result: Result, requests: list[str], *, degraded: bool = False) -> None:
        """Prints what happened, and remembers if it is not what was expected."""
        global failed
        seen = self.log()
        print(f"{title}:")
        for line in result.lines:
            print(f"    {line}")
        print(f"  requests: {', '.join(seen)}")
        print(f"  answer: {result.answer.strip()!r}")
        wrong = []
        if seen != requests:
            wrong.append(f"the requests should be {', '.join(requests)}")
        if result.degraded != degraded or not result.answer.strip():
            wrong.append(f"degraded is {result.degraded}, error is {result.error!r}")
        failed += bool(wrong)
        for one in wrong:
            print(f"  WRONG: {one}")


def main() -> int:
    missing = [name for name in ("FAILSOFT_GGUF", "FAILSOFT_PROVIDER_BIN") if not os.environ.get(name)]
    if missing:
        print(f"not set: {', '.join(missing)}; cargo xtask demo --real-model sets them", file=sys.stderr)
        return 2
    server = model_server(os.environ["FAILSOFT_GGUF"])
    with proxy(os.environ["FAILSOFT_PROVIDER_BIN"], server.listening_address) as url:
        demo, model, backup = Demo(url), {"model": "smollm2"}, {"model": "smollm2-backup"}
        passed = "smollm2: pass"

        demo.tell("no fault", demo.run(model, smollm2="pass"), [passed])

        result = demo.run(model, smollm2=["503x2", "pass"])
        demo.tell("overloaded twice", result, ["smollm2: status", "smollm2: status", passed])

        result = asyncio.run(demo.arun(model, smollm2=["reset", "pass"]))
        demo.tell("a reset connection, asynchronous", result, ["smollm2: reset", passed])

        hung = {**model, "route": {"timeout": 0.5}}
        result = demo.run(hung, backup, **{"smollm2": "silence", "smollm2-backup": "pass"})
        demo.tell("a hung request, and a backup", result, ["smollm2: silence", "smollm2-backup: pass"])

        # The real server says that it cut the answer, and half an answer is not taken for a whole one.
        result = demo.run({**model, "max_tokens": 3}, smollm2="pass")
        demo.tell("an answer cut after 3 tokens", result, [passed], degraded=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
