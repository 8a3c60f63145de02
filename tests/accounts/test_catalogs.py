"""What apps register leads somewhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.registries import (
    NAVIGATION,
    NOTICE_KINDS,
    SETTINGS_TABS,
    SUBJECTS,
    SUPPORT_LINKS,
    front_page,
    in_place,
)
from config import clock
from tests.factories import ConnectionFactory, GracePeriodFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", [*NAVIGATION, *SETTINGS_TABS])
def test_every_entry_of_the_frame_opens_a_page_that_it_marks_as_current(
    owner_client: Client, acme: Account, page: str
) -> None:
    response = owner_client.get(reverse(page, args=["acme"]))

    assert response.status_code == 200
    wanted = "accounts:settings" if page in SETTINGS_TABS else page
    current = [each["label"] for each in response.context["nav"] if each["current"]]
    assert current == [NAVIGATION[wanted].label]
    if page in SETTINGS_TABS:
        tabs = [each["label"] for each in response.context["settings_tabs"] if each["current"]]
        assert tabs == [SETTINGS_TABS[page].label]


def test_the_page_of_one_connection_stands_among_the_settings(
    owner_client: Client, acme: Account
) -> None:
    connection = ConnectionFactory.create(account=acme)

    response = owner_client.get(reverse("numbers:connection", args=["acme", connection.pk]))

    current = [each["label"] for each in response.context["nav"] if each["current"]]
    assert current == ["Settings"]


def test_the_frame_is_in_the_order_of_places() -> None:
    labels = [entry.label for _, entry in in_place(NAVIGATION)]
    tabs = [entry.label for _, entry in in_place(SETTINGS_TABS)]

    assert labels == [
        "Overview", "Numbers", "Calls and texts", "Licenses", "Agents", "Activity", "Settings",
    ]  # fmt: skip
    assert tabs == ["Account", "Members", "Connections", "API keys", "Notices"]
    assert front_page() == "accounts:overview"


@pytest.mark.parametrize("kind", sorted(kind for kind in SUBJECTS if SUBJECTS[kind].listed_on))
def test_every_list_of_subjects_opens(owner_client: Client, kind: str) -> None:
    address = reverse(SUBJECTS[kind].listed_on, args=["acme"])

    assert owner_client.get(address).status_code == 200


def test_support_begins_with_what_waits_for_it(support_client: Client, acme: Account) -> None:
    GracePeriodFactory.create(account=acme, ends_at=clock.now() + timedelta(hours=2))

    home = support_client.get("/")
    page = support_client.get(home.headers["Location"]).content.decode()

    assert home.headers["Location"] == reverse("admin:index")
    for label, count in (("Accounts in grace", 1), ("What Twilio refused", 0)):
        assert re.search(rf">{label}</a> <b>{count}</b>", page)
    for label in ("Numbers", "Unassigned", "Manage Licenses"):
        assert f">{label}</a></li>" in page


def test_every_link_for_support_opens_the_list_that_it_means(support_client: Client) -> None:
    page = support_client.get(reverse("admin:index")).content.decode()

    for label, link in SUPPORT_LINKS.items():
        address = f"{reverse(link.page)}?{link.query}"
        assert f'<a href="{address}">{label}</a>' in page
        assert support_client.get(address).status_code == 200  # an unknown filter leads elsewhere


def test_every_kind_of_notice_is_told_of_in_the_preferences(owner_client: Client) -> None:
    page = owner_client.get(reverse("accounts:notice_preferences", args=["acme"]))

    text = page.content.decode()
    assert [kind for kind, each in NOTICE_KINDS.items() if each.about not in text] == []
