"""CSV files as people have them: every encoding and separator, and what is none (B10)."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import csv_files
from config.csv_files import decode, read
from config.errors import Invalid


def refusal(raw: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        read(decode(raw)[0])
    (sentence,) = caught.value.errors["file"]
    assert sentence.startswith("This file ")
    return sentence


def cells(raw: bytes) -> list[list[str]]:
    return [record.cells for record in read(decode(raw)[0]).records]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Zürich, „Büro“ 🎈".encode(), "UTF-8"),
        ("Zürich".encode("utf-8-sig"), "UTF-8"),
        ("Zürich".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "Zürich 🎈".encode("utf-16-be"), "UTF-16"),
        ("Zürich “€”".encode("cp1252"), "Windows-1252"),
        (b"Zurich", "UTF-8"),
    ],
)
def test_the_encoding_is_told_by_the_content(raw: bytes, name: str) -> None:
    text, encoding = decode(raw)

    assert encoding == name
    assert text.startswith("Z")
    assert "rich" in text
    assert "\ufeff" not in text


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_and_line_ends_are_told_by_the_content(separator: str, line_end: str) -> None:
    rows = [["number", "name"], ["1", f'"a{line_end}b{separator}"'], ["2", '"say ""hi"""']]
    raw = line_end.join(separator.join(row) for row in rows).encode()

    table = read(decode(raw)[0])

    assert (table.separator, table.header) == (separator, ["number", "name"])
    assert cells(raw) == [["1", f"a{line_end}b{separator}"], ["2", 'say "hi"']]


def test_rows_and_lines_are_counted_as_people_count() -> None:
    table = read('sep=;\r\nnumber;notes\r\n1;"a\r\nb"\r\n;\r\n\r\n2;c\r\n')

    assert [(record.row, record.line, record.cells[0]) for record in table.records] == [
        (2, 3, "1"),
        (5, 7, "2"),
    ]


def test_a_quoted_head_may_have_other_separators_inside() -> None:
    assert read('"number";"name, or what"\n1;2\n').header == ["number", "name, or what"]


def workbook(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (workbook("[Content_Types].xml", "xl/workbook.xml"), "is an Excel workbook. Save it as"),
        (workbook("numbers.csv"), "is a zip archive"),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook (.xls)"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"", "empty"),
        (b" \r\n\t\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"number,name\n1,a\0b\n", "NUL"),
        ("number,name\n1,Zürich\n".encode("utf-16-le"), "NUL"),
        (b"\xff\xfen\0\x00\xd8a\0", "broken UTF-16"),
        (b"\xff\xfen\0u", "broken UTF-16"),
        (b"\xef\xbb\xbfnumber\xff", "broken UTF-8"),
        ("number,Zürich,Köln\n".encode() + b"1,\xfc", "broken UTF-8 on line 2"),
        (b"number,\x81\n", "encoding that we do not know"),
        (b'number,name\n1,"open\n2,b\n', "ends inside of quotes that open in the row of line 2"),
        (b'number,name\n1,"a"b\n', "behind closing quotes in the row of line 2"),
        (b'number,name\n1,"' + b"x" * 200_000, "cell of more than 20,000 characters"),
        (b"number,name\n1," + b"x" * 20_001, "cell of more than 20,000 characters"),
        (b"x" * 3_000_000, "cell of more than 20,000 characters"),
        (b"a," * 300 + b"\n", "more than 200 columns"),
        (b"number,name\n" + b"1,a\n" * (csv_files.MOST_ROWS + 1), "more than 50,000 rows"),
        (b"number\n" + b"\n" * csv_files.ROWS_OF_A_SPREADSHEET + b"1", "blank ones included"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_cannot_be_read_says_why_and_what_helps(raw: bytes, sentence: str) -> None:
    assert sentence in refusal(raw)


def test_a_file_beyond_the_limit_is_refused_before_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_files, "LARGEST_FILE", 1 << 20)

    assert "larger than 1 MB" in refusal(b"\0" * ((1 << 20) + 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f"number,{text}".encode()))
def test_any_bytes_are_read_or_refused_in_words(raw: bytes) -> None:
    try:
        table = read(decode(raw)[0])
    except Invalid:
        refusal(raw)
        return
    assert all(any(cell.strip() for cell in record.cells) for record in table.records)


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(_CELL, _CELL), max_size=5), st.sampled_from([",", ";", "\t"]))
def test_what_a_spreadsheet_writes_is_read(rows: list[tuple[str, str]], separator: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])

    read_back = cells(file.getvalue().encode())

    assert read_back == [list(row) for row in rows if any(cell.strip() for cell in row)]
