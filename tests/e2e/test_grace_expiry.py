"""The end of a grace period: the prompt, the blocks, and both ways out of them."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .conftest import Visit
from .desk import Desk
from .house import LICENSES, NUMBERS, House

OVER = NUMBERS - LICENSES


def test_the_end_of_grace_asks_blocks_and_lets_go(house: House, visit: Visit) -> None:
    desk = Desk(visit(), house, house.homes["haze"])
    house.import_numbers(desk.home)
    house.end_grace(desk.home)
    desk.sign_in()

    is_asked(desk)
    cannot_assign_beyond_the_licenses(desk)
    gets_out(desk)


def is_asked(desk: Desk) -> None:  # S0-26
    banner = desk.banner()
    expect(banner).to_contain_text(f"The grace period is over, and {OVER} numbers are still over")
    expect(banner).to_contain_text("No line was cut and nothing was released.")
    desk.follow("Decide which numbers to keep", within=banner)
    desk.heading("Decide which numbers to keep")
    main = desk.page.get_by_role("main")
    expect(main.get_by_role("heading", name=f"Release or exclude {OVER}")).to_be_visible()
    expect(main.get_by_role("heading", name=f"Add {OVER} licenses")).to_be_visible()


def cannot_assign_beyond_the_licenses(desk: Desk) -> None:
    desk.house.assign_unassigned(desk.home, LICENSES)
    desk.open("numbers/?tab=unassigned")
    number = desk.numbers()[0]
    desk.open_number(number)
    assign = desk.page.get_by_role("button", name="Assign", exact=True)
    expect(assign).to_be_disabled()
    expect(assign).to_have_accessible_description(re.compile("the 10 licenses are used"))


def gets_out(desk: Desk) -> None:
    desk.banner().get_by_role("link", name=re.compile("^Decide")).click()
    desk.follow(f"Add {OVER}")
    desk.page.get_by_role("button", name=f"Add {OVER} for").click()
    desk.told(f"You have {NUMBERS} licenses now.")
    expect(desk.banner()).to_have_count(0)
    desk.follow("Grace periods so far")
    row = desk.page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(f"{OVER}")
