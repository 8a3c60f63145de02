"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.tasks import BATCH, for_each

from .models import GracePeriod, PaymentAttempt, Subscription
from .services import grace, licenses
from .states import AttemptState

#: A payment without an answer after this long is looked up.
PAYMENT_PATIENCE = timedelta(minutes=2)


def sweep() -> dict[str, int]:
    """Scheduled every minute. Safe to run twice, late, or on two machines at once.

    The queries only propose; the services look again once they hold the lock.
    """
    return sweep_grace() | sweep_payments()


def sweep_grace() -> dict[str, int]:
    """Grace periods that end, then notices that are due.

    In this order, so that an outage across the deadline sends the last notice only.
    """
    at = timezone.now()
    ended = GracePeriod.objects.ended(at).order_by("ends_at").values_list("pk", flat=True)
    expired = for_each(list(ended[:BATCH]), lambda pk: grace.expire(pk, at=at), "grace period")
    due = GracePeriod.objects.notice_due(at).order_by("next_notice_at")
    told = for_each(
        list(due.values_list("pk", flat=True)[:BATCH]),
        lambda pk: grace.send_notice(pk, at=at),
        "grace notice",
    )
    return {"expired": expired, "told": told}


def sweep_payments() -> dict[str, int]:
    """Subscriptions whose paid month is over, and payments whose answer was lost."""
    at = timezone.now()
    unpaid = Subscription.objects.renewal_due(at).order_by("period_ends_at")
    renewed = for_each(
        list(unpaid.values_list("pk", flat=True)[:BATCH]),
        lambda pk: licenses.renew(pk, at=at),
        "subscription",
    )
    lost = PaymentAttempt.objects.filter(
        state=AttemptState.PENDING, created_at__lt=at - PAYMENT_PATIENCE
    )
    settled = for_each(
        list(lost.values_list("pk", flat=True)[:BATCH]),
        lambda pk: licenses.settle_attempt(pk, at=at),
        "payment",
    )
    return {"renewed": renewed, "settled": settled}
