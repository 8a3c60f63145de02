"""Every page of the support console: nothing for axe to find, nothing too wide."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from .accounts import SUPPORT
from .conftest import NARROW, Visit
from .desk import Desk
from .house import Home, House
from .living import live_in
from .looking import LOOKS, look, look_at


@pytest.fixture(scope="session")
def home(house: House, browser: Any) -> Home:
    home = house.homes["lark"]
    live_in(house, browser, home, newcomer="nils@lark.example")
    return home


def test_the_console_of_support(house: House, visit: Visit, home: Home) -> None:
    """Every table, a row of each, and each act once; pages of one make, so the looks take turns."""
    page, found, acts = visit(), [], dict[str, str]()
    looks = itertools.cycle([each] for each in LOOKS)
    Desk(page, house, home).sign_in(SUPPORT)

    def see(name: str, address: str) -> None:
        page.goto(address)
        found.extend(look(page, f"admin {name}", looks=next(looks)))

    see("start", reverse("admin:index"))
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        meta = model._meta
        see(meta.label, reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
        row = page.locator("#result_list tbody th a")
        if row.count():
            see(f"one {meta.label}", row.first.get_attribute("href") or "")
            for act in page.locator(".object-tools a.act").all():
                acts[f"{meta.label}: {act.inner_text()}"] = act.get_attribute("href") or ""
    page.goto(f"{reverse('admin:accounts_user_changelist')}?q=a")  # which offers to show all
    found += look(page, "admin list searched", looks=[(NARROW, "light")])
    for name, address in acts.items():
        see(name, urljoin(page.url, address))
    assert not found, "\n".join(found)
    assert len(acts) > 10


def test_support_looks_and_stops(house: House, visit: Visit, home: Home) -> None:
    page, found = visit(), []
    Desk(page, house, home).sign_in(SUPPORT)
    page.goto(reverse("admin:accounts_account_changelist"))
    page.get_by_role("link", name=home.slug.title(), exact=True).click()
    page.get_by_role("link", name="Look as its members do").click()
    page.get_by_label("Reason").fill("They called")
    page.get_by_role("button", name="Begin to look").click()
    bar = page.get_by_role("complementary", name="You are looking")
    expect(bar).to_contain_text("Nothing can be changed.")
    found += look(page, "looking")
    for name in ("numbers:list", "accounts:notices", "accounts:notice_preferences"):
        found += look_at(page, f"looking {name}", reverse(name, args=[home.slug]))
    found += look_at(page, "looking one's own", reverse("mfa_index"))
    found += look_at(page, "looking admin", reverse("admin:index"))
    bar.get_by_role("button", name="Stop looking").click()
    expect(page.get_by_text("You no longer look at")).to_be_visible()
    expect(bar).to_have_count(0)
    assert not found, "\n".join(found)
