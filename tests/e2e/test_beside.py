"""A number beside its list: opened by keys and clicks, with the address of its own page (S0-21)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .conftest import WIDE, Visit
from .desk import Desk
from .house import PASSWORD, House
from .looking import look


@pytest.fixture(scope="module", autouse=True)
def signed_in(house: House, browser: Any) -> Any:
    """The session of ember's owner. The numbers are imported, whichever test comes first."""
    home = house.homes["ember"]
    house.import_numbers(home)
    context: BrowserContext = browser.new_context(base_url=house.url)
    Desk(context.new_page(), house, home).sign_in()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def desk(house: House, visit: Visit, signed_in: Any) -> Desk:
    return at_list(Desk(visit(storage_state=signed_in), house, house.homes["ember"]))


def at_list(desk: Desk) -> Desk:
    desk.open("numbers/")
    expect(desk.page.locator("tbody tr").first).to_be_visible()
    return desk


def beside(page: Page, number: str | None = None) -> Locator:
    return page.get_by_role("complementary", name=number, exact=True)


def top(row: Locator) -> float:
    """How far below the upper edge of the window it stands."""
    return float(row.evaluate("row => row.getBoundingClientRect().top"))


def is_list(desk: Desk) -> None:
    """The panel is closed, and the address is that of the list."""
    expect(beside(desk.page)).to_be_hidden()
    expect(desk.page).to_have_url(f"{desk.house.url}/a/{desk.home.slug}/numbers/")


def is_number(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/numbers/\d+/$"))


# --- Keys ------------------------------------------------------------------------------------


def test_j_and_enter_open_a_row_and_escape_comes_back_to_it(desk: Desk) -> None:
    page, numbers = desk.page, desk.numbers()
    boxes = page.locator("tbody input[type=checkbox]")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(beside(page, numbers[1])).to_be_focused()
    is_number(page)
    expect(page).to_have_title(re.compile(re.escape(numbers[1])))
    expect(boxes.nth(1)).not_to_be_checked()

    page.keyboard.press("j")  # goes on from the row that is open
    expect(boxes.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(beside(page, numbers[2])).to_be_focused()
    page.keyboard.press("Escape")
    is_list(desk)
    expect(page).to_have_title(re.compile("^Numbers"))
    expect(boxes.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(boxes.nth(1)).to_be_focused()


def test_who_only_reads_moves_and_opens_as_well(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["ember"])
    desk.sign_in(desk.home.member)
    page, numbers = at_list(desk).page, desk.numbers()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(beside(page, numbers[1])).to_be_focused()
    expect(beside(page).get_by_role("button", name="Save")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=numbers[1], exact=True)).to_be_focused()


# --- Clicks and the address ------------------------------------------------------------------


def test_a_click_opens_it_back_closes_it_and_forward_opens_it_again(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[20]
    row = desk.row(number)
    row.scroll_into_view_if_needed()
    # Not every browser keeps what one looks at in place by itself.
    page.evaluate("document.documentElement.style.overflowAnchor = 'none'")
    place = top(row)

    desk.follow(number)
    expect(beside(page, number)).to_be_focused()
    assert top(row) == pytest.approx(place, abs=1)
    page.go_back()
    is_list(desk)
    assert top(row) == pytest.approx(place, abs=1)
    expect(page.get_by_role("link", name=number, exact=True)).to_be_focused()
    page.go_forward()
    expect(beside(page, number)).to_be_focused()
    is_number(page)


def test_one_step_back_closes_it_whatever_was_opened_in_it(desk: Desk) -> None:
    page, numbers = desk.page, desk.numbers()

    desk.follow(numbers[0])
    expect(beside(page, numbers[0])).to_be_visible()
    desk.row(numbers[1]).locator(".state").click()  # anywhere in the row
    expect(beside(page, numbers[1])).to_be_visible()
    desk.press("Close", within=beside(page))

    is_list(desk)


def test_reloading_gives_the_page_itself_and_back_the_list(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[0]
    desk.follow(number)
    expect(beside(page, number)).to_be_visible()

    page.reload()
    desk.heading(number)
    expect(beside(page)).to_have_count(0)
    page.go_back()

    desk.heading("Numbers")
    is_list(desk)


def test_a_click_with_a_key_opens_a_tab_as_any_link(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[0]

    with page.context.expect_page() as opened:
        page.get_by_role("link", name=number, exact=True).click(modifiers=["ControlOrMeta"])

    expect(opened.value.get_by_role("heading", level=1)).to_contain_text(number)
    is_list(desk)


def test_a_tick_and_a_link_of_a_row_do_not_open_it(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[0]

    page.get_by_label(f"Select {number}").check()
    desk.row(number).locator("td.check").click(position={"x": 2, "y": 2})

    is_list(desk)


def test_on_a_phone_a_row_leads_to_the_page(house: House, visit: Visit, signed_in: Any) -> None:
    page = visit(narrow=True, storage_state=signed_in)
    desk = at_list(Desk(page, house, house.homes["ember"]))
    first, second = desk.numbers()[:2]

    desk.follow(first)
    desk.heading(first)
    page.go_back()
    desk.row(second).locator(".state").click()

    desk.heading(second)


# --- What is in it ---------------------------------------------------------------------------


def test_its_forms_work_as_on_the_page_and_the_list_tells_it_after_closing(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[3]
    desk.follow(number)

    beside(page).get_by_label("Name", exact=True).fill("Harbor desk")
    desk.press("Save", within=beside(page))

    desk.told("Saved.")
    is_number(page)
    expect(beside(page).locator(".soft").first).to_have_text("Harbor desk")
    page.keyboard.press("Escape")
    is_list(desk)
    expect(desk.row(number)).to_contain_text("Harbor desk")
    expect(page.get_by_role("link", name=number, exact=True)).to_be_focused()


def test_after_an_act_the_row_shows_it_at_once(desk: Desk) -> None:
    desk.open("numbers/?tab=unassigned")
    page, number = desk.page, desk.numbers()[3]
    other = desk.numbers()[4]
    desk.follow(number)

    desk.press("Keep as spare", within=beside(page))
    desk.told("is kept as a spare.")
    expect(desk.row(number).locator(".state")).to_contain_text("Kept")
    desk.follow(other)
    notes = beside(page, other).get_by_label("Notes (optional)")
    notes.fill("Still to be said")
    beside(page, other).get_by_role("button", name="Protect").click()
    expect(desk.row(other)).to_contain_text("Protected")


def test_while_twilio_is_asked_it_waits_for_the_answer_by_itself(house: House, desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[9]
    desk.follow(number)
    desk.follow("Release", within=beside(page))
    if (digits := page.get_by_label("Last four digits")).is_visible():
        digits.fill(number[-4:])
    desk.press("Release")
    expect(page.locator("#number-state")).to_contain_text("Released", timeout=30_000)
    expect(page.locator("#number-tasks [aria-label]")).to_have_count(0)


def test_when_twilio_has_answered_the_message_says_so_and_what_is_unfolded_stays(
    desk: Desk,
) -> None:
    page, number = desk.page, desk.numbers()[10]
    page.set_viewport_size({"width": 1100, "height": 900})  # its own page
    desk.follow(number)
    desk.follow("Release")
    if (digits := page.get_by_label("Last four digits")).is_visible():
        digits.fill(number[-4:])
    desk.submit("Release")
    toast = page.locator(".toast.success")
    expect(toast).to_contain_text("is being released")
    groups = page.locator("#number-configuration details")
    groups.nth(0).locator("summary").click()
    groups.nth(3).locator("summary").press("Enter")

    expect(toast).to_have_text(re.compile(r": released"), timeout=30_000)
    expect(page.locator("#number-state")).to_contain_text("Released")
    expect(groups.nth(3).locator("summary")).to_be_focused()
    are_open = groups.evaluate_all("all => all.map((each) => each.open)")
    assert are_open[:4] == [False, True, False, True]


def test_what_is_refused_stays_typed_with_its_reason(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[4]
    desk.follow(number)
    tags = beside(page).get_by_label("Tags (optional)")

    tags.fill("x" * 41)
    desk.press("Save", within=beside(page))

    expect(beside(page).get_by_role("alert")).to_be_focused()
    expect(tags).to_have_value("x" * 41)
    is_number(page)
    page.keyboard.press("Escape")
    is_list(desk)
    desk.follow(number)
    expect(tags).to_have_value("x" * 41)
    beside(page).get_by_role("alert").get_by_role(
        "link"
    ).click()  # to the field, in the address too
    expect(tags).to_be_focused()
    page.keyboard.press("Escape")
    is_list(desk)


def test_what_was_typed_and_not_saved_is_there_again(desk: Desk) -> None:
    page, (one, other) = desk.page, desk.numbers()[5:7]
    desk.follow(one)
    notes = beside(page, one).get_by_label("Notes (optional)")
    notes.fill("Ask Olivia")

    desk.follow(other)
    expect(beside(page, other)).to_be_visible()
    expect(beside(page, other).get_by_label("Notes (optional)")).to_have_value("")
    expect(beside(page, other)).to_contain_text(f"What you typed about {one} is not saved.")
    page.go_back()
    is_list(desk)
    desk.follow(one)

    expect(notes).to_have_value("Ask Olivia")


def test_a_server_that_does_not_answer_loses_nothing(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[7]
    desk.follow(number)
    notes = beside(page, number).get_by_label("Notes (optional)")
    notes.fill("Written on a train")
    page.route("**/describe/", lambda route: route.abort("aborted"))

    desk.press("Save", within=beside(page))
    expect(beside(page).get_by_role("alert")).to_contain_text("could not be reached")
    expect(notes).to_have_value("Written on a train")
    page.unroute("**/describe/")
    desk.press("Save", within=beside(page))

    desk.told("Saved.")
    expect(notes).to_have_value("Written on a train")


def test_who_was_signed_out_meanwhile_signs_in_and_saves(house: House, visit: Visit) -> None:
    desk = Desk(visit(answers=(403,)), house, house.homes["ember"])  # the token is another one
    desk.sign_in()
    page, number = at_list(desk).page, desk.numbers()[8]
    desk.follow(number)
    notes = beside(page, number).get_by_label("Notes (optional)")
    notes.fill("Written before lunch")
    page.context.clear_cookies(name="sessionid")

    desk.press("Save", within=beside(page))
    expect(beside(page).get_by_role("alert")).to_contain_text("You have been signed out.")
    Desk(page.context.new_page(), house, desk.home).sign_in()
    desk.press("Save", within=beside(page))

    desk.told("Saved.")
    expect(notes).to_have_value("Written before lunch")


@pytest.mark.parametrize("opens", ["beside", "page"])
def test_what_asks_by_itself_leads_nobody_away_from_what_they_type(
    house: House, visit: Visit, opens: str
) -> None:
    desk = Desk(visit(answers=(401,)), house, house.homes["ember"])
    desk.sign_in()
    page, number = at_list(desk).page, desk.numbers()[9]
    desk.follow(number) if opens == "beside" else desk.open_number(number)
    notes = page.get_by_label("Notes (optional)")
    notes.fill("Written before lunch")
    page.context.clear_cookies(name="sessionid")
    page.evaluate(ASK_AGAIN_AND_AGAIN)

    expect(page.get_by_role("alert")).to_contain_text("You were signed out.")
    page.wait_for_timeout(500)
    expect(page.get_by_role("alert")).to_have_count(1)
    page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(desk.home.owner)
    page.get_by_label("Password").fill(PASSWORD)
    desk.submit("Sign in")

    desk.heading(number)
    expect(notes).to_have_value("Written before lunch")
    expect(page.get_by_text("What you typed before you were signed out")).to_have_count(1)


#: As a number's page asks while Twilio is.
ASK_AGAIN_AND_AGAIN = """() => {
    const tasks = document.querySelector("#number-tasks");
    tasks.setAttribute("hx-get", location.pathname);
    tasks.setAttribute("hx-trigger", "every 100ms");
    htmx.process(tasks);
}"""


def test_what_cannot_be_brought_beside_leads_to_its_page(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[0]
    page.route(
        re.compile(r"/numbers/\d+/$"),
        lambda route: (
            route.abort("aborted") if route.request.resource_type == "fetch" else route.continue_()
        ),
    )

    desk.follow(number)

    desk.heading(number)
    is_number(page)


def test_axe_finds_nothing_while_it_is_open(desk: Desk) -> None:
    page, number = desk.page, desk.numbers()[0]
    desk.follow(number)
    expect(beside(page, number)).to_be_visible()

    found = look(page, "number beside its list", looks=[(WIDE, "light"), (WIDE, "dark")])
    page.get_by_label("Name", exact=True).fill("Looked at")
    desk.press("Save", within=beside(page))
    desk.told("Saved.")
    expect(page.locator(".beside[aria-busy=true]")).to_have_count(0)  # its buttons are gray

    found += look(page, "number that was saved beside", looks=[(WIDE, "light")])
    assert found == []
