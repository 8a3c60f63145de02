"""What a change of licenses costs and does, before anyone confirms it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from config.errors import Blocker
from config.text import cents, money, plural

from . import gates
from .models import PaymentAttempt, Subscription
from .standing import Standing

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Quote:
    """A preview of owning ``after`` licenses. Amounts are in ``currency``."""

    before: int
    after: int
    held: int
    price: Decimal
    monthly_before: Decimal
    monthly_after: Decimal
    charge_today: Decimal
    currency: str
    period_ends_at: datetime
    grace_effect: str
    blockers: list[Blocker]

    @property
    def still_over(self) -> int:
        """How many numbers would have to go besides, for the account to be within its licenses."""
        return max(0, self.held - self.after)

    @property
    def charge_text(self) -> str:
        return money(self.charge_today, self.currency)


def quote(
    subscription: Subscription,
    *,
    to: int,
    standing: Standing,
    at: datetime,
    unanswered: PaymentAttempt | None = None,
) -> Quote:
    """What owning ``to`` licenses from ``at`` on costs and does to the grace clock (S0-18)."""
    return Quote(
        before=subscription.licenses,
        after=to,
        held=standing.held,
        price=subscription.price,
        monthly_before=subscription.monthly(),
        monthly_after=subscription.monthly(to),
        charge_today=prorated(subscription, add=max(0, to - subscription.licenses), at=at),
        currency=subscription.currency,
        period_ends_at=subscription.period_ends_at,
        grace_effect=_grace_effect(standing, to),
        blockers=gates.change_licenses(
            subscription, to=to, held=standing.held, unanswered=unanswered
        ),
    )


def prorated(subscription: Subscription, *, add: int, at: datetime) -> Decimal:
    """The price of ``add`` licenses for the days that are left of the paid month.

    A begun day counts whole, so that what one page shows is what the next one shows and what is
    charged (docs/decisions/0027).
    """
    length = ceil((subscription.period_ends_at - subscription.period_started_at) / DAY)
    left = min(max(ceil((subscription.period_ends_at - at) / DAY), 0), length)
    return cents(subscription.price * add * left / length)


def _grace_effect(standing: Standing, to: int) -> str:
    if standing.period is None:
        return ""
    over = standing.held - to
    if over <= 0:
        if standing.restricted:
            return "The account is within its licenses again, and everything is open at once."
        return "The grace period closes at once, and every number stays."
    still = f"Still {plural(over, 'number')} over"
    if standing.restricted:
        return f"{still}; what is blocked stays blocked."
    return f"{still}; the clock keeps running."


def following_month(anchor: datetime, after: datetime) -> datetime:
    """The first monthly anniversary of ``anchor`` that is later than ``after``.

    An anchor on the 31st falls on the last day of shorter months and returns to the 31st after.
    """
    months = (after.year - anchor.year) * 12 + after.month - anchor.month
    moment = _months_later(anchor, months)
    return moment if moment > after else _months_later(anchor, months + 1)


def _months_later(anchor: datetime, months: int) -> datetime:
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    first_of_next = datetime(year + month // 11, (month + 1) % 12 + 1, 1)  # noqa: DTZ001
    last_day = (first_of_next - timedelta(days=1)).day
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, last_day))
