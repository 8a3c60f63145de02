"""The event log is written once and never changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.models.events import AppendOnly
from accounts.services.events import record
from tests.factories import NOON, EventFactory, JobFactory

pytestmark = pytest.mark.django_db


def test_an_event_says_who_did_what_to_what_and_when(acme: Account, by_owner: Actor) -> None:
    job = JobFactory.create(account=acme)

    event = record(
        "number.described",
        account_id=acme.pk,
        subject=("number", 7, "+14155550123"),
        summary="Label changed",
        actor=by_owner,
        at=NOON,
        before={"label": ""},
        after={"label": "Front desk"},
        reason="Asked by the team",
        job_id=job.pk,
    )

    event.refresh_from_db()
    assert (event.subject_type, event.subject_id, event.subject_label) == (
        "number",
        7,
        "+14155550123",
    )
    assert (event.actor_kind, event.actor_id, event.actor_label) == (
        "user",
        by_owner.id,
        "owner@example.com",
    )
    assert event.data == {"before": {"label": ""}, "after": {"label": "Front desk"}}
    assert (event.at, event.reason, event.job_id) == (NOON, "Asked by the team", job.pk)


def test_texts_that_are_too_long_are_cut_and_do_not_stop_the_action(acme: Account) -> None:
    event = record(
        "number.described",
        account_id=acme.pk,
        subject=("number", 7, "x" * 500),
        summary="y" * 500,
        reason="z" * 500,
        actor=SYSTEM,
        at=NOON,
    )

    event.refresh_from_db()
    assert [len(text) for text in (event.subject_label, event.summary, event.reason)] == [
        100,
        300,
        300,
    ]


#: Every way in which Django changes or deletes rows.
EDITS: dict[str, Callable[[Event], object]] = {
    "update": lambda event: Event.objects.update(summary="Nothing"),
    "bulk_update": lambda event: Event.objects.bulk_update([event], ["summary"]),
    "update_or_create": lambda event: Event.objects.update_or_create(
        pk=event.pk, defaults={"summary": "Nothing"}
    ),
    "upsert": lambda event: Event.objects.bulk_create(
        [event], update_conflicts=True, unique_fields=["id"], update_fields=["summary"]
    ),
    "save": lambda event: event.save(),
    "save of some fields": lambda event: event.save(update_fields=["summary"]),
    "delete": lambda event: event.delete(),
    "delete of a query": lambda event: Event.objects.all().delete(),
    "delete by the account": lambda event: event.account.events.all().delete(),
    "raw delete": lambda event: Event.objects.all()._raw_delete("default"),
}


@pytest.mark.parametrize("way", EDITS)
def test_history_cannot_be_edited_or_deleted(way: str) -> None:
    event = EventFactory.create(summary="It happened")
    event.summary = "Nothing happened"

    with pytest.raises(AppendOnly):
        EDITS[way](event)
    assert Event.objects.get().summary == "It happened"


def test_an_id_that_is_taken_replaces_no_event() -> None:
    event = EventFactory.create(summary="It happened")
    other = Event(pk=event.pk, account=event.account, type="number.kept", at=NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        other.save()
    assert Event.objects.get().summary == "It happened"


def test_an_actor_sees_the_events_of_its_own_account_only(acme: Account, by_member: Actor) -> None:
    mine = EventFactory.create(account=acme)
    EventFactory.create()

    assert list(Event.objects.visible_to(by_member)) == [mine]
    assert Event.objects.visible_to(SYSTEM).count() == 2


def test_a_timeline_is_newest_first_and_of_one_thing(acme: Account) -> None:
    first, second = EventFactory.create_batch(2, account=acme, subject_id=7)
    EventFactory.create(account=acme, subject_id=8)
    EventFactory.create(account=acme, subject_type="agent", subject_id=7)

    assert list(Event.objects.about("number", 7)) == [second, first]
