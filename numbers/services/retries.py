"""What a retry and an undo leave alone: what was decided otherwise since (decisions 37, 39)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.job_kinds import Turn
from accounts.models import Event, Job
from accounts.states import ItemState
from accounts.undone import tries_to_undo
from config.errors import Blocked, Blocker
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet

from .lifecycle import hold

DECIDED_SINCE = Blocker(
    "decided_since",
    "Something else was decided about it since. Do it on its own page if it is still wanted.",
)
#: An event that moves a number, changes its agent, has it answered or not, or says that it is kept
#: as a spare or not.
_DECIDES = Q(data__after__has_any_keys=["state", "agent", "answered"]) | Q(
    type__in=("number.kept", "number.unkept")
)


def refuse_stale(turn: Turn, *, also: Sequence[str] = (), fields: Sequence[str] = ()) -> None:
    """Raise ``Blocked`` in a retry or an undo where something else was decided about the
    number since.

    The number is held until commit, so that nobody decides between this and what is done.
    """
    job, pk = turn.job, turn.item.subject_id
    if pk is None or (job.retry_of is None and job.undoes_id is None):
        return
    number = PhoneNumber.objects.filter(pk=pk)
    if not number.exists():
        return
    hold(pk)
    if job.retry_of is not None:
        left = undecided(job, number, also=also, fields=fields)
    else:
        left = _as_undone_job_left(job, number, [job.pk], fields)
    if not left.exists():
        raise Blocked([DECIDED_SINCE])


def undecided(
    job: Job, numbers: PhoneNumberQuerySet, *, also: Sequence[str] = (), fields: Sequence[str] = ()
) -> PhoneNumberQuerySet:
    """Those about which nothing else was decided since the first try began: what a retry does.

    Nor, where the tries undo a job that changes ``fields``, since that one.
    """
    first, tries = job, [job.pk, *([job.undoes_id] if job.undoes_id else [])]
    while first.retry_of is not None:
        first = first.retry_of
        tries.append(first.pk)
    others = _by_others(tries, since=first.created_at, decides=_DECIDES | Q(type__in=also))
    return _as_undone_job_left(job, numbers.filter(~Exists(others)), tries, fields)


def _as_undone_job_left(
    job: Job, numbers: PhoneNumberQuerySet, tries: Sequence[int], fields: Sequence[str]
) -> PhoneNumberQuerySet:
    """Where the job undoes another one, those that are as that one and the tries left them."""
    if job.undoes_id is None:
        return numbers
    undone = Job.objects.get(pk=job.undoes_id)
    own = [*tries, undone.pk, *tries_to_undo(undone)]
    others = _by_others(own, since=undone.created_at, decides=_decides(fields))
    return numbers.filter(~Exists(others))


def left_as_done(
    job: Job, *, fields: Sequence[str], besides: Sequence[int] = ()
) -> Callable[[PhoneNumberQuerySet], PhoneNumberQuerySet]:
    """Narrows numbers to those that the job changed and that are as it left them.

    That is, nobody else has changed one of the ``fields`` since; without any, decided about it.
    ``besides`` are other jobs that do not count.
    """
    others = _by_others([job.pk, *besides], since=job.created_at, decides=_decides(fields))
    done = job.items.filter(state=ItemState.DONE, subject_type="number").values("subject_id")
    return lambda numbers: numbers.filter(~Exists(others), pk__in=done)


def _decides(fields: Sequence[str]) -> Q:
    return Q(data__after__has_any_keys=[*fields]) if fields else _DECIDES


def _by_others(jobs: Sequence[int], *, since: datetime, decides: Q) -> QuerySet[Event]:
    """Decisions about the number of the outer query by anybody but those jobs."""
    return Event.objects.filter(
        Q(job=None) | ~Q(job__in=jobs),
        decides,
        subject_type="number",
        subject_id=OuterRef("pk"),
        at__gte=since,
    )
