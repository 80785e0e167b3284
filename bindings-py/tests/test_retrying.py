from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from conftest import AsyncFailing, Failing, Run
from failsoft import Exhausted, TransientError, retrying
from failsoft.testing import VirtualTime


def test_a_function_is_retried_with_its_arguments(time: VirtualTime) -> None:
    seen: list[tuple[int, int]] = []

    @retrying
    def add(a: int, *, b: int) -> int:
        seen.append((a, b))
        if len(seen) < 3:
            raise TransientError
        return a + b

    assert add(1, b=2) == 3
    assert seen == [(1, 2)] * 3


def test_options_are_those_of_retry(time: VirtualTime) -> None:
    fn = Failing(9, TransientError())
    with pytest.raises(Exhausted):
        retrying(max_attempts=2, jitter="none", base=0.1)(fn)()
    assert time.slept == [0.1]


def test_name_doc_and_signature_stay() -> None:
    @retrying()
    def fetch(url: str) -> str:
        """Fetches."""
        return url

    assert (fetch.__name__, fetch.__doc__) == ("fetch", "Fetches.")
    assert list(inspect.signature(fetch).parameters) == ["url"]


def test_a_method_is_retried_with_its_self(time: VirtualTime) -> None:
    class Client:
        calls = 0

        @retrying
        def fetch(self, name: str) -> str:
            self.calls += 1
            if self.calls < 2:
                raise TransientError
            return name

    client = Client()
    assert client.fetch("x") == "x"
    assert client.calls == 2


def test_an_async_function_stays_async(run: Run, time: VirtualTime) -> None:
    calls = []

    @retrying(jitter="none")
    async def fetch(name: str) -> str:
        calls.append(name)
        if len(calls) < 3:
            raise TransientError
        return name

    async def main() -> str:
        return await fetch("x")

    assert inspect.iscoroutinefunction(fetch)
    assert run(main) == "x"
    assert time.slept == [0.5, 1.0]


def test_a_partial_is_seen_through(run: Run, time: VirtualTime) -> None:
    async def fetch(fn: Any) -> Any:
        return await fn()

    wrapped = retrying(functools.partial(fetch, AsyncFailing(1, TransientError())))

    async def main() -> Any:
        return await wrapped()

    assert inspect.iscoroutinefunction(wrapped)
    assert run(main) == "done"
    assert retrying(functools.partial(Failing(1, TransientError()), "x"))() == "done"


def test_a_callable_object_is_seen_through(run: Run, time: VirtualTime) -> None:
    wrapped = retrying(AsyncFailing(1, TransientError()))

    async def main() -> Any:
        return await wrapped()

    assert inspect.iscoroutinefunction(wrapped)
    assert run(main) == "done"
    assert retrying(Failing(1, TransientError()))() == "done"


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


class Generating:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize("fn", [generator, async_generator, functools.partial(generator), Generating()])
def test_generators_are_refused(fn: Any) -> None:
    with pytest.raises(TypeError, match="is a generator, and what it has already given away cannot be taken back"):
        retrying(fn)


def test_bad_options_are_refused_at_decoration() -> None:
    with pytest.raises(ValueError, match=r"retry\.max_attempts: 0 is not allowed"):
        retrying(max_attempts=0)
    with pytest.raises(TypeError, match="retrying: tries is not an option; use one of max_attempts, base"):
        retrying(tries=3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="5 is not callable; use options by name"):
        retrying(5)  # type: ignore[call-overload]
