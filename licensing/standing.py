"""Where an account stands: held numbers against licenses, and the grace clock. Pure reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import Account
from config.text import money, span

from .models import GracePeriod, Subscription
from .states import GraceState


@dataclass(frozen=True)
class Standing:
    """Counts of one account at one moment.

    ``over`` is held minus licenses when positive; ``period`` is the unsettled grace period.
    ``restricted`` means that the period ran out with the account still over: nothing new can be
    bought, and numbers beyond the licenses cannot be put to work (design section 4).
    """

    licenses: int
    held: int
    subscription_active: bool
    period: GracePeriod | None
    at: datetime

    @property
    def over(self) -> int:
        return max(0, self.held - self.licenses)

    @property
    def free(self) -> int:
        return max(0, self.licenses - self.held)

    @property
    def restricted(self) -> bool:
        """By the clock, not by the sweep: a late sweep gives nobody more time."""
        return self.period is not None and self.over > 0 and self.period.ends_at <= self.at


def held_count(account_id: int) -> int:
    """How many numbers of the account take a license."""
    return Account(pk=account_id).numbers.taking_license().count()


def standing(account_id: int, *, at: datetime) -> Standing:
    """The account's standing at ``at``, in three queries."""
    subscription = Subscription.objects.filter(account_id=account_id).first()
    return of_subscription(subscription, account_id=account_id, at=at)


def of_subscription(
    subscription: Subscription | None, *, account_id: int, at: datetime
) -> Standing:
    """The same for a caller that has the subscription (perhaps locked) already."""
    return Standing(
        licenses=subscription.licenses if subscription else 0,
        held=held_count(account_id),
        subscription_active=subscription is not None and subscription.is_active,
        period=GracePeriod.objects.unsettled().filter(account_id=account_id).first(),
        at=at,
    )


@dataclass(frozen=True)
class Banner:
    """What the banner on every page says while a grace period is unsettled."""

    state: str
    over: int
    held: int
    licenses: int
    ends_at: datetime
    percent_used: int
    remaining: str
    add_price_text: str

    @property
    def release_count(self) -> int:
        return self.over

    @property
    def add_count(self) -> int:
        return self.over


def banner(account: Account) -> Banner | None:
    """The account's banner; None while no grace period is unsettled."""
    period = GracePeriod.objects.unsettled().filter(account=account).first()
    if period is None:
        return None
    at = timezone.now()
    subscription = Subscription.objects.get(account=account)
    held = held_count(account.pk)
    over = held - subscription.licenses
    if over <= 0:
        return None
    length = period.ends_at - period.opened_at
    monthly = money(subscription.monthly(over), subscription.currency)
    used = min(at - period.opened_at, length)
    return Banner(
        state=GraceState.OPEN if at < period.ends_at else GraceState.EXPIRED,
        over=over,
        held=held,
        licenses=subscription.licenses,
        ends_at=period.ends_at,
        percent_used=max(0, int(100 * used / length)),
        remaining=span(max(period.ends_at - at, timedelta(0))),
        add_price_text=f"{monthly} a month",
    )
