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
    desk.heading("Overview")
    tab_to(page, page.get_by_role("link", name="Numbers", exact=True))
    page.keyboard.press("Enter")
    desk.heading("Numbers")

    skips_to_the_content(page)
    finds_and_ticks(desk)
    number = desk.numbers()[0]
    tab_to(page, page.get_by_role("link", name=number, exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name=number)).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Release", exact=True))
    page.keyboard.press("Enter")
    desk.heading(f"Release {number}?")
    tab_to(page, page.get_by_role("button", name="Release", exact=True))
    page.keyboard.press("Enter")
    desk.told(f"{number} is being released.")


def test_many_numbers_are_released_with_the_keyboard_alone(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["delta"])
    page = desk.page
    house.import_numbers(desk.home)
    desk.sign_in()
    desk.open("numbers/?tab=unassigned")
    boxes = page.locator("tbody input[type=checkbox]")

    for box in (boxes.nth(0), boxes.nth(1)):
        tab_to(page, box)
        page.keyboard.press("Space")
    bar = page.get_by_role("toolbar", name="Selected numbers")
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("a")
    expect(bar.get_by_role("button").and_(page.locator(":focus"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("a")
    tab_to(page, bar.get_by_role("button", name="Release", exact=True))
    page.keyboard.press("Enter")
    desk.heading("Release 2 numbers?")
    tab_to(page, page.get_by_role("button", name="Release 2", exact=True))
    page.keyboard.press("Enter")

    desk.heading("Release 2 numbers")
    expect(page.get_by_role("navigation", name="Results")).to_contain_text("2")


def test_the_menu_of_a_phone_gives_the_focus_back(house: House, visit: Visit) -> None:
    desk = Desk(visit(narrow=True), house, house.homes["delta"])
    page = desk.page
    desk.sign_in()
    button = page.get_by_role("button", name="Menu")

    tab_to(page, button)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("navigation", name="Main").get_by_role("link").first)
    page.keyboard.press("Escape")

    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(button).to_be_focused()


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
