"""The same work in a browser that runs no scripts: every page works by links and forms alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .desk import Desk
from .house import LICENSES, NUMBERS, House


@pytest.fixture
def desk(house: House, visit: Visit) -> Desk:
    return Desk(visit(scripts=False), house, house.homes["cedar"])


def test_everything_works_without_javascript(desk: Desk) -> None:
    desk.sign_in()
    imports_by_reloading(desk)
    assigns_in_the_row(desk)
    releases_a_spare(desk)
    is_told_where_it_is(desk)
    chooses_columns(desk)
    tags_what_is_ticked(desk)
    buys_licenses_over_a_preview_page(desk)


def imports_by_reloading(desk: Desk) -> None:
    page = desk.page
    slowly = {"path": "IncomingPhoneNumbers", "account": desk.home.sid, "times": 1}
    desk.house.sandbox.fault("slow", seconds=1.5, **slowly)
    page.get_by_role("button", name="Import Numbers").click()
    expect(page.get_by_role("progressbar", name="Import")).to_be_visible()
    desk.follow("Reload to see how far it is")
    desk.wait_for_worker(page.get_by_role("link", name=f"New {NUMBERS}"))
    expect(desk.banner()).to_contain_text(f"{NUMBERS - LICENSES} numbers over")


def assigns_in_the_row(desk: Desk) -> None:
    desk.go("Numbers")
    desk.tab("Unassigned")
    number = desk.numbers()[0]
    desk.row(number).get_by_label(f"Agent for {number}").select_option("Night line")
    desk.press("Assign", within=desk.row(number))
    desk.told(f"{number} is assigned to Night line.")


def releases_a_spare(desk: Desk) -> None:
    number = desk.numbers()[0]
    desk.follow("Release", within=desk.row(number))
    desk.press("Release")
    desk.told(f"{number} is being released.")
    desk.tab("Released")
    expect(desk.row(number)).to_be_visible()


def is_told_where_it_is(desk: Desk) -> None:
    released = desk.numbers()[0]
    desk.tab("All")
    desk.page.get_by_role("searchbox").fill(released)
    desk.press("Search")
    expect(desk.page.get_by_role("main")).to_contain_text("It is in Released.")
    desk.follow("Show in Released")
    expect(desk.row(released)).to_be_visible()


def chooses_columns(desk: Desk) -> None:
    page = desk.page
    desk.open("numbers/?sort=-number")
    page.locator("summary").get_by_text("Columns").click()
    page.get_by_label("SID", exact=True).check()
    page.get_by_label("Capabilities", exact=True).uncheck()
    desk.press("Show")
    expect(page.get_by_role("columnheader", name="SID")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Capabilities")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?sort=-number$"))
    page.locator("summary").get_by_text("Columns").click()
    desk.press("Usual columns")
    expect(page.get_by_role("columnheader", name="Capabilities")).to_be_visible()


def tags_what_is_ticked(desk: Desk) -> None:
    page = desk.page
    desk.tab("Unassigned")
    first, second = desk.numbers()[:2]
    for number in (first, second):
        page.get_by_label(f"Select {number}").check()
    bar = page.get_by_role("toolbar", name="Selected numbers")
    expect(bar).to_contain_text("With the ticked numbers")
    desk.press("Tag", within=bar)
    page.get_by_label("Add (optional)").fill("quiet")
    desk.press("Preview")
    desk.press("Change the tags of 2")
    desk.wait_for_worker(desk.row(second).filter(has_text="Changed"))
    desk.follow(first)
    expect(page.get_by_label("Tags (optional)")).to_have_value("quiet")


def buys_licenses_over_a_preview_page(desk: Desk) -> None:
    page = desk.page
    desk.go("Licenses")
    page.get_by_label("Licenses", exact=True).fill(str(NUMBERS))
    desk.press("Preview")
    expect(page.locator("#preview")).to_contain_text(f"{NUMBERS} for {NUMBERS - 1} held")
    desk.press("Continue")
    added = NUMBERS - LICENSES
    page.get_by_role("button", name=f"Add {added} for").click()
    desk.told(f"You have {NUMBERS} licenses now.")
    expect(desk.banner()).to_have_count(0)
