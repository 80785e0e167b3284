"""B. A looping model: it asks for the same tool for ever. The cap on steps stops it."""

import sys
from pathlib import Path

from failsoft import Agent
from failsoft.testing import calls, instant, script

sys.path.append(str(Path(__file__).parents[1]))
from telling import policy, tell

print("B. A model that asks for the same tool for ever")

searches = 0


def search(**query: str) -> str:
    """Searches for something."""
    global searches
    searches += 1
    return "nothing found"


with instant():
    agent = Agent(script(calls("search", **{"for": "an answer"})), tools=[search], policy=policy(turn={"steps": 4}))
    tell(agent.run("Find it."))
print(f"searches: {searches}")
