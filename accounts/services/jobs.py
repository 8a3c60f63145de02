"""The life of a job: started, worked on under a lease, finished, picked up again when abandoned.

A job may be killed at any point and started again. The task function works in slices: it claims the
job, does what fits into ``SLICE``, and hands the rest to a fresh task, so that no task comes near
the queue's time limit whatever the size of the job.

Locks are taken in one order everywhere: the job, then the account's entitlement, then numbers.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.actor import Actor
from accounts.actors import of_job
from accounts.job_kinds import kind_of
from accounts.models import Job
from accounts.models.jobs import UNDONE_BY
from accounts.states import JOB_MOVES, OPEN_JOB_STATES, ActorKind, JobState
from accounts.undone import is_undone
from config.errors import NotDue
from config.jobs import enqueue
from config.text import inside

from .events import record
from .notices import notify

#: How long a worker may be silent before another one may take the job over.
LEASE = timedelta(seconds=settings.JOB_LEASE_SECONDS)
#: How long one task works before it hands over to the next; well under the queue's time limit.
SLICE = timedelta(seconds=settings.JOB_SLICE_SECONDS)
#: A queued job that nobody has begun by then is queued once more.
QUEUE_PATIENCE = timedelta(minutes=3)
#: A job that was taken up this often without getting anywhere has failed.
MAX_ATTEMPTS = 5
#: How long a job rests that could not go on, the first time; each later rest is twice as long.
FIRST_REST = timedelta(minutes=1)


class LeaseLost(Exception):
    """Another worker has taken the job over; this one must stop without writing anything."""


@transaction.atomic
def start(
    *,
    account_id: int,
    kind: str,
    title: str,
    task: str,
    actor: Actor,
    at: datetime,
    params: Mapping[str, Any] | None = None,
    total: int | None = None,
    retry_of: Job | None = None,
    queue: bool = True,
) -> Job:
    """Create a job and queue its task. With ``queue=False`` the caller works on it itself."""
    job = Job.objects.create(
        account_id=account_id,
        kind=kind,
        title=title,
        task=task,
        params=dict(params or {}),
        total=total,
        created_at=at,
        leased_until=at + QUEUE_PATIENCE,
        retry_of=retry_of,
        **actor.as_request(),
    )
    if queue:
        enqueue(task, job.pk)
    return job


@transaction.atomic
def claim(job_id: int, *, at: datetime) -> Job | None:
    """Take the job for ``LEASE``; None when it is finished or another worker holds it.

    A job that was taken ``MAX_ATTEMPTS`` times without progress is failed instead: a task that
    kills its worker must not do so for ever, and the queue itself does not count such attempts.
    """
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING)
    mine = Job.objects.filter(free & (Q(lease="") | Q(leased_until__lt=at)), pk=job_id)
    token = secrets.token_hex(16)
    taken = mine.update(
        state=JobState.RUNNING, lease=token, leased_until=at + LEASE, attempts=F("attempts") + 1
    )
    if not taken:
        return None
    Job.objects.filter(pk=job_id, started_at=None).update(started_at=at)
    job = Job.objects.select_related("account").get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        fail(
            job,
            code="gave_up",
            message=f"Stopped after {MAX_ATTEMPTS} attempts that got nowhere. Run it again, "
            "or ask support what holds it up.",
            at=at,
        )
        return None
    return job


def keep(job: Job, *, at: datetime, **progress: Any) -> None:
    """Extend the lease and store progress (``done``, ``total``, ``result``).

    Call it inside the transaction that stores the work itself. Raises ``LeaseLost``.
    """
    if progress:
        progress["attempts"] = 0
    changed = Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING).update(
        leased_until=at + LEASE, **progress
    )
    if not changed:
        raise LeaseLost(f"job {job.pk}")
    for name, value in progress.items():
        if not hasattr(value, "resolve_expression"):  # what the database computes it alone knows
            setattr(job, name, value)


@transaction.atomic
def hand_over(job: Job, *, at: datetime, **progress: Any) -> None:
    """Let go of the job and queue a task that continues it."""
    keep(job, at=at, **progress)
    Job.objects.filter(pk=job.pk).update(lease="", leased_until=at + QUEUE_PATIENCE)
    enqueue(job.task, job.pk)


@transaction.atomic
def pause(job: Job, *, at: datetime, until: datetime, **progress: Any) -> None:
    """Let go of the job; the sweep queues a task that continues it after ``until``."""
    keep(job, at=at, **progress)
    Job.objects.filter(pk=job.pk).update(lease="", leased_until=until)


def rest(job: Job, *, at: datetime) -> None:
    """Let go of a job that cannot go on now; the sweep brings it back. Raises ``LeaseLost``."""
    pause(job, at=at, until=at + FIRST_REST * 2 ** max(0, job.attempts - 1))


def finish(job: Job, *, at: datetime, **progress: Any) -> None:
    """Close a job whose work is complete. Raises ``LeaseLost``."""
    JOB_MOVES.require(job.state, JobState.DONE)
    keep(job, at=at, **progress)
    close(job, state=JobState.DONE, at=at)


@transaction.atomic
def fail(
    job: Job,
    *,
    code: str,
    message: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    told: Collection[int] = (),
    **progress: Any,
) -> None:
    """Close a job that cannot go on, with a sentence for people. What it stored stays.

    Says so: an event with ``data``, a notice to who asked and to those who may start it again, and
    ``on_failed`` of its kind. ``told`` are users who have just had a mail about the cause. Raises
    ``LeaseLost``.
    """
    JOB_MOVES.require(job.state, JobState.FAILED)
    keep(job, at=at, **progress)
    _fail(job, code=code, message=message, at=at, data=data, told=told)


def _fail(
    job: Job,
    *,
    code: str,
    message: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    told: Collection[int] = (),
) -> None:
    kind = kind_of(job)
    close(job, state=JobState.FAILED, at=at, error_code=code, error=message[:500])
    kind.on_failed(job, at)
    account = job.account
    event = record(
        kind.failed_event or "job.failed",
        account_id=account.pk,
        subject=kind.subject(job),
        summary=f"{kind.label} failed: {message}",
        actor=of_job(job),
        at=at,
        data={"code": code, **(data or {})},
    )
    name, pk = kind.page(job) or ("accounts:job", job.pk)
    notify(
        account,
        kind.notice,
        key=f"job:{job.pk}:{event.pk}",
        title=f"Failed: {inside(job.title)}",
        body=message,
        path=reverse(name, args=[account.slug, pk]),
        at=at,
        also=job.actor_id if job.actor_kind == ActorKind.USER else None,
        besides=told,
    )


def close(job: Job, *, state: JobState, at: datetime, **fields: Any) -> None:
    """Write the end of a job that the caller holds."""
    fields |= {"state": state, "finished_at": at, "lease": "", "leased_until": None}
    Job.objects.filter(pk=job.pk).update(**fields)
    for name, value in fields.items():
        setattr(job, name, value)


def hold(job_id: int | None) -> None:
    """Lock the job, if there is one, before anything else that a transaction locks."""
    if job_id is not None:
        lock(job_id)


def lock(job_id: int) -> Job:
    """The job, locked. Rows that refer to it may be written meanwhile."""
    return Job.objects.select_for_update(no_key=True).get(pk=job_id)


def refuse_undone(job: Job) -> None:
    """Raise ``NotDue`` for a job that was undone, if in part, or is being undone: it is neither
    tried again nor undone again."""
    if is_undone(job):
        raise NotDue("This job was undone, so there is nothing to go on with.", code="undone")


def note_undone(job: Job, by: Job) -> None:
    """Note on a locked, finished job which other one undoes it."""
    job.params = {**job.params, UNDONE_BY: by.pk}
    job.save(update_fields=["params"])


@transaction.atomic
def requeue(job_id: int, *, at: datetime) -> Job:
    """Queue a failed job again; it continues where it stopped. Raises ``InvalidTransition``."""
    job = lock(job_id)
    JOB_MOVES.require(job.state, JobState.QUEUED)
    fields: dict[str, Any] = {
        "state": JobState.QUEUED,
        "attempts": 0,
        "error": "",
        "error_code": "",
        "started_at": None,
        "finished_at": None,
        "lease": "",
        "leased_until": at + QUEUE_PATIENCE,
    }
    Job.objects.filter(pk=job.pk).update(**fields)
    enqueue(job.task, job.pk)
    job.refresh_from_db()
    return job


@transaction.atomic
def revive(job_id: int, *, at: datetime) -> None:
    """Queue the task of a job that its worker abandoned. Raises ``NotDue`` if it is not stalled.

    A job whose task does not exist (any more) has failed: no worker could ever take it up.
    """
    stalled = Job.objects.stalled(at).filter(pk=job_id, state__in=OPEN_JOB_STATES)
    if not stalled.update(leased_until=at + QUEUE_PATIENCE, lease=""):
        raise NotDue("Somebody works on this job.")
    job = Job.objects.select_related("account").get(pk=job_id)
    if is_task(job.task):
        enqueue(job.task, job_id)
    else:
        _fail(
            job,
            code="unknown_task",
            message="This version of Numberdesk does not know how to do this job. Ask support.",
            at=at,
        )


def is_task(path: str) -> bool:
    """Whether a worker finds something to call at this dotted path."""
    try:
        return callable(import_string(path))
    except ImportError:
        return False
