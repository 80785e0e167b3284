"""`examples/live/agent.py` as a person runs it, against the misbehaving provider in the place of the endpoint."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from harness import Provider

EXAMPLE = Path(__file__).parents[2] / "examples" / "live" / "agent.py"
SETTINGS = ("OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "OPENAI_FALLBACK_MODEL", "ATTEMPT_TIMEOUT")


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """The example alone in a folder, without the `.env` that somebody may have beside the real one."""
    return Path(shutil.copy(EXAMPLE, tmp_path))


def play(script: Path, *task: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [sys.executable, str(script), *task],
        env={**kept, **environment},
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
    )


def env(provider: Provider, script: Path, model: str, *more: str) -> None:
    lines = [
        "# ours",
        f"OPENAI_BASE_URL = {provider.url}/v1",
        'OPENAI_API_KEY="sk-any"',
        f"OPENAI_MODEL={model}",
        *more,
    ]
    (script.parent / ".env").write_text("\n".join(lines))


def test_it_answers_from_dot_env(provider: Provider, live: Path) -> None:
    provider.script(m=["503", 'agent:multiply({"a":17,"b":23}):it is {last_tool_result}'])
    env(provider, live, "m")
    ran = play(live, "What", "is 17 x 23?")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("it is 391\n[answered by primary after 2 steps and 3 attempts, ")
    assert provider.log("m")[0]["body"]["messages"] == [{"role": "user", "content": "What is 17 x 23?"}]


def test_the_environment_has_the_last_word(provider: Provider, live: Path) -> None:
    provider.script(m="answer:from the file", other="answer:from the environment")
    env(provider, live, "m")
    assert play(live, OPENAI_MODEL="other").stdout.startswith("from the environment\n")


def test_the_backup_answers(provider: Provider, live: Path) -> None:
    provider.script(m="401", b="answer:from the backup")
    env(provider, live, "m", "OPENAI_FALLBACK_MODEL=b")
    ran = play(live)
    assert ran.stdout.startswith("from the backup\n[answered by backup"), ran.stderr


@pytest.mark.parametrize(("said", "outcome"), [("y\n", "sent"), ("n\n", "nothing was sent"), ("", "nothing was sent")])
def test_an_email_needs_a_yes(provider: Provider, live: Path, said: str, outcome: str) -> None:
    provider.script(m='agent:send_email({"to":"ann","text":"hi"}):{last_tool_result}')
    env(provider, live, "m")
    ran = play(live, said=said)
    assert ran.returncode == 0, ran.stderr
    assert ("an email would go out to ann" in ran.stdout) == (outcome == "sent")
    assert ("blocked: ['send_email']" in ran.stdout) == (outcome != "sent")


def test_an_outage_is_told_calmly(provider: Provider, live: Path) -> None:
    provider.script(m="401")
    env(provider, live, "m")
    ran = play(live)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "auth" in ran.stdout
    assert "sk-any" not in ran.stdout + ran.stderr


def test_what_is_missing_is_named(live: Path) -> None:
    ran = play(live)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "not set: OPENAI_API_KEY, OPENAI_MODEL" in ran.stderr
