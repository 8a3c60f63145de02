"""Refreshing a connection on its schedule, without anyone asking."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from config.errors import NotDue
from numbers.models import Connection, Import
from numbers.states import REFRESH_INTERVAL

from .imports import request_import


@transaction.atomic
def refresh_on_schedule(connection_id: int, *, actor: Actor, at: datetime) -> Import:
    """Start the import that is due, and set the time of the next one.

    A schedule that slept, because nothing ran or the connection did not work, goes on from now
    without making up for what it missed. Raises ``NotDue``.
    """
    due = Connection.objects.refresh_due(at).filter(pk=connection_id)
    connection = due.select_for_update().first()
    if connection is None:
        raise NotDue("No refresh is due.")
    connection.next_refresh_at = at + REFRESH_INTERVAL[connection.refresh_every]
    connection.save(update_fields=["next_refresh_at"])
    return request_import(connection_id, actor=actor, at=at, scheduled=True)
