"""What a retry leaves alone: numbers about which something else was decided since (decision 37)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.job_kinds import Turn
from accounts.models import Event, Job
from config.errors import Blocked, Blocker

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
    pk = turn.item.subject_id
    if turn.job.retry_of is not None and pk is not None and decided(turn.job, [pk], also=also):
        raise Blocked([DECIDED_SINCE])


def decided(job: Job, ids: Sequence[int], *, also: Sequence[str] = ()) -> set[int]:
    """Those of the numbers about which something else was decided since the first try began."""
    first, tries = job, [job.pk]
    while first.retry_of is not None:
        first = first.retry_of
        tries.append(first.pk)
    since = Event.objects.filter(
        subject_type="number", subject_id__in=ids, at__gte=first.created_at
    )
    others = since.filter(Q(job=None) | ~Q(job__in=tries))
    found = others.filter(_DECIDES | Q(type__in=also)).values_list("subject_id", flat=True)
    return {pk for pk in found if pk is not None}
