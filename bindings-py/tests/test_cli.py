"""The command ``failsoft``, as it was installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import failsoft
import pytest
from failsoft import Policy, explain

INSTALLED = str(Path(sys.executable).with_name("failsoft"))
MODULE = (sys.executable, "-m", "failsoft")
QUOTA = json.dumps({"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}})


def run(*arguments: str, given: bytes = b"", command: tuple[str, ...] = MODULE) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*command, *arguments], input=given, capture_output=True, timeout=60, check=False)


def judged(*arguments: str, given: bytes = b"") -> dict[str, Any]:
    done = run("classify", "--json", *arguments, given=given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_installed_command_and_the_module_say_the_same() -> None:
    installed, module = (
        run("classify", "--status", "429", "--body", QUOTA, command=command) for command in ((INSTALLED,), MODULE)
    )
    assert (installed.returncode, installed.stderr) == (0, b"")
    assert installed.stdout == module.stdout
    text = installed.stdout.decode()
    assert text.startswith("quota_exhausted")
    assert "insufficient_quota" in text


def test_the_text_is_that_of_explain() -> None:
    class Raised(Exception):
        status_code = 429
        body = json.loads(QUOTA)

    said = explain(Raised("no"))
    done = run("classify", "--status", "429", "--body", QUOTA, "--message", "no", "--class", "Raised")
    assert done.stdout.decode() == f"{said}\n"


def test_json_in_the_form_of_the_vectors() -> None:
    told = judged("--status", "429", "--header", "Retry-After: 20", "--header", "x-should-retry: true")
    assert list(told) == ["rule", "failure", "why", "next"]
    assert told["failure"] == {
        "kind": "rate_limited",
        "status": 429,
        "retry_after_ms": 20_000,
        "reset_after_ms": None,
        "phase": None,
        "should_retry": True,
        "effect": "possible",
    }


def test_a_body_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(QUOTA, "utf-8")
    from_file = judged("--status", "429", "--body", f"@{file}")
    from_input = judged("--status", "429", "--body", "@-", given=QUOTA.encode())
    assert from_file == from_input
    assert from_file["failure"]["kind"] == "quota_exhausted"


def test_bytes_that_are_no_text_are_taken_all_the_same() -> None:
    told = judged("--status", "500", "--body", "@-", given=b"\xff\xfe\x00" * 100_000)
    assert told["failure"]["kind"] == "server_error"


def test_classes_phase_and_provider() -> None:
    told = judged("--class", "ReadTimeout", "--class", "Exception", "--phase", "idle", "--provider", "OpenAI")
    assert (told["failure"]["kind"], told["failure"]["phase"]) == ("stream_broken", "idle")


def test_the_rules_of_a_policy_count(tmp_path: Path) -> None:
    policy = Policy(
        classify={"rules": [{"name": "ours", "when": {"phrase": ["the moon is full"]}, "then": {"kind": "overloaded"}}]}
    )
    file = tmp_path / "policy.json"
    file.write_text(policy.to_json(), "utf-8")
    told = judged("--message", "Sorry, the moon is full", "--policy", str(file))
    assert (told["rule"], told["failure"]["kind"]) == ("ours", "overloaded")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "required"),
        (("judge",), "judge"),
        (("classify", "--status", "teapot"), '"teapot" is not allowed'),
        (("classify", "--status", "99"), '"99" is not allowed'),
        (("classify", "--header", "retry-after"), '"retry-after" is not allowed'),
        (("classify", "--body", "@/nowhere/at/all"), '--body: "/nowhere/at/all" cannot be read; use'),
        (("classify", "--policy", "/nowhere/at/all"), '--policy: "/nowhere/at/all" cannot be read; use'),
        (("classify", "--phase", "lunch"), 'facts.phase: "lunch" is not allowed'),
        (("classify", "--colour", "red"), "--colour"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments)
    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert told.startswith("failsoft: ")
    assert told.count("\n") == 1
    assert complaint in told


def test_a_policy_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"retry": {"max_attempts": 0}}', "utf-8")
    done = run("classify", "--policy", str(file))
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"retry.max_attempts" in done.stderr


def test_it_explains_itself() -> None:
    for arguments in (("--help",), ("classify", "--help")):
        done = run(*arguments)
        assert done.returncode == 0
        assert b"classify" in done.stdout


def test_it_says_its_version_which_is_that_of_the_package() -> None:
    for command in ((INSTALLED,), MODULE):
        done = run("--version", command=command)
        assert (done.returncode, done.stdout.decode()) == (0, f"failsoft {metadata.version('failsoft')}\n")
    assert failsoft.__version__ == metadata.version("failsoft")


def test_the_example_of_the_readme_prints_what_stands_there(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    (code, *_), (printed,) = (re.findall(f"```{kind}\n(.*?)```", readme, re.S) for kind in ("python", "text"))

    class Answer(Exception):
        status_code, body = 429, json.loads(QUOTA)

    def ask() -> None:
        raise Answer("no")

    exec(code, {"ask": ask})
    assert capsys.readouterr().out == printed
