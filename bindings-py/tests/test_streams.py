"""``turn.stream`` and ``turn.astream``: the same streams, on no loop, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
import trio
from failsoft import Attempt, CallTimeout, DeadlineExceeded, Discard, Exhausted, Policy, Session, TransientError, Turn
from failsoft.adapters import ProviderError, UnusableReply
from failsoft.testing import VirtualTime, achunks, chunks, ends

NO_JITTER: dict[str, Any] = {"retry": {"jitter": "none"}}
KEEP_ALIVE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}


class Play:
    """A turn over two routes whose streams follow a script, one list of parts an attempt."""

    def __init__(self, way: str, time: VirtualTime) -> None:
        self.way, self.time = way, time
        self.got: list[Any] = []
        self.asked: list[str] = []
        self.closed = 0
        self.error: Exception | None = None
        self.turn: Turn

    def __call__(
        self, *script: Any, policy: Any = NO_JITTER, after: Callable[[Any], object] = lambda chunk: None, **options: Any
    ) -> Play:
        """``after`` is what the consumer does with a chunk; "leave" is to leave."""
        waiting = iter(script)
        self.turn = Session(Policy(**policy), routes=["a", "b"]).turn()

        def request(attempt: Attempt) -> Any:
            self.asked.append(attempt.route.name)
            parts = next(waiting)
            if isinstance(parts, Exception):
                raise parts
            if not isinstance(parts, tuple):
                return parts
            return self.source(chunks(*parts)) if self.way == "sync" else self.asource(achunks(*parts))

        try:
            if self.way == "sync":
                self.consume(self.turn.stream(request, **options), after)
            else:
                run = asyncio.run if self.way == "asyncio" else trio.run
                self.consume_async(run, lambda: self.turn.astream(request, **options), after)
        except Exception as error:
            self.error = error
        return self

    def consume(self, stream: Any, after: Callable[[Any], object]) -> None:
        for chunk in stream:
            self.got.append(chunk)
            if after(chunk) == "leave":
                stream.close()

    def consume_async(self, run: Any, begin: Callable[[], Any], after: Callable[[Any], object]) -> None:
        async def main() -> None:
            async with aclosing(begin()) as stream:
                async for chunk in stream:
                    self.got.append(chunk)
                    if after(chunk) == "leave":
                        await stream.aclose()

        run(main) if run is trio.run else run(main())

    def source(self, parts: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from parts
        finally:
            self.closed += 1

    async def asource(self, parts: Any) -> AsyncIterator[Any]:
        try:
            async with aclosing(parts) as inner:
                async for chunk in inner:
                    yield chunk
        finally:
            self.closed += 1

    @property
    def said(self) -> list[str]:
        """What a reader would see: texts, and where it was told to discard them."""
        return [text for text in map(self._said, self.got) if text]

    @staticmethod
    def _said(chunk: Any) -> str:
        if isinstance(chunk, Discard):
            return f"<discard: {chunk.reason}>"
        if not isinstance(chunk, dict):
            return str(chunk)
        choice = next(iter(chunk["choices"]), None)
        return "<usage>" if choice is None else str(choice["delta"].get("content") or choice["finish_reason"] or "")

    @property
    def failures(self) -> list[str]:
        return [
            line.split(": ")[2].split(";")[0]
            for line in self.turn.report().lines
            if "attempt" in line and "failed:" in line
        ]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def play(request: pytest.FixtureRequest, time: VirtualTime) -> Play:
    return Play(request.param, time)


def test_chunks_are_handed_on_unchanged(play: Play) -> None:
    play(("the ", "answer"))
    assert play.said == ["the ", "answer", "stop", "<usage>"]
    assert play.got == list(chunks("the ", "answer"))
    assert (play.error, play.asked, play.closed) == (None, ["a"], 1)


def test_before_the_first_part_everything_is_asked_again_unnoticed(play: Play) -> None:
    play(TransientError("no"), (TransientError("amid"),), ("x",))
    assert play.said == ["x", "stop", "<usage>"]
    assert sum(isinstance(chunk, dict) and chunk["choices"][:1] == KEEP_ALIVE["choices"] for chunk in play.got) == 1
    assert (play.error, play.asked, play.closed) == (None, ["a", "a", "a"], 2)


def test_after_it_a_break_is_an_error(play: Play) -> None:
    play(("the ", TransientError("reset")), ("never",))
    assert play.said == ["the "]
    assert isinstance(play.error, Exhausted)
    assert isinstance(play.error.__cause__, TransientError)
    assert (play.asked, play.closed) == (["a"], 1)


def test_unless_the_consumer_can_begin_again(play: Play) -> None:
    play(("the ", TransientError("reset")), ("it ", "is"), restartable=True)
    assert play.said == ["the ", "<discard: server_error>", "it ", "is", "stop", "<usage>"]
    assert (play.error, play.asked) == (None, ["a", "a"])


def test_or_gets_it_whole(play: Play) -> None:
    play(("the ", TransientError("reset")), ("it ", "is"), collect=True)
    assert play.said == ["it ", "is", "stop", "<usage>"]
    assert play.error is None


def test_nothing_is_discarded_that_was_never_seen(play: Play) -> None:
    play((TransientError("x"),), ("x",), restartable=True)
    assert play.said == ["x", "stop", "<usage>"]


@pytest.mark.parametrize("parts", [(70, "late"), (ends(""), 70)])
def test_it_must_begin_in_time(play: Play, parts: Any) -> None:
    play(parts, ("backup",))
    assert play.said == ["backup", "stop", "<usage>"]
    assert (play.asked, play.failures, play.time.now) == (["a", "b"], ["timed_out"], 1060)


def test_keep_alives_are_no_progress(play: Play) -> None:
    play(tuple(part for _ in range(20) for part in (10, KEEP_ALIVE)), ("backup",))
    assert play.said == ["backup", "stop", "<usage>"]
    assert (play.failures, play.time.now) == (["timed_out"], 1060)


def test_it_must_go_on_in_time(play: Play) -> None:
    keep_alives = [part for _ in range(20) for part in (10, KEEP_ALIVE)]
    play(("the ", *keep_alives, "answer"))
    assert play.said == ["the "]
    assert isinstance(play.error, Exhausted)
    assert isinstance(play.error.__cause__, CallTimeout)
    assert play.time.now == 1060


def test_a_stream_that_goes_on_has_no_limit(play: Play) -> None:
    play(tuple(part for _ in range(30) for part in (50, "x")))
    assert (play.error, play.said[-2:], play.time.now) == (None, ["stop", "<usage>"], 2500)


def test_while_the_consumer_has_a_chunk_no_clock_runs(time: VirtualTime) -> None:
    play = Play("sync", time)
    play(("the ", 50, "answer"), after=lambda chunk: time.hang(500))
    assert (play.error, play.said) == (None, ["the ", "answer", "stop", "<usage>"])


@pytest.mark.parametrize("loop", [asyncio.run, trio.run])
def test_not_while_an_async_consumer_has_one(loop: Any, time: VirtualTime) -> None:
    got = []

    async def main() -> None:
        turn = Session(routes=["a"]).turn()
        async for chunk in turn.astream(lambda attempt: achunks("the ", 50, "answer")):
            await time.ahang(500)
            got.append(chunk)

    loop(main) if loop is trio.run else loop(main())
    assert len(got) == len([*chunks("the ", "answer")])


def test_without_a_reason_for_its_end_it_is_broken(play: Play) -> None:
    play(("the ", ends("")), ("x",))
    assert play.failures == ["stream_broken"]
    assert isinstance(play.error, Exhausted)
    assert isinstance(play.error.__cause__, UnusableReply)
    assert str(play.error.__cause__) == "the stream of a failed: it ended without saying that it is whole"


def test_a_reason_for_its_end_that_is_handed_on_is_true(play: Play) -> None:
    play(("the ", ends("content_filter")))
    assert play.said == ["the "]
    assert play.failures == ["content_refused"]


def test_a_cut_may_be_accepted(play: Play) -> None:
    play(("the ", ends("length")), accept_cut=True)
    assert (play.error, play.said) == (None, ["the ", "length", "<usage>"])


def test_after_the_reason_only_usage_is_waited_for(play: Play) -> None:
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    play(("x", finish, 500))
    assert (play.error, play.said, play.time.now) == (None, ["x", "stop"], 1000.5)


def test_an_error_amid_the_stream_is_the_providers(play: Play) -> None:
    play(("x", {"error": {"type": "overloaded_error", "message": "Overloaded"}}))
    assert isinstance(play.error, Exhausted)
    assert isinstance(play.error.__cause__, ProviderError)
    assert play.error.__cause__.body == {"error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert play.error.__cause__.failsoft_phase == "idle"  # type: ignore[attr-defined]


def test_leaving_early_closes_the_source_and_charges_nobody(play: Play) -> None:
    play(("the ", "answer"), after=lambda chunk: "leave" if Play._said(chunk) == "the " else None)
    assert (play.said, play.closed, play.error, play.failures) == (["the "], 1, None, [])
    assert play.turn.call(lambda attempt: "next") == "next"


def test_what_the_consumer_raises_is_its_own(play: Play) -> None:
    def after(chunk: Any) -> None:
        raise KeyError("mine")

    play(("the ", "answer"), after=after)
    assert isinstance(play.error, KeyError)
    play.error = None  # it holds the frames that hold the stream
    gc.collect()
    assert (play.closed, play.failures) == (1, [])


def test_any_chunks_are_whole_when_they_end(play: Play) -> None:
    if play.way == "sync":
        play(iter([b"the ", " ", "answer", 42]))
    else:
        play([b"the ", " ", "answer", 42])
    assert (play.error, play.got) == (None, [b"the ", " ", "answer", 42])


def test_nothing_is_no_answer(play: Play) -> None:
    play([], ["x"])
    assert (play.error, play.got, play.failures) == (None, ["x"], ["malformed"])


def test_the_reader_may_be_the_callers(play: Play) -> None:
    def read(chunk: Any) -> dict[str, Any]:
        return {"text": chunk.isalpha(), "finish": "stop" if chunk == "." else None, "malformed": chunk == "?"}

    play(["a", "?", "b"], ["c", "?", "."], read=read, restartable=True)
    assert play.got == ["a", "b", Discard("stream_broken"), "c", "."]
    assert play.failures == ["stream_broken"]


@pytest.mark.parametrize("reply", ["hello", {"choices": []}, 42, None])
def test_a_whole_reply_is_no_stream(play: Play, reply: Any) -> None:
    play(reply)
    assert isinstance(play.error, TypeError)
    what = "bring something to iterate, such as an SDK's answer to stream=True"
    assert str(play.error) == f"the request brought no stream of chunks but {type(reply).__name__}; {what}"


def test_an_async_stream_is_none_for_a_sync_turn(time: VirtualTime) -> None:
    with pytest.raises(TypeError, match="no stream of chunks but async_generator"):
        list(Session(routes=["a"]).turn().stream(lambda attempt: achunks("x")))  # type: ignore[arg-type,return-value]


def test_a_stream_left_to_the_collector_is_closed(time: VirtualTime) -> None:
    play = Play("sync", time)
    stream = Session(routes=["a"]).turn().stream(lambda attempt: play.source(chunks("x", "y")))
    next(stream)
    assert play.closed == 0
    del stream
    gc.collect()
    assert play.closed == 1


def test_what_hangs_is_closed_when_it_comes_back(time: VirtualTime) -> None:
    play = Play("sync", time)
    sources = iter([play.source(chunks(100, "late")), iter(["backup"])])
    assert list(Session(routes=["a", "b"]).turn().stream(lambda attempt: next(sources))) == ["backup"]
    assert (play.closed, time.now) == (0, 1060)
    time.hang(60)
    time.hang(1)
    assert play.closed == 1


def test_the_turns_deadline_ends_it(play: Play) -> None:
    play(("the ", 40, "answer"), ("it ", 40, "is"), policy={"turn": {"deadline": 30}}, restartable=True)
    # Half of it for the first route, so that the other has its turn.
    assert (play.said, play.time.now) == (["the ", "<discard: timed_out>", "it "], 1030)
    assert isinstance(play.error, DeadlineExceeded)
    assert isinstance(play.error.__cause__, CallTimeout)
    assert play.closed == (0 if play.way == "sync" else 2), "a thread closes it when it comes back"


# ---- What only async consumers can do. ----


@pytest.mark.parametrize("within", [True, False])
def test_trios_scopes_stay_the_consumers(time: VirtualTime, within: bool) -> None:
    async def main() -> None:
        turn = Session(routes=["a"]).turn()
        stream = turn.astream(lambda attempt: achunks("the ", "answer"))
        with trio.CancelScope():
            await anext(stream)
        with trio.CancelScope() as scope:
            await anext(stream)
            if within:
                await stream.aclose()
        assert not scope.cancelled_caught
        await stream.aclose()

    trio.run(main)


def test_cancelling_the_consumer_closes_the_source(time: VirtualTime) -> None:
    play = Play("asyncio", time)

    async def consume(turn: Turn) -> None:
        async for chunk in turn.astream(lambda attempt: play.asource(achunks("the ", 50, "answer"))):
            play.got.append(chunk)

    async def main() -> Turn:
        turn = Session(routes=["a"]).turn()
        task = asyncio.create_task(consume(turn))
        while not play.got:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return turn

    turn = asyncio.run(main())
    assert play.closed == 1
    assert turn.report().lines == []


def test_a_source_that_goes_on_after_the_end_is_read_out(play: Play) -> None:
    # So that the connection below can be used again; but not for long.
    left = {"choices": [], "usage": {"prompt_tokens": 1}}
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    play(("x", finish, left, 500))
    assert (play.error, play.said, play.time.now) == (None, ["x", "stop", "<usage>"], 1000.1)
