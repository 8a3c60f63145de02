"""Cursor pages: any depth costs the same, nothing is counted, and new rows shift nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param

from config.outside import whole

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 100


class InvalidCursor(APIException):
    """A cursor that no page of this list gave."""

    status_code = 400
    default_code = "invalid_cursor"
    default_detail = "This is no cursor of this list. Follow the links next and previous."


@dataclass(frozen=True)
class _Column:
    """How positions along a column are written in a cursor.

    A cursor is ``n`` or ``p`` (the page after or before a row) and the position, so that the
    pattern in the document says exactly which ones are read.
    """

    position: str
    prefix: str = ""

    @property
    def pattern(self) -> str:
        return f"^[np]{self.position}$"


_ID = _Column("[1-9][0-9]{0,17}")
#: E.164, of which every character but the plus is a digit.
_NUMBER = _Column("[1-9][0-9]{6,14}", prefix="+")


def _column(ordering: str) -> _Column:
    return _NUMBER if ordering.removeprefix("-") == "e164" else _ID


class CursorPages(CursorPagination):
    """Pages along one unique column, which the view names in ``ordering`` (``e164``, ``-id``).

    Stricter than the framework's: what is no cursor, and what is no limit, is refused. As the
    column is unique, cursors carry no offset.
    """

    page_size = DEFAULT_LIMIT
    page_size_query_param = "limit"
    max_page_size = LARGEST_LIMIT
    template = None

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        return (view.ordering,)

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return DEFAULT_LIMIT
        limit = whole(text, most=LARGEST_LIMIT)
        if limit is None or text.startswith("0"):
            raise ValidationError({"limit": [f"Enter a number from 1 to {LARGEST_LIMIT}."]})
        return limit

    def decode_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        column = _column(self.ordering[0])
        if not re.fullmatch(column.pattern, text):
            raise InvalidCursor
        position: Any = column.prefix + text[1:]
        return Cursor(offset=0, reverse=text[0] == "p", position=position)

    def encode_cursor(self, cursor: Cursor) -> str:
        column = _column(self.ordering[0])
        position = str(cursor.position).removeprefix(column.prefix)
        address = remove_query_param(self.base_url or "", self.cursor_query_param)
        sign = "&" if "?" in address else "?"
        return (
            f"{address}{sign}{self.cursor_query_param}={'p' if cursor.reverse else 'n'}{position}"
        )

    def get_previous_link(self) -> str | None:
        if self.has_previous and not self.page:  # all that followed is gone
            return remove_query_param(self.base_url or "", self.cursor_query_param)
        return super().get_previous_link()

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

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
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
                "schema": {"type": "string", "pattern": _column(view.ordering).pattern},
            },
        ]
