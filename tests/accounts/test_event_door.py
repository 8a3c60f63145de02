"""One door to the event log: one fact, many, or the same for each of a query's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.actor import SYSTEM
from accounts.models import Account, Event
from accounts.registries import FOLLOWERS, EventSet, Follower
from accounts.services.events import Fact, record, record_all, record_each
from config.registry import Unregistered
from numbers.models import PhoneNumber
from tests.factories import NOON, JobFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db


def fact(account: Account, type: str = "number.described", **facts: Any) -> Fact:
    wanted = {"subject": ("number", 7, "+14155550123"), "summary": "Label changed"} | facts
    return Fact(type, account_id=account.pk, actor=SYSTEM, at=NOON, **wanted)


def each(account: Account, **facts: Any) -> int:
    """The same fact for every number of the account."""
    mine = PhoneNumber.objects.filter(account=account).order_by("pk")
    return record_each(
        **{"type": "number.imported", "of": "number", "summary": "Imported from Twilio."} | facts,
        subjects=mine.values_list("pk", "e164"),
        account_id=account.pk,
        actor=SYSTEM,
        at=NOON,
    )


#: Each way of writing; returns how many events it writes.
WAYS: dict[str, Callable[..., int]] = {
    "record": lambda account, **facts: len(
        [
            record(
                **{"type": "number.imported", "subject": ("number", 7, "x"), "summary": "S"}
                | facts,
                account_id=account.pk,
                actor=SYSTEM,
                at=NOON,
            )
        ]
    ),
    "record_all": lambda account, **facts: len(
        record_all(fact(account, **{"type": "number.imported"} | facts) for _ in range(3))
    ),
    "record_each": each,
}
way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[EventSet]:
    """What a follower of imported numbers is given."""
    sets: list[EventSet] = []
    follower = Follower(wants=lambda account, type: type == "number.imported", owed=sets.append)
    monkeypatch.setitem(FOLLOWERS.entries, "test", follower)
    return sets


def test_many_facts_are_written_in_their_order(acme: Account) -> None:
    job = JobFactory.create(account=acme)
    facts = [
        fact(acme, subject=("number", n, f"+1415555{n:04d}"), after={"n": n}, job_id=job.pk)
        for n in range(1_500)
    ]

    written = record_all(iter(facts))

    stored = list(Event.objects.order_by("pk"))
    assert [event.subject_id for event in stored] == list(range(1_500))
    assert [event.pk for event in stored] == [event.pk for event in written]
    assert (stored[7].data, stored[7].job_id) == ({"after": {"n": 7}}, job.pk)


def test_no_fact_is_no_event(acme: Account, followed: list[EventSet]) -> None:
    assert record_all([]) == []
    assert each(acme) == 0
    assert followed == []


def test_the_same_fact_for_each_number_says_what_a_single_one_says(acme: Account) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme)
    PhoneNumberFactory.create()
    job = JobFactory.create(account=acme)
    facts: dict[str, Any] = {
        "type": "number.imported",
        "summary": "Imported “from” Twilio's list, 100 %.",
        "after": {"name": "Zoë", "state": None},
        "reason": "Asked for",
        "job_id": job.pk,
    }

    assert each(acme, **facts) == 3
    for number in numbers:
        WAYS["record"](acme, subject=("number", number.pk, number.e164), **facts)

    by_query, one_by_one = [
        list(rows) for rows in (Event.objects.order_by("pk")[:3], Event.objects.order_by("pk")[3:])
    ]
    names = [field.attname for field in Event._meta.concrete_fields if not field.primary_key]
    assert [[getattr(event, name) for name in names] for event in by_query] == [
        [getattr(event, name) for name in names] for event in one_by_one
    ]


def test_the_events_of_a_page_take_the_same_few_statements_whatever_its_size(
    acme: Account, django_assert_max_num_queries: Any
) -> None:
    PhoneNumberFactory.create_batch(30, account=acme)

    with django_assert_max_num_queries(2):  # PostgreSQL: one more, which announces the writer
        assert each(acme) == 30


@way
def test_a_type_that_nobody_registered_cannot_be_written(acme: Account, way: str) -> None:
    PhoneNumberFactory.create(account=acme)

    with pytest.raises(Unregistered, match=r"number\.relaesed"):
        WAYS[way](acme, type="number.relaesed")
    assert not Event.objects.exists()


def test_a_subject_that_nobody_registered_cannot_be_written(acme: Account) -> None:
    PhoneNumberFactory.create(account=acme)

    for wrong in (
        lambda: each(acme, of="nubmer"),
        lambda: record_all([fact(acme), fact(acme, subject=("nubmer", 7, "x"))]),
    ):
        with pytest.raises(Unregistered, match="nubmer"):
            wrong()
    assert not Event.objects.exists()


def test_what_is_refused_leaves_the_transaction_of_the_caller_as_it_was(acme: Account) -> None:
    with transaction.atomic():
        with pytest.raises(Unregistered):
            record_all([fact(acme, "no.such")])
        record_all([fact(acme)])

    assert Event.objects.count() == 1


# --- Followers -------------------------------------------------------------------------------


@way
def test_a_follower_is_given_the_ids_of_what_was_written(
    acme: Account, followed: list[EventSet], way: str
) -> None:
    PhoneNumberFactory.create_batch(3, account=acme)

    count = WAYS[way](acme)

    (given,) = followed
    assert (given.account_id, given.type) == (acme.pk, "number.imported")
    assert len(given.ids) == count
    assert sorted(given.ids) == list(Event.objects.order_by("pk").values_list("pk", flat=True))


@way
def test_a_follower_hears_nothing_of_types_that_it_does_not_want(
    acme: Account, followed: list[EventSet], way: str
) -> None:
    PhoneNumberFactory.create(account=acme)

    WAYS[way](acme, type="number.kept")

    assert Event.objects.exists()
    assert followed == []


def test_a_mixed_set_comes_sorted_by_account_and_type(
    acme: Account, followed: list[EventSet]
) -> None:
    other = PhoneNumberFactory.create().account
    kinds = ["number.imported", "number.kept", "number.imported"]

    record_all([fact(account, kind) for account in (acme, other) for kind in kinds])

    assert [(each.account_id, len(each.ids)) for each in followed] == [(acme.pk, 2), (other.pk, 2)]


@pytest.mark.django_db(transaction=True)
@way
def test_what_is_owed_is_inserted_in_the_transaction_of_the_events(
    acme: Account, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A delivery stands for it here: the account's job. Both are rolled back, or both are there."""
    PhoneNumberFactory.create_batch(3, account=acme)
    seen: list[int] = []

    def owed(events: EventSet) -> None:
        seen.append(Event.objects.filter(pk__in=events.ids).count())  # it sees them already
        JobFactory.create(account=acme, title=f"{len(events.ids)} owed")

    monkeypatch.setitem(FOLLOWERS.entries, "test", Follower(wants=lambda *_: True, owed=owed))

    with transaction.atomic():
        count = WAYS[way](acme)
        transaction.set_rollback(True)
    assert (Event.objects.count(), acme.jobs.count()) == (0, 0)

    WAYS[way](acme)
    assert seen == [count, count]
    assert (Event.objects.count(), acme.jobs.get().title) == (count, f"{count} owed")


@pytest.mark.django_db(transaction=True)
@way
def test_a_follower_that_fails_takes_the_events_with_it(
    acme: Account, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    PhoneNumberFactory.create(account=acme)

    def owed(events: EventSet) -> None:
        raise ArithmeticError

    monkeypatch.setitem(FOLLOWERS.entries, "test", Follower(wants=lambda *_: True, owed=owed))

    with pytest.raises(ArithmeticError):
        WAYS[way](acme)
    assert not Event.objects.exists()
