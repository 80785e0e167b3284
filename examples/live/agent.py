"""A small agent against a real endpoint: key, model and base URL from `.env` beside this file or from the environment.

python examples/live/agent.py "What is 17 times 23? Mail the result to ann@example.com."
"""

import logging
import os
import sys
from pathlib import Path

from failsoft import Agent, ApprovalRequest, Policy, tool
from failsoft.adapters import openai_chat
from openai import OpenAI


def multiply(a: int, b: int) -> int:
    """Multiplies two whole numbers."""
    return a * b


@tool(risky=True)
def send_email(to: str, text: str) -> str:
    """Sends an email."""
    print(f"[here an email would go out to {to}: {text}]")
    return "sent"


def ask_me(request: ApprovalRequest) -> bool:
    """Silence is not consent: without a terminal, or at anything but y, the tool does not run."""
    try:
        return input(f"may {request.tool} run with {dict(request.arguments)}? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False


def read_env(path: Path) -> None:
    """`NAME=value` lines, `#` comments, quotes around a value; the environment has the last word."""
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.removeprefix("export ").strip(), value.strip().strip("'\""))


def main() -> int:
    read_env(Path(__file__).parent / ".env")
    task = " ".join(sys.argv[1:]) or "What is 17 times 23? Use the tool."
    missing = [name for name in ("OPENAI_API_KEY", "OPENAI_MODEL") if not os.environ.get(name)]
    if missing:
        print(
            f"not set: {', '.join(missing)}. Copy examples/live/.env.example to .env and fill it in.", file=sys.stderr
        )
        return 2
    logging.basicConfig(format="%(name)s: %(message)s")
    # Retries, time limits, breaker: the defaults, but for the limit of one attempt.
    policy = Policy(attempt={"timeout": float(os.environ.get("ATTEMPT_TIMEOUT", "60"))})
    with OpenAI(base_url=os.environ.get("OPENAI_BASE_URL") or None) as client:
        model = openai_chat(client, os.environ["OPENAI_MODEL"])
        backup = os.environ.get("OPENAI_FALLBACK_MODEL")
        agent = Agent(
            model,
            fallbacks=[openai_chat(client, backup)] if backup else [],
            tools=[multiply, send_email],
            approver=ask_me,
            policy=policy,
        )
        result = agent.run(task)
    print(result.answer)
    print(
        f"[{result.stop_reason} by {result.route} after {result.steps} steps and {result.attempts} attempts, "
        f"{result.usage.input_tokens} + {result.usage.output_tokens} tokens, blocked: {result.blocked or 'nothing'}]"
    )
    for line in result.lines:
        print(f"  {line}")
    return 1 if result.degraded else 0


if __name__ == "__main__":
    sys.exit(main())
