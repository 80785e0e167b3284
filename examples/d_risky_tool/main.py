"""D. A risky tool beside a safe one: the risky one asks, the safe one never does."""

import sys
from pathlib import Path

from failsoft import Agent, ApprovalRequest, tool
from failsoft.testing import instant

sys.path.append(str(Path(__file__).parents[1]))
from telling import listed, multiply, policy, tell

print("D. A risky tool beside a safe one")

sent = 0


@tool(risky=True)
def send_email(to: str, text: str) -> str:
    """Sends an email."""
    global sent
    sent += 1
    return "sent"


def model(messages, tools):
    results = [message["content"] for message in messages if message["role"] == "tool"]
    if results:
        return {"answer": f"17 times 23 is {results[0]}"}
    multiply_it = {"id": "call-1", "name": "multiply", "arguments": {"a": 17, "b": 23}}
    mail_it = {"id": "call-2", "name": "send_email", "arguments": {"to": "ada@example.org", "text": "391"}}
    return {"tool_calls": [multiply_it, mail_it]}


asked: list[str] = []


def approver(request: ApprovalRequest) -> bool:
    asked.append(request.tool)
    return True


with instant():
    print("without an approver:")
    tell(Agent(model, tools=[multiply, send_email], policy=policy()).run("Multiply, then mail it."))
    print(f"sent: {sent}")

    print("with an approver who says yes:")
    tell(Agent(model, tools=[multiply, send_email], approver=approver, policy=policy()).run("Multiply, then mail it."))
    print(f"sent: {sent}")
print(f"asked about: {listed(asked)}")
