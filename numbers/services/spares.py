"""Spares that are kept until a day: when it has come, somebody decides again (S0-22, decision 44).

A day comes when it begins in the account's time zone. All that an account is due of then is one
transaction and one notice; nothing else happens to the numbers.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.actor import SYSTEM
from accounts.models import Account
from accounts.services.events import record_each
from accounts.services.notices import notify
from config.errors import NotDue
from config.phone_numbers import for_people
from config.text import on_day, plural
from numbers.models import PhoneNumber

#: So far ahead of UTC is the zone in which a day comes first.
FIRST_ZONE = timedelta(hours=14)
#: So many numbers are named; of more the notice says how many.
NAMED = 3


def due(at: datetime) -> QuerySet[Account]:
    """Accounts with a spare whose day has come there; for the sweep."""
    soon = PhoneNumber.objects.kept_until_by((at + FIRST_ZONE).date())
    some = Account.objects.filter(pk__in=soon.values("account"))
    zones = some.order_by().values_list("time_zone", flat=True).distinct()
    has_come = [
        Q(
            time_zone=zone,
            pk__in=PhoneNumber.objects.kept_until_by(_today(at, zone)).values("account"),
        )
        for zone in zones
    ]
    return some.filter(reduce(or_, has_come, Q(pk__in=[]))).order_by("pk")


def _today(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


@transaction.atomic
def end(account_id: int, *, at: datetime) -> int:
    """Let all spares of the account whose day has come wait for a decision again; returns how many.

    By sets, however many they are. They are held meanwhile, and nothing else: who is kept as a
    spare changes nothing that the licenses count. Raises ``NotDue``.
    """
    account = Account.objects.get(pk=account_id)
    today = at.astimezone(account.zone).date()
    come = PhoneNumber.objects.filter(account=account).kept_until_by(today)
    held = come.select_for_update(of=("self",)).order_by("pk")
    numbers = list(held.values_list("pk", "e164", "kept_until"))
    if not numbers:
        raise NotDue("No spare of this account is due.")
    for day in sorted({until for _, _, until in numbers if until}):
        record_each(
            "number.unkept",
            of="number",
            subjects=come.filter(kept_until=day).order_by("pk").values_list("pk", "e164"),
            account_id=account_id,
            summary=f"No longer kept as a spare: {on_day(day)} has come.",
            actor=SYSTEM,
            at=at,
            before={"kept_until": day.isoformat()},
        )
    come.update(keep_decided_at=None, kept_until=None)
    _tell(account, [(pk, e164) for pk, e164, _ in numbers], today, at=at)
    return len(numbers)


def _tell(account: Account, numbers: list[tuple[int, str]], today: date, *, at: datetime) -> None:
    count = len(numbers)
    first = sorted(e164 for _, e164 in numbers)[:NAMED]
    named = ", ".join(for_people(e164) for e164 in first)
    if count > NAMED:
        named = f"{named} and {count - NAMED:,} more"
    notify(
        account,
        "spare",
        key=f"spares:{numbers[0][0]}:{today.isoformat()}",
        title=f"{plural(count, 'spare')} {'waits' if count == 1 else 'wait'} for a decision again",
        body=(
            f"{named}: the day until which {'it was' if count == 1 else 'they were'} kept as "
            f"{'a spare' if count == 1 else 'spares'} has come. Nothing has changed but that: "
            f"{'it stays and takes its license' if count == 1 else 'they stay and take licenses'}. "
            "Assign, keep, exclude or release what waits."
        ),
        path=_page(account, numbers),
        at=at,
    )


def _page(account: Account, numbers: list[tuple[int, str]]) -> str:
    if len(numbers) == 1:
        return reverse("numbers:detail", args=[account.slug, numbers[0][0]])
    undecided = urlencode({"tab": "unassigned", "kept": "false"})
    return f"{reverse('numbers:list', args=[account.slug])}?{undecided}"
