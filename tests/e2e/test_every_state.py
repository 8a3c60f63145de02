"""Pages in states that their bare addresses do not show, and the console of support.

Both want an account in which something of everything has happened; axe finds nothing in either.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from .accounts import SUPPORT
from .conftest import NARROW, WIDE, Visit
from .desk import Desk
from .house import Home, House
from .living import live_in
from .looking import LOOKS, look, look_at


@pytest.fixture(scope="session")  # a module may be taken up again after another one
def signed_in(house: House, browser: Any) -> Any:
    return live_in(house, browser, house.homes["lark"], newcomer="nils@lark.example")


@pytest.fixture
def home(house: House, signed_in: Any) -> Home:
    return house.homes["lark"]


@pytest.fixture
def desk(house: House, visit: Visit, home: Home, signed_in: Any) -> Desk:
    return Desk(visit(storage_state=signed_in), house, home)


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


def _bulk(action: str, *more: str, heading: str = "") -> Callable[[Desk], None]:
    def act(desk: Desk) -> None:
        _tick_all(desk)
        desk.press(action, within=desk.page.get_by_role("toolbar", name="Selected numbers"))
        for name in more:
            desk.press(name)
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text(heading or action)

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
    State("list of numbers changed at Twilio", "numbers/?differs=true"),
    State("number changed at Twilio", "numbers/?differs=true", _first),
    State("bulk question about changed settings", "numbers/?differs=true",
          _bulk("Put settings back", heading="Put the settings of")),
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
