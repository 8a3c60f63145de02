"""Entry points for the worker. A task finds the work and calls a service; it decides nothing."""

from __future__ import annotations

from contextlib import suppress

from accounts.actor import SYSTEM
from accounts.tasks import for_each, run_job
from config import clock
from config.errors import Blocked

from .models import CarrierTask, Connection
from .services import carrier_tasks, departures, imports, refreshes, release, reminders, spares


def run_import(job_id: int) -> None:
    """Work on an import for a slice of time."""
    imports.work(job_id)


def refresh(connection_id: int) -> None:
    """Start a refresh that something here needs; one of a connection that is broken comes later."""
    with suppress(Blocked):
        imports.request_import(connection_id, actor=SYSTEM, at=clock.now())


def run_bulk(job_id: int) -> None:
    """What an earlier version called ``run_job``; its jobs may wait in the queue still."""
    run_job(job_id)


def work_carrier_tasks() -> int:
    """Carry out what is due at Twilio. Safe to run twice or on two machines."""
    due = CarrierTask.objects.due(clock.now()).order_by("due_at")
    done = for_each(due, lambda pk: carrier_tasks.work(pk, at=clock.now()), CarrierTask.SWEPT_AS)
    carrier_tasks.queue_the_rest(clock.now())
    return done


def settle_overtaken(job_id: int, e164: str) -> None:
    """Tell a job that somebody has decided otherwise about a number before Twilio answered."""
    release.settle_overtaken(job_id, e164, at=clock.now())


def let_numbers_go(connection_id: int) -> None:
    """Make the numbers of a closed or detached subaccount missing, for a slice of time."""
    departures.let_go(connection_id)


def sweep() -> dict[str, int]:
    """Scheduled every minute: refreshes and tasks at Twilio that are due, restores that came too
    late, numbers of subaccounts that have ended, reminders of numbers that can soon come back no
    more, spares whose day has come.

    Safe to run twice, late, or on two machines at once.
    """
    at = clock.now()
    due = Connection.objects.refresh_due(at).order_by("next_refresh_at")
    refreshed = for_each(
        due, lambda pk: refreshes.refresh_on_schedule(pk, actor=SYSTEM, at=at), "refresh"
    )
    late = carrier_tasks.late_restores(at).order_by("pk")
    dropped = for_each(late, lambda pk: carrier_tasks.drop_restore(pk, at=at), "late restore")
    for_each(departures.left_behind(), departures.let_go, "ended connection")
    reminded = for_each(
        reminders.due(at), lambda pk: reminders.remind(pk, at=at), "reminder of released numbers"
    )
    ended = for_each(spares.due(at), lambda pk: spares.end(pk, at=at), "spares kept until a day")
    return {
        "refreshed": refreshed,
        "carrier_tasks": work_carrier_tasks(),
        "dropped": dropped,
        "reminded": reminded,
        "spares": ended,
    }
