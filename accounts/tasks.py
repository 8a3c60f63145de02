"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from django.db.models import QuerySet

from config import clock
from config.errors import DomainError, NotDue

from .models import Job, Look, Notice
from .services import invitations, job_items, jobs, looks, notices, retention, sweeps

logger = logging.getLogger(__name__)

BATCH = 200


def for_each(due: QuerySet[Any], step: Callable[[int], object], what: str) -> int:
    """Run ``step`` for the ids of the rows that are due and count those that went through.

    A row that fails, by an error or a refusal, is pushed back before that is logged, so that it
    neither holds up the others nor is tried at once for ever (``services.sweeps``). ``NotDue`` is
    no failure: somebody else was faster. What does not fit into ``jobs.SLICE`` stays due for the
    next run, so that no task comes near the queue's time limit.
    """
    done = 0
    rows = sweeps.untroubled(due, what, at=clock.now())
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    failures = sweeps.failures_of(what, ids)
    until = time.monotonic() + jobs.SLICE.total_seconds()
    for pk in takewhile(lambda _: time.monotonic() < until, ids):
        before = failures.get(pk, 0)
        sweeps.begin(what, pk, failures=before, at=clock.now())
        try:
            step(pk)
        except NotDue as error:
            sweeps.clear(what, pk)
            logger.info("%s %s left alone: %s", what, pk, error.code)
        except DomainError as error:
            sweeps.failed(what, pk, failures=before, error=error.message, at=clock.now())
            logger.info("%s %s left alone: %s", what, pk, error.code)
        except Exception as error:
            sweeps.failed(what, pk, failures=before, error=repr(error), at=clock.now())
            logger.exception("%s %s failed", what, pk)
        else:
            sweeps.clear(what, pk)
            done += 1
    return done


def run_job(job_id: int) -> None:
    """Work for a slice of time on a job that is made of items."""
    job_items.work(job_id)


def sweep() -> int:
    """Scheduled every minute: abandoned jobs, looks that are over, and mails that are due."""
    at = clock.now()
    stalled = Job.objects.stalled(at).order_by("leased_until")
    revived = for_each(stalled, lambda pk: jobs.revive(pk, at=at), "job")
    over = Look.objects.over(at).order_by("pk")
    ended = for_each(over, lambda pk: looks.settle(pk, at=at), "look")
    return revived + ended + mail_notices()


def mail_notices() -> int:
    """Mail the notices that are due. Safe to run twice or on two machines."""
    at = clock.now()
    due = Notice.objects.unmailed().filter(
        mail_due_at__lte=at, mail_attempts__lt=notices.MAX_MAIL_ATTEMPTS
    )
    due = due.order_by("mail_due_at")
    return for_each(due, lambda pk: notices.mail(pk, at=clock.now()), "notice")


def mail_invitation(invitation_id: int) -> bool:
    """Mail an invitation's link. A second delivery of this task mails the same link again."""
    return invitations.mail(invitation_id, at=clock.now())


def prune() -> dict[str, int]:
    """Scheduled every hour: rows that were kept long enough. Running it twice changes nothing."""
    return retention.prune(at=clock.now())
