"""CSV files as people have them, read into cells. Pure: no database.

Encodings, separators and line ends are those of spreadsheets all over the world; the content
decides, never a file's name. What cannot be read with certainty is refused with a sentence that
says how to save it otherwise (``Invalid``, field ``file``).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.errors import Invalid, Reason

LARGEST_FILE = 20 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 50_000, 200, 20_000
#: Blank rows included: a spreadsheet has no more, and reading on would hold a thread for seconds.
ROWS_OF_A_SPREADSHEET = 1_048_576

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SAVE_AS = "Save it as “CSV UTF-8” and bring that file."
#: How files begin that people take for CSV files; and what the first kilobytes of a zip tell.
_OTHERS = {
    b"\xd0\xcf\x11\xe0": f"This file is an Excel workbook (.xls). {_SAVE_AS}",
    b"%PDF": "This file is a PDF. Export the table as CSV where it came from.",
    b"\x1f\x8b": "This file is compressed (gzip). Unpack it first.",
    b"{\\rtf": f"This file is a text document. {_SAVE_AS}",
}
_ZIP = b"PK\x03\x04"
_ZIPPED = {
    b"[Content_Types].xml": f"This file is an Excel workbook. {_SAVE_AS}",
    b"xl/": f"This file is an Excel workbook. {_SAVE_AS}",
    b"opendocument.spreadsheet": f"This file is an OpenDocument workbook. {_SAVE_AS}",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
#: What Excel reads the separator from; the line is no row.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?(?:\r\n|\r|\n)', re.I)
_LINE_END = re.compile("\r\n|\r|\n")
_ACCENTED, _BROKEN = re.compile(r"[^\x00-\x7f]"), re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Record:
    """One row: its number as a spreadsheet counts, and the line of the file that it begins on."""

    row: int
    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A file's head, its rows that are not blank, and what stands between its cells."""

    header: list[str]
    records: list[Record]
    separator: str


def refused(code: str, sentence: str) -> Invalid:
    return Invalid({"file": [Reason(code, sentence)]})


# --- Bytes ---------------------------------------------------------------------------------------


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a file, and the name of its encoding for people. Raises ``Invalid``."""
    if len(raw) > LARGEST_FILE:
        raise refused("too_large", f"This file is larger than {LARGEST_FILE >> 20} MB. Split it.")
    _refuse_others(raw)
    text, encoding = _decoded(raw)
    if "\0" in text:
        raise refused("not_text", f"This file is not text: it contains NUL. {_SAVE_AS}")
    if not text.strip():
        raise refused("empty", "This file is empty.")
    return text, encoding


def _refuse_others(raw: bytes) -> None:
    if raw.startswith(_ZIP):
        told = (sentence for sign, sentence in _ZIPPED.items() if sign in raw[:8_192])
        raise refused("not_csv", next(told, "This file is a zip archive. Unpack it first."))
    for sign, sentence in _OTHERS.items():
        if raw.startswith(sign):
            raise refused("not_csv", sentence)


def _decoded(raw: bytes) -> tuple[str, str]:
    for mark, codec, name in _MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(codec), name
            except UnicodeDecodeError:
                raise refused("encoding", f"This file is broken {name}. {_SAVE_AS}") from None
    try:
        return raw.decode(), "UTF-8"
    except UnicodeDecodeError:
        _refuse_broken_utf8(raw)
    try:
        return raw.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        raise refused(
            "encoding", f"This file is in an encoding that we do not know. {_SAVE_AS}"
        ) from None


def _refuse_broken_utf8(raw: bytes) -> None:
    """UTF-8 with a broken sign would be taken for Windows-1252, and every accent be spoiled."""
    text = raw.decode(errors="surrogateescape")
    broken = [found.start() for found in _BROKEN.finditer(text)]
    whole = len(_ACCENTED.findall(text)) - len(broken)
    if whole > len(broken):
        line = len(_LINE_END.findall(text, 0, broken[0])) + 1
        raise refused("encoding", f"This file is broken UTF-8 on line {line}. {_SAVE_AS}")


# --- Text ----------------------------------------------------------------------------------------


def read(text: str) -> Table:
    """The head and the rows. The separator is the one that makes most of the head. Raises
    ``Invalid``."""
    told = _SEPARATOR_LINE.match(text)
    start = told.end() if told else 0
    separators = [told[1]] if told else list(SEPARATORS)
    separator = max(separators, key=lambda each: _head_cells(text, start, each))
    return _table(_records(text, start, separator), separator)


def _head_cells(text: str, start: int, separator: str) -> int:
    """How many cells the head has with that separator; quotes may make no sense with it."""
    try:
        head = next(_records(text, start, separator), None)
    except Invalid:
        return 0
    return len(head.cells) if head else 0


def _table(records: Iterator[Record], separator: str) -> Table:
    head = next(records, None)
    if head is None:
        raise refused("empty", "This file is empty.")
    header = [name.strip() for name in head.cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise refused(
            "too_many_columns", f"This file has more than {MOST_COLUMNS} columns. Take some away."
        )
    rows: list[Record] = []
    for record in records:
        if len(rows) == MOST_ROWS:
            raise refused("too_many_rows", f"This file has more than {MOST_ROWS:,} rows. Split it.")
        rows.append(record)
    return Table(header, rows, separator)


def _records(text: str, start: int, separator: str) -> Iterator[Record]:
    """The rows that are not blank. Raises ``Invalid``."""
    lines = io.StringIO(text, newline="")  # line ends inside of quotes stay what they are
    lines.seek(start)
    before = len(_LINE_END.findall(text, 0, start))
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    row = 0
    while True:
        line, row = before + reader.line_num + 1, row + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise refused("broken_csv", _in_words(str(error), line)) from None
        if cells is None:
            return
        if row > ROWS_OF_A_SPREADSHEET:
            raise refused(
                "too_many_rows",
                f"This file has more than {ROWS_OF_A_SPREADSHEET:,} rows, blank ones included. "
                "Delete the blank ones.",
            )
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise refused("too_long_cell", _too_long(line))
        if any(cell.strip() for cell in cells):
            yield Record(row, line, cells)


def _in_words(error: str, line: int) -> str:
    if "field larger" in error:
        return _too_long(line)
    if "unexpected end" in error:
        return f"This file ends inside of quotes that open in the row of line {line}."
    return (
        f"This file has text behind closing quotes in the row of line {line}. "
        "Write quotes inside of quotes twice."
    )


def _too_long(line: int) -> str:
    return (
        f"This file has a cell of more than {LONGEST_CELL:,} characters in the row of line {line}. "
        "Perhaps a quote is never closed."
    )
