"""The box of the licenses: what stands in it is what one goes on with and comes back to (S0-23)."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .conftest import Visit
from .desk import Desk
from .house import House


def test_back_finds_what_was_typed_and_continue_takes_it(house: House, visit: Visit) -> None:
    page = at_box(house, visit)
    box, why = page.get_by_label("Licenses", exact=True), page.get_by_label("Why (optional)")
    box.fill("12")
    why.fill("More shops")
    expect(page).to_have_url(re.compile(r"to=12&reason=More"))

    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add 2 licenses?")
    page.go_back()
    expect(box).to_have_value("12")
    expect(why).to_have_value("More shops")

    box.fill("15")
    box.press("Enter")  # faster than the preview
    expect(page.get_by_role("heading", level=1)).to_have_text("Add 5 licenses?")
    page.go_back()
    expect(box).to_have_value("15")
    expect(page.locator("#preview")).to_contain_text("15")


def test_a_preview_that_failed_says_so_and_shows_no_other_figure(
    house: House, visit: Visit
) -> None:
    page = at_box(house, visit)
    page.get_by_label("Licenses", exact=True).fill("16")
    expect(page.locator("#preview")).to_contain_text("16")

    # As htmx tells it; a server that is really away would be one more error on the console.
    page.locator("#id_to").dispatch_event("htmx:sendError")

    expect(page.get_by_text("The preview could not be read.")).to_be_visible()
    expect(page.locator("#preview")).to_be_hidden()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add 6 licenses?")


def at_box(house: House, visit: Visit) -> Page:
    desk = Desk(visit(), house, house.homes["jade"])
    desk.sign_in()
    desk.open("licenses/")
    return desk.page
