"""How long rows are kept that only grow (docs/operations.md has the table), and their end.

The event log is not among them: it is the memory of an account and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from accounts.models import HookDelivery, IdempotencyKey, JobItem, Look, Notice, Postponed
from accounts.states import DeliveryState
from config import clock
from config.registry import Registry

from .job_items import KEPT
from .jobs import SLICE

BATCH = 1_000


@dataclass(frozen=True)
class Rule:
    """``rows(instant)`` are those that ended before ``instant``; they are kept for ``keep``."""

    keep: timedelta
    rows: Callable[[datetime], QuerySet[Any]]


def _oldest(rows: QuerySet[Any], age: str, before: datetime) -> QuerySet[Any]:
    """Those at the old end of a table that is written in order and has no index of ``age``.

    Where nothing is old enough, this looks at one row and not at ten million.
    """
    young = rows.filter(**{f"{age}__gte": before}).order_by("pk").values_list("pk", flat=True)
    first = young.first()
    return rows if first is None else rows.filter(pk__lt=first)


#: By what is kept, in words. Apps above add theirs from their ``catalog.py``.
RULES: Registry[Rule] = Registry(
    "rule of retention",
    {
        "sessions that have expired": Rule(
            timedelta(0),
            lambda before: Session.objects.filter(expire_date__lt=min(before, clock.real())),
        ),
        "answers to REST requests with an Idempotency-Key": Rule(
            timedelta(days=1),
            lambda before: IdempotencyKey.objects.filter(created_at__lt=before),
        ),
        "calls of hooks that were answered": Rule(
            timedelta(days=30),
            lambda before: HookDelivery.objects.filter(
                received_at__lt=before, state=DeliveryState.ANSWERED
            ),
        ),
        "calls of hooks that could not be handled": Rule(
            timedelta(days=90),
            lambda before: HookDelivery.objects.unhandled().filter(received_at__lt=before),
        ),
        "the rows of finished jobs": Rule(
            KEPT,
            lambda before: _oldest(JobItem.objects.all(), "job__created_at", before).filter(
                job__finished_at__lt=before
            ),
        ),
        "looks of support that have ended": Rule(
            timedelta(days=30),
            lambda before: Look.objects.filter(ended_at__lt=before),
        ),
        "rows that a sweep tried in vain and nobody has tried since": Rule(
            timedelta(days=7),
            lambda before: Postponed.objects.filter(until__lt=before),
        ),
        "notices, read or not": Rule(
            timedelta(days=180),
            lambda before: _oldest(Notice.objects.all(), "created_at", before).filter(
                created_at__lt=before
            ),
        ),
    },
)


def prune(*, at: datetime, seconds: float = SLICE.total_seconds()) -> dict[str, int]:
    """Delete what is past its time; returns how many rows of each rule.

    In batches, each a transaction of its own, so that nobody waits for it. What does not fit into
    ``seconds`` is left for the next run.
    """
    until = time.monotonic() + seconds
    gone = dict.fromkeys(RULES, 0)
    for what, rule in RULES.items():
        old = rule.rows(at - rule.keep)
        while time.monotonic() < until and (ids := list(old.values_list("pk", flat=True)[:BATCH])):
            gone[what] += old.model._default_manager.filter(pk__in=ids).delete()[0]
    return gone
