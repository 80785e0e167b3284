"""F. The primary is down for one turn: the backup answers, and the next turn is back on the primary."""

import sys
from pathlib import Path

from failsoft import Agent
from failsoft.testing import instant, says, script

sys.path.append(str(Path(__file__).parents[1]))
from telling import Overloaded, policy, tell

print("F. The primary is down for one turn")

primary_is_down = True


def primary(messages, tools):
    if primary_is_down:
        raise Overloaded
    return {"answer": "hello from the primary"}


with instant():
    agent = Agent(primary, fallbacks=[script(says("hello from the backup"))], policy=policy())
    for number, down in [(1, True), (2, False)]:
        print(f"turn {number}:")
        primary_is_down = down
        result = agent.run("Hello!")
        tell(result)
        print(f"route: {result.route}")
