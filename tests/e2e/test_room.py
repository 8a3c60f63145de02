"""That everything has room: what one decides by, what is pressed, and what was just ticked."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visit
from .desk import Desk
from .house import House


@pytest.fixture
def desk(house: House, visit: Visit) -> Desk:
    return at_home(Desk(visit(), house, house.homes["iris"]))


def at_home(desk: Desk) -> Desk:
    desk.house.import_numbers(desk.home)
    desk.sign_in()
    return desk


def edges(part: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom, in the window."""
    box = part.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def all_of_it_shows(part: Locator, within: Locator) -> bool:
    left, _, right, _ = edges(part)
    least, _, most, _ = edges(within)
    return least <= left and right <= most


@pytest.mark.parametrize("width", [1280, 820])
def test_what_one_decides_by_is_in_view_whatever_else_is_shown(desk: Desk, width: int) -> None:
    page = desk.page
    page.set_viewport_size({"width": width, "height": 900})
    desk.open("numbers/?tab=unassigned")
    number = desk.numbers()[0]
    keep = desk.row(number).get_by_role("button", name="Keep", exact=True)
    if keep.is_visible():
        keep.click()
        desk.told("is kept as a spare.")
    page.locator("summary", has_text="Columns").click()
    for box in page.locator(".panel[open] input[name=column]").all():
        box.check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("thead")).to_contain_text("SID")

    table = page.locator(".table")
    for row in page.locator("tbody tr").all()[-3:]:
        for part in row.locator(".decide :is(select, button, a)").all():
            assert all_of_it_shows(part, table), part.inner_text()


def test_nothing_to_press_is_too_small_to_hit(desk: Desk) -> None:
    page = desk.page
    desk.open("numbers/")
    number = page.locator("td.num > a").first.get_attribute("href")
    wanted = {
        "numbers/": "Export CSV",
        str(number).partition(f"/a/{desk.home.slug}/")[2]: "Numbers",
        "overview/": "All activity",
    }
    for path, name in wanted.items():
        desk.open(path)
        link = page.get_by_role("main").get_by_role("link", name=name, exact=True)
        _, top, _, bottom = edges(link)
        assert bottom - top >= 24, name
    desk.open("settings/notices/")
    label = page.locator("td label").first
    left, top, right, bottom = edges(label)
    assert min(right - left, bottom - top) >= 24


def test_what_was_ticked_on_a_phone_is_not_covered(house: House, visit: Visit) -> None:
    desk = at_home(Desk(visit(narrow=True), house, house.homes["iris"]))
    page = desk.page
    desk.open("numbers/?tab=unassigned")
    box = page.locator("tbody input[type=checkbox]").nth(3)
    box.evaluate("box => box.closest('tr').scrollIntoView({block: 'end'})")

    box.check()

    bar = page.get_by_role("toolbar", name="Selected numbers")
    expect(bar).to_be_visible()
    page.wait_for_timeout(300)
    covered = edges(box.locator("xpath=ancestor::tr"))[3] - edges(bar)[1]
    assert covered <= 0
    assert edges(bar)[3] - edges(bar)[1] < 120


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_banner_of_a_phone_says_until_when_and_for_how_much(house: House, visit: Visit) -> None:
    desk = at_home(Desk(visit(narrow=True), house, house.homes["iris"]))
    banner = desk.banner()

    expect(banner).to_contain_text("17 over")
    short = banner.locator(".banner-short").inner_text()
    assert "\u00a0PST" in short or "\u00a0PDT" in short
    assert "$85.00\u00a0a\u00a0month" in short
    assert fits(desk.page)
