"""Whoever was signed out meanwhile comes back to where they were."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from tests.factories import PASSWORD
from tests.test_doors import PAGES, Page, address, every_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

#: What a browser asks for when somebody opens a page.
PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def led_to(response: object) -> str:
    """Where the sign-in page that an answer leads to goes on to."""
    headers: Any = response.headers  # type: ignore[attr-defined]
    asked = urlsplit(headers.get("HX-Redirect") or headers["Location"])
    assert asked.path == reverse("account_login")
    return str(parse_qs(str(asked.query))["next"][0])


@every_page
def test_every_address_that_a_browser_opens_has_a_page(
    door: Page, acme: Account, owner: User, owner_client: Client
) -> None:
    url = address(door, acme, owner)

    response = owner_client.get(url, headers=PAGE, follow=True)

    assert response.status_code in (200, 422)
    if response.redirect_chain and owner_client.get(url).status_code == 405:
        assert url.startswith(response.redirect_chain[0][0])


def test_the_page_of_an_address_that_only_takes_forms_is_the_nearest_above(
    owner_client: Client,
) -> None:
    for path, page in [
        ("settings/change/", "settings/"),
        ("settings/members/7/role/", "settings/members/"),
        ("settings/api-keys/create/", "settings/api-keys/"),
        ("notices/read/", "notices/"),
    ]:
        response = owner_client.get(f"/a/acme/{path}", headers=PAGE)

        assert (response.status_code, response.headers["Location"]) == (302, f"/a/acme/{page}")


def test_what_no_page_takes_is_told_with_a_way_back(owner_client: Client) -> None:
    response = owner_client.post(reverse("accounts:overview", args=["acme"]), headers=PAGE)

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert 'href="/a/acme/"' in response.content.decode()


def test_programs_get_the_bare_answer(owner_client: Client) -> None:
    bare = owner_client.get(reverse("accounts:change_settings", args=["acme"]))
    rest = owner_client.put("/api/v1/numbers/", headers=PAGE)

    assert (bare.status_code, bare.content) == (405, b"")
    assert rest.status_code == 405
    assert rest.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("came_from", ["/a/acme/settings/?x=1&y=2", ""])
def test_a_form_that_finds_them_signed_out_leads_back_to_its_page(
    came_from: str, client: Client, owner: User
) -> None:
    form = reverse("accounts:change_settings", args=["acme"])
    referer = {"referer": f"http://testserver{came_from}#form"} if came_from else {}

    response = client.post(form, {"name": "Acme 2"}, headers=referer)
    back = led_to(response)
    asked = client.get(response.headers["Location"]).content.decode()
    client.post(reverse("account_login"), {"login": owner.email, "password": PASSWORD})
    arrived = client.get(back, headers=PAGE, follow=True)

    assert back == (came_from or form)
    assert "You were signed out, so nothing was changed." in asked
    assert arrived.status_code == 200
    assert arrived.request["PATH_INFO"] == "/a/acme/settings/"


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/a/acme/", "//evil.example/", "javascript:alert(1)", "http://["],
)
def test_a_page_of_others_is_no_way_back(referer: str, client: Client, acme: Account) -> None:
    form = reverse("accounts:change_settings", args=["acme"])

    assert led_to(client.post(form, headers={"referer": referer})) == form


@pytest.mark.parametrize(
    "door", [page for page in PAGES if page.name.endswith(("progress", "_events", ":manage"))]
)
def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(
    door: Page, client: Client, acme: Account, owner: User
) -> None:
    here = "http://testserver/a/acme/activity/?type=every"

    response = client.get(
        address(door, acme, owner), headers={"HX-Request": "true", "HX-Current-URL": here}
    )

    assert response.status_code == 401
    assert led_to(response) == "/a/acme/activity/?type=every"
    assert response.content == b""


def test_a_page_that_is_opened_signed_out_comes_after_the_sign_in(client: Client) -> None:
    url = "/a/acme/numbers/?tab=all"

    assert led_to(client.get(url, headers={"referer": "http://testserver/help/"})) == url
