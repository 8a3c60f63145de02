"""The grace period: opened by an import, closed by being within the licenses (design section 4).

A settled period is not over for what left in it: numbers that were missing for a while, and until
its end numbers that were released or excluded, take it up again with the deadline it had.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account
from accounts.services.events import tell
from accounts.services.notices import notify
from accounts.services.support import require_support
from config.errors import Invalid, NotDue, refuse
from config.text import absolute, left_by_mark, monthly, plural, span
from licensing import gates
from licensing.models import GracePeriod, Subscription
from licensing.standing import held_count, is_in_trouble, latest_period
from licensing.states import (
    GRACE_MOVES,
    GRACE_PERIOD,
    LONGEST_EXTENSION,
    GraceState,
    NoticeStage,
    next_stage_due,
    stage_at,
)

from .entitlement import lock

#: Numbers that come back after longer than this were gone: as long as Twilio keeps a released one.
TAKEN_UP_WITHIN = timedelta(days=10)


@transaction.atomic
def import_completed(account_id: int, *, actor: Actor, at: datetime) -> GracePeriod | None:
    """Open a grace period if a completed import leaves the account over its licenses.

    S0-16, S0-24: 48 hours from ``at``, the moment the import completed. While an earlier period is
    unsettled nothing is opened and no clock restarts; numbers that only came back take up the
    period they left. Returns the new period, if any.
    """
    subscription = lock(account_id)
    over = held_count(account_id) - subscription.licenses
    if over <= 0:
        _settle(subscription, actor=actor, at=at)
        return None
    latest = latest_period(account_id)
    if latest is not None and latest.settled_at is None:
        return None
    if latest is not None and _came_back_to(latest, subscription, at=at):
        _take_up(latest, subscription, actor=actor, at=at)
        return None
    ends_at = at + GRACE_PERIOD
    period = GracePeriod.objects.create(
        account_id=account_id,
        opened_at=at,
        ends_at=ends_at,
        held_at_open=subscription.licenses + over,
        licenses_at_open=subscription.licenses,
        opened_by_job_id=actor.job_id,
        notice_stage=NoticeStage.START,
        next_notice_at=next_stage_due(ends_at, NoticeStage.START),
    )
    tell(
        period,
        "grace.opened",
        f"Grace period of 48 hours opened: {plural(over, 'number')} over "
        f"{plural(subscription.licenses, 'license')}.",
        actor=actor,
        at=at,
    )
    _tell(period, subscription, NoticeStage.START, over=over, at=at)
    return period


def _came_back_to(period: GracePeriod, subscription: Subscription, *, at: datetime) -> bool:
    """Whether an account is over by numbers that it knew when this period was settled.

    Then nothing new put it over: what had left came back, before the end of the period or, if it
    was missing, within the days in which a number can come back at all.
    """
    if period.settled_at is None:
        return False
    missed = period.settled_by_missing and at < period.settled_at + TAKEN_UP_WITHIN
    if not missed and at >= period.ends_at:
        return False
    numbers = Account(pk=period.account_id).numbers.taking_license()
    known = numbers.filter(imported_at__lte=period.settled_at).count()
    return known > subscription.licenses


@transaction.atomic
def resume(account_id: int, *, actor: Actor, at: datetime) -> GracePeriod | None:
    """Open a settled period again whose time is not up, if the account is over its licenses.

    Called in the transaction of everything that lets a number take a license again that had left
    (``gates.take_license``). Returns the period if it is open again.
    """
    subscription = lock(account_id)
    period = latest_period(account_id)
    if period is None or period.settled_at is None or period.ends_at <= at:
        return None
    if held_count(account_id) <= subscription.licenses:
        return None
    return _take_up(period, subscription, actor=actor, at=at)


def _take_up(
    period: GracePeriod, subscription: Subscription, *, actor: Actor, at: datetime
) -> GracePeriod:
    """Let a settled period go on with the deadline it had; one that is past has expired."""
    over = held_count(period.account_id) - subscription.licenses
    late = period.ends_at <= at
    if period.state == GraceState.RESOLVED:
        GRACE_MOVES.require(period.state, GraceState.OPEN)
        period.state = GraceState.OPEN
    period.settled_at, period.settled_by_missing = None, False
    # What was told before is not told again, and what is past not any more.
    stage = max(NoticeStage(period.notice_stage), stage_at(period.ends_at, at))
    period.notice_stage, period.next_notice_at = stage, next_stage_due(period.ends_at, stage)
    period.save(
        update_fields=[
            "state",
            "settled_at",
            "settled_by_missing",
            "notice_stage",
            "next_notice_at",
        ]
    )
    tell(
        period,
        "grace.resumed",
        "Over the licenses again: the grace period goes on, with the deadline it had.",
        actor=actor,
        at=at,
    )
    if late and period.state == GraceState.OPEN:
        _mark_expired(period, at=at)
    _tell(period, subscription, stage, over=over, at=at)
    return period


@transaction.atomic
def settle(account_id: int, *, actor: Actor, at: datetime) -> GracePeriod | None:
    """Close the grace period if the account is within its licenses again (S0-19).

    Called in the transaction of everything that lowers the numbers or raises the licenses.
    """
    return _settle(lock(account_id), actor=actor, at=at)


def _settle(subscription: Subscription, *, actor: Actor, at: datetime) -> GracePeriod | None:
    account_id = subscription.account_id
    period = GracePeriod.objects.unsettled().filter(account_id=account_id).first()
    if period is None or held_count(account_id) > subscription.licenses:
        return None
    if period.state == GraceState.OPEN and period.ends_at <= at:
        _mark_expired(period, at=at)
    late = period.state == GraceState.EXPIRED
    if not late:
        GRACE_MOVES.require(period.state, GraceState.RESOLVED)
        period.state = GraceState.RESOLVED
    period.settled_at = at
    period.settled_by_missing = _only_by_missing(period, subscription)
    period.next_notice_at = None
    period.save(update_fields=["state", "settled_at", "settled_by_missing", "next_notice_at"])
    tell(
        period,
        "grace.settled" if late else "grace.resolved",
        "Within the licenses again, after the grace period had ended."
        if late
        else "Grace period resolved: within the licenses in time; being over was not charged.",
        actor=actor,
        at=at,
    )
    return period


def _only_by_missing(period: GracePeriod, subscription: Subscription) -> bool:
    """Whether the account would still be over, had the period's missing numbers stayed."""
    numbers = Account(pk=period.account_id).numbers
    missing = numbers.missing_since(period.opened_at).count()
    return held_count(period.account_id) + missing > subscription.licenses


@transaction.atomic
def expire(period_id: int, *, at: datetime) -> GracePeriod:
    """End a grace period whose time is up. Releases nothing and cuts no line (S0-26, S0-28).

    The sweep's query only proposed this row: the decision is made again under the lock, so licenses
    bought or numbers released in the meantime count. Raises ``NotDue``.
    """
    subscription, period = _hold(period_id)
    if period.state != GraceState.OPEN or period.ends_at > at:
        raise NotDue("This grace period is not at its end.")
    over = held_count(period.account_id) - subscription.licenses
    if over <= 0:
        settled = _settle(subscription, actor=SYSTEM, at=at)
        return settled or period
    _mark_expired(period, at=at)
    _tell(period, subscription, NoticeStage.ENDED, over=over, at=at)
    return period


def _hold(period_id: int) -> tuple[Subscription, GracePeriod]:
    """Hold the entitlement of the period's account, then read the period."""
    subscription = lock(GracePeriod.objects.values_list("account_id", flat=True).get(pk=period_id))
    return subscription, GracePeriod.objects.get(pk=period_id)


def _mark_expired(period: GracePeriod, *, at: datetime) -> None:
    GRACE_MOVES.require(period.state, GraceState.EXPIRED)
    period.state = GraceState.EXPIRED
    period.expired_at = at
    period.notice_stage = NoticeStage.ENDED
    period.next_notice_at = None
    period.save(update_fields=["state", "expired_at", "notice_stage", "next_notice_at"])
    tell(
        period,
        "grace.expired",
        "Grace period ended with the account over its licenses.",
        actor=SYSTEM,
        at=at,
    )


@transaction.atomic
def extend(
    period_id: int, *, by: timedelta, reason: str, actor: Actor, at: datetime
) -> GracePeriod:
    """Give a grace period more time: support only, once, with a reason, at most 7 days.

    A period that has run out is open again for ``by`` from now. Raises ``Forbidden``, ``Invalid``
    (fields ``by``, ``reason``) and ``Blocked``.
    """
    require_support(actor, "extend a grace period")
    problems: dict[str, list[str]] = {}
    if not timedelta(0) < by <= LONGEST_EXTENSION:
        problems["by"] = ["Extend by more than nothing and at most 7 days."]
    if not reason.strip():
        problems["reason"] = ["Say why; the account sees it on its timeline."]
    if problems:
        raise Invalid(problems)
    _, period = _hold(period_id)
    refuse(gates.extend(period))
    before = period.ends_at
    if period.state == GraceState.EXPIRED:
        GRACE_MOVES.require(period.state, GraceState.OPEN)
        period.state, period.expired_at = GraceState.OPEN, None
    period.ends_at = max(before, at) + by
    period.extended_at, period.extended_by = at, actor.label[:150]
    period.extension_reason = reason.strip()[:300]
    # A new deadline is announced anew; what is already past is not.
    period.notice_stage = stage_at(period.ends_at, at)
    period.next_notice_at = next_stage_due(period.ends_at, NoticeStage(period.notice_stage))
    period.save()
    tell(
        period,
        "grace.extended",
        f"Support extended the grace period by {span(by)}.",
        actor=actor,
        at=at,
        before={"ends_at": before.isoformat()},
        after={"ends_at": period.ends_at.isoformat()},
        reason=reason.strip(),
    )
    _tell_of_more_time(period, by=by, at=at)
    return period


@transaction.atomic
def send_notice(period_id: int, *, at: datetime) -> NoticeStage:
    """Tell people how much time is left, each stage once.

    After an outage only the latest stage is told; the missed ones are not caught up. Raises
    ``NotDue`` when there is nothing to tell.
    """
    subscription, period = _hold(period_id)
    stage = stage_at(period.ends_at, at)
    if period.state != GraceState.OPEN or stage in (period.notice_stage, NoticeStage.ENDED):
        raise NotDue("There is nothing new to tell about this grace period.")
    period.notice_stage = stage
    period.next_notice_at = next_stage_due(period.ends_at, stage)
    period.save(update_fields=["notice_stage", "next_notice_at"])
    over = held_count(period.account_id) - subscription.licenses
    _tell(period, subscription, stage, over=over, at=at)
    return stage


def _tell_of_more_time(period: GracePeriod, *, by: timedelta, at: datetime) -> None:
    account = period.account
    notify(
        account,
        "grace",
        key=f"grace:{period.pk}:extended",
        title=f"Support gave you {span(by)} more to decide",
        body=(
            f"Decide by {absolute(period.ends_at, account.zone)}. Everything keeps working until "
            f"then. Support's reason: {period.extension_reason}"
        ),
        path=reverse("licensing:decide", args=[account.slug]),
        at=at,
    )


def _tell(
    period: GracePeriod,
    subscription: Subscription,
    stage: NoticeStage,
    *,
    over: int,
    at: datetime,
) -> None:
    account: Account = subscription.account
    deadline = absolute(period.ends_at, account.zone)
    price = monthly(subscription.monthly(over), subscription.currency)
    ways_out = (
        f"Release or exclude {plural(over, 'number')}, or add {plural(over, 'license')} "
        f"for {price}."
    )
    if stage == NoticeStage.ENDED:
        title = f"The grace period is over: {plural(over, 'number')} beyond your licenses"
        body = (
            f"It ended {deadline}. No line was cut and nothing was released. "
            "Until you are within your licenses, nothing new can be bought and numbers beyond "
            f"them cannot be assigned. {ways_out}"
        )
    else:
        working = "Nothing is charged"
        if not is_in_trouble(account):
            working = "Everything keeps working until then, and nothing is charged"
        left = left_by_mark(period.ends_at - at)
        title = f"{plural(over, 'number')} over your licenses: {left} left to decide"
        body = f"Decide by {deadline}. {working} for being over. {ways_out}"
    notify(
        account,
        "grace",
        key=f"grace:{period.pk}:{period.ends_at:%Y%m%d%H%M%S}:{stage.name.lower()}",
        title=title,
        body=body,
        path=reverse("licensing:decide", args=[account.slug]),
        at=at,
    )
