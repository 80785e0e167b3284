"""A. A model that fails twice, then works: it asks for a tool and answers with what the tool brought."""

import sys
from pathlib import Path

from failsoft import Agent
from failsoft.testing import calls, fails, says, script

sys.path.append(str(Path(__file__).parents[1]))
from telling import Overloaded, multiply, policy, spans, tell

print("A. A model that fails twice, then works")

model = script(
    fails(2, Overloaded()),
    calls("multiply", a=17, b=23),
    says("17 times 23 is {last_tool_result}"),
)

# A clock that stands still, and a sleep that only writes down for how long: a stubbed sleep is a sleep.
delays: list[float] = []
agent = Agent(model, tools=[multiply], policy=policy(), clock=lambda: 0.0, sleep=delays.append)

tell(agent.run("What is 17 times 23?"))
print(f"delays: {spans(delays)}")
