"""What is written when licenses change or money was taken: charge, ledger line, event, notice."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.services.notices import notify
from config.text import money, plural
from licensing.models import Charge, LicenseChange, PaymentAttempt, Subscription
from licensing.standing import held_count


def write_charge(
    attempt: PaymentAttempt,
    subscription: Subscription,
    *,
    started_at: datetime,
    ends_at: datetime,
    at: datetime,
) -> Charge:
    """The line of the invoice for a payment that was accepted; one for each attempt."""
    return Charge.objects.create(
        account_id=attempt.account_id,
        attempt=attempt,
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


def write_change(
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
    tell(
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
        notify_payers(
            subscription,
            f"license-change:{change.pk}",
            title=summary.partition(".")[0],
            body=f"{summary} By {actor.label}.",
            at=at,
        )
    return change


def notify_payers(
    subscription: Subscription, key: str, *, title: str, body: str, at: datetime
) -> None:
    """Tell those who pay, once for each ``key``."""
    account = subscription.account
    notify(
        account,
        "licenses",
        key=key,
        title=title,
        body=body,
        path=reverse("licensing:manage", args=[account.slug]),
        at=at,
    )
