"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

import time
from datetime import timedelta

from accounts.tasks import for_each
from config import clock

from .models import GracePeriod, PaymentAttempt, Subscription
from .services import attempts, grace, licenses

#: Renewals are begun when unanswered payments took no longer: the whole has a minute.
PAYMENTS_SLICE = timedelta(seconds=10)


def sweep() -> dict[str, int]:
    """Scheduled every minute. Safe to run twice, late, or on two machines at once.

    The queries only propose; the services look again once they hold the lock.
    """
    return sweep_grace() | sweep_payments()


def sweep_grace() -> dict[str, int]:
    """Grace periods that end, then notices that are due.

    In this order, so that an outage across the deadline sends the last notice only.
    """
    at = clock.now()
    ended = GracePeriod.objects.ended(at).order_by("ends_at")
    expired = for_each(ended, lambda pk: grace.expire(pk, at=at), "grace period")
    due = GracePeriod.objects.notice_due(at).order_by("next_notice_at")
    told = for_each(due, lambda pk: grace.send_notice(pk, at=at), "grace notice")
    return {"expired": expired, "told": told}


def sweep_payments() -> dict[str, int]:
    """Payments that nobody has answered, then subscriptions whose paid month is over.

    Each is pushed back before the gateway is asked for it, so one that fails waits its turn. While
    the gateway is slow to answer, no further renewal is begun.
    """
    at = clock.now()
    began = time.monotonic()
    silent = PaymentAttempt.objects.to_be_asked(at)
    settled = for_each(silent, lambda pk: attempts.ask_again(pk, at=at), "payment")
    if time.monotonic() - began > PAYMENTS_SLICE.total_seconds():
        return {"renewed": 0, "settled": settled}
    unpaid = Subscription.objects.renewal_due(at).order_by("period_ends_at")
    renewed = for_each(unpaid, lambda pk: licenses.renew(pk, at=at), "subscription")
    return {"renewed": renewed, "settled": settled}
