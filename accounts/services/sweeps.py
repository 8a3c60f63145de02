"""Pushing back what a sweep cannot get done, so that it neither holds up the others nor spins.

A sweep's rows are due by columns that often mean something else (the end of a grace period, the
time of a renewal), which must not move because our code fails. So the one way to push a row back,
for every sweep, is a row of ``Postponed`` beside it. It is written before the row is tried and
deleted when that went through: a row that kills its worker is pushed back as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.models import Postponed

Row = TypeVar("Row", bound=Model)

#: How long a row waits after its first failure; each later wait is twice as long.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


def untroubled(rows: QuerySet[Row], what: str, *, at: datetime) -> QuerySet[Row]:
    """``rows`` without those that are to be left alone until later."""
    waiting = Postponed.objects.filter(what=what, until__gt=at).values("row_id")
    return rows.exclude(pk__in=waiting)


def failures_of(what: str, row_ids: Iterable[int]) -> dict[int, int]:
    """How often each of the rows was tried in vain, for those that were."""
    mine = Postponed.objects.filter(what=what, row_id__in=row_ids)
    return dict(mine.values_list("row_id", "failures"))


def begin(what: str, row_id: int, *, failures: int, at: datetime) -> None:
    """Note that a row is about to be tried, which was in vain ``failures`` times before.

    A worker that dies over it leaves this note. The first time costs no wait, because workers are
    also killed by what has nothing to do with the row.
    """
    note = {"failures": failures + 1, "until": at + wait_after(failures)}
    if failures:
        Postponed.objects.filter(what=what, row_id=row_id).update(**note)
    else:
        fresh = Postponed(what=what, row_id=row_id, **note)
        Postponed.objects.bulk_create([fresh], ignore_conflicts=True)


def failed(what: str, row_id: int, *, failures: int, error: str, at: datetime) -> None:
    """Push a row back that has just failed, and had ``failures`` times before."""
    Postponed.objects.filter(what=what, row_id=row_id).update(
        until=at + wait_after(failures + 1), error=error[:200]
    )


def wait_after(failures: int) -> timedelta:
    """How long a row is left alone after so many failures in a row; nothing after none."""
    if not failures:
        return timedelta(0)
    doublings: int = min(failures - 1, 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def clear(what: str, *row_ids: int) -> None:
    """Let a sweep try these rows at once: they went through, or somebody removed the cause."""
    Postponed.objects.filter(what=what, row_id__in=row_ids).delete()
