"""Tables as CSV files that a spreadsheet opens safely, streamed so that any length fits."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

#: A cell that starts like this is read as a formula by spreadsheets.
_FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]")  # noqa: RUF001 - full-width signs
#: What looks like one and is none: a phone number in E.164, a negative number.
_HARMLESS = re.compile(r"^(\+[1-9]\d{6,14}|-\d+(\.\d+)?)$")
_ROWS_PER_CHUNK = 200


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """A value as the text of a cell; nothing in it can run as a formula."""
    text = "" if value is None else str(value)
    if _FORMULA.match(text) and not _HARMLESS.match(text):
        return f"'{text}"
    return text


def csv_response(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, filename: str
) -> StreamingHttpResponse:
    """A download of ``rows`` under ``header``; rows are read while the file is sent."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    chunk = [str(writer.writerow(header))]
    for row in rows:
        chunk.append(str(writer.writerow([cell(value) for value in row])))
        if len(chunk) >= _ROWS_PER_CHUNK:
            yield "".join(chunk)
            chunk.clear()
    yield "".join(chunk)
