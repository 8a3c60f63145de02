"""Signing in and out, what a member sees, invitations, and keys for programs."""

from __future__ import annotations

import re
import urllib.error

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import expect

from .conftest import Visit
from .desk import Desk
from .house import PASSWORD, House


@pytest.fixture
def desk(house: House, visit: Visit) -> Desk:
    return Desk(visit(), house, house.homes["kite"])


def test_a_wrong_password_is_told_and_the_address_is_kept(desk: Desk) -> None:
    desk.sign_in(password="not-the-password")
    expect(desk.page.get_by_role("alert")).to_contain_text("are not correct")
    expect(desk.page.get_by_label("Email")).to_have_value(desk.home.owner)


def test_a_member_sees_the_pages_without_buttons_and_signs_out(desk: Desk) -> None:  # B11
    page, main = desk.page, desk.page.get_by_role("main")
    desk.house.import_numbers(desk.home)
    desk.sign_in(desk.home.member)
    desk.heading("Overview")
    desk.go("Overview")  # without the message of the sign-in, which can be dismissed
    expect(page.get_by_role("region", name="Waits for a decision")).to_be_visible()
    _offers_nothing(desk)
    desk.go("Numbers")
    desk.tab("Unassigned")
    expect(main.get_by_role("checkbox")).to_have_count(0)
    expect(desk.banner()).to_contain_text("An owner or billing admin can add licenses.")
    _offers_nothing(desk)

    desk.open_number(desk.numbers()[0])
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    _offers_nothing(desk)
    desk.go("Licenses")
    expect(main).to_contain_text("An owner or billing admin of this account can change")
    _offers_nothing(desk)
    desk.go("Agents")
    desk.follow("Front desk")
    _offers_nothing(desk)

    desk.submit("Sign out")
    desk.open("numbers/")
    desk.heading("Sign in")


def _offers_nothing(desk: Desk) -> None:
    """No button but those that look, tell and copy, and no link to an act."""
    main = desk.page.get_by_role("main")
    shown = {*main.locator("button:visible").all_inner_texts()}
    assert shown <= {"Search", "Copy", "Keyboard shortcuts"}
    acts = re.compile("^(Release|Exclude|Assign|Swap|Restore|Delete|Manage licenses)$")
    expect(main.locator("a.button").filter(has_text=acts)).to_have_count(0)


def test_an_invitation_lets_a_new_person_in(desk: Desk, visit: Visit) -> None:
    newcomer = "nina@kite.example"
    desk.sign_in()
    desk.go("Settings")
    desk.follow("Members")
    desk.page.get_by_label("Email").fill(newcomer)
    desk.page.get_by_label("Role", exact=True).select_option("Admin")
    desk.press("Send invitation")
    desk.told(newcomer)

    theirs = Desk(visit(), desk.house, desk.home)
    theirs.page.goto(desk.house.link_mailed_to(newcomer))
    theirs.heading("Join Kite")
    theirs.page.get_by_label("Your name").fill("Nina New")
    theirs.page.get_by_label("Password").fill("12345")
    theirs.press("Accept and sign in")
    expect(theirs.page.get_by_role("alert")).to_contain_text("too short")
    expect(theirs.page.get_by_label("Your name")).to_have_value("Nina New")
    theirs.page.get_by_label("Password").fill("a-long-and-fine-password")
    theirs.press("Accept and sign in")
    theirs.told("Welcome to Kite.")

    desk.page.reload()
    row = desk.page.locator("tbody tr").filter(has_text=newcomer)
    expect(row.get_by_label(f"Role of {newcomer}")).to_have_value("admin")


def test_a_key_is_shown_once_works_and_can_be_revoked(desk: Desk) -> None:
    page = desk.page
    desk.sign_in()
    desk.go("Settings")
    desk.follow("API keys")
    page.get_by_label("Name").fill("Nightly export")
    desk.press("Make the key")
    key = page.locator(".secret code").inner_text()
    assert key.startswith("nd_")
    assert "results" in desk.house.api(desk.home, "numbers/", key=key)

    desk.follow("API keys")
    row = page.locator("tbody tr").filter(has_text="Nightly export")
    expect(row).to_contain_text("Read-only")
    expect(page.get_by_text(key)).to_have_count(0)
    desk.follow("Revoke Nightly export")
    desk.press("Revoke the key")
    desk.told("Nightly export")
    with pytest.raises(urllib.error.HTTPError) as refused:
        desk.house.api(desk.home, "numbers/", key=key)
    refused.value.close()
    assert refused.value.code == 401


def test_who_was_signed_out_finds_again_what_they_typed(house: House, visit: Visit) -> None:
    desk = Desk(visit(answers=(401,)), house, house.homes["kite"])
    page = desk.page
    desk.sign_in()
    desk.go("Settings")
    page.get_by_label("Name").fill("Kite Two")
    page.context.clear_cookies(name="sessionid")
    desk.submit("Save")
    desk.told("You were signed out, so nothing was changed.")

    page.get_by_label("Email").fill(desk.home.owner)
    page.get_by_label("Password").fill(PASSWORD)
    desk.submit("Sign in")
    desk.heading("Settings")
    expect(page.get_by_label("Name")).to_have_value("Kite Two")
    expect(page.get_by_text("What you typed before you were signed out")).to_be_visible()

    page.reload()  # and then it is forgotten
    expect(page.get_by_label("Name")).to_have_value("Kite")


def test_a_preview_leads_nobody_away_from_what_they_type(house: House, visit: Visit) -> None:
    desk = Desk(visit(answers=(401,)), house, house.homes["kite"])
    page = desk.page
    desk.sign_in()
    desk.go("Licenses")
    page.context.clear_cookies(name="sessionid")
    box, why = page.get_by_label("Licenses", exact=True), page.get_by_label("Why (optional)")

    box.fill("1")
    expect(page.get_by_role("alert")).to_contain_text("You were signed out.")
    box.fill("17")
    why.fill("More shops")
    expect(page.locator("#preview")).to_have_text(re.compile("^You were signed out.*typed[.]$"))
    desk.follow("Sign in")
    page.get_by_label("Email").fill(desk.home.owner)
    page.get_by_label("Password").fill(PASSWORD)
    desk.submit("Sign in")

    desk.heading("Manage licenses")
    expect(box).to_have_value("17")
    expect(why).to_have_value("More shops")
    expect(page.locator("#preview")).to_contain_text("17 for")


@pytest.mark.parametrize("narrow", [False, True])
def test_the_address_of_a_demo_login_stays_in_its_button(visit: Visit, narrow: bool) -> None:
    page = visit(narrow=narrow, bypass_csp=True)
    page.goto("/")
    page.add_style_tag(path="static/css/demo.css")
    logins = [
        {"email": email, "words": "owner of another account", "password": PASSWORD}
        for email in ("max@acme.example", "sam@numberdesk.example")
    ]
    html = render_to_string("demo/logins.html", {"demo": {"logins": logins}})
    page.evaluate(
        "html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", html
    )

    buttons = page.locator(".demo-logins .button")
    fits = buttons.evaluate_all("all => all.map((each) => each.scrollWidth <= each.clientWidth)")
    widths = buttons.evaluate_all("all => all.map((each) => each.getBoundingClientRect().width)")
    assert fits == [True, True]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert widths[0] == widths[1]
