"""The documents agree with the code they are about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from numbers.states import NUMBER_MOVES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))

    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_operations_lists_every_variable() -> None:
    settings = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    variables = set(re.findall(r"(?:env\.\w+|_secret)\(\s*\"([A-Z_]+)\"", settings))
    assert {"DATABASE_URL", "SECRET_KEY", "STATICFILES_BACKEND"} <= variables
    assert sorted(name for name in variables if f"`{name}`" not in operations) == []


def test_operations_lists_no_variable_that_nothing_reads() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    readers = [ROOT / "config" / "settings.py", ROOT / "Procfile"]
    read = "\n".join(path.read_text(encoding="utf-8") for path in readers)

    listed = re.findall(r"^\| `([A-Z][A-Z_]+)` \|", operations, re.MULTILINE)
    listed += re.findall(r"^`HOST`.*", operations, re.MULTILINE)[0].split("`")[1:8:2]
    assert len(listed) > 30
    assert [name for name in listed if not re.search(rf"\b{name}\b", read)] == []


def test_operations_lists_every_command() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    for path in ROOT.glob("*/management/commands/[a-z]*.py"):
        if path.stem != "setup_demo":  # the demo's own
            assert f"`{path.stem}" in operations


def test_the_drawing_of_a_number_s_moves_is_the_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.split("## The moves of a number")[1].split("```")[1]

    drawn = set(re.findall(r"^  (\w+) --> (\w+): ", drawing, re.MULTILINE))
    assert drawn == {
        (str(before), str(then)) for before, after in NUMBER_MOVES.after.items() for then in after
    }
