"""CSV files that come from strangers' words and open in spreadsheets."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.spreadsheets import cell, csv_response, value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t'=1"),
        ("\t1", "'\t1"),
        (";=1", ";'=1"),
        (",=1", ",'=1"),
        ("a; @SUM(A1)", "a;' @SUM(A1)"),
        ("a\tb\n-2+3", "a\tb\n'-2+3"),
        ("=1;=2", "'=1;'=2"),
        ("';'=1", "';''=1"),
        ("Sales; day, night", "Sales; day, night"),
        ("+14155550100;+14155550101", "'+14155550100;'+14155550101"),
        (" =1", "' =1"),
        ("\n1", "'\n1"),
        ("\uff1d1+1", "'\uff1d1+1"),  # a full-width equals sign
        ("\u200e=1", "'\u200e=1"),  # behind marks that nobody sees
        ("\ufeff\u00ad =1", "'\ufeff\u00ad =1"),
        ("\u3000\uff201", "'\u3000\uff201"),
        ("\u2800-1+2", "'\u2800-1+2"),
        ("\u22121+2", "'\u22121+2"),  # a minus sign
        ("\ufe6b1", "'\ufe6b1"),  # a small @
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("+1 415", "'+1 415"),
        ("+14155550100", "+1 415 555 0100"),
        ("+442079460123", "+44 20 7946 0123"),
        ("+999123456", "+9 99123456"),
        (-5, "-5"),
        (None, ""),
        ("Front desk", "Front desk"),
    ],
)
def test_a_cell_never_runs_as_a_formula(value: object, text: str) -> None:
    assert cell(value) == text


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=20),
    lead=st.sampled_from(["", "=", "+", "'", ";=", ",'+", "\t@", "\n-", "''-", '="']),
)
def test_every_value_is_read_back_from_its_cell(text: str, lead: str) -> None:
    """But text that a spreadsheet holds as a formula, which we never write: ``="…"``."""
    assert value(cell(lead + text, plain=True)) == lead + text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("'=1", "=1"),
        ("''=1", "'=1"),
        ("'quoted'", "'quoted'"),
        ("'+14155550100", "+14155550100"),
        ('="+14155550100"', "+14155550100"),
        ('="say ""hi"""', 'say "hi"'),
        ("=1", "=1"),
        ("", ""),
    ],
)
def test_marks_of_spreadsheets_are_no_part_of_a_value(text: str, meant: str) -> None:
    assert value(text) == meant


@pytest.mark.parametrize("e164", ["+14155550100", "+442079460123", "+390612345678", "+999123456"])
def test_a_number_in_a_spreadsheet_is_text_and_still_the_number(e164: str) -> None:
    written = cell(e164)

    assert written.startswith("+")
    assert " " in written
    assert written.replace(" ", "") == e164
    assert cell(e164, plain=True) == e164


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2)))
def test_what_is_written_is_what_is_read_back(rows: list[list[str]]) -> None:
    response = csv_response(["a", "b"], rows, filename="rows.csv", query={})

    file = response.getvalue()
    assert file.startswith(b"\xef\xbb\xbfa,b\r\n")
    text = file.decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["a", "b"], *[[cell(value) for value in row] for row in rows]]


def test_a_program_gets_a_file_without_a_mark() -> None:
    response = csv_response(
        ["number"], [["+14155550100"]], filename="rows.csv", query={"format": "plain"}
    )

    assert response.getvalue() == b"number\r\n+14155550100\r\n"


def test_a_long_table_is_sent_in_pieces() -> None:
    rows = ([n] for n in range(1_000))
    response = csv_response(["n"], rows, filename="rows.csv", query={})

    assert len(list(iter(response))) > 3
