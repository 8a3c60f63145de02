"""Reminding people of released numbers that can soon come back no more (B9, S1-18).

A number is due a day before its ten days are over. One notice speaks of all that an account is due
within the next day, so that a bulk release ends in one mail, and no account gets two in a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet
from django.urls import reverse

from accounts.models import Account
from accounts.services.notices import notify
from config.errors import NotDue
from config.text import absolute, left_by_mark, plural
from licensing.services.entitlement import lock
from numbers.models import PhoneNumber
from numbers.states import ENDED, RESTORE_WINDOW

#: What falls due within this time is told of together.
TOGETHER = timedelta(days=1)
#: So many numbers are named; of more the notice says how many.
NAMED = 3


def due(at: datetime) -> QuerySet[Account]:
    """Accounts with a number of which people are to be reminded; for the sweep."""
    numbers = PhoneNumber.objects.reminder_due(at)
    return Account.objects.filter(pk__in=numbers.values("account")).order_by("pk")


@transaction.atomic
def remind(account_id: int, *, at: datetime) -> None:
    """Tell those who may restore which numbers can come back for little longer, once.

    What cannot come back any more, or not from here, is not spoken of. Raises ``NotDue``.
    """
    lock(account_id)
    mine = PhoneNumber.objects.filter(account=account_id)
    if not mine.reminder_due(at).exists():
        raise NotDue("There is nothing to remind this account of.")
    chosen = mine.reminder_due(at + TOGETHER)
    still = chosen.filter(
        Q(twilio__origin__isnull=True) | ~Q(twilio__origin="hosted"),
        released_at__gt=at - RESTORE_WINDOW,
    ).exclude(connection__state__in=ENDED)
    facts = still.aggregate(first=Min("released_at"), last=Max("released_at"))
    named = list(still.order_by("released_at", "pk")[:NAMED])
    count = still.count()
    chosen.update(remind_at=None)
    if not named:
        return
    account = Account.objects.get(pk=account_id)
    first, last = facts["first"] + RESTORE_WINDOW, facts["last"] + RESTORE_WINDOW
    until = absolute(first, account.zone)
    if (end := absolute(last, account.zone)) != until:
        until = f"{until} (the first of them) to {end} (the last)"
    numbers = ", ".join(str(number) for number in named)
    if count > NAMED:
        numbers = f"{numbers} and {count - NAMED} more"
    notify(
        account,
        "restore",
        key=f"restorable:{named[0].pk}:{named[0].released_at:%Y%m%d%H%M%S}",
        title=f"{plural(count, 'released number')}: {left_by_mark(first - at)} left to restore",
        body=(
            f"{numbers} can come back until {until}. After that Twilio may give "
            f"{'it' if count == 1 else 'them'} to somebody else. What comes back takes a license; "
            "what you do not want back needs nothing."
        ),
        path=_page(account, named, count),
        at=at,
    )


def _page(account: Account, named: list[PhoneNumber], count: int) -> str:
    if count == 1:
        return named[0].get_absolute_url()
    longest_released_first = urlencode({"tab": "released", "sort": "state"})
    return f"{reverse('numbers:list', args=[account.slug])}?{longest_released_first}"
