"""Which numbers a query string means (B10): the same for pages, CSV, REST and bulk."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import SYSTEM
from accounts.models import Account
from accounts.services.events import record
from config.errors import Invalid
from numbers.filters import Tab, matching, tab_counts
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from tests.factories import (
    NOON,
    AgentFactory,
    JobFactory,
    PhoneNumberFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(acme: Account) -> PhoneNumberQuerySet:
    return PhoneNumber.objects.filter(account=acme)


@pytest.mark.parametrize(
    "typed",
    [
        "+14155550123",
        "(415) 555-0123",
        "415.555.0123",
        "1 415 555",
        "0123",
        "5501",
        "(415) 555",
        "PN" + "ab" * 16,
        "pnabab",
        "harbor",
        "HARBOR",
        "Twilio name",
    ],
)
def test_any_way_of_writing_it_finds_the_number(
    acme: Account, mine: PhoneNumberQuerySet, typed: str
) -> None:
    wanted = PhoneNumberFactory.create(
        account=acme,
        e164="+14155550123",
        sid="PN" + "ab" * 16,
        label="Harbor office",
        friendly_name="Twilio name",
    )
    PhoneNumberFactory.create(account=acme, e164="+12125559876", friendly_name="Other")

    assert list(matching(mine, f"q={typed.replace('+', '%2B')}")) == [wanted]


def test_a_national_number_with_its_trunk_zero_is_found(
    acme: Account, mine: PhoneNumberQuerySet
) -> None:
    london = PhoneNumberFactory.create(account=acme, e164="+442079460123", country="GB")

    assert list(matching(mine, "q=020 7946 0123")) == [london]


def test_a_search_of_nothing_but_spaces_is_none(acme: Account, mine: PhoneNumberQuerySet) -> None:
    held = PhoneNumberFactory.create(account=acme)

    assert list(matching(mine, "q=%20%20")) == [held]


def test_digits_in_a_name_are_found_too(acme: Account, mine: PhoneNumberQuerySet) -> None:
    store = PhoneNumberFactory.create(account=acme, e164="+14155550000", label="Store 7788")

    assert list(matching(mine, "q=7788")) == [store]


@pytest.mark.parametrize("typed", ["%25", "_", "4155550%25"])
def test_signs_that_a_database_reads_as_patterns_are_plain_text(
    acme: Account, mine: PhoneNumberQuerySet, typed: str
) -> None:
    PhoneNumberFactory.create(account=acme, e164="+14155550123", label="Harbor")

    assert not matching(mine, f"q={typed}").exists()


def test_tabs_divide_the_states_and_count_them_in_one_query(
    acme: Account, mine: PhoneNumberQuerySet, django_assert_num_queries: Any
) -> None:
    for trait in ("assigned", "excluded", "releasing", "released", "restoring", "missing", "gone"):
        PhoneNumberFactory.create(account=acme, **{trait: True})
    PhoneNumberFactory.create_batch(2, account=acme)
    PhoneNumberFactory.create(account=acme, enabled=True)
    PhoneNumberFactory.create()  # of another account

    with django_assert_num_queries(1):
        counts = tab_counts(acme.number_counts.all())

    assert counts == {
        Tab.ALL: 5,
        Tab.ASSIGNED: 2,
        Tab.UNASSIGNED: 2,
        Tab.DISABLED: 1,
        Tab.RELEASED: 2,
        Tab.EXCLUDED: 1,
        Tab.MISSING: 1,
        Tab.GONE: 1,
    }
    for tab, count in counts.items():
        assert matching(mine, f"tab={tab}").count() == count, tab


def test_without_a_tab_the_held_numbers_are_meant(acme: Account, mine: PhoneNumberQuerySet) -> None:
    held = PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, missing=True)

    assert list(matching(mine, "")) == [held]


def test_filters_narrow_together(acme: Account, mine: PhoneNumberQuerySet) -> None:
    agent = AgentFactory.create(account=acme)
    sales = TagFactory.create(account=acme, name="sales")
    wanted = PhoneNumberFactory.create(
        account=acme, agent=agent, country="CA", type="mobile", mms=True, protected=True
    )
    wanted.tags.add(sales)
    PhoneNumberFactory.create(account=acme, agent=agent)

    query = (
        f"agent={agent.pk}&tag=sales&country=ca&type=mobile&capability=voice&capability=mms"
        f"&protected=true&connection={wanted.connection_id}&kept=false"
    )

    assert list(matching(mine, query)) == [wanted]


@pytest.mark.parametrize(
    "filter",
    [
        "agent=999999",
        "tag=none",
        "country=GB",
        "type=toll_free",
        "capability=mms",
        "protected=true",
        "connection=999999",
        "kept=true",
        "imported_in=999999",
    ],
)
def test_each_filter_alone_takes_out_what_it_does_not_mean(
    acme: Account, mine: PhoneNumberQuerySet, filter: str
) -> None:
    PhoneNumberFactory.create(account=acme)

    assert matching(mine, "").count() == 1
    assert matching(mine, filter).count() == 0


def test_an_import_shows_exactly_the_numbers_of_each_outcome(
    acme: Account, mine: PhoneNumberQuerySet
) -> None:
    job = JobFactory.create(account=acme, kind="import")
    new, changed, untouched = PhoneNumberFactory.create_batch(3, account=acme)
    for number, type in ((new, "number.imported"), (changed, "number.changed")):
        record(
            type,
            account_id=acme.pk,
            subject=("number", number.pk, number.e164),
            summary="Found.",
            actor=SYSTEM,
            at=NOON,
            job_id=job.pk,
        )

    found = matching(mine, f"imported_in={job.pk}")

    assert set(found) == {new, changed}
    assert list(matching(mine, f"imported_in={job.pk}&outcome=new")) == [new]
    assert not matching(mine, f"imported_in={job.pk}&outcome=missing").exists()
    assert untouched not in found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("agent=x", "agent"),
        ("agent=99999999999999999999", "agent"),
        ("tab=nowhere", "tab"),
        ("type=fax", "type"),
        ("capability=fax", "capability"),
        ("protected=maybe", "protected"),
        ("country=USA", "country"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_instead_of_widening_the_list(
    mine: PhoneNumberQuerySet, query: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        matching(mine, query)

    assert list(refusal.value.errors) == [field]
