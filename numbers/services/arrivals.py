"""The first event of each number that an import brings, written in one statement.

Half of what a first import writes is these events, and they differ in two columns only, so the
database makes them from the rows of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection as database

from accounts.actors import Actor
from accounts.models import Event, Job
from accounts.services.events import build
from numbers.models import Connection, PhoneNumber

from .inventory import about


def record_imported(
    connection: Connection,
    numbers: Sequence[PhoneNumber],
    *,
    actor: Actor,
    at: datetime,
    job: Job,
) -> None:
    """Write ``number.imported`` for rows that the caller has just inserted.

    The caller holds the account's entitlement, so between the first and the last of their ids there
    are no other rows of this connection.
    """
    if not numbers:
        return
    pattern = build(
        "number.imported",
        account_id=connection.account_id,
        subject=about(numbers[0]),
        summary="Imported from Twilio.",
        actor=actor,
        at=at,
        job_id=job.pk,
    )
    own = {"subject_id": "id", "subject_label": "e164"}
    columns, sources, values = [], [], []
    for field in Event._meta.concrete_fields:
        if field.primary_key:
            continue
        columns.append(database.ops.quote_name(str(field.column)))
        if field.column in own:
            sources.append(own[field.column])
            continue
        # PostgreSQL takes a bare value of a SELECT for text.
        typed = f"%s::{field.db_type(database)}" if database.vendor == "postgresql" else "%s"
        sources.append(typed)
        values.append(field.get_db_prep_save(getattr(pattern, field.attname), database))
    ids = [number.pk for number in numbers]
    statement = (
        f"INSERT INTO {Event._meta.db_table} ({', '.join(columns)}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(sources)} FROM {PhoneNumber._meta.db_table} "
        "WHERE connection_id = %s AND id BETWEEN %s AND %s ORDER BY id"
    )
    with database.cursor() as cursor:
        cursor.execute(statement, [*values, connection.pk, min(ids), max(ids)])
