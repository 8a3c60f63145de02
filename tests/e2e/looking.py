"""Looks at one page in both color schemes and at two widths, as axe and a phone see it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import axe_playwright_python
from django.conf import settings
from playwright.sync_api import Page

from .conftest import NARROW, WIDE

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
#: With SCREENSHOTS=1 every look is also stored there, as README and people want to see it.
PICTURES = settings.VAR_DIR / "screenshots" if os.environ.get("SCREENSHOTS") == "1" else None
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
#: Only colors differ in the dark.
COLORS = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}

_RUN = """async options => (await axe.run(document, options)).violations.flatMap(
  rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`))"""

#: Colors and places have arrived where they belong.
_SETTLED = """() => new Promise(
  done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


def look(page: Page, name: str) -> list[str]:
    """What is wrong with the page as it stands there, in words; empty when nothing is."""
    found: list[str] = []
    page.evaluate(AXE)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        width = size["width"]
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"{name} at {width}: scrolls sideways, {needed} px wide")
        for scheme, options in (("light", EVERYTHING), ("dark", COLORS)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.evaluate(_SETTLED)
            found += [
                f"{name} at {width}, {scheme}: {each}" for each in page.evaluate(_RUN, options)
            ]
            _picture(page, f"{name}-{width}-{scheme}")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return found


def _picture(page: Page, name: str) -> None:
    if PICTURES is not None:
        file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        page.screenshot(path=PICTURES / f"{file}.png", full_page=True)
