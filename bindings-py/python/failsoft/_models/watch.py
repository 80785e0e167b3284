"""Between the reader of a model's stream and the loop that waits for its reply."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Saw(NamedTuple):
    """What a model's reader saw in a chunk: its text, whether the stream made progress, and the usage told so far."""

    text: str
    meaningful: bool
    usage: Mapping[str, int | None] | None = None


class Watch:
    """What a model whose ``streams`` is true gets as the fourth argument of its ``ask``. It may be used in a thread."""

    def __init__(self, tell: Callable[[Saw], object]) -> None:
        self._tell = tell
        self._close: Callable[[], object] | None = None
        self.ended = threading.Event()
        """That the reader has closed its response."""
        self._is_left = False

    def opened(self, close: Callable[[], object]) -> None:
        """The reader has a response, and ``close`` closes it, from any thread."""
        self._close = close
        if self._is_left:
            self.ended.set()  # the reader is here: nobody waits for it
            self.leave()

    def saw(self, text: str, meaningful: bool = True, usage: Mapping[str, int | None] | None = None) -> None:
        """The reader took a chunk. ``usage`` is what counts as spent if the stream breaks."""
        if not self._is_left:
            self._tell(Saw(text, meaningful, usage))

    def leave(self) -> None:
        """The loop wants no more of it."""
        self._is_left = True
        if self._close is not None:
            with contextlib.suppress(Exception):
                self._close()
