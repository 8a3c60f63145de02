"""`docs/requirements.md` says what works and which tests prove it; these look whether it is so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
DOCUMENT = TESTS.parent / "docs" / "requirements.md"

ROW = re.compile(r"^\| (?P<id>[SB]\d+(?:-\d+)?) \| .+ \| (?P<state>[^|]+) \| (?P<files>[^|]*) \|$")
ID = re.compile(r"\b(?:S[0-4]-\d+|B\d+)\b")
#: Rows of each page, which the document must list without a gap.
SENTENCES = {"S0": 30, "S1": 26, "S2": 26, "S3": 44, "S4": 62}


@dataclass(frozen=True)
class Row:
    id: str
    state: str
    files: list[str]

    def __str__(self) -> str:
        return self.id


def rows() -> list[Row]:
    matches = [ROW.match(line) for line in DOCUMENT.read_text(encoding="utf-8").splitlines()]
    return [
        Row(match["id"], match["state"].strip(), re.findall(r"`([^`]+)`", match["files"]))
        for match in matches
        if match
    ]


def named_in(path: Path) -> set[str]:
    """The rows that a test file names in comments and docstrings."""
    return set(ID.findall(path.read_text(encoding="utf-8")))


def test_every_row_is_listed_once() -> None:
    listed = [row.id for row in rows()]

    wanted = [
        f"{page}-{number}" for page, last in SENTENCES.items() for number in range(1, last + 1)
    ]
    assert [name for name in listed if name.startswith("S")] == wanted
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("row", rows(), ids=str)
def test_what_works_names_a_test_and_the_test_names_it(row: Row) -> None:
    begun = row.state == "works" or row.state.startswith("in part: ")

    assert begun or row.state == "later"
    assert bool(row.files) == begun
    for name in row.files:
        assert row.id in named_in(TESTS / name), f"tests/{name} does not name {row.id}"


def test_tests_name_only_rows_that_exist() -> None:
    known = {row.id for row in rows()}

    unknown = {
        f"{path.relative_to(TESTS)} names {name}"
        for path in TESTS.rglob("*.py")
        for name in named_in(path) - known
    }
    assert unknown == set()
