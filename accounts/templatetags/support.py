"""What the first page of the Django admin shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django import template
from django.urls import reverse

from accounts.registries import SUPPORT_LINKS, SUPPORT_PLACES, SupportLink
from config import clock
from config.registry import Registry
from config.text import inside

register = template.Library()

#: Nobody works off more in a day; a count ends there.
MOST = 100


@dataclass(frozen=True)
class Entry:
    """A link as it is shown; ``waiting`` is how many rows wait, empty for a place to look at."""

    label: str
    url: str
    waiting: str

    @property
    def is_idle(self) -> bool:
        return self.waiting == "0"


@register.simple_tag
def what_may_need_you() -> list[Entry]:
    """The lists that may hold work for support staff, with how much is there."""
    return _entries(SUPPORT_LINKS, clock.now())


@register.simple_tag
def where_you_work() -> list[Entry]:
    """Numbers, Unassigned and Manage Licenses, across all accounts."""
    return _entries(SUPPORT_PLACES, clock.now())


@register.simple_tag(takes_context=True)
def list_called(context: Mapping[str, Any], opts: Any) -> str:
    """What a list shows, as the entry of the first page says that leads to it: ``Unassigned``."""
    request = context["request"]
    rows = str(opts.verbose_name_plural)
    rows = rows[:1].upper() + rows[1:]
    for label, link in (*SUPPORT_PLACES.items(), *SUPPORT_LINKS.items()):
        wanted = dict(parse_qsl(link.query))
        is_it = all(request.GET.get(name) == value for name, value in wanted.items())
        if request.path == reverse(link.page) and is_it and (wanted or not request.GET):
            return label if rows.lower() in label.lower() else f"{label}: {inside(rows)}"
    return rows


def _entries(links: Registry[SupportLink], at: datetime) -> list[Entry]:
    ordered = sorted(links.items(), key=lambda each: each[1].place)
    return [Entry(label, _address(link), _waiting(link, at)) for label, link in ordered]


def _address(link: SupportLink) -> str:
    return f"{reverse(link.page)}?{link.query}" if link.query else reverse(link.page)


def _waiting(link: SupportLink, at: datetime) -> str:
    if link.waiting is None:
        return ""
    count = link.waiting(at)[: MOST + 1].count()
    return f"{MOST}+" if count > MOST else str(count)
