"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import takewhile

from django.utils import timezone

from config.errors import DomainError

from .models import IdempotencyKey, Job, Notice
from .services import invitations, jobs, notices

logger = logging.getLogger(__name__)

BATCH = 200
KEEP_IDEMPOTENCY_KEYS = timedelta(days=1)


def for_each(ids: Iterable[int], step: Callable[[int], object], what: str) -> int:
    """Run ``step`` for the ids and count those that went through.

    One bad row is logged and does not hold up the others. What does not fit into ``jobs.SLICE``
    stays due for the next run, so that no task comes near the queue's time limit.
    """
    done = 0
    until = time.monotonic() + jobs.SLICE.total_seconds()
    for pk in takewhile(lambda _: time.monotonic() < until, ids):
        try:
            step(pk)
        except DomainError as error:
            logger.info("%s %s left alone: %s", what, pk, error.code)
        except Exception:
            logger.exception("%s %s failed", what, pk)
        else:
            done += 1
    return done


def sweep() -> int:
    """Scheduled every minute: abandoned jobs, mails that are due, expired idempotency keys."""
    at = timezone.now()
    stalled = list(Job.objects.stalled(at).values_list("pk", flat=True)[:BATCH])
    revived = for_each(stalled, lambda pk: jobs.revive(pk, at=at), "job")
    IdempotencyKey.objects.filter(created_at__lt=at - KEEP_IDEMPOTENCY_KEYS).delete()
    return revived + mail_notices()


def mail_notices() -> int:
    """Mail the notices that are due. Safe to run twice or on two machines."""
    at = timezone.now()
    due = Notice.objects.unmailed().filter(
        mail_due_at__lte=at, mail_attempts__lt=notices.MAX_MAIL_ATTEMPTS
    )
    ids = list(due.order_by("mail_due_at").values_list("pk", flat=True)[:BATCH])
    return for_each(ids, lambda pk: notices.mail(pk, at=timezone.now()), "notice")


def mail_invitation(invitation_id: int) -> bool:
    """Mail an invitation's link. A second delivery of this task mails the same link again."""
    return invitations.mail(invitation_id, at=timezone.now())
