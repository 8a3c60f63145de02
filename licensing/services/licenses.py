"""Licenses: bought, lowered, renewed. Money is asked for outside of transactions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.actors import SYSTEM, Actor, requested_by
from accounts.services.events import record
from accounts.services.notices import notify
from accounts.states import ActorKind, Permission
from config.errors import DomainError, Forbidden, Invalid, NotDue, refuse
from config.text import money, plural
from licensing import gates, payments
from licensing.models import Charge, LicenseChange, PaymentAttempt, Subscription
from licensing.payments import PaymentRequest, PaymentResult
from licensing.pricing import following_month, prorated
from licensing.standing import held_count
from licensing.states import AttemptState, ChargeKind, SubscriptionState

from . import grace
from .entitlement import lock


class PaymentRefused(DomainError):
    """The payment provider said no; licenses are as they were."""

    code = "payment_refused"
    http_status = 402


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
    _ledger(subscription, before=0, actor=actor, at=at, reason=reason)
    return subscription


def change_licenses(
    account_id: int,
    *,
    to: int,
    actor: Actor,
    at: datetime,
    reason: str = "",
    expected: int | None = None,
) -> LicenseChange:
    """Own ``to`` licenses from now on (S0-18, S0-23).

    ``expected`` is the count that was previewed; when it has changed since, nothing happens.

    More are paid for the rest of the month at once; fewer take effect at once, without a refund.
    Support must give a reason. Raises ``Forbidden``, ``Invalid``, ``Blocked`` and, with licenses
    unchanged, ``PaymentRefused``.
    """
    actor.require(Permission.LICENSES)
    if to < 0:
        raise Invalid({"to": ["Enter 0 or more."]})
    if actor.kind == ActorKind.SUPPORT and not reason.strip():
        raise Invalid({"reason": ["Say why; the account sees it in its ledger."]})
    proposed = _propose(
        account_id, to=to, actor=actor, at=at, reason=reason.strip(), expected=expected
    )
    if isinstance(proposed, LicenseChange):
        return proposed
    change = _pay(proposed, at=at)
    if change is None:
        raise PaymentRefused("The payment did not go through. Licenses are unchanged.")
    return change


@transaction.atomic
def _propose(
    account_id: int, *, to: int, actor: Actor, at: datetime, reason: str, expected: int | None
) -> LicenseChange | PaymentAttempt:
    """Lower at once, or note the payment that raising needs."""
    subscription = lock(account_id)
    if expected not in (None, subscription.licenses):
        raise Invalid(
            {
                "to": [
                    "The licenses have changed in the meantime: the account now has "
                    f"{subscription.licenses:,}. Look at the new preview before you go on."
                ]
            }
        )
    refuse(
        gates.change_licenses(
            subscription,
            to=to,
            held=held_count(account_id),
            payment_pending=_payment_pending(account_id),
        )
    )
    before = subscription.licenses
    if to < before:
        subscription.licenses = to
        subscription.save(update_fields=["licenses"])
        return _ledger(subscription, before=before, actor=actor, at=at, reason=reason)
    return PaymentAttempt.objects.create(
        account_id=account_id,
        kind=ChargeKind.LICENSES_ADDED,
        quantity=to - before,
        amount=prorated(subscription, add=to - before, at=at),
        currency=subscription.currency,
        description=f"{plural(to - before, 'license')}, rest of the month",
        reason=reason[:300],
        created_at=at,
        **actor.as_columns(),
    )


def _payment_pending(account_id: int) -> bool:
    return PaymentAttempt.objects.filter(account_id=account_id, state=AttemptState.PENDING).exists()


def _pay(attempt: PaymentAttempt, *, at: datetime) -> LicenseChange | None:
    """Ask the gateway, then conclude. An answer that gets lost is found by ``settle_attempt``."""
    result = payments.gateway().charge(
        PaymentRequest(
            key=f"attempt-{attempt.pk}",
            account_slug=attempt.account.slug,
            amount=attempt.amount,
            currency=attempt.currency,
            description=attempt.description,
        )
    )
    change = _conclude(attempt.pk, result, at=at)
    if not result.accepted and result.message:
        raise PaymentRefused(f"The payment was refused: {result.message} Licenses are unchanged.")
    return change


@transaction.atomic
def _conclude(attempt_id: int, result: PaymentResult, *, at: datetime) -> LicenseChange | None:
    """Book what the gateway answered, once."""
    subscription = lock(
        PaymentAttempt.objects.values_list("account_id", flat=True).get(pk=attempt_id)
    )
    attempt = PaymentAttempt.objects.get(pk=attempt_id)
    if attempt.state != AttemptState.PENDING:
        raise NotDue("This payment has been settled.")
    attempt.state = AttemptState.ACCEPTED if result.accepted else AttemptState.REFUSED
    attempt.reference, attempt.message = result.reference[:100], result.message[:300]
    attempt.settled_at = at
    attempt.save(update_fields=["state", "reference", "message", "settled_at"])
    if attempt.kind == ChargeKind.RENEWAL:
        _conclude_renewal(subscription, attempt, at=at)
        return None
    actor = requested_by(attempt, account_id=attempt.account_id)
    if not result.accepted:
        _record(
            subscription,
            "license.payment_refused",
            f"Payment for {plural(attempt.quantity, 'license')} was refused.",
            actor=actor,
            at=at,
            data={"message": result.message},
        )
        return None
    charge = _charge(
        attempt,
        subscription,
        started_at=min(at, subscription.period_ends_at),
        ends_at=subscription.period_ends_at,
        at=at,
    )
    before = subscription.licenses
    subscription.licenses = before + attempt.quantity
    subscription.save(update_fields=["licenses"])
    change = _ledger(
        subscription, before=before, actor=actor, at=at, reason=attempt.reason, charge=charge
    )
    grace.settle(subscription.account_id, actor=actor, at=at)
    return change


def settle_attempt(attempt_id: int, *, at: datetime) -> None:
    """Find out what became of a payment whose answer was lost, and book that."""
    key = f"attempt-{attempt_id}"
    found = payments.gateway().find(key)
    lost = PaymentResult(accepted=False, message="The payment never reached the provider.")
    _conclude(attempt_id, found or lost, at=at)


def renew(subscription_id: int, *, at: datetime) -> None:
    """Charge the next month of a subscription whose paid month is over. Raises ``NotDue``.

    A refused payment makes the subscription overdue; no number stops working for it.
    """
    attempt = _propose_renewal(subscription_id, at=at)
    if attempt is not None:
        _pay(attempt, at=at)


@transaction.atomic
def _propose_renewal(subscription_id: int, *, at: datetime) -> PaymentAttempt | None:
    account_id = Subscription.objects.values_list("account_id", flat=True).get(pk=subscription_id)
    subscription = lock(account_id)
    if not subscription.is_active or subscription.period_ends_at > at:
        raise NotDue("This subscription is paid.")
    if _payment_pending(account_id):
        raise NotDue("A payment of this account is under way.")
    if subscription.licenses == 0:
        _next_period(subscription)
        return None
    return PaymentAttempt.objects.create(
        account_id=account_id,
        kind=ChargeKind.RENEWAL,
        quantity=subscription.licenses,
        amount=subscription.monthly().quantize(Decimal("0.01")),
        currency=subscription.currency,
        description=f"{plural(subscription.licenses, 'license')}, next month",
        created_at=at,
        **SYSTEM.as_columns(),
    )


def _conclude_renewal(subscription: Subscription, attempt: PaymentAttempt, *, at: datetime) -> None:
    amount = money(attempt.amount, attempt.currency)
    if attempt.state == AttemptState.ACCEPTED:
        started_at = subscription.period_ends_at
        _next_period(subscription)
        _charge(
            attempt, subscription, started_at=started_at, ends_at=subscription.period_ends_at, at=at
        )
        summary = f"{plural(attempt.quantity, 'license')} renewed for a month: {amount}."
        _record(subscription, "subscription.renewed", summary, actor=SYSTEM, at=at)
        return
    subscription.state = SubscriptionState.PAST_DUE
    subscription.save(update_fields=["state"])
    _record(
        subscription,
        "subscription.payment_overdue",
        f"The monthly payment of {amount} was refused; the subscription is overdue.",
        actor=SYSTEM,
        at=at,
        data={"message": attempt.message},
    )
    notify(
        subscription.account,
        "licenses",
        key=f"renewal:{attempt.pk}",
        title="Your monthly payment was refused",
        body=f"{amount} for {plural(attempt.quantity, 'license')}. {attempt.message} "
        "Your numbers keep working; licenses can be added again once it is paid.",
        path=reverse("licensing:manage", args=[subscription.account.slug]),
        at=at,
    )


def _next_period(subscription: Subscription) -> None:
    subscription.period_started_at = subscription.period_ends_at
    subscription.period_ends_at = following_month(
        subscription.created_at, subscription.period_started_at
    )
    subscription.save(update_fields=["period_started_at", "period_ends_at"])


@transaction.atomic
def set_subscription_state(
    account_id: int, *, state: str, reason: str, actor: Actor, at: datetime
) -> Subscription:
    """Support makes a subscription active, overdue or canceled, with a reason."""
    if actor.kind not in (ActorKind.SUPPORT, ActorKind.SYSTEM):
        raise Forbidden("Only support can change the state of a subscription.")
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
    _record(
        subscription,
        "subscription.changed",
        f"Subscription is now {subscription.get_state_display().lower()}.",
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": state},
        reason=reason.strip(),
    )
    return subscription


def _charge(
    attempt: PaymentAttempt,
    subscription: Subscription,
    *,
    started_at: datetime,
    ends_at: datetime,
    at: datetime,
) -> Charge:
    return Charge.objects.create(
        account_id=attempt.account_id,
        kind=attempt.kind,
        description=attempt.description,
        quantity=attempt.quantity,
        unit_price=subscription.price,
        amount=attempt.amount,
        currency=attempt.currency,
        period_started_at=started_at,
        period_ends_at=ends_at,
        charged_at=at,
        reference=attempt.reference,
    )


def _ledger(
    subscription: Subscription,
    *,
    before: int,
    actor: Actor,
    at: datetime,
    reason: str,
    charge: Charge | None = None,
) -> LicenseChange:
    """Write the ledger line and its event, and tell those who pay."""
    after = subscription.licenses
    change = LicenseChange.objects.create(
        account_id=subscription.account_id,
        before=before,
        after=after,
        held=held_count(subscription.account_id),
        reason=reason[:300],
        charge=charge,
        at=at,
        **actor.as_columns(),
    )
    verb = "added" if after > before else "removed"
    cost = f" Charged today: {money(charge.amount, charge.currency)}." if charge else ""
    summary = f"{plural(abs(after - before), 'license')} {verb}, now {after:,}.{cost}"
    _record(
        subscription,
        "license.changed",
        summary,
        actor=actor,
        at=at,
        before={"licenses": before},
        after={"licenses": after},
        reason=reason,
    )
    if before:
        notify(
            subscription.account,
            "licenses",
            key=f"license-change:{change.pk}",
            title=summary.partition(".")[0],
            body=f"{summary} By {actor.label}.",
            path=reverse("licensing:manage", args=[subscription.account.slug]),
            at=at,
        )
    return change


def _record(subscription: Subscription, type: str, summary: str, **facts: object) -> None:
    record(
        type,
        account_id=subscription.account_id,
        subject=("subscription", subscription.pk, "Licenses"),
        summary=summary,
        **facts,
    )
