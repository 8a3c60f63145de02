"""How many numbers an account held, and how many licenses it had, at any time. Pure reads.

Both are told backwards from what is there now, so the end of the story is always right, and only
what changed in the time that is asked for is read (`docs/decisions/0026`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import Account
from licensing.models import LicenseChange

QUARTER = timedelta(minutes=15)


class Moment(NamedTuple):
    """From ``at`` on, until the next one."""

    at: datetime
    held: int
    licenses: int

    @property
    def over(self) -> int:
        return max(0, self.held - self.licenses)


@dataclass(frozen=True)
class Day:
    """A day on which something changed: how it ended, and the most that was held on it."""

    day: date
    last: Moment
    most_held: int


def history(account: Account, *, held: int, licenses: int, since: datetime) -> list[Moment]:
    """What was true since the quarter of an hour of ``since``, in two queries.

    ``held`` and ``licenses`` are what is there now. Both are told by the quarter of an hour, so
    that what came to pass within one (an import, then the licenses for it) is one step.
    """
    since = quarter_of(since)
    numbers = account.held_changes.filter(quarter__gt=since).values_list("quarter", "amount")
    ledger = LicenseChange.objects.filter(account=account, at__gte=since + QUARTER)
    more_held, more_licenses = Counter[datetime](dict(numbers)), Counter[datetime]()
    for at, before, after in ledger.values_list("at", "before", "after"):
        more_licenses[quarter_of(at)] += after - before
    held -= more_held.total()
    licenses -= more_licenses.total()
    told = [Moment(since, held, licenses)]
    for at in sorted({*more_held, *more_licenses}):
        held += more_held[at]
        licenses += more_licenses[at]
        told.append(Moment(at, held, licenses))
    return told


def quarter_of(moment: datetime) -> datetime:
    """When the quarter of an hour of ``moment`` began; every zone's days begin with one."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def by_day(moments: list[Moment], zone: ZoneInfo) -> list[Day]:
    """The days on which something changed, the first one included, the latest first."""
    days: list[Day] = []
    before = moments[0]
    for day, same_day in groupby(moments, key=lambda moment: moment.at.astimezone(zone).date()):
        of_day = list(same_day)
        most = max(moment.held for moment in (before, *of_day))
        before = of_day[-1]
        days.append(Day(day, before, most))
    return days[::-1]
