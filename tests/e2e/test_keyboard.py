"""Without a mouse: the skip link, the keys of the list, and a release from end to end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visit
from .desk import Desk
from .house import PASSWORD, House


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


def test_escape_leaves_the_search_and_closes_what_is_open(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["delta"])
    page = desk.page
    house.import_numbers(desk.home)
    page.goto("/")
    expect(page.get_by_label("Email")).to_be_focused()
    desk.sign_in()
    desk.open("numbers/")
    search = page.get_by_role("searchbox", name="Search digits, name, SID")

    page.keyboard.press("/")
    page.keyboard.type("55")
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(search).to_have_value("55")
    page.keyboard.press("j")
    expect(page.locator("tbody input[type=checkbox]").first).to_be_focused()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    panels = page.locator("details.panel")
    for each in (0, 2):
        panels.nth(each).locator("summary").click()
    expect(page.locator("details.panel[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("details.panel[open]")).to_have_count(0)
    expect(panels.nth(2).locator("summary")).to_be_focused()
    panels.nth(1).locator("summary").click()
    page.get_by_role("heading", level=1).click()
    expect(page.locator("details.panel[open]")).to_have_count(0)


def test_after_a_refusal_the_focus_is_at_what_is_wrong(house: House, visit: Visit) -> None:
    desk = Desk(visit(narrow=True), house, house.homes["delta"])
    page = desk.page
    house.import_numbers(desk.home)
    desk.sign_in()
    desk.open("numbers/")
    page.locator("td.num > a").first.click()
    page.get_by_label("Tags (optional)").fill("x" * 41)

    desk.press("Save")

    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_be_in_viewport()


@pytest.mark.parametrize("narrow", [False, True])
def test_deciding_row_by_row_goes_on_at_the_next_row(
    house: House, visit: Visit, narrow: bool
) -> None:
    desk = Desk(visit(narrow=narrow), house, house.homes["delta"])
    page, toast = desk.page, desk.page.locator(".toast")
    house.import_numbers(desk.home)
    desk.sign_in()
    desk.open("licenses/decide/")
    number, following = desk.numbers()[4:6]

    desk.row(number).get_by_role("button", name="Keep", exact=True).click()

    desk.told(f"{number} is kept as a spare.")
    expect(desk.row(following)).to_be_focused()
    expect(desk.row(following)).to_be_in_viewport()
    expect(toast).to_be_in_viewport()
    covered, shown = toast.bounding_box(), desk.row(following).bounding_box()
    assert covered is not None
    assert shown is not None
    assert covered["y"] + covered["height"] <= shown["y"]
    said = desk.row(number).locator(".decide span.soft")
    assert said.inner_text() == "Kept just\u00a0now"
    between = page.evaluate(GAP, said.element_handle())
    assert between > 0, "Keptjust now"

    # and who was signed out comes back to the row they were at
    page.context.clear_cookies(name="sessionid")
    number = desk.numbers()[5]
    desk.row(number).get_by_role("button", name="Keep", exact=True).click()
    desk.told("You were signed out, so nothing was changed.")
    page.get_by_label("Email").fill(desk.home.owner)
    page.get_by_label("Password").fill(PASSWORD)
    desk.submit("Sign in")
    expect(desk.row(number).get_by_role("button", name="Keep", exact=True)).to_be_in_viewport()
    expect(desk.row(number)).to_be_focused()


#: How far its time is from the word before it.
GAP = """said => {
    const word = document.createRange();
    word.setStart(said.firstChild, 0);
    word.setEnd(said.firstChild, said.firstChild.data.trimEnd().length);
    const time = said.querySelector("time").getBoundingClientRect();
    return time.left - word.getBoundingClientRect().right;
}"""


def test_the_acts_stay_within_reach_beside_an_open_number(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["delta"])
    page = desk.page
    house.import_numbers(desk.home)
    desk.sign_in()
    desk.open("licenses/decide/")
    number, following = desk.numbers()[10:12]

    for width in (1280, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        desk.follow(number)
        expect(page.get_by_role("complementary", name=number, exact=True)).to_be_visible()
        release = desk.row(following).get_by_role("link", name="Release", exact=True)
        expect(release).to_be_visible()
        release.click(trial=True)  # nothing lies over it
        page.keyboard.press("Escape")


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
