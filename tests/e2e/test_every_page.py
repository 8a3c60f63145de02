"""Every page there is, in every state worth a look: nothing for axe to find, nothing too wide.

The pages of an account are read from the URL configuration, so a new one is looked at without being
named here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.accounts.test_sign_in import code
from tests.test_doors import DEFAULTS, OBJECTS, pages

from .conftest import NARROW, WIDE, Visit
from .desk import Desk
from .house import PASSWORD, House
from .living import live_in, pays
from .looking import look, look_at

#: Parts of pages, which htmx puts in their place.
PARTS = {"numbers:import_progress", "accounts:job_progress", "accounts:job_events"}
NEWCOMER = "nina@fjord.example"


@pytest.fixture(scope="session")  # a module may be taken up again after another one
def signed_in(house: House, browser: Any) -> Any:
    return live_in(house, browser, house.homes["fjord"], newcomer=NEWCOMER)


@pytest.fixture
def desk(house: House, visit: Visit, signed_in: Any) -> Desk:
    return Desk(visit(storage_state=signed_in), house, house.homes["fjord"])


def ids(desk: Desk) -> dict[str, tuple[int, ...]]:
    """One thing of each kind that addresses name, by the names of `tests.test_doors`."""
    return desk.house.installation.run(  # type: ignore[no-any-return]
        "from tests.e2e.accounts import one_of_each\n"
        f"print(json.dumps(one_of_each({desk.home.slug!r})))"
    )


def test_every_page_of_an_account(desk: Desk) -> None:
    things, found, seen = ids(desk), [], 0
    for name, parameters in sorted(set(pages())):
        kind = OBJECTS.get(name) or DEFAULTS.get(name.partition(":")[0], "")
        about = things[kind] if len(parameters) > 1 else ()
        path = reverse(name, args=[desk.home.slug, *about])
        answer = desk.page.request.get(path)
        html = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status == 405 or not html or name in PARTS:
            continue  # takes POST only, is a download, or a part of another page
        assert answer.status in (200, 422), f"{path}: {answer.status}"
        desk.page.goto(path)
        found += look(desk.page, name)
        seen += 1
    assert not found, "\n".join(found)
    assert seen > 30


class State(NamedTuple):
    """A page in a state that its bare address does not show."""

    name: str
    path: str
    act: Callable[[Desk], object] = lambda desk: None


def _filters(desk: Desk) -> None:
    desk.page.get_by_text("Filter and sort").click()


def _columns(desk: Desk) -> None:
    desk.page.locator("summary").get_by_text("Columns").click()


def _beside(desk: Desk) -> None:
    desk.follow(desk.numbers()[0])
    expect(desk.page.get_by_role("complementary")).to_be_visible()


def _released_elsewhere(desk: Desk) -> None:
    number = desk.numbers()[0]
    desk.open(f"numbers/?q={number[-4:]}&tab=missing")
    expect(desk.page.get_by_role("link", name="Show in Released")).to_be_visible()


def _tick_all(desk: Desk) -> None:
    desk.page.get_by_label("Select all on this page").check()


def _bulk(action: str, *more: str) -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        _tick_all(desk)
        desk.press(action, within=desk.page.get_by_role("toolbar", name="Selected numbers"))
        for name in more:
            desk.press(name)
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text(action)

    return act


def _wrong_digits(desk: Desk) -> None:
    desk.open_number(desk.numbers()[-1])
    desk.follow("Release")
    desk.page.get_by_label("Last four digits").fill("1")
    desk.press("Release")
    expect(desk.page.get_by_role("alert")).to_be_visible()


def _swap_preview(desk: Desk) -> None:
    desk.open_number(desk.numbers()[0])
    desk.follow("Swap out")
    desk.page.get_by_role("radio").first.check()
    desk.press("Preview the swap")
    desk.heading("takes the place of")


def _first(desk: Desk) -> None:
    desk.open_number(desk.numbers()[0])


def _job(desk: Desk) -> None:
    line = desk.page.get_by_role("listitem").filter(has_text="Change the protection of 3 numbers")
    line.get_by_text("3 changed").click()
    expect(line.get_by_role("listitem")).to_have_count(3)


def _menu(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.press("Menu")


STATES = (
    *(State(f"list {tab}", f"numbers/?tab={tab}")
      for tab in ("assigned", "unassigned", "released", "excluded", "missing")),
    State("list with filters open", "numbers/?country=US&tag=spring", _filters),
    State("list with columns to choose", "numbers/", _columns),
    State("list and what is elsewhere", "numbers/?tab=released", _released_elsewhere),
    State("number beside its list", "numbers/?tab=assigned", _beside),
    State("list with all ticked", "numbers/?tab=unassigned", _tick_all),
    State("list without a match", "numbers/?q=99999999"),
    State("list with an unreadable filter", "numbers/?tab=everything"),
    State("number assigned", "numbers/?tab=assigned", _first),
    State("number unassigned", "numbers/?tab=unassigned&protected=false", _first),
    State("number protected", "numbers/?tag=spring", _first),
    State("number released", "numbers/?tab=released&state=released", _first),
    State("number whose release Twilio refused", "numbers/?tab=released&state=releasing", _first),
    State("number excluded", "numbers/?tab=excluded", _first),
    State("number missing", "numbers/?tab=missing", _first),
    State("release with wrong digits", "numbers/?tab=assigned&protected=false", _wrong_digits),
    State("swap preview", "numbers/?tab=assigned", _swap_preview),
    State("bulk question", "numbers/?tab=unassigned", _bulk("Assign")),
    State("bulk preview", "numbers/?tab=unassigned", _bulk("Release")),
    State("licenses with a preview", "licenses/?to=30&reason=Spring"),
    State("licenses refused", "licenses/?to=3"),
    State("licenses confirm", "licenses/change/?to=30"),
    State("activity filtered", "activity/?type=number.assigned"),
    State("activity without a match", "activity/?subject=nothing"),
    State("activity with a job opened", "activity/", _job),
    State("texts filtered", "texts/?q=sunday&sender=206+555&since=2026-01-01"),
    State("texts not answered", "texts/?not_answered=disabled"),
    State("texts without a match", "texts/?q=nothing"),
    State("texts with an unreadable filter", "texts/?not_answered=because"),
    State("menu of a phone", "activity/", _menu),
    State("not found", "numbers/999999/"),
)  # fmt: skip


def test_every_state_of_a_page(desk: Desk) -> None:
    found = []
    for state in STATES:
        desk.open(state.path)
        state.act(desk)
        found += look(desk.page, state.name)
        desk.page.evaluate("sessionStorage.clear()")
    assert not found, "\n".join(found)


def test_pages_without_anything_on_them_and_an_import_that_fails(
    house: House, visit: Visit
) -> None:
    home = house.homes["gust"]
    desk = Desk(visit(), house, home)
    page, found = desk.page, []
    desk.sign_in()
    found += look(page, "choose an account")
    for path in (
        "overview/",
        "numbers/",
        "imports/",
        "notices/",
        "agents/",
        "texts/",
        "licenses/",
        "licenses/grace/",
    ):
        desk.open(path)
        found += look(page, f"empty {path}")

    # The page of a running import, standing still as long as it is looked at.
    page.route("**/progress/", lambda route: route.fulfill(status=204))
    house.sandbox.fault("slow", seconds=3, account=home.sid, times=1)
    desk.open("numbers/")
    with page.expect_navigation():
        page.get_by_role("button", name="Import Numbers").click()
    found += look(page, "import running")
    page.unroute("**/progress/")
    # Until the page has loaded its result by itself: whoever goes on at once would meet that.
    expect(page.get_by_text("The figures lead to exactly those numbers")).to_be_visible()
    house.sandbox.fault("status", status=401, code=20003, account=home.sid)
    desk.open("numbers/")
    desk.press("Refresh")
    desk.wait_for_worker(page.get_by_text("The import stopped before its end"))
    found += look(page, "import failed")
    desk.follow("Replace the token")
    found += look(page, "connection broken")
    desk.open("connections/")
    found += look(page, "connections broken")
    desk.open("numbers/?tab=unassigned")
    _first(desk)
    found += look(page, "number of a broken connection")
    house.sandbox.clear_faults()
    pays(house, home, "unanswered")
    desk.open("licenses/")
    expect(page.get_by_role("button", name="Ask now")).to_be_visible()
    found += look(page, "licenses with a payment that the bank has not answered")
    desk.press("Ask now")
    desk.told("Your bank has paid")
    assert not found, "\n".join(found)


def test_the_list_of_texts_is_walked_by_keys(desk: Desk) -> None:
    page = desk.page
    page.set_viewport_size(WIDE)
    desk.open("texts/")

    page.keyboard.press("/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("tbody tr").first.get_by_role("link").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


#: Where the state of each row stands below its title, in pixels, and what stands before it.
_PLACES = """() => [...document.querySelectorAll(".table tr:has(> .state)")].map(row => {
  const at = element => element.getBoundingClientRect();
  const title = at(row.querySelector(":scope > .num") ?? row.cells[0]);
  const state = at(row.querySelector(":scope > .state"));
  const facts = [...row.querySelectorAll(":scope > [data-label]")].map(at);
  return {
    aside: state.left - title.left,
    under: state.top >= title.bottom,
    after: facts.filter(fact => fact.height > 0 && fact.top < state.bottom).length,
  };
})"""


def test_on_a_phone_the_state_of_a_row_stands_under_its_title(desk: Desk) -> None:
    desk.page.set_viewport_size(NARROW)
    seen = 0
    for path in ("numbers/", "imports/", "jobs/", "connections/", "texts/"):
        desk.open(path)
        places = desk.page.evaluate(_PLACES)
        assert all(place == {"aside": 0, "under": True, "after": 0} for place in places), path
        seen += len(places)
    desk.page.goto(reverse("styleguide"))
    places = desk.page.evaluate(_PLACES)
    assert all(place["under"] and not place["aside"] for place in places)
    assert seen > 9


#: Pages outside of accounts: what their addresses hold.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "account_inactive": (),
    "account_login": (),
    "account_reset_password": (),
    "account_reset_password_done": (),
    "account_reset_password_from_key": ("1", "set-password"),
    "account_reset_password_from_key_done": (),
    "account_signup": (),
    "help": (),
    "invitation": ("void",),
}
OWN: tuple[str, ...] = (
    *("account_change_password", "account_email", "account_logout", "account_reauthenticate"),
    *("api-docs", "mfa_index", "styleguide"),
)


def test_pages_of_those_who_are_not_signed_in(desk: Desk, visit: Visit) -> None:
    page, found = visit(), []
    for name, parts in OUTSIDE.items():
        found += look_at(page, name, reverse(name, args=parts))
    found += look_at(page, "invitation", desk.house.link_mailed_to(NEWCOMER))
    page.goto(reverse("account_login"))
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += look(page, "sign-in refused")
    assert not found, "\n".join(found)


def test_pages_of_a_person_and_what_a_member_is_refused(house: House, visit: Visit) -> None:
    desk, found = Desk(visit(), house, house.homes["fjord"]), []
    desk.sign_in(desk.home.member)
    for name in OWN:
        found += look_at(desk.page, name, reverse(name))
    desk.open("connections/new/")
    found += look(desk.page, "forbidden")
    desk.open("numbers/")
    found += look(desk.page, "list of a member")
    assert not found, "\n".join(found)


def test_pages_of_two_step_verification(house: House, visit: Visit) -> None:
    desk, found = Desk(visit(), house, house.homes["gust"]), []
    page, person = desk.page, desk.home.member
    desk.sign_in(person)
    page.goto(reverse("mfa_activate_totp"))
    page.get_by_label("Password").fill(PASSWORD)
    desk.submit("Confirm")
    found += look(page, "two-step setup")
    secret = page.locator(".secret code").inner_text()
    page.get_by_label("Authenticator code").fill(code(secret))
    desk.submit("Turn on")
    found += look(page, "two-step turned on")
    for name in ("view_recovery_codes", "generate_recovery_codes", "deactivate_totp", "index"):
        found += look_at(page, name, reverse(f"mfa_{name}"))

    page.context.clear_cookies()
    desk.sign_in(person)
    desk.heading("Enter your code")
    found += look(page, "two-step sign-in")
    page.get_by_label("Code").fill("000000")
    desk.submit("Sign in")
    found += look(page, "two-step refused")
    assert not found, "\n".join(found)
