"""One mutable place for the model and its client. ``bindings-wasm/test/runtime.test.mjs`` is the same."""

from __future__ import annotations

import copy
import gc
import logging
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Run
from failsoft import Agent, Attempt, Exhausted, Policy, Route, Runtime, Session, TransientError
from failsoft.testing import VirtualTime

ONCE: dict[str, Any] = {"retry": {"max_attempts": 1}}
FIELDS: dict[str, Any] = {
    "model": "large",
    "provider": "openai",
    "base_url": "https://api.openai.com/v1",
    "api_key": "sk-primary",
    "api_mode": "chat_completions",
    "prompt_caching": False,
    "context_window": 200_000,
    "compression": {"threshold": 0.5, "keep": ["system"]},
    "client_arguments": {"timeout": 60, "default_headers": {"x-team": "blue"}},
    "openai_project": "p1",
    "temperature": 0.2,
}
BACKUP: dict[str, Any] = {
    "model": "medium",
    "provider": "anthropic",
    "base_url": "https://api.anthropic.com",
    "api_key": "sk-ant-backup",
    "api_mode": "anthropic_messages",
    "prompt_caching": True,
    "anthropic_version": "2023-06-01",
}


class Builder:
    """Makes a client of the values; ``log`` says what was made, and what was closed and why."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.broken: set[str] = set()

    def build(self, values: dict[str, Any]) -> str:
        name = f"client of {values['model']}"
        if values["model"] in self.broken:
            raise OSError("no key")
        self.log.append(name)
        return name

    def close(self, client: str, reason: str) -> None:
        self.log.append(f"{reason}: {client}")

    async def abuild(self, values: dict[str, Any]) -> str:
        return self.build(values)

    async def aclose(self, client: str, reason: str) -> None:
        self.close(client, reason)


def runtime_of(builder: Builder, **more: Any) -> Runtime:
    return Runtime(build=builder.build, close=builder.close, **{**FIELDS, **more})


def session_of(runtime: Runtime, *, policy: Policy | None = None, **backup: Any) -> Session:
    routes = [Route("primary"), Route("backup", runtime={**BACKUP, **backup})]
    return Session(policy or Policy(**ONCE), routes=routes, runtime=runtime)


def down_on(*names: str) -> Callable[[Attempt], Any]:
    def request(attempt: Attempt) -> Any:
        if attempt.route.name in names:
            raise TransientError
        return attempt.client

    return request


# ---- What is kept. ----


def test_the_snapshot_keeps_every_field() -> None:
    runtime = runtime_of(Builder())
    assert dict(runtime) == FIELDS
    assert (runtime.model, runtime["temperature"], len(runtime)) == ("large", 0.2, len(FIELDS))


def test_the_snapshot_is_a_deep_copy() -> None:
    given = copy.deepcopy(FIELDS)
    runtime = Runtime(build=Builder().build, **given)
    given["client_arguments"]["default_headers"]["x-team"] = "red"
    runtime.compression["keep"].append("tools")
    runtime.model = "small"
    assert runtime.use(BACKUP) and runtime.restore()
    assert dict(runtime) == FIELDS


def test_the_snapshot_keeps_client_arguments_that_cannot_be_copied() -> None:
    lock = threading.Lock()
    runtime = Runtime(model="large", client_arguments={"http_client": lock, "headers": {"a": 1}})
    assert runtime.use({"model": "small"}) and runtime.restore()
    assert runtime.client_arguments["http_client"] is lock
    assert runtime.client_arguments["headers"] == {"a": 1}


def test_the_snapshot_keeps_only_what_applies_to_the_api_mode() -> None:
    own = {"anthropic_version": "x", "aws_region": "eu-central-1", "openai_project": "p1", "mine": 1}
    of = {mode: sorted({**Runtime(api_mode=mode, **own)}) for mode in ("anthropic_messages", "responses", "bedrock")}
    assert of == {
        "anthropic_messages": ["anthropic_version", "api_mode", "mine"],
        "responses": ["api_mode", "mine", "openai_project"],
        "bedrock": ["api_mode", "aws_region", "mine"],
    }
    assert sorted(Runtime(**own)) == sorted(own)  # of a mode that is not known nothing is known


def test_fields_of_one_mode_alone_come_and_go_with_it() -> None:
    modes = {"anthropic_messages": {"api_key": "sk-ant", "betas": ["x"]}, "chat_completions": {"api_key": "sk-oa"}}
    runtime = Runtime(model="large", api_mode="chat_completions", modes=modes)
    assert dict(runtime) == {"model": "large", "api_mode": "chat_completions", "api_key": "sk-oa"}
    runtime.choose(model="other", api_mode="anthropic_messages")
    assert dict(runtime) == {
        "model": "other",
        "api_mode": "anthropic_messages",
        "api_key": "sk-ant",
        "betas": ["x"],
    }
    runtime.choose(model="large", api_mode="chat_completions")
    assert dict(runtime) == {"model": "large", "api_mode": "chat_completions", "api_key": "sk-oa"}


def test_a_deliberate_change_makes_a_new_primary() -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    assert runtime.open()
    runtime.choose(model="larger")
    assert (runtime.model, runtime.client, runtime.api_key) == ("larger", "client of larger", "sk-primary")
    assert "context_window" not in runtime  # that of another model
    assert runtime.use(BACKUP) and runtime.restore()
    assert (runtime.model, runtime.client, runtime.is_on_fallback) == ("larger", "client of larger", False)
    assert builder.log[:3] == ["client of large", "client of larger", "superseded: client of large"]


def test_a_deliberate_change_on_a_fallback_starts_from_the_primary() -> None:
    runtime = runtime_of(Builder())
    assert runtime.use(BACKUP)
    runtime.choose(model="larger")
    assert (runtime.model, runtime.provider, runtime.api_key) == ("larger", "openai", "sk-primary")
    assert not runtime.is_on_fallback


def test_a_deliberate_change_whose_client_cannot_be_made_raises_and_changes_nothing() -> None:
    builder = Builder()
    builder.broken.add("larger")
    runtime = runtime_of(builder)
    assert runtime.open()
    with pytest.raises(OSError, match="no key"):
        runtime.choose(model="larger")
    assert (dict(runtime), runtime.client) == (FIELDS, "client of large")


def test_no_key_goes_along_to_another_provider() -> None:
    runtime = runtime_of(Builder())
    assert runtime.use({"provider": "groq", "model": "small"})
    assert dict(runtime) == {
        "provider": "groq",
        "model": "small",
        "compression": FIELDS["compression"],
        "temperature": 0.2,
    }
    assert runtime.use({"model": "small"})  # of the same place
    assert (runtime.api_key, runtime.base_url, runtime.client_arguments["timeout"]) == (
        "sk-primary",
        "https://api.openai.com/v1",
        60,
    )


# ---- There and back. ----


def test_restore_on_the_primary_does_nothing_and_says_so() -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    assert runtime.restore() is False
    assert builder.log == []


def test_restore_brings_back_model_provider_compression_and_prompt_caching() -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    assert runtime.open() and runtime.use({**BACKUP, "compression": {"threshold": 0.8}})
    assert (runtime.model, runtime.prompt_caching, runtime.compression) == ("medium", True, {"threshold": 0.8})
    assert runtime.restore() is True
    assert (dict(runtime), runtime.client) == (FIELDS, "client of large")
    assert builder.log == [
        "client of large",
        "client of medium",
        "superseded: client of large",
        "client of large",
        "superseded: client of medium",
    ]


def test_restore_survives_a_failing_build_and_leaves_the_fallback_whole(caplog: pytest.LogCaptureFixture) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    assert runtime.use(BACKUP)
    builder.broken.add("large")
    whole = dict(runtime)
    with caplog.at_level(logging.WARNING, "failsoft"):
        assert runtime.restore() is False
    assert (dict(runtime), runtime.client, runtime.is_on_fallback) == (whole, "client of medium", True)
    assert "the client of the runtime could not be made: OSError('no key')" in caplog.text
    builder.broken.clear()
    assert runtime.restore() is True


def test_a_fallback_whose_client_cannot_be_made_changes_nothing() -> None:
    builder = Builder()
    builder.broken.add("medium")
    runtime = runtime_of(builder)
    assert runtime.open()
    assert runtime.use(BACKUP) is False
    assert (dict(runtime), runtime.client, runtime.is_on_fallback) == (FIELDS, "client of large", False)


def test_there_and_back_with_async_hooks(run: Run) -> None:
    builder = Builder()
    runtime = Runtime(build=builder.abuild, close=builder.aclose, **FIELDS)

    async def main() -> list[bool]:
        found = [await runtime.aopen(), await runtime.ause(BACKUP), await runtime.arestore(), await runtime.arestore()]
        await runtime.achoose(model="larger")
        await runtime.aclose()
        return found

    assert run(main) == [True, True, True, False]
    assert builder.log[-3:] == ["client of larger", "superseded: client of large", "closed: client of larger"]


def test_without_a_client_to_make_only_the_values_are_swapped() -> None:
    runtime = Runtime(model="large")
    assert runtime.use({"model": "small"}) and runtime.model == "small"
    assert runtime.restore() and (runtime.model, runtime.client) == ("large", None)


def test_without_a_client_to_make_the_one_that_is_there_stays(time: VirtualTime) -> None:
    closed: list[Any] = []
    runtime = Runtime(model="large", client="mine", close=closed.append)
    with session_of(runtime) as session:
        with session.turn() as turn:
            assert turn.call(_reset_on_primary) == "mine"
            assert (runtime.model, runtime.client) == ("medium", "mine")
        with session.turn() as turn:
            assert turn.call(down_on()) == "mine"
            assert runtime.model == "large"
    assert (closed, time.slept) == ([], [])


def test_a_client_that_is_there_is_used_first(time: VirtualTime) -> None:
    builder = Builder()
    runtime = Runtime(build=builder.build, close=builder.close, client="mine", **FIELDS)
    with session_of(runtime) as session:
        for expected in ("mine", "client of medium", "client of large"):
            with session.turn() as turn:
                assert turn.call(down_on("primary") if "medium" in expected else down_on()) == expected
    assert builder.log == [
        "client of medium",
        "superseded: mine",
        "client of large",
        "superseded: client of medium",
        "closed: client of large",
    ]


# ---- With a session. ----


def test_a_turn_falls_back_and_the_next_one_restores_the_primary(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime)
    with session.turn() as turn:
        assert turn.call(down_on("primary")) == "client of medium"
        assert (runtime.is_on_fallback, runtime.model, runtime.prompt_caching) == (True, "medium", True)
        assert turn.call(down_on("primary")) == "client of medium"
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"
        assert (dict(runtime), runtime.is_on_fallback) == (FIELDS, False)


def test_what_is_changed_after_a_restore_is_no_part_of_the_primary_either(time: VirtualTime) -> None:
    runtime = runtime_of(Builder())
    session = session_of(runtime)
    for _ in range(2):
        for names in (("primary",), ()):
            with session.turn() as turn:
                turn.call(down_on(*names))
        assert dict(runtime) == FIELDS
        runtime.compression["keep"].append("tools")
    assert runtime.use(BACKUP) and runtime.restore()
    runtime.compression["keep"].append("tools")
    assert runtime.use(BACKUP) and runtime.restore()
    assert dict(runtime) == FIELDS


def test_the_position_in_the_chain_is_restored_too(time: VirtualTime) -> None:
    runtime = runtime_of(Builder())
    session = session_of(runtime)
    asked: list[str] = []

    def request(attempt: Attempt) -> Any:
        asked.append(attempt.route.name)
        return down_on("primary", "backup")(attempt)

    for _ in range(2):
        with session.turn() as turn, pytest.raises(Exhausted):
            turn.call(request)
    assert asked == ["primary", "backup"] * 2


def test_a_turn_without_a_failure_swaps_nothing(time: VirtualTime) -> None:
    builder = Builder()
    session = session_of(runtime_of(builder))
    for _ in range(3):
        with session.turn() as turn:
            turn.call(down_on())
    assert builder.log == ["client of large"]


def test_a_way_back_that_fails_leaves_the_fallback_to_the_turn(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime)
    with session.turn() as turn:
        turn.call(down_on("primary"))
    builder.broken.add("large")
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of medium"
    assert (runtime.is_on_fallback, runtime.model) == (True, "medium")
    builder.broken.clear()
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"


def test_while_the_primary_rests_the_fallback_stays(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime)

    def limited(attempt: Attempt) -> Any:
        if attempt.route.name == "primary":
            raise _told("rate_limited", 120.0)
        return attempt.client

    with session.turn() as turn:
        assert turn.call(limited) == "client of medium"
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of medium"
    assert "client of large" not in builder.log[1:]
    time.advance(130)
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"


def _told(kind: str, retry_after: float) -> Exception:
    from failsoft import Failure

    error = Exception(kind)
    error.failsoft_failure = Failure(kind, retry_after=retry_after)  # type: ignore[attr-defined]
    return error


def test_what_a_route_says_of_itself_is_put_in_force(time: VirtualTime) -> None:
    runtime = runtime_of(Builder())
    backup = Route(
        "backup", provider="groq", model="small", endpoint="https://api.groq.com/v1", context_window=8_000,
        runtime={"api_key": "gsk"},
    )  # fmt: skip
    with Session(Policy(**ONCE), routes=["primary", backup], runtime=runtime).turn() as turn:
        turn.call(down_on("primary"))
    found = {name: runtime[name] for name in ("provider", "model", "base_url", "context_window", "api_key")}
    assert found == {
        "provider": "groq",
        "model": "small",
        "base_url": "https://api.groq.com/v1",
        "context_window": 8_000,
        "api_key": "gsk",
    }


@pytest.mark.parametrize("attempts, waited", [(3, 6.0), (10, 8.0)])
def test_recovery_waits_by_the_attempts_made(time: VirtualTime, attempts: int, waited: float) -> None:
    builder, made = Builder(), []
    policy = Policy(retry={"max_attempts": attempts, "base": 0.0}, breaker={"enabled": False})
    session = session_of(runtime_of(builder), policy=policy)

    def request(attempt: Attempt) -> Any:
        made.append(attempt.route.name)
        if len(made) <= attempts:
            raise ConnectionResetError
        return attempt.client

    with session.turn() as turn:
        assert turn.call(request) == "client of large"
    assert made == ["primary"] * (attempts + 1)
    assert time.slept[-1] == waited


def test_recovery_closes_before_it_builds(time: VirtualTime) -> None:
    builder, failures = Builder(), [ConnectionResetError()]
    runtime = runtime_of(builder)
    session = session_of(runtime, policy=Policy(retry={"max_attempts": 1}))

    def request(attempt: Attempt) -> Any:
        if failures:
            raise failures.pop()
        return attempt.client

    with session.turn() as turn:
        assert turn.call(request) == "client of large"
    assert builder.log == ["client of large", "rebuild: client of large", "client of large"]
    assert (dict(runtime), runtime.is_on_fallback) == (FIELDS, False)


def test_recovery_keeps_what_the_host_had_changed(time: VirtualTime) -> None:
    failures = [ConnectionResetError()]
    runtime = runtime_of(Builder())
    runtime.temperature = 0.9
    session = session_of(runtime, policy=Policy(retry={"max_attempts": 1}))
    with session.turn() as turn:
        turn.call(lambda attempt: _raised(failures.pop()) if failures else attempt.client)
    assert runtime.temperature == 0.9


def _raised(error: Exception) -> Any:
    raise error


def test_a_failed_recovery_goes_on_at_once_and_the_next_turn_builds_anew(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime, policy=Policy(retry={"max_attempts": 1}))
    with session.turn() as turn:
        turn.call(down_on())
        builder.broken.add("large")
        assert turn.call(lambda attempt: _reset_on_primary(attempt)) == "client of medium"
    assert time.slept == []
    builder.broken.clear()
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"


def _reset_on_primary(attempt: Attempt) -> Any:
    if attempt.route.name == "primary":
        raise ConnectionResetError
    return attempt.client


def test_recovery_is_not_for_a_fallback(time: VirtualTime) -> None:
    builder = Builder()
    session = session_of(runtime_of(builder), policy=Policy(retry={"max_attempts": 1}, recovery={"enabled": True}))

    def request(attempt: Attempt) -> Any:
        raise TransientError if attempt.route.name == "primary" else ConnectionResetError

    with session.turn() as turn, pytest.raises(Exhausted):
        turn.call(request)
    assert builder.log == ["client of large", "client of medium", "superseded: client of large"]


def test_recovery_is_not_for_other_failures(time: VirtualTime) -> None:
    builder = Builder()
    session = session_of(runtime_of(builder))
    with session.turn() as turn:
        turn.call(down_on("primary"))
    assert "rebuild: client of large" not in builder.log


@pytest.mark.parametrize("aggregator", [{"provider": "openrouter"}, {"endpoint": "https://openrouter.ai/api/v1"}])
def test_recovery_is_not_for_an_aggregator(time: VirtualTime, aggregator: dict[str, str]) -> None:
    builder = Builder()
    routes = [Route("primary", **aggregator), Route("backup", runtime=BACKUP)]
    session = Session(Policy(**ONCE), routes=routes, runtime=runtime_of(builder))
    with session.turn() as turn:
        assert turn.call(_reset_on_primary) == "client of medium"
    assert "rebuild: client of large" not in builder.log


def test_the_full_cycle(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime, policy=Policy(retry={"max_attempts": 1}))
    with session.turn() as turn:  # the primary's connection breaks, and again after it was made anew
        assert turn.call(_reset_on_primary) == "client of medium"
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"
    session.close()
    assert builder.log == [
        "client of large",
        "rebuild: client of large",
        "client of large",
        "client of medium",
        "superseded: client of large",
        "client of large",
        "superseded: client of medium",
        "closed: client of large",
    ]
    assert (dict(runtime), runtime.client) == (FIELDS, None)


def test_an_agents_run_restores_too(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime)
    seen: list[str] = []
    failures = [TransientError()]

    def primary(messages: Any, tools: Any) -> dict[str, str]:
        seen.append(runtime.client)
        return _raised(failures.pop()) if failures else {"answer": "p"}

    def backup(messages: Any, tools: Any) -> dict[str, str]:
        seen.append(runtime.client)
        return {"answer": "b"}

    agent = Agent(primary, fallbacks=[backup], session=session)
    assert [agent.run("go").answer for _ in range(2)] == ["b", "p"]
    assert seen == ["client of large", "client of medium", "client of large"]


def test_with_async_hooks_too(run: Run, time: VirtualTime) -> None:
    builder = Builder()
    runtime = Runtime(build=builder.abuild, close=builder.aclose, **FIELDS)
    session = session_of(runtime)

    async def main() -> list[Any]:
        found = []
        for names in (("primary",), ()):
            async with session.turn() as turn:

                async def request(attempt: Attempt, names: Any = names) -> Any:
                    return down_on(*names)(attempt)

                found.append(await turn.acall(request))
        await session.aclose()
        return found

    assert run(main) == ["client of medium", "client of large"]
    assert builder.log[-1] == "closed: client of large"


# ---- One turn at a time. ----


def test_a_second_turn_at_once_is_refused(time: VirtualTime) -> None:
    session = session_of(runtime_of(Builder()))
    with session.turn() as turn:
        with pytest.raises(RuntimeError, match=r"one at a time; end that one first .* a second Runtime"):
            session.turn()
        turn.call(down_on())  # the first goes on
    with session.turn():
        pass


def test_a_turn_that_has_ended_may_go_on_until_another_begins(time: VirtualTime) -> None:
    session = session_of(runtime_of(Builder()))
    ways: list[Callable[[Any], Any]] = [
        lambda turn: turn.call(down_on()),
        lambda turn: turn.call(down_on(), isolate=True),
        lambda turn: list(turn.stream(lambda _: iter(["x"]))),
    ]
    for way in ways:
        with session.turn() as turn:
            pass
        way(turn)
        turn.end()
        with session.turn(), pytest.raises(RuntimeError, match="one at a time"):
            way(turn)


def test_an_agent_is_refused_while_a_turn_is_under_way_and_ends_its_own(time: VirtualTime) -> None:
    session = session_of(runtime_of(Builder()))
    agent = Agent(lambda _, __: {"answer": "x"}, fallbacks=[lambda _, __: {"answer": "y"}], session=session)
    with session.turn(), pytest.raises(RuntimeError, match="one at a time"):
        agent.run("go")
    assert [agent.run("go").answer for _ in range(2)] == ["x", "x"]
    list(agent.stream("go"))
    agent.stream("go").close()
    gc.collect()
    session.turn().end()


def test_a_turn_that_was_dropped_is_over(time: VirtualTime) -> None:
    session = session_of(runtime_of(Builder()))
    session.turn().call(down_on())
    gc.collect()
    with session.turn():
        pass


def test_a_change_by_hand_is_refused_while_a_turn_is_under_way(time: VirtualTime) -> None:
    runtime = runtime_of(Builder())
    with session_of(runtime).turn():
        for change in (runtime.restore, lambda: runtime.use(BACKUP), lambda: runtime.choose(model="x"), runtime.open):
            with pytest.raises(RuntimeError, match="a turn is under way on this Runtime"):
                change()


def test_of_many_threads_one_has_the_turn() -> None:
    session = session_of(runtime_of(Builder()))
    together, found = threading.Barrier(20), []

    def begin() -> None:
        together.wait(10)
        try:
            found.append(session.turn())
        except RuntimeError:
            found.append(None)

    threads = [threading.Thread(target=begin) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len([one for one in found if one is not None]) == 1


def test_between_turns_a_change_by_hand_is_known_to_the_session(time: VirtualTime) -> None:
    builder = Builder()
    runtime = runtime_of(builder)
    session = session_of(runtime)
    assert runtime.open()
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"
    assert builder.log == ["client of large"]
    assert runtime.use(session.routes[1])
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of large"
    assert runtime.use({"model": "small"})
    with session.turn() as turn:
        assert turn.call(down_on("primary")) == "client of medium"


def test_a_new_primary_begins_with_a_clean_slate(time: VirtualTime) -> None:
    runtime = runtime_of(Builder())
    session = session_of(runtime, policy=Policy(retry={"max_attempts": 1}, breaker={"consecutive": 1}))
    with session.turn() as turn:
        turn.call(down_on("primary"))
    assert session.breaker("primary") == "open"
    runtime.choose(model="larger")
    assert session.breaker("primary") == "closed"
    with session.turn() as turn:
        assert turn.call(down_on()) == "client of larger"


# ---- What is refused, and what is never said. ----


def test_a_runtime_says_no_secret() -> None:
    runtime = runtime_of(Builder())
    told = [repr(runtime), str(runtime), f"{runtime}"]
    assert not any("sk-" in one or "blue" in one for one in told)
    assert repr(runtime) == (
        "<Runtime provider='openai', model='large', api_mode='chat_completions', on the primary; holds base_url, "
        "api_key, prompt_caching, context_window, compression, client_arguments, openai_project, temperature>"
    )


def test_a_runtime_cannot_be_copied_or_pickled() -> None:
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="make another one from its fields"):
            way(Runtime(model="x"))


def test_fields_that_mean_something_else_are_refused() -> None:
    runtime = Runtime(model="x")
    for name in ("restore", "values", "_secret"):
        with pytest.raises(ValueError, match=f"Runtime: '{name}' is not allowed as a field"):
            runtime.choose(**{name: 1})
    with pytest.raises(AttributeError, match="Runtime: no field 'modle'"):
        _ = runtime.modle
    with pytest.raises(TypeError, match="Runtime: build: 1 is not a function"):
        Runtime(build=1)  # type: ignore[arg-type]
    del runtime.model
    assert len(runtime) == 0


def test_routes_of_a_runtime_have_no_hooks_of_their_own() -> None:
    hook: Any = lambda *_: None  # noqa: E731
    for route in (Route("b", activate=hook), Route("b", close=hook), Route("b", client=1)):
        with pytest.raises(ValueError, match=r"routes\[1\]\.(activate|close|client): not allowed beside a Runtime"):
            Session(routes=["a", route], runtime=Runtime(model="x"))
    with pytest.raises(ValueError, match=r"routes\[0\]\.runtime: not allowed"):
        Session(routes=[Route("a", runtime={"model": "y"})], runtime=Runtime(model="x"))
    with pytest.raises(ValueError, match=r"routes\[1\]\.runtime: not allowed without a Runtime"):
        Session(routes=["a", Route("b", runtime={"model": "y"})])


def test_a_runtime_belongs_to_one_session() -> None:
    runtime = Runtime(model="x")
    first = Session(routes=["a"], runtime=runtime)
    with pytest.raises(ValueError, match="runtime: it belongs to another session"):
        Session(routes=["a"], runtime=runtime)
    first.close()
    assert Session(routes=["a"], runtime=runtime).turn().call(lambda _: 1) == 1
