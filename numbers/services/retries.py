"""What a retry and an undo leave alone: what was decided otherwise since (decisions 37, 39)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import Exists, OuterRef, Q

from accounts.job_kinds import Turn
from accounts.models import Event, Job
from accounts.states import ItemState
from config.errors import Blocked, Blocker
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet

DECIDED_SINCE = Blocker(
    "decided_since",
    "Something else was decided about it since. Do it on its own page if it is still wanted.",
)
#: An event that moves a number, changes its agent, has it answered or not, or says that it is kept
#: as a spare or not.
_DECIDES = Q(data__after__has_any_keys=["state", "agent", "answered"]) | Q(
    type__in=("number.kept", "number.unkept")
)


def refuse_stale(turn: Turn, *, also: Sequence[str] = ()) -> None:
    """Raise ``Blocked`` in a retry where anybody but the tries themselves has decided about the
    number since the first of them began. ``also`` are types of events that count besides."""
    if turn.job.retry_of is None or turn.item.subject_id is None:
        return
    number = PhoneNumber.objects.filter(pk=turn.item.subject_id)
    if number.exists() and not undecided(turn.job, number, also=also).exists():
        raise Blocked([DECIDED_SINCE])


def undecided(
    job: Job, numbers: PhoneNumberQuerySet, *, also: Sequence[str] = ()
) -> PhoneNumberQuerySet:
    """Those about which nothing else was decided since the first try began."""
    first, tries = job, [job.pk]
    while first.retry_of is not None:
        first = first.retry_of
        tries.append(first.pk)
    others = Event.objects.filter(
        Q(job=None) | ~Q(job__in=tries),
        _DECIDES | Q(type__in=also),
        subject_type="number",
        subject_id=OuterRef("pk"),
        at__gte=first.created_at,
    )
    return numbers.filter(~Exists(others))


def left_as_done(
    job: Job, *, fields: Sequence[str], besides: Sequence[int] = ()
) -> Callable[[PhoneNumberQuerySet], PhoneNumberQuerySet]:
    """Narrows numbers to those that the job changed and that are as it left them.

    That is, nobody else has changed one of the ``fields`` since; without any, decided about it.
    ``besides`` are other jobs that do not count.
    """
    decides = Q(data__after__has_any_keys=[*fields]) if fields else _DECIDES
    others = Event.objects.filter(
        Q(job=None) | ~Q(job__in=[job.pk, *besides]),
        decides,
        subject_type="number",
        subject_id=OuterRef("pk"),
        at__gte=job.created_at,
    )
    done = job.items.filter(state=ItemState.DONE, subject_type="number").values("subject_id")
    return lambda numbers: numbers.filter(~Exists(others), pk__in=done)
