"""The whole story as its owner lives it: from an empty inventory to every license paid (S0)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .accounts import DRAFT
from .conftest import Visit
from .desk import Desk
from .house import LICENSES, NUMBERS, House

OVER = NUMBERS - LICENSES


@pytest.mark.parametrize(("slug", "narrow"), [("acme", False), ("blue", True)], ids=["1280", "390"])
def test_from_import_to_license_and_back(
    house: House, visit: Visit, slug: str, narrow: bool
) -> None:
    desk = Desk(visit(narrow=narrow), house, house.homes[slug])
    desk.sign_in()

    imports(desk)
    answered = assigns(desk)
    keeps_and_excludes(desk)
    swaps_in(desk, answered)
    released = releases(desk)
    tags_everything_in_bulk(desk)
    releases_two_in_bulk(desk)
    buys_the_missing_licenses(desk)
    restores(desk, released)
    reads_what_happened(desk, released)


def imports(desk: Desk) -> None:  # S0-4, S0-14, S0-15, S0-16
    desk.heading("Overview")
    expect(desk.page.get_by_role("heading", name="Import your numbers")).to_be_visible()
    slowly = {"path": "IncomingPhoneNumbers", "account": desk.home.sid, "times": 1}
    desk.house.sandbox.fault("slow", seconds=2.5, **slowly)

    desk.page.get_by_role("button", name="Import Numbers").click()
    progress = desk.page.locator(".progress")
    desk.page.evaluate("window.stayed = true")
    expect(progress).to_contain_text(re.compile(r"\b[12]\ss\b"))
    assert desk.page.evaluate("window.stayed") is True  # moved without reloading

    desk.follow(f"New {NUMBERS}")
    expect(desk.page.locator("tbody tr")).to_have_count(NUMBERS)
    banner = desk.banner()
    expect(banner).to_contain_text(f"{OVER} numbers over your {LICENSES} licenses.")
    expect(banner).to_contain_text(re.compile(r"Decide by .+\sP[DS]T, in 4[78]\sh"))
    expect(banner.get_by_role("link", name=re.compile("^Decide"))).to_be_visible()


def assigns(desk: Desk) -> str:  # S0-22
    """Returns the number that an agent answers from now on."""
    desk.go("Numbers")
    desk.tab("Unassigned")
    expect(desk.page.locator("tbody tr")).to_have_count(NUMBERS)
    number = desk.numbers()[0]
    agents = desk.row(number).get_by_label(f"Agent for {number}")
    draft = agents.get_by_role("option", name=DRAFT)
    expect(draft).to_have_text(f"{DRAFT} (draft, not live)")
    expect(draft).to_be_disabled()

    agents.select_option("Front desk")
    desk.press("Assign", within=desk.row(number))
    desk.told(f"{number} is assigned to Front desk.")
    expect(desk.row(number)).to_have_count(0)
    return number


def keeps_and_excludes(desk: Desk) -> None:
    kept, excluded = desk.numbers()[:2]
    desk.press("Keep", within=desk.row(kept))
    desk.told(f"{kept} is kept as a spare.")
    expect(desk.row(kept)).to_contain_text("Kept")

    desk.follow("Exclude", within=desk.row(excluded))
    desk.heading(f"Exclude {excluded}?")
    desk.press("Exclude")
    desk.told(f"{excluded} is excluded.")
    expect(desk.banner()).to_contain_text(f"{OVER - 1} numbers over")
    desk.tab("Excluded")
    expect(desk.row(excluded)).to_be_visible()


def swaps_in(desk: Desk, leaving: str) -> None:  # S0-6, S0-27
    desk.tab("Unassigned")
    taking = desk.numbers()[0]
    desk.follow("Swap in…", within=desk.row(taking))
    desk.page.get_by_role("radio", name=leaving).check()
    desk.press("Continue")
    desk.heading(f"{taking} takes the place of {leaving}?")
    expect(desk.page.get_by_role("main")).to_contain_text("Keep it unassigned.")
    desk.press("Swap")
    desk.told(f"{taking} has taken the place of {leaving}.")
    desk.go("Numbers")
    desk.tab("Assigned")
    expect(desk.row(taking)).to_contain_text("Front desk")
    expect(desk.page.locator("tbody tr")).to_have_count(1)
    expect(desk.banner()).to_contain_text(f"{OVER - 1} numbers over")  # no license moved


def releases(desk: Desk) -> str:  # S0-10, S4-55
    """Returns the number that was given back, which had a name and an agent."""
    number = desk.numbers()[0]
    desk.open_number(number)
    desk.page.get_by_label("Name", exact=True).fill("Old hotline")
    desk.press("Save")
    desk.told("Saved.")
    desk.follow("Release")
    desk.heading(f"Release {number}?")
    typed = desk.page.get_by_label("Last four digits")
    typed.fill("0000")
    desk.press("Release")
    expect(typed).to_have_value("0000")
    expect(typed).to_have_attribute("aria-invalid", "true")
    refusal = f"These are not the last four digits of {number}."
    expect(desk.page.locator(".errorlist").filter(has_text=refusal)).to_be_visible()

    typed.fill(number[-4:])
    desk.press("Release")
    desk.told(f"{number} is being released.")
    desk.wait_for_worker(
        desk.page.locator(".badge").filter(has_text=re.compile("^Released$")).first
    )
    expect(desk.page.get_by_text("Can come back until")).to_be_visible()
    assert desk.house.sandbox.account(desk.home.sid)["numbers"] == NUMBERS - 1
    return number


def tags_everything_in_bulk(desk: Desk) -> None:  # B2
    desk.go("Numbers")
    desk.tab("Unassigned")
    page = desk.page
    matching = page.locator("tbody tr").count()
    first = desk.numbers()[0]
    page.get_by_label(f"Select {first}").check()
    bar = page.get_by_role("toolbar", name="Selected numbers")
    expect(bar).to_contain_text("1 selected")
    desk.press(f"Select all {matching} that match", within=bar)
    expect(bar).to_contain_text(f"{matching} selected")

    desk.press("Tag", within=bar)
    page.get_by_label("Add (optional)").fill("spring")
    desk.press("Preview")
    desk.heading(f"Change the tags of {matching} numbers?")
    expect(page.get_by_text("Nothing has been changed yet.")).to_be_visible()
    desk.press(f"Change the tags of {matching}")
    expect(page.get_by_role("main")).to_contain_text(f"{matching} of {matching}")
    expect(page.locator("tbody tr").filter(has_text="Changed")).to_have_count(matching)


def releases_two_in_bulk(desk: Desk) -> None:
    desk.go("Numbers")
    desk.tab("Unassigned")
    page = desk.page
    protected, gone = desk.numbers()[-2:]
    desk.open_number(protected)
    desk.press("Protect")
    desk.told(f"{protected} is protected.")
    desk.go("Numbers")
    desk.tab("Unassigned")
    for number in (protected, gone):
        page.get_by_label(f"Select {number}").check()
    desk.press("Release", within=page.get_by_role("toolbar", name="Selected numbers"))
    desk.heading("Release 1 number?")
    expect(page.get_by_text("This number is protected.").first).to_be_visible()
    desk.press("Release 1")
    results = page.get_by_role("navigation", name="Results")
    expect(results.get_by_role("link", name="Skipped 1")).to_be_visible()
    results.get_by_role("link", name="Changed 1").click()
    expect(desk.row(gone)).to_contain_text("Changed")


def buys_the_missing_licenses(desk: Desk) -> None:  # S0-18, S0-23, S0-26
    desk.go("Licenses")
    page = desk.page
    box = page.get_by_label("Licenses", exact=True)
    held = int(box.input_value())
    assert held == NUMBERS - 3
    page.evaluate("window.stayed = true")
    box.fill(str(held + 1))
    page.get_by_label("Why (optional)").fill("Keeping the lines of spring")
    preview = page.locator("#preview")
    expect(preview).to_contain_text(f"{held + 1} for {held} held")
    expect(preview).to_contain_text(f"${5 * (held + 1)}.00")
    assert page.evaluate("window.stayed") is True
    desk.press("Continue")
    added = held + 1 - LICENSES
    desk.heading(f"Add {added} licenses?")
    page.get_by_role("button", name=f"Add {added} for").click()
    desk.told(f"You have {held + 1} licenses now.")
    expect(desk.banner()).to_have_count(0)
    expect(page.locator("#ledger")).to_contain_text("Keeping the lines of spring")


def restores(desk: Desk, number: str) -> None:  # S1-18
    page = desk.page
    desk.go("Numbers")
    desk.tab("Released")
    desk.open_number(number)
    desk.follow("Restore")
    desk.heading(f"Restore {number}?")
    desk.press("Restore")
    desk.told(f"Twilio is asked for {number}")
    refusal = page.get_by_role("region", name="Buy the released number again")
    desk.wait_for_worker(refusal.get_by_text("Twilio refused"))
    expect(refusal).to_contain_text("In the Twilio Console open")

    e164 = page.locator(".facts .mono").first.inner_text()
    desk.house.sandbox.buy_back(e164, account=desk.home.sid)
    desk.go("Numbers")
    desk.press("Refresh")
    expect(page.get_by_role("link", name="Came back 1")).to_be_visible()
    desk.follow("Came back 1")
    desk.open_number(number)
    expect(page.locator(".badge").filter(has_text="Assigned")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Old hotline")
    expect(page.locator(".facts").get_by_role("link", name="Front desk")).to_be_visible()


def reads_what_happened(desk: Desk, number: str) -> None:
    page = desk.page
    timeline = page.get_by_role("region", name="Timeline").get_by_role("listitem")
    for step in ("Imported", "Release decided", "Released", "Restore asked for", "refused"):
        expect(timeline.filter(has_text=step).first).to_be_visible()

    desk.go("Activity")
    entries = page.locator(".timeline > li")
    expect(entries.filter(has_text="License").first).to_be_visible()
    with page.expect_download() as download:
        desk.follow("Export CSV")
    events = download.value.path().read_text("utf-8-sig")
    for type in (
        *("import.", "grace.opened", "number.assigned", "number.excluded", "number.swapped"),
        *("number.release_decided", "number.released", "licenses.", "number.restore"),
    ):
        assert type in events, type

    page.get_by_role("link", name=re.compile("^Notices, [0-9]+ unread")).click()
    desk.heading("Notices")
    expect(page.locator("tbody tr").filter(has_text=f"the restore of {number}")).to_be_visible()
    desk.press("Mark all read")
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()

    desk.go("Numbers")
    with page.expect_download() as download:
        desk.follow("Export CSV")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + NUMBERS - 2
