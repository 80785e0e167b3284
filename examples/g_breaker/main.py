"""G. The breaker: it opens, refuses without a request, lets exactly one of 20 callers probe, and closes."""

import sys
import threading
from pathlib import Path

from failsoft import BreakerOpen, Session
from failsoft.testing import VirtualTime

sys.path.append(str(Path(__file__).parents[1]))
from telling import Overloaded, policy, spans

print("G. The breaker")

time = VirtualTime()
guarded = policy(breaker={"consecutive": 3, "open": 5}, retry={"max_attempts": 1})
session = Session(guarded, routes=["primary"], clock=time.clock, sleep=time.sleep)
requests = 0


def failing(attempt):
    global requests
    requests += 1
    raise Overloaded


print("three failures in a row:")
print(f"state: {session.breaker('primary')}")
for _ in range(3):
    try:
        session.turn().call(failing)
        failed = False
    except Exception:
        failed = True
    print(f"failed: {str(failed).lower()}")
print(f"state: {session.breaker('primary')}")
print(f"requests: {requests}")

print("while it is open:")
try:
    session.turn().call(failing)
except BreakerOpen as refused:
    retry_in = refused.retry_in
print(f"refused, come back in: {spans([retry_in])}")
print(f"requests: {requests}")

print("20 callers when its time has come:")
time.advance(retry_in)
print(f"state: {session.breaker('primary')}")
counts = {"admitted": 0, "refused": 0}
# All ask at once, and the probe does not answer before all the others have been refused.
at_once, all_asked, counting = threading.Barrier(20), threading.Barrier(20), threading.Lock()


def count(what):
    with counting:
        counts[what] += 1
    all_asked.wait()


def caller():
    at_once.wait()
    try:
        session.turn().call(lambda attempt: count("admitted"))
    except BreakerOpen:
        count("refused")


callers = [threading.Thread(target=caller) for _ in range(20)]
for one in callers:
    one.start()
for one in callers:
    one.join()
print(f"admitted: {counts['admitted']}")
print(f"refused: {counts['refused']}")
print(f"state: {session.breaker('primary')}")
