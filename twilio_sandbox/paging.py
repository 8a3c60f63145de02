"""Pages of a list: opaque tokens, no totals (twilio-facts 1.3, 7.3).

Rows are kept by ascending `seq` and shown newest first. A token names the row after which the next
page begins, so that rows that come and go between two pages shift nothing. It works for a day of
the sandbox's clock: that tokens expire is known, after which time is not.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response

DEFAULT_SIZE, MAX_SIZE = 50, 1000
_PAGING = ("PageSize", "Page", "PageToken")
NEXT, PREVIOUS = "PA", "PB"
TOKEN_HOURS = 24
_TOKEN = re.compile(r"(PA|PB)(-[0-9a-f]{15}|[0-9a-f]{16})([0-9a-f]{8})[0-9a-f]{16}")


class Row(Protocol):
    """Anything with a place in the order of creation."""

    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=Row)


@dataclass(slots=True)
class _Cut:
    """The part of a list that a request asks for, newest first, and the tokens around it."""

    rows: list[Any]
    size: int
    number: int
    following: str | None
    previous: str | None


def page(
    context: Context,
    key: str,
    rows: Sequence[R],
    render: Callable[[R], bytes],
    *,
    without_token: int = 21481,
) -> Response:
    """The page of `rows` that the request asks for, as the 2010 API writes pages.

    `without_token` is the code for a `Page` that comes without its `PageToken`.
    """
    cut = _cut(context, rows, MAX_SIZE, DEFAULT_SIZE, without_token)
    links = _links(context, cut.size, context.request.path.removeprefix("/api"))
    first, number = links(0, None), cut.number
    following = links(number + 1, cut.following) if cut.following else None
    if context.fault is not None and context.fault.kind == "loop":
        following = first
    envelope = {
        "end": max(number * cut.size + len(cut.rows) - 1, 0),
        "first_page_uri": first,
        "next_page_uri": following,
        "page": number,
        "page_size": cut.size,
        "previous_page_uri": links(max(number - 1, 0), cut.previous) if cut.previous else None,
        "start": number * cut.size,
        "uri": links(number, context.request.param("PageToken")),
    }
    tail = json.dumps(envelope, separators=(",", ":")).encode()[1:]
    shown = b",".join(render(row) for row in cut.rows)
    body = b'{"%s":[%s],%s' % (key.encode(), shown, tail)
    return Response(200, body, {"Content-Type": "application/json"})


def page_with_meta(
    context: Context,
    key: str,
    rows: Sequence[R],
    render: Callable[[R], Any],
    *,
    maximum: int = MAX_SIZE,
    default: int = DEFAULT_SIZE,
) -> Response:
    """The same as the newer APIs write pages: absolute links under `meta` (twilio-facts 7.3)."""
    cut = _cut(context, rows, maximum, default, 21481)
    host, _, path = context.request.path.lstrip("/").partition("/")
    links = _links(context, cut.size, context.base_url(host) + "/" + path)
    first, number = links(0, None), cut.number
    following = links(number + 1, cut.following) if cut.following else None
    if context.fault is not None and context.fault.kind == "loop":
        following = first
    meta = {
        "page": number,
        "page_size": cut.size,
        "first_page_url": first,
        "previous_page_url": links(max(number - 1, 0), cut.previous) if cut.previous else None,
        "next_page_url": following,
        "key": key,
        "url": links(number, context.request.param("PageToken")),
    }
    return json_response(200, {"meta": meta, key: [render(row) for row in cut.rows]})


def size_and_number(
    context: Context, maximum: int = MAX_SIZE, default: int = DEFAULT_SIZE
) -> tuple[int, int]:
    """`PageSize` and `Page`; the size is refused or capped above the maximum, as the switch says
    (twilio-facts B 12)."""
    number = _whole_number(context, "Page", 0)
    size = _whole_number(context, "PageSize", default)
    if size > maximum and context.world.switch("page_size_above_maximum") == "capped":
        return maximum, number
    if not 1 <= size <= maximum:
        raise TwilioError(20001, f"PageSize must be from 1 to {maximum}")
    return size, number


def _cut(
    context: Context, rows: Sequence[R], maximum: int, default: int, without_token: int
) -> _Cut:
    size, number = size_and_number(context, maximum, default)
    if number and not context.request.param("PageToken"):
        raise TwilioError(without_token, "Page needs the PageToken of its link")
    start, stop = _bounds(context, rows, size)
    return _Cut(
        list(reversed(rows[start:stop])),
        size,
        number,
        _token(context, NEXT, rows[start].seq) if start > 0 else None,
        _token(context, PREVIOUS, rows[stop - 1].seq) if 0 < stop < len(rows) else None,
    )


def _whole_number(context: Context, name: str, default: int) -> int:
    text = context.request.param(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise TwilioError(20001, f"{name} must be a whole number")
    return int(text)


def _bounds(context: Context, rows: Sequence[R], size: int) -> tuple[int, int]:
    """Where the page begins and ends in `rows`."""
    token = context.request.param("PageToken")
    if not token:
        return max(len(rows) - size, 0), len(rows)
    seq = _read_token(context, token)
    if token.startswith(NEXT):
        stop = bisect_left(rows, seq, key=lambda row: row.seq)
        return max(stop - size, 0), stop
    start = bisect_right(rows, seq, key=lambda row: row.seq)
    return start, min(start + size, len(rows))


def _token(context: Context, kind: str, seq: int, hour: int | None = None) -> str:
    """`hour` is when it is given out, in hours of the clock; now unless said otherwise."""
    given_out = int(context.world.now() // 3600) if hour is None else hour
    place = f"{kind}{seq:016x}{given_out:08x}"
    return place + context.world.page_mac(place + context.request.path)


def _read_token(context: Context, token: str) -> int:
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise TwilioError(21481)
    kind, seq, hour = found[1], int(found[2], 16), int(found[3], 16)
    is_old = context.world.now() // 3600 - hour > TOKEN_HOURS
    if is_old or token != _token(context, kind, seq, hour):
        raise TwilioError(21481)
    return seq


def _links(context: Context, size: int, base: str) -> Callable[[int, str | None], str]:
    """Makes the links of a page, each with the filters of this request."""
    path = quote(base, safe="/:")
    filters = [
        (k, v) for k, values in context.request.query.items() if k not in _PAGING for v in values
    ]

    def link(page_number: int, token: str | None) -> str:
        paging = [("PageSize", str(size)), ("Page", str(page_number))]
        if token:
            paging.append(("PageToken", token))
        return f"{path}?{urlencode(filters + paging)}"

    return link
