"""Writing the event log. Callers are services, inside the transaction that makes the fact true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.actors import Actor
from accounts.models import Event


def build(
    type: str,
    *,
    account_id: int,
    subject: tuple[str, int | None, str],
    summary: str,
    actor: Actor,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    job_id: int | None = None,
) -> Event:
    """An unsaved event, for writers that insert many at once (``Event.objects.bulk_create``).

    ``subject`` is (type, id, label), such as ``("number", 7, "+14155550123")``. ``before`` and
    ``after`` hold the changed fields only, as JSON values.
    """
    subject_type, subject_id, subject_label = subject
    details: dict[str, Any] = dict(data or {})
    if before is not None:
        details["before"] = dict(before)
    if after is not None:
        details["after"] = dict(after)
    return Event(
        account_id=account_id,
        type=type,
        at=at,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_label=subject_label[:100],
        summary=summary[:300],
        data=details,
        reason=(reason or actor.reason)[:300],
        request_id=actor.request_id,
        job_id=job_id,
        **actor.as_columns(),
    )


def record(type: str, **facts: Any) -> Event:
    """Write one event; the arguments are those of ``build``."""
    event = build(type, **facts)
    event.save(force_insert=True)
    return event
