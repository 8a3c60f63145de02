"""Cursor pages: any depth costs the same, nothing is counted, and new rows shift nothing."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from django.db import models
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from config.filters import LARGEST_ID

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 100


@dataclass(frozen=True)
class _Cursor:
    """Rows after (or before) the row whose ordering column has this value."""

    backwards: bool
    value: Any

    def __str__(self) -> str:
        plain = f"{'<' if self.backwards else '>'}{self.value}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


class CursorPages(BasePagination):
    """Pages along one unique column, which the view names in ``ordering`` (``e164``, ``-id``)."""

    def paginate_queryset(  # type: ignore[override]
        self, queryset: models.QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.address = request.build_absolute_uri()
        self.column: str = view.ordering.removeprefix("-")
        descending = view.ordering.startswith("-")
        limit = _limit(request)
        cursor = _cursor(request, queryset.model._meta.get_field(self.column))
        backwards = cursor is not None and cursor.backwards
        if cursor is not None:
            later = "lt" if descending != backwards else "gt"
            queryset = queryset.filter(**{f"{self.column}__{later}": cursor.value})
        flip = "-" if descending != backwards else ""
        rows = list(queryset.order_by(f"{flip}{self.column}")[: limit + 1])
        more = len(rows) > limit
        self.rows = rows[:limit][::-1] if backwards else rows[:limit]
        self.has_next = backwards or more
        self.has_previous = more if backwards else cursor is not None
        return self.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next(), "previous": self._previous(), "results": data})

    def _next(self) -> str | None:
        if not self.has_next or not self.rows:
            return None
        return self._link(_Cursor(False, getattr(self.rows[-1], self.column)))

    def _previous(self) -> str | None:
        if not self.has_previous:
            return None
        if not self.rows:
            return remove_query_param(self.address, "cursor")
        return self._link(_Cursor(True, getattr(self.rows[0], self.column)))

    def _link(self, cursor: _Cursor) -> str:
        return replace_query_param(self.address, "cursor", str(cursor))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The following page; null on the last one."},
                "previous": {**link, "description": "The page before; null on the first one."},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        return [
            {
                "name": "limit",
                "in": "query",
                "description": "Rows a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": LARGEST_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Where the page begins: follow `next` and `previous`.",
                "schema": {"type": "string"},
            },
        ]


def _limit(request: Request) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= LARGEST_LIMIT):
        raise ValidationError({"limit": [f"Enter a number from 1 to {LARGEST_LIMIT}."]})
    return int(text)


def _cursor(request: Request, column: Any) -> _Cursor | None:
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        direction, value = plain[0], plain[1:]
        if direction not in "<>" or "\0" in value:
            raise ValueError(direction)
        if isinstance(column, models.IntegerField) and not 0 < int(value) <= LARGEST_ID:
            raise ValueError(value)
    except (ValueError, IndexError, binascii.Error):
        raise ValidationError(
            {"cursor": ["This is no cursor of ours. Follow the links next and previous."]},
            code="invalid_cursor",
        ) from None
    return _Cursor(direction == "<", value)
