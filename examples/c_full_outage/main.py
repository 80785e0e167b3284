"""C. A full outage and nobody to fall back on: a degraded answer, and no error."""

import sys
from pathlib import Path

from failsoft import Agent
from failsoft.testing import instant, script

sys.path.append(str(Path(__file__).parents[1]))
from telling import Overloaded, policy, spans, tell

print("C. A full outage, and no fallback")

with instant() as time:
    tell(Agent(script(Overloaded()), policy=policy()).run("Hello?"))
print(f"delays: {spans(time.slept)}")
