"""The command ``failsoft``, also ``python -m failsoft``: says what a failure is, from what a log has left of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import _native
from ._facts.body import LONGEST
from ._native import Explanation, Policy

_EXAMPLE = "failsoft classify --status 429 --header 'retry-after: 20' --body @answer.json --provider openai"


class _Refused(Exception):
    """What is wrong with the command line, in one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Refused(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; what it returns is the exit status."""
    try:
        chosen = _parser().parse_args(arguments)
        said = _native.explain(_facts(chosen), _policy(chosen.policy))
    except (_Refused, ValueError) as error:
        print(f"failsoft: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(_as_json(said) if chosen.json else said)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="failsoft", description="One reliability engine for AI agents.")
    parser.add_argument("--version", action="version", version=f"failsoft {_native.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="classify")
    one = commands.add_parser(
        "classify",
        help="what a failure is, which rule says so, and what the engine would do",
        description="Says what a failure is, which rule says so, and what the engine would do. Give what you have.",
        epilog=f"example: {_EXAMPLE}",
        allow_abbrev=False,
    )
    text: dict[str, Any] = {"metavar": "TEXT"}
    one.add_argument("--status", type=_status, metavar="N", help="the HTTP status, such as 429")
    one.add_argument("--body", metavar="TEXT", help="the answer's body; @FILE reads a file, @- standard input")
    one.add_argument("--header", action="append", type=_header, default=[], help="'name: value'; repeatable", **text)
    one.add_argument("--message", help="what the exception says", **text)
    one.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME", help="a class; repeatable")
    one.add_argument("--code", metavar="WORD", help="the provider's error code, where there is no body")
    one.add_argument("--type", metavar="WORD", help="the provider's error type, where there is no body")
    one.add_argument("--phase", metavar="PHASE", help="how far it came: connect, send, first_progress or idle")
    one.add_argument("--provider", metavar="NAME", help="who was asked, such as openai or openrouter")
    one.add_argument("--policy", metavar="FILE", help="a policy as JSON, whose rules count too")
    one.add_argument("--json", action="store_true", help="one line of JSON in place of text")
    return parser


def _status(text: str) -> int:
    if text.isascii() and text.isdigit() and 100 <= int(text) <= 599:
        return int(text)
    raise _Refused(f'--status: "{text}" is not allowed; use 100 to 599')


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise _Refused(f'--header: "{text}" is not allowed; use one such as "retry-after: 20"')
    return name.strip().lower(), value.strip()


def _facts(chosen: argparse.Namespace) -> dict[str, Any]:
    return {
        "status": chosen.status,
        "headers": dict(chosen.header),
        "body": _body(chosen.body),
        "code": chosen.code,
        "error_type": chosen.type,
        "message": chosen.message,
        "classes": chosen.classes,
        "phase": chosen.phase,
        "provider": chosen.provider and chosen.provider.lower(),
        "wall_ms": int(time.time() * 1000),
    }


def _body(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    if given == "@-":
        return sys.stdin.buffer.read(LONGEST).decode("utf-8", "replace")
    return _read("--body", given[1:])[:LONGEST].decode("utf-8", "replace")


def _policy(file: str | None) -> Policy | None:
    return None if file is None else Policy.from_json(_read("--policy", file).decode("utf-8", "replace"))


def _read(option: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:
        raise _Refused(f'{option}: "{file}" cannot be read; use the name of a file') from None


def _as_json(said: Explanation) -> str:
    failure = said.failure
    told = {
        "rule": said.rule,
        "failure": {
            "kind": failure.kind,
            "status": failure.status,
            "retry_after_ms": _ms(failure.retry_after),
            "reset_after_ms": _ms(failure.reset_after),
            "phase": failure.phase,
            "should_retry": failure.should_retry,
            "effect": failure.effect,
        },
        "why": said.why,
        "next": said.next,
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000 + 0.5)


if __name__ == "__main__":
    sys.exit(main())
