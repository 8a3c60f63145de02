"""Every template compiles, and none asks for what the content security policy blocks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

FOLDER = Path(settings.BASE_DIR) / "templates"
#: Plain-text mails are Django templates too.
TEMPLATES = sorted(
    str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.suffix in (".html", ".txt")
)
BLOCKED = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "something from another site": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.I
    ),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("what", BLOCKED)
def test_no_template_holds_what_the_browser_will_refuse(name: str, what: str) -> None:
    assert not BLOCKED[what].search((FOLDER / name).read_text(encoding="utf-8"))


_FOLDED = re.compile(r"<details(?P<head>(?:[^>]|%})*?)>(?P<body>.*?)</details>", re.S)
_FIELD = re.compile(
    r"<(?:input(?![^>]*hidden)|textarea|select)\b|components/(?:form_fields|field)\.html"
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_folded_with_fields_in_it_says_when_it_is_open(name: str) -> None:
    """What was typed, and what is wrong with it, is not to be looked for. Panels of a toolbar are
    forms of their own, which are not shown anew."""
    text = (FOLDER / name).read_text(encoding="utf-8")

    folded = [each for each in _FOLDED.finditer(text) if _FIELD.search(each["body"])]
    assert [each["head"] for each in folded if not re.search(r"open|panel", each["head"])] == []


def test_there_are_templates_to_look_at() -> None:
    assert len(TEMPLATES) > 30
