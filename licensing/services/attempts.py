"""Payments: noted, asked for, concluded. Money is asked for outside of transactions.

An attempt is committed before the gateway hears of it and is closed by the gateway's answer alone,
or by support, who has seen at the gateway what it is. Whatever breaks between the two leaves a row
without an answer, which a sweep takes up: it looks the payment up by its key and, if it never
arrived, asks for it again with the same key. The answer is booked in one transaction: attempt,
charge, licenses or month, ledger, event and notice, or nothing of it. Several processes may ask at
once, for one that is slow: the first answer is booked.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.actor import SYSTEM, Actor
from accounts.actors import requested_by
from accounts.services.events import tell
from accounts.services.support import require_support
from accounts.states import Permission
from config.errors import DomainError, Invalid, NotDue, Reason, refuse
from config.text import absolute, money, plural, tidy
from licensing import gates, payments
from licensing.models import Charge, LicenseChange, PaymentAttempt, Subscription
from licensing.payments import NoAnswer, PaymentRequest, PaymentResult
from licensing.pricing import following_month
from licensing.states import (
    ATTEMPT_MOVES,
    AttemptState,
    ChargeKind,
    SubscriptionState,
    wait_before_asking,
)

from . import grace
from .entitlement import lock
from .ledger import notify_payers, write_change, write_charge

logger = logging.getLogger(__name__)

#: How long whoever asks for a payment has for it; then a sweep looks what became of it.
PATIENCE = timedelta(seconds=settings.PAYMENT_PATIENCE_SECONDS)


class PaymentRefused(DomainError):
    """The payment provider said no; licenses are as they were."""

    code = "payment_refused"
    http_status = 402


class PaymentUnanswered(DomainError):
    """The payment provider has not said anything yet; ``attempt`` will be concluded later."""

    code = "payment_unanswered"

    def __init__(self, attempt: PaymentAttempt) -> None:
        renews = attempt.kind == ChargeKind.RENEWAL
        super().__init__(
            f"Your bank has not answered yet about {money(attempt.amount, attempt.currency)} for "
            f"{plural(attempt.quantity, 'license')}. We keep asking: you are charged at most once, "
            f"and the licenses are {'renewed' if renews else 'added'} as soon as it says yes. "
            "There is nothing more to do."
        )
        self.attempt = attempt


def note(
    subscription: Subscription,
    kind: ChargeKind,
    *,
    quantity: int,
    amount: Any,
    description: str,
    requested: dict[str, Any],
    at: datetime,
) -> PaymentAttempt:
    """Write down, under the account's lock, what is about to be asked for."""
    return PaymentAttempt.objects.create(
        account_id=subscription.account_id,
        kind=kind,
        quantity=quantity,
        amount=amount,
        currency=subscription.currency,
        description=description,
        created_at=at,
        next_ask_at=at + PATIENCE,
        **requested,
    )


def open_attempt(account_id: int) -> PaymentAttempt | None:
    """The payment of the account that has no answer yet; there is one at most."""
    return PaymentAttempt.objects.unanswered().filter(account_id=account_id).first()


def ask(attempt: PaymentAttempt, *, at: datetime) -> PaymentAttempt:
    """Ask the gateway for the money and book its answer. Returns the attempt as it is then.

    Raises ``PaymentRefused`` and ``PaymentUnanswered``.
    """
    request = _request(attempt)
    try:
        result = payments.gateway().charge(request)
    except Exception as error:
        _log(attempt, error)
        return _answered(_unanswered(attempt.pk, at=at))
    return _answered(_conclude(attempt.pk, result, at=at))


def ask_again(
    attempt_id: int, *, at: datetime, actor: Actor = SYSTEM, early: bool = False
) -> PaymentAttempt:
    """Find out what became of a payment without an answer, and book that.

    Looked up by its key; one that never arrived is asked for again with the same key. ``early`` is
    for a person who does not want to wait. Raises ``Forbidden``, ``NotDue`` when it has been
    answered or somebody asks already (with ``early``: ``Blocked``), ``PaymentRefused`` and
    ``PaymentUnanswered``.
    """
    actor.require(Permission.LICENSES)
    attempt = _take_up(attempt_id, at=at, actor=actor, early=early)
    gateway = payments.gateway()
    try:
        result = gateway.look_up(attempt.key) or gateway.charge(_request(attempt))
    except Exception as error:
        _log(attempt, error)
        raise PaymentUnanswered(attempt) from error
    return _answered(_conclude(attempt_id, result, at=at))


def _request(attempt: PaymentAttempt) -> PaymentRequest:
    return PaymentRequest(
        key=attempt.key,
        account_slug=attempt.account.slug,
        amount=attempt.amount,
        currency=attempt.currency,
        description=attempt.description,
    )


def _log(attempt: PaymentAttempt, error: Exception) -> None:
    """Only what a gateway did not foresee is worth a traceback."""
    foreseen = isinstance(error, NoAnswer | OSError)
    logger.warning("payment %s has no answer: %r", attempt.pk, error, exc_info=not foreseen)


def _answered(attempt: PaymentAttempt) -> PaymentAttempt:
    if attempt.is_open:
        raise PaymentUnanswered(attempt)
    if attempt.state == AttemptState.REFUSED:
        why = f"The payment was refused: {attempt.message}" if attempt.message else ""
        raise PaymentRefused(f"{why or 'The payment did not go through.'} Licenses are unchanged.")
    return attempt


def _hold(attempt_id: int) -> tuple[Subscription, PaymentAttempt]:
    """Hold the entitlement of the attempt's account, then read the attempt."""
    of_attempt = PaymentAttempt.objects.values_list("account_id", flat=True)
    subscription = lock(of_attempt.get(pk=attempt_id))
    return subscription, PaymentAttempt.objects.select_related("account").get(pk=attempt_id)


@transaction.atomic
def _take_up(attempt_id: int, *, at: datetime, actor: Actor, early: bool) -> PaymentAttempt:
    """Claim the next look at an unanswered payment by moving it on before anybody is asked."""
    subscription, attempt = _hold(attempt_id)
    if early:
        refuse(gates.ask_payment(attempt, at=at))
    elif not attempt.is_open:
        raise NotDue("This payment has been answered.")
    elif attempt.next_ask_at is not None and attempt.next_ask_at > at:
        raise NotDue("Somebody is asking what became of this payment.")
    _wait(subscription, attempt, at=at)
    if actor is not SYSTEM:
        tell(
            subscription,
            "license.payment_asked_again",
            f"Asked the bank again about {money(attempt.amount, attempt.currency)}.",
            actor=actor,
            at=at,
        )
    return attempt


@transaction.atomic
def _unanswered(attempt_id: int, *, at: datetime) -> PaymentAttempt:
    """Note that asking brought no answer, unless somebody else has got one meanwhile."""
    subscription, attempt = _hold(attempt_id)
    if attempt.is_open:
        _wait(subscription, attempt, at=at)
    return attempt


def _wait(subscription: Subscription, attempt: PaymentAttempt, *, at: datetime) -> None:
    """Move an open attempt on to its next look; say once that there is no answer."""
    attempt.next_ask_at = at + wait_before_asking(attempt.asks)
    attempt.asks += 1
    first = attempt.state == AttemptState.PENDING
    if first:
        ATTEMPT_MOVES.require(attempt.state, AttemptState.UNANSWERED)
        attempt.state = AttemptState.UNANSWERED
    attempt.save(update_fields=["state", "next_ask_at", "asks"])
    if first:
        tell(
            subscription,
            "license.payment_unanswered",
            f"The bank has not answered yet about {money(attempt.amount, attempt.currency)} for "
            f"{plural(attempt.quantity, 'license')}; it is asked again.",
            actor=_asker(attempt),
            at=at,
        )


def _asker(attempt: PaymentAttempt) -> Actor:
    return requested_by(attempt, account_id=attempt.account_id)


@transaction.atomic
def _conclude(attempt_id: int, result: PaymentResult, *, at: datetime) -> PaymentAttempt:
    """Book what the gateway answered, once; a second answer to the same key changes nothing."""
    subscription, attempt = _hold(attempt_id)
    if not attempt.is_open:
        if result.accepted != (attempt.state == AttemptState.ACCEPTED):
            logger.error("payment %s was answered twice, and differently", attempt.pk)
        return attempt
    _book(subscription, attempt, result, at=at)
    return attempt


@transaction.atomic
def conclude_by_hand(
    attempt_id: int, *, charged: bool, reference: str, actor: Actor, at: datetime
) -> PaymentAttempt:
    """Book what support has found out at the gateway about a payment that it does not answer for.

    ``reference`` is what the gateway calls a payment that was charged. Raises ``Forbidden``,
    ``Invalid`` (``reason``, ``reference``) and ``Blocked``.
    """
    require_support(actor, "conclude a payment by hand")
    if not actor.reason.strip():
        raise Invalid({"reason": ["Say why; the account sees it on its timeline."]})
    reference = tidy(reference)
    if charged and not reference:
        raise Invalid({"reference": ["Enter what the gateway calls the payment."]})
    subscription, attempt = _hold(attempt_id)
    refuse(gates.ask_payment(attempt, at=at))
    if charged and Charge.objects.filter(reference=reference).exists():
        raise Invalid(
            {"reference": [Reason("reference_taken", "Another charge has this reference already.")]}
        )
    tell(
        subscription,
        "license.payment_concluded",
        f"Support has found out about {money(attempt.amount, attempt.currency)} for "
        f"{plural(attempt.quantity, 'license')}: {'' if charged else 'not '}charged.",
        actor=actor,
        at=at,
        data={"reference": reference} if charged else {},
    )
    found = (
        PaymentResult(accepted=True, reference=reference)
        if charged
        else PaymentResult(accepted=False, message="Support has found that it was not charged.")
    )
    _book(subscription, attempt, found, at=at)
    return attempt


def _book(
    subscription: Subscription, attempt: PaymentAttempt, result: PaymentResult, *, at: datetime
) -> None:
    """Close an open attempt of a locked subscription, with all that follows from its answer."""
    was_late = attempt.state == AttemptState.UNANSWERED
    state = AttemptState.ACCEPTED if result.accepted else AttemptState.REFUSED
    ATTEMPT_MOVES.require(attempt.state, state)
    attempt.state, attempt.settled_at, attempt.next_ask_at = state, at, None
    attempt.reference, attempt.message = result.reference[:100], result.message[:300]
    attempt.save(update_fields=["state", "reference", "message", "settled_at", "next_ask_at"])
    if attempt.kind == ChargeKind.RENEWAL:
        _book_renewal(subscription, attempt, at=at)
    elif result.accepted:
        _book_licenses(subscription, attempt, at=at)
    else:
        _book_refusal(subscription, attempt, was_late=was_late, at=at)


def _book_licenses(
    subscription: Subscription, attempt: PaymentAttempt, *, at: datetime
) -> LicenseChange:
    charge = write_charge(
        attempt,
        subscription,
        started_at=min(at, subscription.period_ends_at),
        ends_at=subscription.period_ends_at,
        at=at,
    )
    actor = _asker(attempt)
    before = subscription.licenses
    subscription.licenses = before + attempt.quantity
    subscription.save(update_fields=["licenses"])
    change = write_change(
        subscription, before=before, actor=actor, at=at, reason=attempt.reason, charge=charge
    )
    grace.settle(subscription.account_id, actor=actor, at=at)
    return change


def _book_refusal(
    subscription: Subscription, attempt: PaymentAttempt, *, was_late: bool, at: datetime
) -> None:
    """Whoever asked sees a refusal at once; a late one is told to those who pay."""
    what = plural(attempt.quantity, "license")
    tell(
        subscription,
        "license.payment_refused",
        f"Payment for {what} was refused.",
        actor=_asker(attempt),
        at=at,
        data={"message": attempt.message},
    )
    if was_late:
        notify_payers(
            subscription,
            f"payment:{attempt.pk}:refused",
            title=f"The payment for {what} was refused",
            body=f"{money(attempt.amount, attempt.currency)}. {attempt.message} "
            "Nothing was charged, and your licenses are as they were.",
            at=at,
        )


def _book_renewal(subscription: Subscription, attempt: PaymentAttempt, *, at: datetime) -> None:
    amount = money(attempt.amount, attempt.currency)
    if attempt.state == AttemptState.ACCEPTED:
        started_at = subscription.period_ends_at
        next_period(subscription)
        write_charge(
            attempt, subscription, started_at=started_at, ends_at=subscription.period_ends_at, at=at
        )
        summary = f"{plural(attempt.quantity, 'license')} renewed for a month: {amount}."
        tell(subscription, "subscription.renewed", summary, actor=SYSTEM, at=at)
        until = absolute(subscription.period_ends_at, subscription.account.zone)
        notify_payers(
            subscription,
            f"renewed:{attempt.pk}",
            title=f"{plural(attempt.quantity, 'license')} renewed for a month",
            body=f"{amount} was charged. The paid month ends {until}.",
            at=at,
        )
        return
    if not subscription.is_active or subscription.period_ends_at > at:
        return  # support has decided about this subscription while the bank kept silent
    subscription.state = SubscriptionState.PAST_DUE
    subscription.save(update_fields=["state"])
    tell(
        subscription,
        "subscription.payment_overdue",
        f"The monthly payment of {amount} was refused; the subscription is overdue.",
        actor=SYSTEM,
        at=at,
        data={"message": attempt.message},
    )
    notify_payers(
        subscription,
        f"renewal:{attempt.pk}",
        title="Your monthly payment was refused",
        body=f"{amount} for {plural(attempt.quantity, 'license')}. {attempt.message} "
        "Your numbers keep working; licenses can be added again once it is paid.",
        at=at,
    )


def next_period(subscription: Subscription) -> None:
    """Move a locked subscription on by a month."""
    subscription.period_started_at = subscription.period_ends_at
    subscription.period_ends_at = following_month(
        subscription.created_at, subscription.period_started_at
    )
    subscription.save(update_fields=["period_started_at", "period_ends_at"])
