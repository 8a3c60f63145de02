"""HTML that escapes what is put into it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | int | Iterable["Child"] | None
Attribute: TypeAlias = str | int | bool | None

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


def join(*children: Child) -> Markup:
    """The children one after the other; None leaves nothing."""
    return Markup("".join(map(_render, children)))


def _render(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, (str, int)):
        return html.escape(str(child))
    return "".join(map(_render, child))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element: `tag("a", "Ports", href="/", class_="nav", aria_current=None)`.

    Underscores become hyphens, a trailing one is dropped; True gives a bare attribute, None and
    False none.
    """
    head = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written = key.rstrip("_").replace("_", "-")
        head.append(written if value is True else f'{written}="{html.escape(str(value))}"')
    opening = f"<{' '.join(head)}>"
    return Markup(opening if name in _VOID else f"{opening}{join(*children)}</{name}>")
