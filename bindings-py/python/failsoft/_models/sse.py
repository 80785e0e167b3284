"""Server-sent events: bytes as they come off the wire to the data of events. No judgement, and no network."""

from __future__ import annotations

import codecs

Event = tuple[str | None, str]
"""The name of an event, if it has one, and its data."""


class Decoder:
    """Takes bytes in whatever pieces they come, and gives the events that are whole.

    Lines end at a newline, a carriage return, or both, and nowhere else: JSON may hold the other characters that
    Python's ``splitlines`` cuts at. Comments (lines that begin with a colon) are how servers keep a connection alive;
    they make no event.
    """

    def __init__(self) -> None:
        # A piece may end amid a character; a mark of the byte order may stand in front.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest: list[str] = []
        self._after_return = False
        self._name: str | None = None
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[Event]:
        return self._events(self._decoder.decode(piece))

    def end(self) -> list[Event]:
        """Nothing more comes. An event without its blank line counts: whether it is whole shows in its JSON."""
        rest = self._decoder.decode(b"", final=True)
        return self._events(rest + "\n\n")

    def _events(self, text: str) -> list[Event]:
        if self._after_return and text:
            # The newline of a pair whose return came in the piece before.
            text, self._after_return = text.removeprefix("\n"), False
        self._after_return = self._after_return or text.endswith("\r")
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest.append(first)
        if not others:
            return []  # amid a line, which may be long: it is put together once
        lines = ["".join(self._rest), *others[:-1]]
        self._rest = [others[-1]]
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: str) -> Event | None:
        if not line:
            event = (self._name, "\n".join(self._data)) if self._data else None
            self._name, self._data = None, []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None
