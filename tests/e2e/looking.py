"""Looks at one page in both color schemes and at two widths, as axe sees it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import axe_playwright_python
from django.conf import settings
from playwright.sync_api import Page, ViewportSize

from .conftest import NARROW, WIDE

ColorScheme = Literal["light", "dark"]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
#: With SCREENSHOTS=1 every look is also stored there, as README and people want to see it.
PICTURES = settings.VAR_DIR / "screenshots" if os.environ.get("SCREENSHOTS") == "1" else None
#: Each width and each scheme once; all four when there is time for pictures.
Look = tuple[ViewportSize, ColorScheme]
LOOKS: list[Look] = [(WIDE, "light"), (NARROW, "dark")]
if PICTURES is not None:
    LOOKS += [(WIDE, "dark"), (NARROW, "light")]

_RUN = """async () => {
  const options = {resultTypes: ["violations"], preload: false};
  const {violations} = await axe.run(document, options);
  return violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 160)}`));
}"""

#: Colors and places have arrived where they belong.
_SETTLED = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const moving = document.getAnimations().filter(each => each instanceof CSSTransition);
  await Promise.allSettled(moving.map(each => each.finished));
}"""


def look(page: Page, name: str, *, looks: Sequence[Look] = LOOKS) -> list[str]:
    """What is wrong with the page as it stands there, in words; empty when nothing is.

    Who looks at many pages saves time with `context.add_init_script(AXE)`.
    """
    found: list[str] = []
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for size, scheme in looks:
        width = size["width"]
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.evaluate(_SETTLED)
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"{name} at {width}: scrolls sideways, {needed} px wide")
        found += [f"{name} at {width}, {scheme}: {each}" for each in page.evaluate(_RUN)]
        if PICTURES is not None:
            file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            page.screenshot(path=PICTURES / f"{file}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size(WIDE)
    return found


def look_at(page: Page, name: str, address: str) -> list[str]:
    page.goto(address)
    return look(page, name)
