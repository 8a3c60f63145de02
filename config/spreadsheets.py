"""Tables as CSV files, for spreadsheets and for programs, streamed so that any length fits.

Both forms are safe to open: what a spreadsheet would run as a formula gets an apostrophe in front,
also inside of a cell, where one that splits the line elsewhere would begin another.
The form for spreadsheets begins with a byte order mark, without which Excel takes UTF-8 for its own
code page, and has phone numbers in groups (``+1 415 555 0123``), because of a number without spaces
a spreadsheet makes a figure and drops the plus. The form for programs has E.164 and no mark.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from config.phone_numbers import E164, in_groups
from config.text import visible

#: ``?format=plain`` in the address of a file asks for the form for programs.
FORMAT, PLAIN = "format", "plain"
#: A cell that starts like this is read as a formula, whatever else cannot be seen before it. One
#: that has an apostrophe there already gets another, so that taking one away gives the value back.
_FORMULA = re.compile(r"'*[=+\-@\N{MINUS SIGN}]")
_BREAKS = re.compile(r"'*[\t\r\n]")
#: Where a spreadsheet may begin another cell, whatever quotes stand around: Excel splits by
#: semicolons where a comma is the decimal sign.
_SPLITS = re.compile(r"([;,\t\r\n])")
#: What looks like one and is none: a phone number in E.164, a negative number.
_HARMLESS = re.compile(r"\+[1-9]\d{6,14}|-\d+(\.\d+)?", re.ASCII)
#: Without one of these no cell is more than text; most have none.
_SUSPECT = re.compile(r"[=+\-@]|[^ -~]")
#: Text that a spreadsheet was told to leave alone: ``="+14155550123"``.
_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_ROWS_PER_CHUNK = 200


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any, *, plain: bool = False) -> str:
    """A value as the text of a cell; nothing in it can run as a formula."""
    text = "" if value is None else str(value)
    if not _SUSPECT.search(text):
        return text
    if _HARMLESS.fullmatch(text):
        return in_groups(text) if E164.match(text) and not plain else text
    first, *rest = _SPLITS.split(text)
    mark = "'" if _begins_one(text) else ""
    return f"{mark}{first}" + "".join(f"'{each}" if _is_formula(each) else each for each in rest)


def value(text: str) -> str:
    """What a cell of somebody's file means: ``cell`` undone, and ``="…"`` taken out."""
    if quoted := _AS_TEXT.fullmatch(text):
        return quoted[1].replace('""', '"')
    first, *rest = _SPLITS.split(text)
    behind = "".join(
        each[1:] if each.startswith("'") and _is_formula(each[1:]) else each for each in rest
    )
    marked = first.startswith("'") and _begins_one(first[1:] + behind)
    return (first[1:] if marked else first) + behind


def _begins_one(text: str) -> bool:
    return _is_formula(text) or bool(_BREAKS.match(text))


def _is_formula(text: str) -> bool:
    start = text[:1_000]  # nobody puts more in front of a formula than a cell shows
    if start.isascii() and start[:1].isalnum():
        return False
    seen = unicodedata.normalize("NFKC", "".join(visible(start).split()))
    return bool(_FORMULA.match(seen))


def csv_response(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    filename: str,
    query: Mapping[str, Any],
) -> StreamingHttpResponse:
    """A download of ``rows`` under ``header``; rows are read while the file is sent.

    ``query`` is the query string of the address, which may ask for the form for programs.
    """
    plain = query.get(FORMAT) == PLAIN
    response = StreamingHttpResponse(
        _lines(header, rows, plain=plain), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, plain: bool
) -> Iterator[str | bytes]:
    writer = csv.writer(_Echo())
    if not plain:
        yield BOM_UTF8
    chunk = [str(writer.writerow(header))]
    for row in rows:
        chunk.append(str(writer.writerow([cell(value, plain=plain) for value in row])))
        if len(chunk) >= _ROWS_PER_CHUNK:
            yield "".join(chunk)
            chunk.clear()
    yield "".join(chunk)
