"""CSV files that come from strangers' words and open in spreadsheets."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.spreadsheets import cell, csv_response


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("\n1", "'\n1"),
        ("\uff1d1+1", "'\uff1d1+1"),  # a full-width equals sign
        ("+14155550100", "+14155550100"),
        (-5, "-5"),
        (None, ""),
        ("Front desk", "Front desk"),
    ],
)
def test_a_cell_never_runs_as_a_formula(value: object, text: str) -> None:
    assert cell(value) == text


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2)))
def test_what_is_written_is_what_is_read_back(rows: list[list[str]]) -> None:
    response = csv_response(["a", "b"], rows, filename="rows.csv")

    text = response.getvalue().decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["a", "b"], *[[cell(value) for value in row] for row in rows]]


def test_a_long_table_is_sent_in_pieces() -> None:
    response = csv_response(["n"], ([n] for n in range(1_000)), filename="rows.csv")

    assert len(list(iter(response))) > 3
