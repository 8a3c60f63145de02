"""Let time pass in the demo, for Numberdesk and its Twilio stand-in at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import requests
from django.conf import settings
from django.utils.module_loading import import_string

from config import clock
from config.errors import DomainError
from config.jobs import SCHEDULES
from config.text import countdown
from licensing.models import GracePeriod, Subscription
from licensing.states import SubscriptionState
from numbers.models import PhoneNumber
from numbers.states import RESTORE_WINDOW, NumberState

#: What a visitor may forward the clock by.
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
#: The stand-in answers when everything on the way has happened, its webhooks included.
PATIENCE = 60
#: More instants than that are not stopped at one by one.
MOST_STOPS = 50


class ClockStuck(DomainError):
    """The stand-in did not move its clock, so nothing has happened."""

    code = "clock_stuck"


@dataclass(frozen=True)
class Deadline:
    """An instant that people wait for, and what happens then."""

    at: datetime
    words: str

    @property
    def countdown(self) -> str:
        """``in 31 h 12 min``."""
        return countdown(self.at - clock.now())


def next_deadline() -> Deadline | None:
    """What a visitor would wait for longest: the nearest instant at which something ends."""
    now = clock.now()
    graces = GracePeriod.objects.unsettled().filter(ends_at__gt=now).order_by("ends_at")
    released = PhoneNumber.objects.filter(
        state=NumberState.RELEASED, released_at__gt=now - RESTORE_WINDOW
    ).order_by("released_at")
    paid = Subscription.objects.filter(
        state=SubscriptionState.ACTIVE, period_ends_at__gt=now
    ).order_by("period_ends_at")
    found = [Deadline(each.ends_at, "the grace period ends") for each in graces[:1]]
    for number in released[:1]:
        if number.restorable_until:
            words = "a released number can come back no more"
            found.append(Deadline(number.restorable_until, words))
    found += [Deadline(at, "a spare's day comes") for at in _days_of_spares() if at > now]
    found += [Deadline(each.period_ends_at, "licenses renew") for each in paid[:1]]
    return min(found, key=lambda deadline: deadline.at, default=None)


def _days_of_spares() -> list[datetime]:
    """When the days begin until which spares are kept."""
    days = PhoneNumber.objects.exclude(kept_until=None).values_list(
        "kept_until", "account__time_zone"
    )
    return [
        datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
        for day, zone in days.distinct()
        if day is not None
    ]


def forward(to: datetime) -> None:
    """Let time pass until then: what falls due on the way happens in its order, mails and all.

    Raises ``ClockStuck``.
    """
    _do_what_is_due()
    for at in _stops(to):
        _move(at)
        _do_what_is_due()


def _do_what_is_due() -> None:
    for _ in range(2):  # what one sweep decides, such as a notice, another one carries out
        for task, _ in SCHEDULES.values():
            import_string(task)()


def _stops(end: datetime) -> Iterator[datetime]:
    """The instants until ``end`` at which the product has something to do, then ``end``."""
    for _ in range(MOST_STOPS):
        now = clock.now()
        due = [
            GracePeriod.objects.filter(settled_at=None).values_list("next_notice_at", flat=True),
            GracePeriod.objects.unsettled().values_list("ends_at", flat=True),
            Subscription.objects.values_list("period_ends_at", flat=True),
            PhoneNumber.objects.values_list("remind_at", flat=True).exclude(remind_at=None),
            _days_of_spares(),
        ]
        on_the_way = [at for each in due for at in each if at is not None and now < at < end]
        if not on_the_way:
            break
        yield min(on_the_way)
    if clock.now() < end:
        yield end


def _move(to: datetime) -> None:
    """Move the stand-in's clock, by which ``config.clock`` goes in a demo."""
    session = requests.Session()
    session.trust_env = False  # no proxy between processes of one machine
    try:
        answer = session.post(
            f"{settings.TWILIO_BASE_URL}/_sandbox/clock",
            json={"set": to.isoformat()},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ClockStuck(
            "The Twilio stand-in did not move its clock. Try again in a moment; when that does "
            "not help, start the demo again."
        ) from error
