"""What a page of a refresh changes in numbers that are here already: Twilio's side of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.actors import requested_by
from accounts.services.events import Fact, record_all
from carrier import NumberRecord
from config.jobs import enqueue
from config.text import name_in_words
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.models.tasks import CarrierTaskQuerySet
from numbers.previous import mark_differing, note_changed, settings_of
from numbers.states import TaskKind, TaskState

from .lifecycle import OFFER_FIELDS, lock_rows
from .records import RECORD_FIELDS, apply_record
from .release import come_back
from .routing import note_found


def write_changes(
    connection: Connection,
    changed: list[tuple[int, NumberRecord]],
    *,
    asked_at: datetime,
    actor: Actor,
    at: datetime,
) -> None:
    """Write Twilio's side of numbers that differ; what people decided here stays.

    So does what a task has written at Twilio since the page was asked for: the page is older. What
    somebody has changed there is remembered, to be put back or left by a person.
    """
    if not changed:
        return
    records = dict(changed)
    newer = CarrierTask.objects.filter(
        number__in=records, state=TaskState.DONE, finished_at__gte=asked_at
    )
    numbers = lock_rows(records.keys() - set(newer.values_list("number_id", flat=True)))
    asked = _put_back(numbers, CarrierTask.objects.settings_on_their_way())
    unwanted = _put_back(numbers, CarrierTask.objects.refused_settings())
    events, routed = [], []
    for number in numbers:
        differences = apply_record(number, records[number.pk])
        note_changed(
            number,
            differences,
            ours=asked.get(number.pk, ()),
            refused=unwanted.get(number.pk, {}),
        )
        mark_differing(number, at=at)
        if number.connection_id != connection.pk:
            differences["connection"] = (number.connection.name, connection.name)
            # From now on no page that is older tells where the number is.
            number.connection, number.state_changed_at = connection, at
        if not differences:
            continue
        if found := note_found(number, actor=actor, at=at):
            events.append(found)
            routed.append(number)
        names = ", ".join(name_in_words(name) for name in differences)
        events.append(
            Fact(
                "number.changed",
                account_id=number.account_id,
                subject=number.about,
                summary=f"Changed at Twilio: {names}.",
                actor=actor,
                at=at,
                before={name: before for name, (before, _) in differences.items()},
                after={name: after for name, (_, after) in differences.items()},
            )
        )
    PhoneNumber.objects.bulk_update(
        numbers, [*RECORD_FIELDS, *OFFER_FIELDS, "connection", "state_changed_at"]
    )
    PhoneNumber.objects.bulk_update(routed, ["in_service_at"])
    if came := [number.pk for number in routed if number.in_service_at is not None]:
        refused = CarrierTask.objects.needing_a_person().filter(kind=TaskKind.ROUTE)
        mended = refused.filter(number__in=came)
        mended.filter(job=None).update(state=TaskState.DONE, finished_at=at)
        if mended.update(state=TaskState.PENDING, due_at=at):  # the worker tells their jobs
            enqueue("numbers.tasks.work_carrier_tasks")
    record_all(events)


def _put_back(
    numbers: Sequence[PhoneNumber], tasks: CarrierTaskQuerySet
) -> dict[int, dict[str, Any]]:
    """The settings of the tasks, by number."""
    return dict(tasks.filter(number__in=numbers).values_list("number_id", "settings"))


def follow(
    connection: Connection,
    followed: list[tuple[int, NumberRecord]],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Keep up to date where excluded numbers are at Twilio, and nothing else of them."""
    if not followed:
        return
    records = dict(followed)
    numbers, events = lock_rows(records), []
    for number in numbers:
        record, told = records[number.pk], {"actor": actor, "at": at}
        if number.unlisted_at is not None:
            number.unlisted_at = None
            events.append(_fact(number, "number.listed_again", "Twilio lists it again.", **told))
        now = {"e164": record.e164, "sid": record.sid, "connection": connection.name}
        was = {"e164": number.e164, "sid": number.sid, "connection": number.connection.name}
        number.connection = connection
        number.e164, number.sid = record.e164, record.sid
        names = [name for name in now if now[name] != was[name]]
        if names:
            events.append(
                _fact(
                    number,
                    "number.changed",
                    f"Changed at Twilio: {', '.join(names)}.",
                    before={name: was[name] for name in names},
                    after={name: now[name] for name in names},
                    **told,
                )
            )
    fields = ["e164", "sid", "connection", "unlisted_at"]
    PhoneNumber.objects.bulk_update(numbers, fields)
    record_all(events)


def _fact(number: PhoneNumber, type: str, summary: str, **facts: Any) -> Fact:
    return Fact(type, account_id=number.account_id, subject=number.about, summary=summary, **facts)


def take_back(
    connection: Connection,
    returning: list[tuple[int, NumberRecord]],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Hold numbers again that had left and that Twilio lists: restored, bought again, found.

    Nothing is written at Twilio, unless a person has asked for a restore and it still waits.
    """
    records = dict(returning)
    for number in lock_rows(records) if records else ():
        number.before_release.setdefault("settings", settings_of(number))
        apply_record(number, records[number.pk])
        number.connection = connection
        number.save(update_fields=[*RECORD_FIELDS, "connection"])
        come_back(
            number,
            actor=actor,
            at=at,
            type="number.came_back",
            summary="Came back: Twilio lists it again.",
            put_back_for=_restorer(number),
        )


def _restorer(number: PhoneNumber) -> Actor | None:
    """Who asked for a restore of the number that has not ended yet."""
    asked = number.carrier_tasks.unfinished().filter(kind=TaskKind.RESTORE).first()
    return requested_by(asked, account_id=number.account_id) if asked else None
