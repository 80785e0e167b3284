"""The host loops replay the same scripts, on no loop, on asyncio and on trio."""

from __future__ import annotations

import pytest
from driver import replay
from vectors import Wrong, files

SCRIPTS = {key.removeprefix("driver/"): vector for key, vector in files().items() if key.startswith("driver/")}


@pytest.mark.parametrize("loop", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_it_holds(name: str, loop: str) -> None:
    replay(SCRIPTS[name], loop)


def test_a_wrong_script_is_seen() -> None:
    script = {"name": "x", "retry": [{"value": 1}], "expect": {"value": 2}}
    with pytest.raises(Wrong, match="value: expected 2, got 1"):
        replay(script, "sync")
    with pytest.raises(Wrong, match="unknown field oops"):
        replay({**script, "oops": 1}, "sync")
    with pytest.raises(Wrong, match="no field oops"):
        replay({**script, "expect": {"oops": 1}}, "sync")
