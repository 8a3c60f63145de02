"""Where an account stands: held numbers against licenses, and the grace clock. Pure reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounts.models import Account
from config import clock
from config.text import absolute, monthly, plural, span

from .models import GracePeriod, Subscription
from .states import GraceState


@dataclass(frozen=True)
class Standing:
    """Counts of one account at one moment.

    ``over`` is held minus licenses when positive; ``period`` is the unsettled grace period.
    ``restricted`` means that the period ran out with the account still over: nothing new can be
    bought, and numbers beyond the licenses cannot be put to work (design section 4). ``latest`` is
    the account's last period, settled or not: until its end what left in it can come back.
    ``promised`` are places that earlier numbers of the same bulk job take: they decide whether
    there is one more, and change no figure that people are told.
    """

    licenses: int
    held: int
    period: GracePeriod | None
    at: datetime
    latest: GracePeriod | None = None
    subscription: Subscription | None = None
    promised: int = 0

    @property
    def over(self) -> int:
        return max(0, self.held - self.licenses)

    @property
    def free(self) -> int:
        return max(0, self.licenses - self.held - self.promised)

    def has_place_for_one_that_left(self, left_at: datetime) -> bool:
        """Whether a number that left at ``left_at`` can come back without a free license.

        Deciding includes changing one's mind: until the end of the period in which it left, up to
        as many numbers as were held when that opened.
        """
        period = self.latest
        return period is not None and period.opened_at <= left_at and self.places_to_return > 0

    @property
    def places_to_return(self) -> int:
        """For how many the grace period, settled or not, holds a place until its end."""
        period = self.latest
        if period is None or self.at >= period.ends_at:
            return 0
        return max(0, period.held_at_open - self.held - self.promised)

    @property
    def cost_of_one_more(self) -> str:
        """What a number that comes back takes, for people who are about to bring it back."""
        if self.free:
            return f"Takes one license; {self.free:,} free."
        none_free = "Takes one license, and none is free"
        if not self.has_place_for_one_that_left(self.at):
            return f"{none_free}."
        return (
            f"{none_free}: the account is over its licenses with it, and the grace period goes on "
            "with the deadline it had."
        )

    def said_of_return(self, left: int) -> str:
        """What licenses as many numbers need to come back that have left just now."""
        places = min(left, self.places_to_return)
        if self.latest is None or not places:
            return f"{'That' if left == 1 else 'Each'} needs a free license."
        ends = absolute(self.latest.ends_at, self.latest.account.zone)
        until = f"Until {ends}, the end of the grace period,"
        if left == 1:
            return f"{until} it needs no free license for that."
        if places == left:
            return f"{until} they need no free license for that."
        return f"{until} {places:,} of them need no free license for that; each other needs one."

    def after(self, change: int) -> Standing:
        """The same with as many numbers held more, or fewer."""
        return replace(self, held=self.held + change)

    def said_of(self, change: int) -> str:
        """What as many numbers held more, or fewer, do to the licenses, for people to decide by."""
        after = self.after(change)
        of = f"{after.held:,} held with {plural(self.licenses, 'license')}"
        if change > 0 and after.over:
            return f"Afterwards {of}, {after.over:,} over: the grace period goes on, as it was."
        if not self.over or change > 0:
            return f"Afterwards {of}: {after.free:,} free."
        if after.over:
            return f"Afterwards {of}: {after.over:,} still over."
        closes = "" if self.period is None or self.restricted else " The grace period closes."
        enough = f"{-change:,} chosen, {self.over:,} are enough. " if after.free else ""
        return f"{enough}Afterwards {of}: {after.free:,} free.{closes}"

    @property
    def restricted(self) -> bool:
        """By the clock, not by the sweep: a late sweep gives nobody more time."""
        return self.period is not None and self.over > 0 and self.period.ends_at <= self.at


def held_count(account_id: int) -> int:
    """How many numbers of the account take a license."""
    return Account(pk=account_id).number_counts.taking_license()


def standing(account_id: int, *, at: datetime) -> Standing:
    """The account's standing at ``at``, in three queries."""
    subscription = Subscription.objects.filter(account_id=account_id).first()
    return of_subscription(subscription, account_id=account_id, at=at)


def of_subscription(
    subscription: Subscription | None, *, account_id: int, at: datetime
) -> Standing:
    """The same for a caller that has the subscription (perhaps locked) already."""
    latest = latest_period(account_id)
    return Standing(
        licenses=subscription.licenses if subscription else 0,
        held=held_count(account_id),
        period=latest if latest is not None and latest.settled_at is None else None,
        at=at,
        latest=latest,
        subscription=subscription,
    )


def latest_period(account_id: int) -> GracePeriod | None:
    """The account's last grace period. Only this one can be unsettled, or be taken up again."""
    periods = GracePeriod.objects.filter(account_id=account_id)
    return periods.order_by("-opened_at", "-pk").first()


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
    account: Account

    @property
    def everything_works(self) -> bool:
        """Whether Twilio has suspended nothing: only then does everything keep working."""
        return not is_in_trouble(self.account)

    @property
    def release_count(self) -> int:
        return self.over

    @property
    def add_count(self) -> int:
        return self.over


def is_in_trouble(account: Account) -> bool:
    """Whether calls and texts of some number may not arrive, for reasons that are not ours."""
    return account.connections.in_trouble().exists()


def banner(account: Account) -> Banner | None:
    """The account's banner; None while no grace period is unsettled."""
    period = GracePeriod.objects.unsettled().filter(account=account).first()
    if period is None:
        return None
    at = clock.now()
    subscription = Subscription.objects.get(account=account)
    held = held_count(account.pk)
    over = held - subscription.licenses
    if over <= 0:
        return None
    length = period.ends_at - period.opened_at
    used = min(at - period.opened_at, length)
    return Banner(
        state=GraceState.OPEN if at < period.ends_at else GraceState.EXPIRED,
        over=over,
        held=held,
        licenses=subscription.licenses,
        ends_at=period.ends_at,
        percent_used=max(0, int(100 * used / length)),
        remaining=span(max(period.ends_at - at, timedelta(0))),
        add_price_text=monthly(subscription.monthly(over), subscription.currency),
        account=account,
    )
