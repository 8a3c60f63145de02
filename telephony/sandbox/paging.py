"""Pages of the 2010 API: opaque tokens, relative links, no totals (twilio-facts 1.3).

Rows are kept by ascending `seq` and shown newest first. A token names the row after which the next
page begins, so that rows that come and go between two pages shift nothing.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

from telephony.sandbox.context import Context
from telephony.sandbox.errors import TwilioError
from telephony.sandbox.http import Response

DEFAULT_SIZE, MAX_SIZE = 50, 1000
_PAGING = ("PageSize", "Page", "PageToken")
NEXT, PREVIOUS = "PA", "PB"


class Row(Protocol):
    """Anything with a place in the order of creation."""

    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=Row)


def page(context: Context, key: str, rows: Sequence[R], render: Callable[[R], bytes]) -> Response:
    """The page of `rows` that the request asks for, each shown by `render`."""
    size = _whole_number(context, "PageSize", DEFAULT_SIZE)
    if not 1 <= size <= MAX_SIZE:
        raise TwilioError(20001, f"PageSize must be from 1 to {MAX_SIZE}")
    number = _whole_number(context, "Page", 0)
    start, stop = _bounds(context, rows, size, number)
    shown = [render(row) for row in reversed(rows[start:stop])]
    links = _links(context, size, number)
    first = links(0, None)
    following = links(number + 1, _token(context, NEXT, rows[start].seq)) if start > 0 else None
    if context.fault is not None and context.fault.kind == "loop":
        following = first
    back = (
        links(max(number - 1, 0), _token(context, PREVIOUS, rows[stop - 1].seq))
        if 0 < stop < len(rows)
        else None
    )
    envelope = {
        "end": max(number * size + len(shown) - 1, 0),
        "first_page_uri": first,
        "next_page_uri": following,
        "page": number,
        "page_size": size,
        "previous_page_uri": back,
        "start": number * size,
        "uri": links(number, context.request.param("PageToken")),
    }
    tail = json.dumps(envelope, separators=(",", ":")).encode()[1:]
    body = b'{"%s":[%s],%s' % (key.encode(), b",".join(shown), tail)
    return Response(200, body, {"Content-Type": "application/json"})


def _whole_number(context: Context, name: str, default: int) -> int:
    text = context.request.param(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise TwilioError(20001, f"{name} must be a whole number")
    return int(text)


def _bounds(context: Context, rows: Sequence[R], size: int, number: int) -> tuple[int, int]:
    """Where the page begins and ends in `rows`; a page number without its token is refused."""
    token = context.request.param("PageToken")
    if not token:
        if number:
            raise TwilioError(21481, "Page needs the PageToken of its link")
        return max(len(rows) - size, 0), len(rows)
    seq = _read_token(context, token)
    if token.startswith(NEXT):
        stop = bisect_left(rows, seq, key=lambda row: row.seq)
        return max(stop - size, 0), stop
    start = bisect_right(rows, seq, key=lambda row: row.seq)
    return start, min(start + size, len(rows))


def _token(context: Context, kind: str, seq: int) -> str:
    return f"{kind}{seq:016x}{context.world.page_mac(f'{kind}{seq}{context.request.path}')}"


def _read_token(context: Context, token: str) -> int:
    try:
        seq = int(token[2:18], 16)
    except ValueError:
        raise TwilioError(21481) from None
    if token[:2] not in (NEXT, PREVIOUS) or token != _token(context, token[:2], seq):
        raise TwilioError(21481)
    return seq


def _links(context: Context, size: int, number: int) -> Callable[[int, str | None], str]:
    """Makes the links of a page, each with the filters of this request."""
    path = quote(context.request.path.removeprefix("/api"))
    filters = [
        (k, v) for k, values in context.request.query.items() if k not in _PAGING for v in values
    ]

    def link(page_number: int, token: str | None) -> str:
        paging = [("PageSize", str(size)), ("Page", str(page_number))]
        if token:
            paging.append(("PageToken", token))
        return f"{path}?{urlencode(filters + paging)}"

    return link
