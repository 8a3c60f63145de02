"""The one door to the event log. Callers are services, in the transaction that makes the fact true.

``record`` writes one event and ``tell`` one about a row of ours, ``record_all`` any set of them,
and ``record_each`` the same fact for each subject of a query, in one statement that reads no row.
Whoever is owed something for events (``registries.FOLLOWERS``) gets it in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Event
from accounts.models.commits import about_to_write
from accounts.registries import EVENT_TYPES, FOLLOWERS, SUBJECTS, EventSet, Follower

#: Events that one statement inserts.
BATCH = 1_000


class Told(Protocol):
    """A row of an account that knows how events name it: type, id, label."""

    account_id: int

    @property
    def about(self) -> tuple[str, int, str]: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that is to be written.

    ``subject`` is (type, id, label), such as ``("number", 7, "+14155550123")``. ``before`` and
    ``after`` hold the changed fields only, as JSON values. Request, reason and job are those of
    the actor, unless given.
    """

    type: str
    _: KW_ONLY
    account_id: int
    subject: tuple[str, int | None, str]
    summary: str
    actor: Actor
    at: datetime
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    reason: str = ""
    job_id: int | None = None

    def as_row(self) -> Event:
        """The unsaved event. Raises ``Unregistered`` for a type or subject that no app knows."""
        subject_type, subject_id, subject_label = self.subject
        _known(self.type, subject_type)
        details: dict[str, Any] = dict(self.data or {})
        if self.before is not None:
            details["before"] = dict(self.before)
        if self.after is not None:
            details["after"] = dict(self.after)
        return Event(
            account_id=self.account_id,
            type=self.type,
            at=self.at,
            subject_type=subject_type,
            subject_id=subject_id,
            subject_label=subject_label[:100],
            summary=self.summary[:300],
            data=details,
            reason=(self.reason or self.actor.reason)[:300],
            request_id=self.actor.request_id,
            job_id=self.job_id or self.actor.job_id,
            **self.actor.as_columns(),
        )


def record(type: str, **facts: Any) -> Event:
    """Write one event; the arguments are those of ``Fact``. Raises ``Unregistered``."""
    event = Fact(type, **facts).as_row()
    with transaction.atomic(savepoint=False):
        about_to_write(Event._meta.db_table)
        event.save()
        _settle([event])
    return event


def tell(thing: Told, type: str, summary: str, **facts: Any) -> Event:
    """Write one event about a row of ours; the other arguments are those of ``Fact``."""
    return record(type, account_id=thing.account_id, subject=thing.about, summary=summary, **facts)


def record_all(facts: Iterable[Fact]) -> list[Event]:
    """Write a set of events, in its order. Raises ``Unregistered``, and then writes none."""
    events = [fact.as_row() for fact in facts]
    if events:
        with transaction.atomic(savepoint=False):
            about_to_write(Event._meta.db_table)
            Event.objects.bulk_create(events, batch_size=BATCH)
            _settle(events)
    return events


def record_each(
    type: str, *, of: str, subjects: QuerySet[Any, tuple[int, str]], **facts: Any
) -> int:
    """Write the same fact for each of many subjects; returns how many. Raises ``Unregistered``.

    ``of`` is the type of the subjects, ``subjects`` a query for the id and the label of each
    (``values_list("pk", "e164")``), the other arguments are those of ``Fact``. The database makes
    the events from those rows, so a first import of 100,000 numbers builds no event in Python.
    """
    pattern = Fact(type, subject=(of, None, ""), **facts).as_row()
    own = ("subject_id", "subject_label")
    rest = [
        field
        for field in Event._meta.concrete_fields
        if not field.primary_key and field.attname not in own
    ]
    # PostgreSQL takes a bare value of a SELECT for text.
    typed = "%s::{}" if connection.vendor == "postgresql" else "%s"
    constants = ", ".join(typed.format(field.db_type(connection)) for field in rest)
    select, chosen = subjects.query.sql_with_params()
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(name) for name in (*(str(field.column) for field in rest), *own))
    values = [
        *(field.get_db_prep_save(getattr(pattern, field.attname), connection) for field in rest),
        *chosen,
    ]
    followers = _followers(pattern.account_id, type)
    table = Event._meta.db_table
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        about_to_write(table)
        insert = (
            f"INSERT INTO {quoted(table)} ({columns}) "  # noqa: S608 - our own names
            f"SELECT {constants}, subject.* FROM ({select}) AS subject"
        )
        if not followers:
            cursor.execute(insert, values)
            return int(cursor.rowcount)
        cursor.execute(f"{insert} RETURNING {quoted('id')}", values)
        ids = [int(pk) for (pk,) in cursor.fetchall()]
        _owe(followers, EventSet(pattern.account_id, type, ids))
        return len(ids)


def _known(type: str, subject_type: str) -> None:
    """Raise ``Unregistered`` unless both are registered: a typing mistake would stay for ever."""
    EVENT_TYPES[type]
    SUBJECTS[subject_type]


def _settle(events: list[Event]) -> None:
    """Let the followers insert what they are owed, once for each account and type."""
    if not FOLLOWERS:
        return
    sets: dict[tuple[int, str], list[int]] = defaultdict(list)
    for event in events:
        sets[event.account_id, event.type].append(event.pk)
    for (account_id, type), ids in sets.items():
        _owe(_followers(account_id, type), EventSet(account_id, type, ids))


def _followers(account_id: int, type: str) -> list[Follower]:
    return [each for each in FOLLOWERS.values() if each.wants(account_id, type)]


def _owe(followers: list[Follower], events: EventSet) -> None:
    if events.ids:
        for follower in followers:
            follower.owed(events)
