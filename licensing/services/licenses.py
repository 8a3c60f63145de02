"""Licenses: bought, lowered, renewed. Money is asked for outside of transactions."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from accounts.actor import SYSTEM, Actor
from accounts.services.events import tell
from accounts.services.support import require_support
from accounts.states import ActorKind, Permission
from config.errors import Invalid, NotDue, Reason, refuse
from config.text import inside, money, plural
from licensing import gates
from licensing.models import LicenseChange, PaymentAttempt, Subscription
from licensing.pricing import following_month, prorated
from licensing.standing import held_count
from licensing.states import ChargeKind, SubscriptionState

from . import attempts
from .entitlement import lock
from .ledger import write_change

#: A renewal that fails without an attempt on record is tried again after this long.
RENEWAL_RETRY = timedelta(minutes=10)


@transaction.atomic
def open_subscription(
    account_id: int, *, licenses: int, actor: Actor, at: datetime
) -> Subscription:
    """Begin an account's subscription with ``licenses`` at the configured price."""
    subscription = Subscription.objects.create(
        account_id=account_id,
        licenses=licenses,
        price=settings.LICENSE_PRICE,
        currency=settings.LICENSE_CURRENCY,
        period_started_at=at,
        period_ends_at=following_month(at, at),
        created_at=at,
    )
    reason = actor.reason or "Subscription opened"
    write_change(subscription, before=0, actor=actor, at=at, reason=reason)
    return subscription


def change_licenses(
    account_id: int,
    *,
    to: int,
    actor: Actor,
    at: datetime,
    reason: str = "",
    expected: int | None = None,
    at_most: Decimal | None = None,
) -> LicenseChange:
    """Own ``to`` licenses from now on (S0-18, S0-23).

    ``expected`` is the count that was previewed; when it has changed since, nothing happens. Nor
    does it when more than ``at_most`` would be charged today, as after a renewal.

    More are paid for the rest of the month at once; fewer take effect at once, without a refund.
    Support must give a reason. Raises ``Forbidden``, ``Invalid``, ``Blocked`` and, with licenses
    unchanged, ``PaymentRefused`` and ``PaymentUnanswered``: then the purchase completes, or is
    refused, as soon as there is an answer.
    """
    actor.require(Permission.LICENSES)
    if to < 0:
        raise Invalid({"to": ["Enter 0 or more."]})
    if actor.kind == ActorKind.SUPPORT and not reason.strip():
        raise Invalid({"reason": ["Say why; the account sees it in its ledger."]})
    proposed = _propose(
        account_id,
        to=to,
        actor=actor,
        at=at,
        reason=reason.strip(),
        expected=expected,
        at_most=at_most,
    )
    if isinstance(proposed, LicenseChange):
        return proposed
    paid = attempts.ask(proposed, at=at)
    return LicenseChange.objects.get(charge__attempt=paid)


@transaction.atomic
def _propose(
    account_id: int,
    *,
    to: int,
    actor: Actor,
    at: datetime,
    reason: str,
    expected: int | None,
    at_most: Decimal | None,
) -> LicenseChange | PaymentAttempt:
    """Lower at once, or note the payment that raising needs."""
    subscription = lock(account_id)
    if expected not in (None, subscription.licenses):
        raise Invalid(
            {
                "to": [
                    Reason(
                        "licenses_changed",
                        "The licenses have changed in the meantime: the account now has "
                        f"{subscription.licenses:,}. Look at the new preview before you go on.",
                    )
                ]
            }
        )
    refuse(
        gates.change_licenses(
            subscription,
            to=to,
            held=held_count(account_id),
            unanswered=attempts.open_attempt(account_id),
        )
    )
    before = subscription.licenses
    if to < before:
        subscription.licenses = to
        subscription.save(update_fields=["licenses"])
        return write_change(subscription, before=before, actor=actor, at=at, reason=reason)
    amount = prorated(subscription, add=to - before, at=at)
    if at_most is not None and amount > at_most:
        raise Invalid(
            {
                "to": [
                    Reason(
                        "price_changed",
                        f"Another month has begun: {money(amount, subscription.currency)} would "
                        "be charged today. Look at the new preview before you go on.",
                    )
                ]
            }
        )
    return attempts.note(
        subscription,
        ChargeKind.LICENSES_ADDED,
        quantity=to - before,
        amount=amount,
        description=f"{plural(to - before, 'license')}, rest of the month",
        requested={**actor.as_request(), "reason": (reason or actor.reason)[:300]},
        at=at,
    )


def renew(subscription_id: int, *, at: datetime) -> None:
    """Charge the next month of a subscription whose paid month is over.

    Its turn is pushed back first, so that one that fails cannot hold up the others. Raises
    ``NotDue``, ``PaymentUnanswered`` (nothing changes until there is an answer) and
    ``PaymentRefused``: the subscription is overdue; no number stops working for it.
    """
    Subscription.objects.filter(pk=subscription_id).update(renew_not_before=at + RENEWAL_RETRY)
    attempt = _propose_renewal(subscription_id, at=at)
    if attempt is not None:
        attempts.ask(attempt, at=at)


@transaction.atomic
def _propose_renewal(subscription_id: int, *, at: datetime) -> PaymentAttempt | None:
    account_id = Subscription.objects.values_list("account_id", flat=True).get(pk=subscription_id)
    subscription = lock(account_id)
    if not subscription.is_active or subscription.period_ends_at > at:
        raise NotDue("This subscription is paid.")
    if attempts.open_attempt(account_id):
        raise NotDue("A payment of this account is under way.")
    if subscription.licenses == 0:
        attempts.next_period(subscription)
        return None
    return attempts.note(
        subscription,
        ChargeKind.RENEWAL,
        quantity=subscription.licenses,
        amount=subscription.monthly(),
        description=f"{plural(subscription.licenses, 'license')}, next month",
        requested=SYSTEM.as_request(),
        at=at,
    )


@transaction.atomic
def set_subscription_state(
    account_id: int, *, state: str, reason: str, actor: Actor, at: datetime
) -> Subscription:
    """Support makes a subscription active, overdue or canceled, with a reason."""
    require_support(actor, "change the state of a subscription")
    if not reason.strip():
        raise Invalid({"reason": ["Say why; the account sees it on its timeline."]})
    if state not in SubscriptionState.values:
        raise Invalid({"state": ["Choose one of the states of a subscription."]})
    subscription = lock(account_id)
    before = subscription.state
    subscription.state = state
    if state == SubscriptionState.ACTIVE and subscription.period_ends_at <= at:
        # The months in which it was not active are not charged afterwards.
        subscription.period_started_at = at
        subscription.period_ends_at = following_month(subscription.created_at, at)
    subscription.save(update_fields=["state", "period_started_at", "period_ends_at"])
    tell(
        subscription,
        "subscription.changed",
        f"Subscription is now {inside(subscription.get_state_display())}.",
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": state},
        reason=reason.strip(),
    )
    return subscription
