"""Numbers that a complete pass over a connection's pages no longer found."""

from __future__ import annotations

import time
from array import array
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actors import requested_by
from accounts.models import Event, Job
from accounts.services import jobs
from accounts.services.events import build
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers.models import Import, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import NumberState

#: Numbers that one transaction marks.
BATCH = 500


def mark_missing(job: Job, run: Import, *, until: float) -> bool:
    """Mark held numbers that no page showed; False when ``until`` (monotonic) came before the end.

    For a pass that has reached the last page. Each batch is stored with the job's lease, so that
    whoever continues finds only those that are left. Raises ``jobs.LeaseLost``.
    """
    seen: set[int] = set()
    for packed in run.seen.values_list("numbers", flat=True).iterator():
        seen.update(array("q", bytes(packed)))
    held = _settled_before(job, run)
    missing = [pk for pk in held.values_list("pk", flat=True).iterator() if pk not in seen]
    for start in range(0, len(missing), BATCH):
        if start and time.monotonic() >= until:
            return False
        _mark(job, run, missing[start : start + BATCH], at=timezone.now())
    return True


def _settled_before(job: Job, run: Import) -> PhoneNumberQuerySet:
    """The connection's held numbers; those that arrived while the pass ran are not judged by it."""
    return PhoneNumber.objects.held().filter(
        connection=run.connection, state_changed_at__lt=job.started_at or job.created_at
    )


@transaction.atomic
def _mark(job: Job, run: Import, ids: list[int], *, at: datetime) -> None:
    """Mark those of the numbers that are held still, and remember their agents.

    Written for many: one statement for the numbers of each agent, one for all the events.
    """
    actor = requested_by(job, account_id=job.account_id)
    jobs.keep(job, at=at, done=job.done)
    lock(job.account_id)
    held = _settled_before(job, run).filter(pk__in=ids)
    numbers = list(held.order_by("pk").values_list("pk", "e164", "agent_id", "agent__name"))
    for agent_id, agent in {(agent_id, agent) for _, _, agent_id, agent in numbers}:
        held.filter(agent=agent_id).update(
            state=NumberState.MISSING,
            state_changed_at=at,
            agent=None,
            keep_decided_at=None,
            before_release={"agent_id": agent_id, "agent": agent} if agent_id else {},
        )
    Event.objects.bulk_create(
        build(
            "number.missing",
            account_id=job.account_id,
            subject=("number", pk, e164),
            summary="Missing: Twilio no longer lists it.",
            actor=actor,
            at=at,
            before={"state": NumberState.HELD, "agent": agent},
            after={"state": NumberState.MISSING, "agent": None},
            job_id=job.pk,
        )
        for pk, e164, _, agent in numbers
    )
    grace.settle(job.account_id, actor=actor, at=at)
