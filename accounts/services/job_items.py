"""Jobs made of items: filled, worked off one by one, settled, retried (design mechanism 4).

A worker may be killed between any two steps. An item done in one transaction with its bookkeeping
is done or not begun. An item whose step calls somebody outside of transactions is noted as begun
first, then called for, then recorded; whoever takes it up again knows that it was begun. What an
item started ends it later (``settle``), and the job is done when all of its items have ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Expression, F, JSONField, QuerySet, Value
from django.urls import reverse

from accounts.actor import Actor
from accounts.actors import of_job
from accounts.job_kinds import JobKind, Outcome, Turn, kind_of
from accounts.models import Job, JobItem
from accounts.states import JOB_MOVES, UNSETTLED_ITEM_STATES, ActorKind, ItemState, JobState
from carrier import within
from config import clock
from config.errors import Blocked, DomainError, Invalid, NotDue, Reason
from config.text import inside, plural

from . import jobs
from .events import record
from .notices import notify

logger = logging.getLogger(__name__)

#: Items that are written, or read to be worked off, at once.
BATCH, READ_AHEAD = 1_000, 100
#: An item whose worker died this often is failed, before it takes the whole job with it.
MAX_ITEM_ATTEMPTS = jobs.MAX_ATTEMPTS - 2
#: How long the items of a finished job are kept (``retention``); its figures stay.
KEPT = timedelta(days=90)

#: What a retry takes up; and the states whose numbers a finished job tells.
RETRIED = (ItemState.FAILED, ItemState.SKIPPED, ItemState.PENDING)
SETTLED = (ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED)

_OUR_FAULT = "Something went wrong on our side. Retry it, or ask support."


@dataclass(frozen=True)
class Rows:
    """Rows of ours that become items: a query in the order of the items, and where to look.

    ``key`` and ``subject_id`` name columns; ``subject_type`` is the word for all of them.
    """

    query: QuerySet[Any]
    key: str
    subject_type: str
    subject_id: str = "pk"


@dataclass(frozen=True)
class Wanted:
    """An item of which something else is wanted than of the others: ``wanted`` is JSON."""

    key: str
    wanted: Mapping[str, Any] = field(default_factory=dict)
    subject_type: str = ""
    subject_id: int | None = None


@transaction.atomic
def start(
    kind: JobKind,
    *,
    account_id: int,
    params: Mapping[str, Any],
    items: Iterable[str | Wanted] | Rows,
    actor: Actor,
    at: datetime,
) -> Job:
    """Queue a job of that kind for ``items``: rows of ours, or keys of things that are not ours,
    each with what is wanted of it where that differs.

    A key that is given twice is meant once. Raises ``Invalid`` for no items at all.
    """
    job = _begin(kind, account_id, params, actor=actor, at=at)
    if isinstance(items, Rows):
        nothing = Value({}, JSONField())
        columns = (F(items.key), Value(items.subject_type), F(items.subject_id), nothing)
        count = _copy(job, items.query, columns)
    else:
        count = _store(job, items)
    return _queued(kind, job, count, actor=actor, at=at)


@transaction.atomic
def retry_failed(job_id: int, *, actor: Actor, at: datetime) -> Job:
    """Start a job with what a finished one skipped, failed or, having been given up, never reached.

    Raises ``Forbidden``, ``NotDue``, ``Invalid`` and what the kind's ``check`` raises.
    """
    job = jobs.lock(job_id)
    kind = kind_of(job)
    actor.require(kind.permission)
    if not is_made_of_items(kind):
        raise NotDue("This job is not made of items that could be retried.")
    if job.is_open:
        raise NotDue("Only a finished job can be retried.")
    jobs.refuse_undone(job)
    if job.retries.exists():
        raise NotDue(
            "This job was tried again already. What that left is tried again from there.",
            code="retried",
        )
    if are_gone(job, at=at):
        raise NotDue(
            f"This job ended more than {KEPT.days} days ago, and what became of each"
            f" {kind.thing} is no longer kept."
        )
    params = kind.check(job.account_id, job.params)
    again = _begin(kind, job.account_id, params, actor=actor, at=at, retry_of=job)
    left = job.items.filter(state__in=RETRIED).order_by("pk")
    columns = (F("key"), F("subject_type"), F("subject_id"), F("wanted"))
    count = _copy(again, left, columns)
    return _queued(kind, again, count, actor=actor, at=at)


def would_skip_all(job: Job, *, at: datetime) -> bool:
    """Whether a retry is no use, because a rule that holds now would skip all of the rest again,
    or what it needs is no longer kept."""
    if kind_of(job).is_past(job):
        return True
    left = job.items.filter(state__in=RETRIED)
    if left.exclude(state=ItemState.SKIPPED).exists():
        return False
    return left.exists() and kind_of(job).skips_again(job, left, at)


def are_gone(job: Job, *, at: datetime) -> bool:
    """That the job ended longer ago than its items are kept; the sweep may not have come yet."""
    until = kept_until(job)
    return until is not None and until < at


def kept_until(job: Job) -> datetime | None:
    """Until when the items of a finished job are there; None while it is open, or without any."""
    if job.finished_at is None or not is_made_of_items(kind_of(job)):
        return None
    return job.finished_at + KEPT


def is_made_of_items(kind: JobKind) -> bool:
    return kind.step is not None or kind.call is not None


def _begin(
    kind: JobKind,
    account_id: int,
    params: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    retry_of: Job | None = None,
) -> Job:
    return jobs.start(
        account_id=account_id,
        kind=kind.name,
        title=kind.label,
        task=kind.task,
        params=params,
        actor=actor,
        at=at,
        retry_of=retry_of,
    )


def _queued(kind: JobKind, job: Job, count: int, *, actor: Actor, at: datetime) -> Job:
    """Note how many items the job got. None at all undoes it."""
    if not count:
        raise Invalid({f"{kind.thing}s": [Reason("none_match", f"No {kind.thing} matches.")]})
    job.total, job.title = count, kind.title(job.params, count)[:150]
    job.save(update_fields=["total", "title"])
    if kind.started_event:
        record(
            kind.started_event,
            account_id=job.account_id,
            subject=kind.subject(job),
            summary=f"{job.title}.",
            actor=actor,
            at=at,
            data=job.params,
            job_id=job.pk,
        )
    return job


def _store(job: Job, items: Iterable[str | Wanted]) -> int:
    """Write an item for each key; returns how many there are."""
    wanted = (Wanted(each) if isinstance(each, str) else each for each in items)
    each = iter({item.key: item for item in wanted}.values())
    count = 0
    while batch := [JobItem(job=job, **vars(item)) for item in islice(each, BATCH)]:
        JobItem.objects.bulk_create(batch)
        count += len(batch)
    return count


def _copy(job: Job, rows: QuerySet[Any], columns: Sequence[Expression | F]) -> int:
    """Copy key, subject type and id, and what is wanted into items unread; returns how many.

    One statement, so that 50,000 rows need neither memory nor queries of their own.
    """
    same = {
        "job_id": Value(job.pk),
        "state": Value(ItemState.PENDING.value),
        "result": Value({}, JSONField()),
        "code": Value(""),
        "message": Value(""),
        "attempts": Value(0),
    }
    chosen = rows.values_list(*columns, *same.values())
    select, values = chosen.query.sql_with_params()
    names = ", ".join(["key", "subject_type", "subject_id", "wanted", *same])
    table = connection.ops.quote_name(JobItem._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) {select}", values)
        return int(cursor.rowcount)


def work(job_id: int, *, seconds: float = jobs.SLICE.total_seconds()) -> None:
    """Go through waiting items for ``seconds``, then hand the rest to a fresh task."""
    job = jobs.claim(job_id, at=clock.now())
    if job is None:
        return
    kind = kind_of(job)
    if not is_made_of_items(kind):
        jobs.fail(
            job,
            code="unknown_kind",
            message="This version of Numberdesk does not know how to do this job. Ask support.",
            at=clock.now(),
        )
        return
    until = time.monotonic() + seconds
    actor = of_job(job)
    for item in _waiting(job):
        turn = Turn(job=job, item=item, actor=actor, at=clock.now())
        try:
            _inside(kind, turn) if kind.step is not None else _outside(kind, turn)
        except kind.rest_on as error:
            logger.info("job %s rests: %s", job.pk, error.code)
            jobs.rest(job, at=clock.now())
            return
        if time.monotonic() >= until:
            jobs.hand_over(job, at=clock.now())
            return
    _conclude(job, at=clock.now())


def _waiting(job: Job) -> Iterator[JobItem]:
    """The items whose turn has yet to come, in their order."""
    last = 0
    while items := list(
        job.items.filter(state=ItemState.PENDING, pk__gt=last).order_by("pk")[:READ_AHEAD]
    ):
        yield from items
        last = items[-1].pk


def _inside(kind: JobKind, turn: Turn) -> None:
    """Do an item and note what became of it, in one transaction."""
    step = kind.step
    assert step is not None  # noqa: S101 - the caller looked
    with transaction.atomic():
        # First of all: the job is locked before what its items lock, and whoever lost it stops.
        jobs.keep(turn.job, at=turn.at, done=F("done") + 1)
        try:
            with transaction.atomic():
                outcome = step(turn) or Outcome()
        except kind.rest_on:
            raise
        except DomainError as error:
            outcome = _refused(error, ItemState.SKIPPED)
        except Exception:
            outcome = _broken(turn)
        _note(turn, outcome)


def _outside(kind: JobKind, turn: Turn) -> None:
    """Note that an item is begun, do what must not run in a transaction, record what it gave."""
    call, record = kind.call, kind.record
    assert call is not None  # noqa: S101 - the caller looked
    with transaction.atomic():
        jobs.keep(turn.job, at=turn.at)
        JobItem.objects.filter(pk=turn.item.pk).update(attempts=F("attempts") + 1)
    turn.item.attempts += 1
    answer, outcome = None, None
    if turn.item.attempts > MAX_ITEM_ATTEMPTS:
        outcome = Outcome(
            ItemState.FAILED, code="gave_up", message="It got nowhere several times. Ask support."
        )
    else:
        try:
            with within(settings.TWILIO_STEP_SECONDS):
                answer = call(turn)
        except kind.rest_on:
            JobItem.objects.filter(pk=turn.item.pk).update(attempts=F("attempts") - 1)
            raise
        except DomainError as error:
            outcome = _refused(error, ItemState.FAILED)
        except Exception:
            outcome = _broken(turn)
    turn = replace(turn, at=clock.now())
    with transaction.atomic():
        jobs.keep(turn.job, at=turn.at, done=F("done") + 1)
        if outcome is None:
            try:
                with transaction.atomic():
                    outcome = (record(turn, answer) if record else None) or Outcome()
            except DomainError as error:
                outcome = _refused(error, ItemState.SKIPPED)
            except Exception:
                outcome = _broken(turn)
        _note(turn, outcome)


def _refused(error: DomainError, state: ItemState) -> Outcome:
    if isinstance(error, Invalid):
        code = next((code for _, code, _ in error.reasons), error.code)
        return Outcome(state, code=code, message=error.message)
    first = error.blockers[0] if isinstance(error, Blocked) else error
    return Outcome(state, code=first.code, message=first.message)


def _broken(turn: Turn) -> Outcome:
    logger.exception("job %s: item %s failed", turn.job.pk, turn.item.pk)
    return Outcome(ItemState.FAILED, code="error", message=_OUR_FAULT)


def _note(turn: Turn, outcome: Outcome) -> None:
    """Write what became of an item that the caller has counted as done.

    What the step started may have ended before this is written; then that stands.
    """
    waiting = JobItem.objects.filter(pk=turn.item.pk, state=ItemState.PENDING)
    settled_before = not waiting.update(**_columns(outcome))
    if settled_before or outcome.state == ItemState.STARTED:
        Job.objects.filter(pk=turn.job.pk).update(done=F("done") - 1)


def _columns(outcome: Outcome) -> dict[str, Any]:
    return {
        "state": outcome.state,
        "result": dict(outcome.result),
        "code": outcome.code[:60],
        "message": outcome.message[:500],
    }


@transaction.atomic
def settle(job_id: int | None, key: str, outcome: Outcome, *, at: datetime) -> bool:
    """Tell a job what became of something that its item ``key`` has started.

    Returns whether the job waited for it, and so tells people itself. Nothing happens without a
    job. The caller has locked the job (``jobs.hold``) before all else
    that its transaction locks. What had failed and then went through after all is put right, also
    when the job has ended.
    """
    if job_id is None:
        return False
    job = jobs.lock(job_id)
    item = job.items.filter(key=key).first()
    if item is None or item.state in (ItemState.DONE, ItemState.SKIPPED):
        return False
    was_open = job.is_open and item.state in UNSETTLED_ITEM_STATES
    JobItem.objects.filter(pk=item.pk).update(**_columns(outcome))
    if was_open:
        Job.objects.filter(pk=job.pk).update(done=F("done") + 1)
    if job.state == JobState.SETTLING and not job.items.unsettled().exists():
        jobs.close(job, state=JobState.DONE, at=at, result=_tally(job))
        _tell_failures(job, at=at)
    elif not job.is_open:
        Job.objects.filter(pk=job.pk).update(result=_tally(job))
    return was_open


def _tell_failures(job: Job, *, at: datetime) -> None:
    """One notice of a job that has ended, however much of it failed."""
    kind, failed = kind_of(job), job.items.filter(state=ItemState.FAILED).order_by("pk")
    first = failed.first() if kind.tells_failures else None
    if first is None:
        return
    account, count = job.account, failed.count()
    which = f"{kind.show_key(first.key, account.country)}: {first.message}"
    notify(
        account,
        kind.notice,
        key=f"job:{job.pk}:items",
        title=f"{count:,} of {job.total or 0:,} failed: {inside(job.title)}",
        body=which if count == 1 else f"{plural(count, kind.thing)} failed. The first: {which}",
        path=f"{reverse('accounts:job', args=[account.slug, job.pk])}?state=failed",
        at=at,
        also=job.actor_id if job.actor_kind == ActorKind.USER else None,
    )


@transaction.atomic
def _conclude(job: Job, *, at: datetime) -> None:
    """Close a job whose items have all had their turn, or wait for what some of them started."""
    jobs.keep(job, at=at)
    if job.items.filter(state=ItemState.STARTED).exists():
        JOB_MOVES.require(job.state, JobState.SETTLING)
        Job.objects.filter(pk=job.pk).update(
            state=JobState.SETTLING, lease="", leased_until=None, result=_tally(job)
        )
    else:
        jobs.finish(job, at=at, result=_tally(job))
        _tell_failures(job, at=at)


def _tally(job: Job) -> dict[str, int]:
    counted = dict(job.items.order_by().values_list("state").annotate(items=Count("pk")))
    return {state.value: counted.get(state, 0) for state in SETTLED}
