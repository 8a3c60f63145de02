"""Pages of a list that is ordered by id, newest first; any depth costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """``newer`` and ``older`` are query strings of the neighboring pages, empty where none is."""

    rows: list[Row]
    first: str
    newer: str
    older: str


def page(queryset: QuerySet[Row], query: QueryDict, *, size: int) -> Page[Row]:
    """The page that ``before=<id>`` or ``after=<id>`` of the query asks for, else the newest."""
    before, after = _id(query, "before"), _id(query, "after")
    if before is not None:
        rows = list(queryset.filter(pk__lt=before).order_by("-pk")[: size + 1])
        has_newer, has_older = True, len(rows) > size
        rows = rows[:size]
    elif after is not None:
        rows = list(queryset.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, has_older = len(rows) > size, True
        rows = rows[:size][::-1]
    else:
        rows = list(queryset.order_by("-pk")[: size + 1])
        has_newer, has_older = False, len(rows) > size
        rows = rows[:size]
    return Page(
        rows=rows,
        first=_link(query) if has_newer else "",
        newer=_link(query, after=rows[0].pk) if has_newer and rows else "",
        older=_link(query, before=rows[-1].pk) if has_older and rows else "",
    )


def _id(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _link(query: QueryDict, **cursor: int) -> str:
    kept = query.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    for name, value in cursor.items():
        kept[name] = str(value)
    return f"?{kept.urlencode()}"
