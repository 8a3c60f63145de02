"""Pages of long lists, found by keyset: any depth costs the same, and new rows shift nothing.

For the browser; REST has its own cursors (``config/api/pages.py``). Nothing in one is trusted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

from config.outside import LARGEST_ID, opened

Row = TypeVar("Row", bound=Model)
#: Reads one value of a cursor; raises ``ValueError``.
Reader = Callable[[Any], Any]

#: Moments that arithmetic with hours and zones does not leave.
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class NotACursor(BadRequest):
    """A cursor that no page of the list made; answered 400."""

    def __init__(self) -> None:
        super().__init__("This address is of no page of the list. Begin with its first page.")


def text(value: Any) -> str:
    """A text that the database can compare: without NUL and halves of surrogate pairs."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text")
    value.encode()
    return value


def integer(value: Any) -> int:
    """A JSON number that a column of integers can be compared with."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_ID:
        raise ValueError("not a whole number")
    return value


def moment(value: Any) -> datetime:
    read = datetime.fromisoformat(text(value))
    if read.tzinfo is None or not _FIRST <= read <= _LAST:
        raise ValueError("not a moment")
    return read


def encode(values: list[Any]) -> str:
    """A cursor out of plain values and moments."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    written = json.dumps(plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def decode(cursor: str, *readers: Reader) -> list[Any]:
    """The values of a cursor; raises ``NotACursor`` unless it is one of those ``encode`` makes."""
    try:
        values = opened(cursor)
        if not isinstance(values, list):
            raise ValueError("not a list")
        return [read(value) for read, value in zip(readers, values, strict=True)]
    except (ValueError, OverflowError):
        raise NotACursor from None


@dataclass(frozen=True)
class Sort:
    """An order of a list: one or two columns that together tell every two rows apart.

    ``columns`` maps each to the reader of its value in a cursor; ``computed`` are those that the
    table does not have as they are.
    """

    label: str
    columns: Mapping[str, Reader]
    descending: bool = False
    computed: Mapping[str, Any] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @property
    def readers(self) -> tuple[Reader, ...]:
        return tuple(self.columns.values())

    def prepare(self, rows: Any) -> Any:
        return rows.annotate(**self.computed) if self.computed else rows

    def order(self, *, backwards: bool) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}{name}" for name in self.names]

    def beyond(self, position: list[Any], *, backwards: bool) -> Q:
        """The rows on the far side of ``position``; its first column alone lets an index in."""
        far = "lt" if self.descending != backwards else "gt"
        first, *rest = zip(self.names, position, strict=True)
        if not rest:
            return Q(**{f"{first[0]}__{far}": first[1]})
        ((second, value),) = rest
        return Q(**{f"{first[0]}__{far}e": first[1]}) & (
            Q(**{f"{first[0]}__{far}": first[1]}) | Q(**{f"{second}__{far}": value})
        )


#: The order in which rows were made, the newest first.
NEWEST = Sort("Newest", {"id": integer}, descending=True)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """``newer`` and ``older`` are query strings of the neighboring pages, empty where none is.

    The newer page is the one before this one, also where the order is another.
    """

    rows: list[Row]
    first: str
    newer: str
    older: str


def page(
    rows: QuerySet[Row],
    query: QueryDict,
    *,
    size: int,
    sort: Sort = NEWEST,
    also: QuerySet[Row] | None = None,
) -> Page[Row]:
    """The page that ``before`` or ``after`` of the query asks for, else the first.

    ``before`` a row are those further down: in the order of ``NEWEST`` those made before it.
    ``also`` are rows of the same list that another index finds, and none of ``rows``.
    Raises ``NotACursor``.
    """
    before, after = _position(query, "before", sort), _position(query, "after", sort)
    backwards = before is None and after is not None
    position = after if backwards else before
    read: list[Row] = []
    for some in [rows] if also is None else [rows, also]:
        found = sort.prepare(some)
        if position is not None:
            found = found.filter(sort.beyond(position, backwards=backwards))
        read += found.order_by(*sort.order(backwards=backwards))[: size + 1]
    if also is not None:
        place = attrgetter(*sort.names)
        read = sorted(read, key=place, reverse=sort.descending != backwards)[: size + 1]
    more, shown = len(read) > size, read[:size]
    if backwards:
        shown.reverse()
    has_newer = more if backwards else position is not None
    has_older = True if backwards else more
    return Page(
        rows=shown,
        first=_link(query) if has_newer else "",
        newer=_link(query, after=_cursor(shown[0], sort)) if has_newer and shown else "",
        older=_link(query, before=_cursor(shown[-1], sort)) if has_older and shown else "",
    )


def _position(query: QueryDict, name: str, sort: Sort) -> list[Any] | None:
    cursor = query.get(name)
    return decode(cursor, *sort.readers) if cursor else None


def _cursor(row: Model, sort: Sort) -> str:
    return encode([getattr(row, name) for name in sort.names])


def _link(query: QueryDict, **cursor: str) -> str:
    kept = query.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    for name, value in cursor.items():
        kept[name] = value
    return f"?{kept.urlencode()}"
