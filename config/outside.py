"""What comes from outside, before any framework has read it: whole numbers, whole bodies."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.http import parse_header_parameters

#: Methods whose body says what to do.
WITH_BODY = ("POST", "PUT", "PATCH")
#: In the environ: what cannot be read, found before Django reads it.
UNREADABLE = "numberdesk.unreadable"
#: The largest integer of a column; both databases refuse to compare with larger ones.
LARGEST_ID = 2**63 - 1
#: A token holds a few columns of one row.
LONGEST_TOKEN = 4_000


# --- One number ------------------------------------------------------------------------------


def whole(text: Any, *, least: int = 1, most: int = LARGEST_ID) -> int | None:
    """The whole number that ``text`` writes in ASCII digits, within bounds; else None.

    Never raises, whatever ``text`` is: thousands of digits, other alphabets, no text at all.
    """
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal()):
        return None
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)):
        return None
    value = int(digits)
    return value if least <= value <= most else None


# --- Text ----------------------------------------------------------------------------------------

#: Text that no database stores: NUL, and halves of surrogate pairs.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def refuse_unstorable(value: Any) -> None:
    """Raise ``ValueError`` when a text anywhere in this JSON value cannot be stored."""
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise ValueError("Text must not contain NUL or half surrogate pairs.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            refuse_unstorable(name)
            refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            refuse_unstorable(inner)


def opened(token: str) -> Any:
    """The JSON value that a token in an address carries, as url-safe base64 without padding.

    Raises ``ValueError`` for everything that we cannot have made.
    """
    if len(token) > LONGEST_TOKEN:
        raise ValueError("too long for a token of ours")
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    refuse_unstorable(value)
    return value


# --- What no server may get past us ------------------------------------------------------------


class CutOff(OSError):
    """The body ended before the length that the request announced."""


class WholeBody:
    """The body of a request; one that ends early raises ``CutOff`` instead of being short."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        parts = []
        while wanted:
            part = self._stream.read(wanted)
            self._note(part)
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    def readline(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        if not wanted:
            return b""
        line: bytes = self._stream.readline(wanted)
        self._note(line)
        return line

    def _note(self, part: bytes) -> None:
        if not part:
            raise CutOff("The body ended early")
        self._left -= len(part)


def whole_requests(application: Callable[..., Any]) -> Callable[..., Any]:
    """Let ``application`` read whole bodies only, and what its framework can read.

    That makes its request of the environ before anything of ours could catch what goes wrong.
    """

    def careful(environ: dict[str, Any], start_response: Any) -> Any:
        length = whole(environ.get("CONTENT_LENGTH") or "0", least=0)
        environ["wsgi.input"] = WholeBody(environ["wsgi.input"], length or 0)
        if problem := _problem(environ.get("CONTENT_TYPE", ""), environ.get("QUERY_STRING", "")):
            environ["CONTENT_TYPE"] = ""
            environ[UNREADABLE] = problem
        return application(environ, start_response)

    return careful


def _problem(media_type: str, query: str) -> str:
    """Everything here is UTF-8; a codec that the sender names would be tried on the address and
    the body alike, whatever the codec."""
    if query.count("&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        return "The address has too many parameters."
    try:
        charset = parse_header_parameters(media_type)[1].get("charset")
        codec = codecs.lookup(charset).name if charset else "utf-8"
    except (ValueError, LookupError):
        return "The header Content-Type cannot be read."
    return "" if codec in ("utf-8", "ascii") else "Send text as UTF-8."
