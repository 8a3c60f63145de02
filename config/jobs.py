"""The one door between our code and Django Q2: queue tasks, keep the schedules, watch the queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.tasks import async_task

from config.registry import Registry

#: name -> (task, minutes between runs). Sweeps find what is due; running one twice changes nothing.
#: Each app adds its own in its ``catalog.py``.
SCHEDULES: Registry[tuple[str, int]] = Registry(
    "schedule", {"config.prune_queue": ("config.jobs.prune_queue", 24 * 60)}
)
KEEP_FINISHED_TASKS = timedelta(days=7)
KEEP_FAILED_TASKS = timedelta(days=90)


def enqueue(task: str, *args: str | int) -> None:
    """Queue ``task`` (a dotted path) so that it runs only if this transaction commits.

    Arguments are ids, never objects or secrets: they are stored, and shown in the admin.
    """
    send = partial(async_task, task, *args)
    if settings.Q_CLUSTER.get("orm") == "default":
        # The queue is a table in the same database: the row commits or rolls back with us.
        send()
    else:
        transaction.on_commit(send)


def sync_schedules() -> None:
    """Make the schedule table say what ``SCHEDULES`` says. Run once per release."""
    with transaction.atomic():
        for name, (func, minutes) in SCHEDULES.items():
            wanted = {
                "func": func,
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
            }
            first, *extra = Schedule.objects.filter(name=name).order_by("pk") or [None]
            for duplicate in extra:
                duplicate.delete()
            if first is None:
                Schedule.objects.create(name=name, **wanted)
            else:
                Schedule.objects.filter(pk=first.pk).update(**wanted)
        Schedule.objects.exclude(name__in=SCHEDULES).delete()


def prune_queue() -> int:
    """Delete records of tasks that ended long ago; returns how many."""
    at = timezone.now()
    succeeded = Success.objects.filter(stopped__lt=at - KEEP_FINISHED_TASKS)
    failed = Failure.objects.filter(stopped__lt=at - KEEP_FAILED_TASKS)
    return int(succeeded.delete()[0] + failed.delete()[0])


def oldest_waiting(at: datetime) -> timedelta | None:
    """How long the task that has waited longest could have run already; None when none waits."""
    lock = OrmQ.objects.filter(lock__lte=at).order_by("lock").values_list("lock", flat=True).first()
    return None if lock is None else at - lock
