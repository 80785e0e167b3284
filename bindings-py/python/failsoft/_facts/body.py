"""The text of an answer's body, from whatever a client left of it. Never reads what would have to be waited for."""

from __future__ import annotations

from typing import Any

from .peek import get, held, is_a

LONGEST = 65_536
"""The engine looks at no more of a body, in bytes."""

_READ = ("_content", "_body", "text", "content")
"""Where clients keep a body once it was read: httpx and requests in the first, aiohttp and urllib3 in the second."""
_PARSED = ("body", "details", "response_json")
"""Where SDKs leave the body on the exception: openai and anthropic in the first, google-genai in the others."""


def body_of(error: BaseException, response: Any) -> str | None:
    """The body as it came, if the client has read it; else what the SDK has made of it."""
    for name in _READ if response is not None else ():
        text = body_text(held(response, name))
        if text is not None:
            return text
    for name in _PARSED:
        text = body_text(get(error, name))
        if text is not None:
            return text
    # botocore: the response is a dictionary, the transport's part of it aside.
    if is_a(response, dict):
        return body_text({name: value for name, value in dict.items(response) if name != "ResponseMetadata"})
    return None


def body_text(body: object) -> str | None:
    """A text as it is, bytes as text, parsed JSON as JSON again; None for a stream and whatever else is not there."""
    if body is None:
        return None
    try:
        if is_a(body, str):
            return str.__getitem__(body, slice(LONGEST)) or None
        if is_a(body, bytes) or is_a(body, bytearray):
            return bytes(body[:LONGEST]).decode("utf-8", "replace") or None
        if is_a(body, dict) or is_a(body, list):
            return _json_again(body) if body else None
    except Exception:
        pass  # what cannot be written down again, or is hostile
    return None


def _json_again(body: object) -> str:
    """In pieces, so that a body without end costs no more than what is looked at. What is no JSON becomes null."""
    import json  # here, so that `import failsoft` costs next to nothing

    text, left = [], LONGEST
    for piece in json.JSONEncoder(default=lambda _: None, separators=(",", ":")).iterencode(body):
        text.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    return "".join(text)
