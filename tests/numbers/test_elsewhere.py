"""A search that finds nothing in its tab says where in the account it finds it (B10)."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from numbers.filters import TAB_STATES, Tab, filter_of, holds, tab_of
from numbers.models import PhoneNumber
from numbers.states import NumberState
from tests.factories import AgentFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db

LIST = "/a/acme/numbers/"
SOUGHT = "+14155550123"


def told(client: Client, **query: str) -> str:
    """The page as somebody reads it."""
    return unescape(client.get(LIST, {"q": "4155550123", **query}).content.decode())


def test_a_search_among_held_numbers_finds_a_released_one_and_offers_its_restore(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, e164=SOUGHT, released=True)
    PhoneNumberFactory.create(account=acme)

    html = told(owner_client)

    assert (
        "was released on Sun,\u00a0Mar\u00a01,\u00a02026, 4:00\u00a0AM\u00a0PST and "
        "can come back until "
        "Wed,\u00a0Mar\u00a011,\u00a02026, 5:00\u00a0AM\u00a0PDT. It is in Released." in html
    )
    assert f'href="{LIST}?tab=released&q=4155550123">Show in Released' in html
    assert f"/numbers/{number.pk}/restore/" in html


def test_after_ten_days_no_restore_is_offered(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    PhoneNumberFactory.create(account=acme, e164=SOUGHT, released=True)
    noon.shift(timedelta(days=10))

    html = told(owner_client)

    assert "is gone for good" in html
    assert "/restore/" not in html


@pytest.mark.parametrize(
    ("traits", "sentence", "tab", "act"),
    [
        ({"releasing": True}, "is being released", "Released", "take-back"),
        ({"excluded": True}, "was excluded on", "Excluded", "bring-back"),
        ({"missing": True}, "is missing since", "Missing", ""),
        ({"gone": True}, "was marked as gone on", "Gone", ""),
    ],
)
def test_wherever_it_is_the_page_says_so(
    acme: Account, owner_client: Client, traits: dict[str, Any], sentence: str, tab: str, act: str
) -> None:
    number = PhoneNumberFactory.create(account=acme, e164=SOUGHT, **traits)

    html = told(owner_client)

    assert sentence in html
    assert f"It is in {tab}." in html
    assert f">Show in {tab}<" in html
    assert (f"/numbers/{number.pk}/{act}/" in html) if act else ("?next=" not in html)


def test_what_is_held_is_found_from_another_tab(acme: Account, owner_client: Client) -> None:
    agent = AgentFactory.create(account=acme, name="Front desk")
    PhoneNumberFactory.create(account=acme, e164=SOUGHT, agent=agent)
    PhoneNumberFactory.create(account=acme, e164="+12065550123", restoring=True)

    assert "is assigned to Front desk. It is in Assigned." in told(owner_client, tab="unassigned")
    assert "is being restored since" in told(owner_client, tab="released", q="2065550123")
    PhoneNumber.objects.update(agent=None, state="held")
    assert "has no agent. It is in Unassigned." in told(owner_client, tab="missing")


def test_a_filter_that_hides_it_is_named_and_taken_away(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, e164=SOUGHT)

    html = told(owner_client, protected="true")

    assert "It is here in All, but a filter hides it." in html
    assert f'href="{LIST}?tab=all&q=4155550123">Take the other filters away' in html


def test_of_many_it_says_how_many_are_where(acme: Account, owner_client: Client) -> None:
    for index in range(4):
        PhoneNumberFactory.create(account=acme, e164=f"+1415555012{index}", excluded=index < 3,
                                  missing=index == 3)  # fmt: skip

    html = told(owner_client, q="415555012")

    assert ">3 in Excluded<" in html
    assert ">1 in Missing<" in html


def test_who_reads_is_told_without_the_button(acme: Account, member_client: Client) -> None:
    PhoneNumberFactory.create(account=acme, e164=SOUGHT, excluded=True)

    html = told(member_client)

    assert "It is in Excluded." in html
    assert "bring-back" not in html


def test_numbers_of_another_account_are_nowhere(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(e164=SOUGHT, released=True)

    html = told(owner_client)

    assert "No number matches" in html
    assert "It is in" not in html


def test_a_search_that_finds_something_or_cannot_be_read_looks_nowhere_else(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, e164=SOUGHT, released=True)
    PhoneNumberFactory.create(account=acme, e164="+14155550124")

    assert owner_client.get(LIST, {"q": "41555501"}).context["elsewhere"] is None
    assert owner_client.get(LIST, {"q": "4155550123", "agent": "x"}).context["elsewhere"] is None


def test_looking_elsewhere_costs_few_queries_whatever_there_is(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, e164=SOUGHT)

    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            owner_client.get(LIST, {"q": query})
        return len(caught)

    nowhere = queries("99999999")
    PhoneNumberFactory.create_batch(3, account=acme, excluded=True)

    # The numbers, and what decides whether they can come back: licenses, grace period and counts.
    assert queries("+1707200") - nowhere <= 5
    PhoneNumberFactory.create_batch(40, account=acme, excluded=True)
    assert queries("+1707200") <= nowhere


@pytest.mark.parametrize(
    ("state", "assigned", "enabled"),
    [
        (NumberState.HELD, True, True),
        (NumberState.HELD, True, False),
        *((each, False, False) for each in NumberState),
    ],
)
def test_the_tab_of_a_number_is_the_one_that_shows_it(
    acme: Account, state: NumberState, assigned: bool, enabled: bool
) -> None:
    trait = {} if state == NumberState.HELD else {state.value: True}
    number = PhoneNumberFactory.create(account=acme, assigned=assigned, enabled=enabled, **trait)

    shows = {tab for tab in Tab if number in filter_of(PhoneNumber.objects.all(), f"tab={tab}").qs}

    assert shows == {
        tab for tab in TAB_STATES if holds(Tab(tab), state, assigned=assigned, enabled=enabled)
    }
    assert tab_of(state, assigned=assigned) in shows
    assert shows <= {tab_of(state, assigned=assigned), Tab.DISABLED, Tab.ALL}
    assert (Tab.DISABLED in shows) is (assigned and not enabled)
