"""The door to the event log against a bare INSERT … SELECT of the same columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.actor import SYSTEM
from accounts.models import Account, Event, Job
from accounts.registries import FOLLOWERS, Follower
from accounts.services.events import record_each
from numbers.models import Connection, PhoneNumber
from numbers.states import NumberState

from .measuring import Row, ratio

NUMBERS = 20_000
PAGE = 1_000
ROUNDS = 7
#: Runs in a row, of which the quickest counts: other work on the machine only ever adds time.
RUNS = 3
BARE = "the bare INSERT … SELECT of the same rows"


def rows() -> list[Row]:
    arrived = _arrived()
    plain = ratio(
        f"events of an import of {NUMBERS:,}",
        lambda: _in_pages(arrived, _by_the_door),
        BARE,
        lambda: _in_pages(arrived, _bare),
        limit=1.2,
        rounds=ROUNDS,
        each=RUNS,
    )
    FOLLOWERS.fill({"bench": Follower(wants=lambda *_: True, owed=lambda events: None)})
    followed = ratio(
        f"events of an import of {NUMBERS:,}, with a follower that wants their ids",
        lambda: _in_pages(arrived, _by_the_door),
        BARE,
        lambda: _in_pages(arrived, _bare),
        limit=1.3,
        rounds=ROUNDS,
        each=RUNS,
    )
    del FOLLOWERS.entries["bench"]
    return [plain, followed]


def _arrived() -> tuple[Connection, Job, list[int]]:
    """Numbers as an import has just stored them, before their events."""
    at = timezone.now()
    account = Account.objects.create(slug="bench-events", name="bench-events")
    connection = Connection.objects.create(
        account=account,
        sid="AC" + "e" * 32,
        owner_sid="AC" + "f" * 32,
        name="bench",
        auth_token="0" * 32,
        checked_at=at,
    )
    job = Job.objects.create(
        account=account, kind="import", title="", task="", **SYSTEM.as_columns()
    )
    numbers = PhoneNumber.objects.bulk_create(
        (
            PhoneNumber(
                account=account,
                connection=connection,
                e164=f"+1415{n:07d}",
                sid=f"PN{n:032x}",
                state=NumberState.HELD,
                state_changed_at=at,
                imported_at=at,
                country="US",
                type="local",
                fingerprint="0" * 32,
            )
            for n in range(NUMBERS)
        ),
        batch_size=PAGE,
    )
    return connection, job, [number.pk for number in numbers]


def _in_pages(
    arrived: tuple[Connection, Job, list[int]],
    write: Callable[[Connection, Job, int, int], None],
) -> None:
    connection, job, ids = arrived
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        with transaction.atomic():
            write(connection, job, page[0], page[-1])


def _by_the_door(connection: Connection, job: Job, first: int, last: int) -> None:
    page = PhoneNumber.objects.filter(connection=connection, pk__gte=first, pk__lte=last)
    record_each(
        "number.imported",
        of="number",
        subjects=page.order_by("pk").values_list("pk", "e164"),
        account_id=connection.account_id,
        summary="Imported from Twilio.",
        actor=SYSTEM,
        at=timezone.now(),
        job_id=job.pk,
    )


def _bare(connection: Connection, job: Job, first: int, last: int) -> None:
    facts: dict[str, Any] = {
        "account_id": connection.account_id,
        "type": "number.imported",
        "at": timezone.now(),
        "subject_type": "number",
        "summary": "Imported from Twilio.",
        "data": json.dumps({}),
        "reason": "",
        "request_id": "",
        "job_id": job.pk,
        "actor_kind": str(SYSTEM.kind),
        "actor_id": None,
        "actor_label": SYSTEM.label,
    }
    columns = ", ".join(facts)
    typed = "%s::{}" if database.vendor == "postgresql" else "%s"
    values = ", ".join(
        typed.format(Event._meta.get_field(name).db_type(database)) for name in facts
    )
    with database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_event (subject_id, subject_label, {columns}) "  # noqa: S608
            f"SELECT id, e164, {values} FROM numbers_phonenumber "
            "WHERE connection_id = %s AND id BETWEEN %s AND %s ORDER BY id",
            [*facts.values(), connection.pk, first, last],
        )
