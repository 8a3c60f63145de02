"""Without a mouse: the skip link, the keys of the list, and a release from end to end."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from .conftest import Visit
from .desk import Desk
from .house import House


def test_a_number_is_released_with_the_keyboard_alone(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["delta"])
    page = desk.page
    house.import_numbers(desk.home)
    page.goto("/")
    tab_to(page, page.get_by_label("Email"))
    page.keyboard.type(desk.home.owner)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type("numbers-for-everyone")
    page.keyboard.press("Enter")
    desk.heading("Numbers")

    skips_to_the_content(page)
    finds_and_ticks(desk)
    number = desk.numbers()[0]
    tab_to(page, page.get_by_role("link", name=number, exact=True))
    page.keyboard.press("Enter")
    desk.heading(number)
    tab_to(page, page.get_by_role("link", name="Release", exact=True))
    page.keyboard.press("Enter")
    desk.heading(f"Release {number}?")
    tab_to(page, page.get_by_label("Last four digits"))
    page.keyboard.type(number[-4:])
    page.keyboard.press("Enter")
    desk.told(f"{number} is being released.")


def skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, page.locator("tbody tr").first.get_by_role("checkbox"))


def finds_and_ticks(desk: Desk) -> None:
    """The keys of the list: / to search, j and k to move, x to tick."""
    page = desk.page
    boxes = page.locator("tbody input[type=checkbox]")
    page.keyboard.press("j")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(boxes.first).to_be_focused()
    expect(boxes.first).to_be_checked()
    expect(page.get_by_role("toolbar", name="Selected numbers")).to_contain_text("1 selected")
    page.keyboard.press("x")
    expect(boxes.first).not_to_be_checked()

    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search digits, name, SID")
    expect(search).to_be_focused()
    digits = desk.numbers()[2][-4:]
    page.keyboard.type(digits)  # "j", "k" and "x" are letters here
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(digits)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, which must show."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            outline = target.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", "the focus does not show"
            return
    raise AssertionError(f"Tab does not lead to {target}")
