"""Every page there is, in every state worth a look: nothing for axe to find, nothing too wide.

The pages of an account are read from the URL configuration, so a new one is looked at without being
named here.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.accounts.test_sign_in import code
from tests.test_doors import DEFAULTS, OBJECTS, pages

from .conftest import Visit
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
    desk.open_number(desk.numbers()[0])
    found += look(page, "number of a broken connection")
    house.sandbox.clear_faults()
    pays(house, home, "unanswered")
    desk.open("licenses/")
    expect(page.get_by_role("button", name="Ask now")).to_be_visible()
    found += look(page, "licenses with a payment that the bank has not answered")
    desk.press("Ask now")
    desk.told("Your bank has paid")
    assert not found, "\n".join(found)


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
