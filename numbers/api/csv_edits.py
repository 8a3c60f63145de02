"""Edits by CSV: a file or rows of JSON; a dry run, and the job (B10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import ListEndpoint
from accounts.api.serializers import JobSerializer
from accounts.api.views import JOB_QUEUED, accepted
from accounts.models import Job
from config import csv_files
from config.api.bodies import StrictJsonParser
from config.csv_files import LARGEST_FILE
from numbers.services import csv_edits
from numbers.services.comparison import Comparison, Entry, Problem, Row, compare

from .serializers import CsvEditPreviewSerializer, WantedCsvEditSerializer

#: Rows that a dry run shows of those that change, and of those in the way; and errors of a refusal.
SAMPLE = 100
_FLAGS = {
    "dry_run": "Say what would change, and change nothing.",
    "blanks_clear": "Blank cells of a file clear what is there. Protection stays.",
    "skip_wrong": "Do the other rows when some are wrong; else none is done.",
}
_FILE = {"type": "string", "minLength": 1}
_FLAG = {"type": "string", "enum": ["true", "false"], "default": "false"}


class CsvParser(BaseParser):
    """A CSV file in any encoding that spreadsheets use, as its text."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise RequestDataTooBig
        return csv_files.decode(raw)[0]


class CsvEditListEndpoint(ListEndpoint):
    queryset = Job.objects.filter(kind=csv_edits.KIND.name)
    parser_classes = (StrictJsonParser, CsvParser)

    def known_parameters(self) -> frozenset[str]:
        known = super().known_parameters()
        return known | frozenset(_FLAGS) if self.request.method == "POST" else known

    @extend_schema(responses=JobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List edits by CSV, newest first. They are among `jobs`, too."""
        return self.page(self.visible(), JobSerializer)

    @extend_schema(
        parameters=[
            OpenApiParameter(name, _FLAG, description=text) for name, text in _FLAGS.items()
        ],
        request={"application/json": WantedCsvEditSerializer, "text/csv": _FILE},
        responses={
            200: OpenApiResponse(
                CsvEditPreviewSerializer,
                "With `dry_run`, or when nothing would change: nothing has changed.",
            ),
            202: JOB_QUEUED,
        },
        examples=[
            OpenApiExample(
                "Name and tag two numbers",
                {
                    "rows": [
                        {"number": "+14155550123", "label": "Front desk", "tags": ["berlin"]},
                        {"number": "(415) 555-0124", "protected": True, "agent": None},
                    ],
                    "dry_run": True,
                },
                request_only=True,
                media_type="application/json",
            ),
            OpenApiExample(
                "The same as a file",
                "number,name,tags\n+14155550123,Front desk,berlin\n",
                request_only=True,
                media_type="text/csv",
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Write names, notes, tags, protection and agents by number: rows, or a CSV file.

        Columns are called as in *Export CSV*; others are left out. All rows are done or none,
        unless `skip_wrong`.
        """
        flags, brought = self._flags(), cast(Any, request.data)
        if isinstance(brought, str):
            entries, ignored = _of_file(brought)
        else:
            wanted = self.wanted(WantedCsvEditSerializer)
            entries, ignored = list(_of_rows(wanted["rows"])), []
            flags = {name: flags[name] or wanted.get(name, False) for name in flags}
        found = compare(self.account, entries, blanks_clear=flags["blanks_clear"], at=self.at)
        if flags["dry_run"]:
            return _preview(found, ignored)
        if found.skipping and not flags["skip_wrong"]:
            raise ValidationError(_errors(found))
        if not found.changing:
            return _preview(found, ignored)
        return accepted(csv_edits.start(self.account, found, actor=self.actor, at=self.at))

    def _flags(self) -> dict[str, bool]:
        query = self.request.query_params
        odd = [name for name in _FLAGS if query.get(name, "false") not in ("true", "false")]
        if odd:
            raise ValidationError({name: ["Say true or false."] for name in odd})
        return {name: query.get(name) == "true" for name in _FLAGS}


def _of_file(text: str) -> tuple[list[Entry], list[str]]:
    """The rows of a file, and the columns that nothing is read from."""
    table = csv_files.read(text)
    places = csv_edits.recognized(table.header)
    return csv_edits.entries_of(table, places), csv_edits.ignored(table.header, places)


def _of_rows(rows: list[dict[str, Any]]) -> Iterator[Entry]:
    for place, row in enumerate(rows, start=1):
        cells = {name: value for name, value in row.items() if name != csv_edits.NUMBER}
        yield Entry(place, place, row[csv_edits.NUMBER], cells, typed=True)


def _errors(found: Comparison) -> dict[str, list[ErrorDetail]]:
    """What is wrong, by the place in ``rows``, or by the line of the file."""
    errors: dict[str, list[ErrorDetail]] = {}
    for row in found.skipping[:SAMPLE]:
        entry = row.entry
        where = f"Row {entry.row}" if entry.typed else f"Line {entry.line}"
        place = f"rows.{entry.row - 1}" if entry.typed else f"lines.{entry.line}"
        for each in row.problems:
            column = each.column.name if each.column else csv_edits.NUMBER
            told = ErrorDetail(f"{where}: {each.message}", each.code)
            errors.setdefault(f"{place}.{column}", []).append(told)
    return errors


def _preview(found: Comparison, ignored: list[str]) -> Response:
    body = {
        "will_change": len(found.changing),
        "unchanged": found.unchanged,
        "will_skip": len(found.skipping),
        "reasons": [
            {"code": code, "message": message, "count": count}
            for code, message, count in found.reasons[:SAMPLE]
        ],
        "changing": [_changing(row) for row in found.changing[:SAMPLE]],
        "skipping": [_skipping(row) for row in found.skipping[:SAMPLE]],
        "ignored_columns": ignored,
    }
    return Response(body)


def _changing(row: Row) -> dict[str, Any]:
    return {
        **_place(row),
        "changes": [
            {"field": each.column.name, "before": each.before, "after": each.after}
            for each in row.changes
        ],
    }


def _skipping(row: Row) -> dict[str, Any]:
    return {**_place(row), "problems": [_problem(each) for each in row.problems]}


def _place(row: Row) -> dict[str, Any]:
    number = row.number.e164 if row.number else row.entry.number
    return {"row": row.entry.row, "line": row.entry.line, "number": number}


def _problem(problem: Problem) -> dict[str, Any]:
    field = problem.column.name if problem.column else csv_edits.NUMBER
    return {"field": field, "code": problem.code, "message": problem.message}
