"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.tasks import BATCH, for_each

from .models import CarrierTask, Connection
from .services import bulk, carrier_tasks, imports, refreshes


def run_import(job_id: int) -> None:
    """Work on an import for a slice of time."""
    imports.work(job_id)


def run_bulk(job_id: int) -> None:
    """Work on a bulk job for a slice of time."""
    bulk.work(job_id)


def work_carrier_tasks() -> int:
    """Carry out what is due at Twilio. Safe to run twice or on two machines."""
    due = CarrierTask.objects.due(timezone.now()).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    done = for_each(ids, lambda pk: carrier_tasks.work(pk, at=timezone.now()), "carrier task")
    carrier_tasks.queue_the_rest(timezone.now())
    return done


def sweep() -> dict[str, int]:
    """Scheduled every minute: refreshes that are due, tasks at Twilio, restores that came too late.

    Safe to run twice, late, or on two machines at once.
    """
    at = timezone.now()
    due = Connection.objects.refresh_due(at).order_by("next_refresh_at")
    refreshed = for_each(
        list(due.values_list("pk", flat=True)[:BATCH]),
        lambda pk: refreshes.refresh_on_schedule(pk, actor=SYSTEM, at=at),
        "connection",
    )
    return {
        "refreshed": refreshed,
        "carrier_tasks": work_carrier_tasks(),
        "dropped": carrier_tasks.drop_late_restores(at),
    }
