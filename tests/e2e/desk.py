"""What a person does at the console, in words of the pages."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from .house import PASSWORD, Home, House

WORKER_SECONDS = 30.0


@dataclass(frozen=True)
class Desk:
    """Somebody at a page of an account."""

    page: Page
    house: House
    home: Home

    def sign_in(self, email: str = "", *, password: str = PASSWORD) -> None:
        self.page.goto("/")
        self.page.get_by_label("Email").fill(email or self.home.owner)
        self.page.get_by_label("Password").fill(password)
        self.submit("Sign in")

    def go(self, name: str) -> None:
        """Follow an entry of the main navigation, which a phone hides behind a button."""
        menu = self.page.get_by_role("button", name="Menu")
        if menu.is_visible():
            menu.click()
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        self.heading(name if name != "Licenses" else "Manage licenses")

    def open(self, path: str) -> None:
        self.page.goto(f"/a/{self.home.slug}/{path}")

    def tab(self, name: str) -> None:
        tabs = self.page.get_by_role("navigation", name="Views")
        tabs.get_by_role("link", name=re.compile(rf"^{name}\b")).click()
        expect(tabs.locator("[aria-current]")).to_contain_text(name)

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def press(self, name: str, *, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def submit(self, name: str) -> None:
        """Press and let the answer arrive: whoever goes on at once would cut it short."""
        with self.page.expect_navigation():
            self.press(name)

    def follow(self, name: str, *, within: Locator | None = None) -> None:
        (within or self.page.get_by_role("main")).get_by_role("link", name=name, exact=True).click()

    def open_number(self, number: str) -> None:
        """Go from its row to the number's own page; where there is room it opens beside first."""
        self.follow(number)
        full_page = self.page.get_by_role("link", name="Full page")
        own_heading = self.page.get_by_role("heading", level=1, name=number)
        expect(full_page.or_(own_heading)).to_be_visible()
        if full_page.is_visible():
            full_page.click()
        self.heading(number)

    def row(self, number: str) -> Locator:
        """The row of the list (on a phone the card) that is about `number`."""
        link = self.page.get_by_role("link", name=number, exact=True)
        return self.page.locator("tbody tr").filter(has=link)

    def numbers(self) -> list[str]:
        """The numbers on the page, as people read them."""
        return self.page.locator("td.num > a").all_inner_texts()

    def told(self, text: str) -> None:
        """The page says so after an act."""
        expect(self.page.locator(".toast").filter(has_text=text)).to_be_visible()

    def banner(self) -> Locator:
        return self.page.get_by_role("region", name="Grace period", exact=True)

    def wait_for_worker(self, sign: Locator) -> None:
        """Reload, as a person would, until the worker's part is done and shows."""
        until = time.monotonic() + WORKER_SECONDS
        while not sign.is_visible():
            assert time.monotonic() < until, f"not seen: {sign}"
            self.page.wait_for_timeout(200)
            self.page.reload()
