"""The Twilio part of actions: claimed, called outside of transactions, then concluded.

A worker claims a task by moving its due time on; one that dies in between costs a delay. Every call
is safe to repeat: a number that is gone counts as released, and a purchase looks first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts.actors import SYSTEM, Actor, requested_by
from accounts.services.notices import notify
from accounts.states import Permission
from config.errors import NotDue, refuse
from config.jobs import enqueue
from licensing.services import grace
from numbers import gates
from numbers.carrier import (
    AccountInactive,
    Carrier,
    CarrierAuthFailed,
    CarrierError,
    CarrierRefused,
    NumberRecord,
    carrier_for,
)
from numbers.models import CarrierTask, PhoneNumber
from numbers.states import RESTORE_WINDOW, NumberState, TaskKind, TaskState

from . import connections
from .inventory import STATE_FIELDS, lock_number, move, relocate, tell
from .records import store_record
from .release import come_back

#: How long a worker has for one task before another one may try.
CLAIM = timedelta(minutes=2)
#: Restores that one sweep closes.
BATCH = 200
#: After this many attempts without an answer from Twilio, a person is asked.
MAX_ATTEMPTS = 20

CONSOLE_STEPS = (
    "Twilio does not sell this number back by its interface. In the Twilio Console open Phone "
    "Numbers, Manage, Released Numbers, find it there, and buy it back within ten days of its "
    "release. Then press Refresh here: the number comes back with its settings."
)


def work(task_id: int, *, at: datetime) -> None:
    """Try one task. Raises ``NotDue`` when it is finished or another worker has it."""
    if (
        not CarrierTask.objects.due(at)
        .filter(pk=task_id)
        .update(due_at=at + CLAIM, attempts=F("attempts") + 1)
    ):
        raise NotDue("Somebody works on this task.")
    task = CarrierTask.objects.select_related("number__connection__account").get(pk=task_id)
    step, conclude = _STEPS[TaskKind(task.kind)]
    started = time.monotonic()
    try:
        record = step(carrier_for(task.number.connection), task)
    except (CarrierAuthFailed, AccountInactive) as error:
        connections.note_trouble(task.number.connection_id, error=error, at=at)
        _wait(task, error, at=at)
    except CarrierRefused as error:
        _refused(task_id, error, at=at)
    except CarrierError as error:
        if task.attempts >= MAX_ATTEMPTS:
            _refused(task_id, error, at=at)
        else:
            _wait(task, error, at=at)
    else:
        # The answer's time, not the question's: an import that Twilio answered in between is older.
        answered = at + timedelta(seconds=time.monotonic() - started)
        _done(task_id, record, conclude, at=answered)


def _wait(task: CarrierTask, error: CarrierError, *, at: datetime) -> None:
    """Try again later, doubling the wait up to an hour."""
    wait = min(timedelta(minutes=2 ** min(task.attempts, 6)), timedelta(hours=1))
    CarrierTask.objects.filter(pk=task.pk, state=TaskState.PENDING).update(
        due_at=at + wait,
        error_code=error.code,
        error=error.message[:500],
        twilio_request_id=error.request_id[:40],
    )


def _release(carrier: Carrier, task: CarrierTask) -> NumberRecord | None:
    carrier.release_number(task.number.sid)
    return None


def _restore(carrier: Carrier, task: CarrierTask) -> NumberRecord:
    return carrier.buy_number(task.number.e164)


def _put_back(carrier: Carrier, task: CarrierTask) -> NumberRecord:
    return carrier.update_number(task.number.sid, task.settings)


def _released(
    number: PhoneNumber, task: CarrierTask, record: NumberRecord | None, at: datetime
) -> None:
    if number.state != NumberState.RELEASING:
        return
    number.released_at = at
    relocate(
        number,
        NumberState.RELEASED,
        "number.released",
        f"Given back to Twilio; can come back for {RESTORE_WINDOW.days} days.",
        also=["released_at"],
        actor=requested_by_task(task, number),
        at=at,
        job_id=task.job_id,
    )


def _restored(
    number: PhoneNumber, task: CarrierTask, record: NumberRecord | None, at: datetime
) -> None:
    if number.state != NumberState.RESTORING or record is None:
        return  # an import has found it in the meantime
    store_record(number, record)
    come_back(
        number,
        actor=requested_by_task(task, number),
        at=at,
        type="number.restored",
        summary="Restored from Twilio.",
    )


def _settings_put_back(
    number: PhoneNumber, task: CarrierTask, record: NumberRecord | None, at: datetime
) -> None:
    if record is not None:
        store_record(number, record)
    tell(
        number,
        "number.settings_put_back",
        "Settings at Twilio put back.",
        actor=requested_by_task(task, number),
        at=at,
        after=task.settings,
    )


Step = Callable[[Carrier, CarrierTask], NumberRecord | None]
Conclusion = Callable[[PhoneNumber, CarrierTask, NumberRecord | None, datetime], None]
_STEPS: dict[TaskKind, tuple[Step, Conclusion]] = {
    TaskKind.RELEASE: (_release, _released),
    TaskKind.RESTORE: (_restore, _restored),
    TaskKind.PUT_BACK: (_put_back, _settings_put_back),
}


def requested_by_task(task: CarrierTask, number: PhoneNumber) -> Actor:
    """Who decided what this task carries out."""
    return requested_by(task, account_id=number.account_id)


@transaction.atomic
def _done(task_id: int, record: NumberRecord | None, conclude: Conclusion, *, at: datetime) -> None:
    task = CarrierTask.objects.get(pk=task_id)
    number, _ = lock_number(task.number_id)
    closed = CarrierTask.objects.filter(pk=task_id, state=TaskState.PENDING).update(
        state=TaskState.DONE, finished_at=at, error="", error_code=""
    )
    if closed:
        conclude(number, task, record, at)


@transaction.atomic
def _refused(task_id: int, error: CarrierError, *, at: datetime) -> None:
    """Twilio said no for good: leave the task to a person, and say so on the timeline."""
    task = CarrierTask.objects.get(pk=task_id)
    number, _ = lock_number(task.number_id)
    message = error.message
    if task.kind == TaskKind.RESTORE:
        message = f"{message} {CONSOLE_STEPS}"
    closed = CarrierTask.objects.filter(pk=task_id, state=TaskState.PENDING).update(
        state=TaskState.NEEDS_PERSON,
        error_code=error.code,
        error=message[:500],
        twilio_request_id=error.request_id[:40],
    )
    if not closed:
        return
    actor = requested_by_task(task, number)
    if task.kind == TaskKind.RESTORE and number.state == NumberState.RESTORING:
        move(number, NumberState.RELEASED, at=at)
        number.save(update_fields=STATE_FIELDS)
        grace.settle(number.account_id, actor=actor, at=at)
    what = {
        TaskKind.RELEASE: "the release",
        TaskKind.RESTORE: "the restore",
        TaskKind.PUT_BACK: "some settings",
    }[TaskKind(task.kind)]
    event = tell(
        number,
        f"number.{task.kind}_refused",
        f"Twilio refused {what}: {error.message}",
        actor=actor,
        at=at,
        data=error.trace,
    )
    notify(
        number.account,
        "carrier",
        key=f"task:{task.pk}:{event.pk}",
        title=f"Twilio refused {what} of {number}",
        body=message,
        path=reverse("numbers:detail", args=[number.account.slug, number.pk]),
        at=at,
    )


@transaction.atomic
def try_again(task_id: int, *, actor: Actor, at: datetime) -> CarrierTask:
    """Ask Twilio once more after a person has removed the cause. Raises ``NotDue``, ``Blocked``."""
    actor.require(Permission.NUMBERS)
    task = CarrierTask.objects.select_related("number__connection").get(pk=task_id)
    if task.kind == TaskKind.RESTORE:
        raise NotDue("Use Restore on the number: it needs a free license.")
    lock_number(task.number_id)  # whoever keeps the number instead comes before or after
    refuse(gates.reachable(task.number.connection))
    waiting = CarrierTask.objects.needing_a_person().filter(pk=task_id)
    if not waiting.update(state=TaskState.PENDING, due_at=at, attempts=0):
        raise NotDue("This task does not wait for anyone.")
    enqueue("numbers.tasks.work_carrier_tasks")
    task.refresh_from_db()
    return task


def queue_the_rest(at: datetime) -> None:
    """Go on with what is still due, in a fresh task that starts its own time limit."""
    if CarrierTask.objects.due(at).exists():
        enqueue("numbers.tasks.work_carrier_tasks")


def drop_late_restores(at: datetime) -> int:
    """Close restores that nobody finished within the ten days; returns how many."""
    late = CarrierTask.objects.unfinished().filter(
        kind=TaskKind.RESTORE, number__released_at__lt=at - RESTORE_WINDOW
    )
    return sum(_drop_restore(task, at=at) for task in late.order_by("pk")[:BATCH])


@transaction.atomic
def _drop_restore(task: CarrierTask, *, at: datetime) -> int:
    """Close a restore; a number that still waits for Twilio's answer gives its license back."""
    number, _ = lock_number(task.number_id)
    closed = CarrierTask.objects.unfinished().filter(pk=task.pk)
    if not closed.update(state=TaskState.DROPPED, finished_at=at):
        return 0
    if number.state == NumberState.RESTORING:
        relocate(
            number,
            NumberState.RELEASED,
            "number.restore_dropped",
            "Restore given up: Twilio gave no answer within the ten days.",
            actor=SYSTEM,
            at=at,
        )
        grace.settle(number.account_id, actor=SYSTEM, at=at)
    return 1
