"""What a retry leaves alone: numbers about which something else was decided since (decision 37)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.job_kinds import Turn
from accounts.models import Event
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
    first, tries = turn.job, [turn.job.pk]
    while first.retry_of is not None:
        first = first.retry_of
        tries.append(first.pk)
    if len(tries) == 1 or turn.item.subject_id is None:
        return
    since = Event.objects.about("number", turn.item.subject_id).filter(at__gte=first.created_at)
    others = since.filter(Q(job=None) | ~Q(job__in=tries))
    if others.filter(_DECIDES | Q(type__in=also)).exists():
        raise Blocked([DECIDED_SINCE])
