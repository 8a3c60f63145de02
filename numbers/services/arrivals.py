"""The first event of each number that an import brings, written in one statement.

Half of what a first import writes is these events, and they differ in two columns only, so the
database makes them from the rows of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.actor import Actor
from accounts.services.events import record_each
from numbers.models import Connection, PhoneNumber


def record_imported(
    connection: Connection,
    numbers: Sequence[PhoneNumber],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Write ``number.imported`` for rows that the caller has just inserted.

    The caller holds the account's entitlement, so between the first and the last of their ids there
    are no other rows of this connection.
    """
    if not numbers:
        return
    ids = [number.pk for number in numbers]
    arrived = PhoneNumber.objects.filter(connection=connection, pk__gte=min(ids), pk__lte=max(ids))
    record_each(
        "number.imported",
        of="number",
        subjects=arrived.order_by("pk").values_list("pk", "e164"),
        account_id=connection.account_id,
        summary="Imported from Twilio.",
        actor=actor,
        at=at,
    )
