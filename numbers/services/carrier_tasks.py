"""The Twilio part of actions: claimed, called outside of transactions, then concluded.

A worker claims a task for a while; one that dies in between costs a delay. Every call is safe to
repeat: a purchase looks first, and where Twilio knows a SID no more the number is looked for before
anything is said about it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.job_kinds import Outcome
from accounts.services import job_items, jobs, sweeps
from accounts.services.events import tell
from accounts.services.notices import notify
from accounts.states import ItemState, Permission
from carrier import (
    AccountInactive,
    CarrierAuthFailed,
    CarrierError,
    CarrierRefused,
    carrier_for,
    within,
)
from config.errors import NotDue, refuse
from config.jobs import enqueue
from licensing.services import grace
from numbers import gates
from numbers.models import CarrierTask
from numbers.models.tasks import CarrierTaskQuerySet
from numbers.previous import offered
from numbers.states import RESTORE_WINDOW, NumberState, TaskKind, TaskState

from . import connections, routing
from .carrier_steps import STEPS, Answer, BoughtAgain, Conclusion, adopt, requested_by_task
from .lifecycle import STATE_FIELDS, lock_number, move, relocate
from .release import OVERTAKEN
from .whereabouts import NotAskedEverywhere

#: How long a worker has for one task before another one may try.
CLAIM = timedelta(minutes=2)
#: After this many attempts without an answer from Twilio, a person is asked.
MAX_ATTEMPTS = 20
#: Twilio's code for a number that it does not sell, which the steps say already.
_NOT_FOR_SALE = 21422
CONSOLE_STEPS = (
    "Twilio does not sell this number back by its interface. In the Twilio Console open Phone "
    "Numbers, Manage, Released Numbers, find it there, and buy it back within ten days of its "
    "release. Then press Refresh here: the number comes back with its settings."
)


def work(task_id: int, *, at: datetime) -> None:
    """Try one task. Raises ``NotDue`` when it is finished or another worker has it."""
    free = CarrierTask.objects.due(at)
    if not free.filter(pk=task_id).update(claimed_until=at + CLAIM, attempts=F("attempts") + 1):
        raise NotDue("Somebody works on this task.")
    task = CarrierTask.objects.select_related("number__connection__account").get(pk=task_id)
    step, conclude = STEPS[TaskKind(task.kind)]
    started = time.monotonic()
    try:
        with within(settings.TWILIO_STEP_SECONDS):
            answer = step(carrier_for(task.number.connection), task)
    except (CarrierAuthFailed, AccountInactive) as error:
        connections.note_trouble(task.number.connection_id, error=error, at=at)
        _wait(task, error, at=at)
    except NotAskedEverywhere as error:
        _wait(task, error, at=at)  # for as long as the connection is broken, like its own tasks
    except CarrierRefused as error:
        _refused(task, error, at=at)
    except CarrierError as error:
        if task.attempts >= MAX_ATTEMPTS:
            _refused(task, error, at=at)
        else:
            _wait(task, error, at=at)
    else:
        # The answer's time, not the question's: an import that Twilio answered in between is older.
        answered = at + timedelta(seconds=time.monotonic() - started)
        _done(task, answer, conclude, at=answered)
        connections.note_answer(task.number.connection, at=answered)


def _claimed(task: CarrierTask) -> CarrierTaskQuerySet:
    """The task, as long as it waits and is ours: another worker has it when our claim ran out."""
    return CarrierTask.objects.filter(
        pk=task.pk, state=TaskState.PENDING, claimed_until=task.claimed_until
    )


#: Kinds that write settings as they are decided by then: another attempt does no harm.
_WRITES_SETTINGS = (TaskKind.PUT_BACK, TaskKind.ROUTE)


def _follows_another(task: CarrierTask, *, at: datetime) -> bool:
    """Whether something else was decided while Twilio was asked: that is written right now.

    Nothing is concluded from what the first attempt wrote; the next one looks at Twilio again.
    """
    if task.kind not in _WRITES_SETTINGS:
        return False
    changed = _claimed(task).exclude(attempts=task.attempts)
    if not changed.update(claimed_until=None, due_at=at):
        return False
    enqueue("numbers.tasks.work_carrier_tasks")
    return True


def _wait(task: CarrierTask, error: CarrierError, *, at: datetime) -> None:
    """Try again later, doubling the wait up to an hour.

    Unless somebody has asked for one while this was under way (then the attempts count anew): what
    they mended, this one did not see.
    """
    said: dict[str, Any] = {
        "claimed_until": None,
        "error_code": error.code,
        "error": error.cause[:500],
        "twilio_request_id": error.request_id[:40],
    }
    wait = min(timedelta(minutes=2 ** min(task.attempts, 6)), timedelta(hours=1))
    mine = _claimed(task)
    if mine.filter(attempts=task.attempts).update(due_at=at + wait, **said):
        return
    if mine.update(**said):
        enqueue("numbers.tasks.work_carrier_tasks")


@transaction.atomic
def _done(task: CarrierTask, answer: Answer, conclude: Conclusion, *, at: datetime) -> None:
    jobs.hold(task.job_id)
    number, _ = lock_number(task.number_id)
    if _follows_another(task, at=at):
        return
    closed = _claimed(task).update(state=TaskState.DONE, finished_at=at, error="", error_code="")
    if closed:
        conclude(number, task, answer, at)
        overtaken = task.kind == TaskKind.ROUTE and not routing.is_told(number)
        outcome = OVERTAKEN if overtaken else Outcome()
        job_items.settle(task.job_id, number.e164, outcome, at=at)
    elif answer.found is not None:
        # Somebody has closed the task meanwhile, and Twilio has the number: a refresh looks.
        enqueue("numbers.tasks.refresh", answer.found.connection.pk)


@transaction.atomic
def _refused(task: CarrierTask, error: CarrierError, *, at: datetime) -> None:
    """Twilio said no for good, or nothing too often: leave it to a person, and say so."""
    jobs.hold(task.job_id)
    number, _ = lock_number(task.number_id)
    if _follows_another(task, at=at):
        return
    message = error.message
    if task.kind == TaskKind.RESTORE:
        not_for_sale = error.trace.get("twilio_code") == _NOT_FOR_SALE
        message = CONSOLE_STEPS if not_for_sale else f"{message} {CONSOLE_STEPS}"
    closed = _claimed(task).update(
        state=TaskState.NEEDS_PERSON,
        claimed_until=None,
        error_code=error.code,
        error=message[:500],
        twilio_request_id=error.request_id[:40],
    )
    if not closed:
        return
    failure = Outcome(ItemState.FAILED, error.trace, error.code, message)
    job_tells = job_items.settle(task.job_id, number.e164, failure, at=at)
    actor = requested_by_task(task, number)
    if task.kind == TaskKind.RESTORE and number.state == NumberState.RESTORING:
        move(number, NumberState.RELEASED, at=at)
        number.save(update_fields=STATE_FIELDS)
        grace.settle(number.account_id, actor=actor, at=at)
    what = {
        TaskKind.RELEASE: "the release",
        TaskKind.RESTORE: "the restore",
        TaskKind.PUT_BACK: "some settings",
        TaskKind.ROUTE: "where texts go",
    }[TaskKind(task.kind)]
    who = "Twilio refused" if isinstance(error, CarrierRefused) else "Twilio gave no answer about"
    if isinstance(error, BoughtAgain):
        adopt(number, task, error.found, at=at)  # what a person decides now is about this one
        who = "A person decides about"
    event = tell(
        number,
        f"number.{task.kind}_refused",
        f"{who} {what}: {error.message}",
        actor=actor,
        at=at,
        data=error.trace,
    )
    if job_tells:
        return
    notify(
        number.account,
        "carrier",
        key=f"task:{task.pk}:{event.pk}",
        title=f"{who} {what} of {number}",
        body=message,
        path=reverse("numbers:detail", args=[number.account.slug, number.pk]),
        at=at,
    )


@transaction.atomic
def try_again(task_id: int, *, actor: Actor, at: datetime) -> CarrierTask:
    """Ask Twilio now: a person has removed the cause, or does not want to wait.

    An actor of a job has that job told from now on what becomes of it. Raises ``NotDue``,
    ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    task = CarrierTask.objects.select_related("number__connection").get(pk=task_id)
    if task.kind == TaskKind.RESTORE and task.state == TaskState.NEEDS_PERSON:
        raise NotDue("Use Restore on the number: it needs a free license.")
    number, _ = lock_number(task.number_id)  # who keeps it instead comes before or after
    if task.kind == TaskKind.PUT_BACK and offered(number).keys() & task.settings:
        raise NotDue(
            "Somebody has changed these settings at Twilio since. The page of the number shows "
            "both: put them back, or leave them.",
            code="changed_since",
        )
    refuse(gates.reachable(task.number.connection))
    open_ones = CarrierTask.objects.unfinished().filter(pk=task_id)
    if task.kind == TaskKind.RESTORE:
        open_ones = open_ones.filter(state=TaskState.PENDING)
    # An attempt that is under way goes on; the next one follows it at once.
    if not open_ones.update(state=TaskState.PENDING, due_at=at, attempts=0):
        raise NotDue("There is nothing left to do at Twilio.")
    if actor.job_id is not None:
        CarrierTask.objects.filter(pk=task_id).update(job=actor.job_id)
    sweeps.clear(CarrierTask.SWEPT_AS, task_id)
    enqueue("numbers.tasks.work_carrier_tasks")
    task.refresh_from_db()
    return task


def queue_the_rest(at: datetime) -> None:
    """Go on with what is still due, in a fresh task that starts its own time limit."""
    if sweeps.untroubled(CarrierTask.objects.due(at), CarrierTask.SWEPT_AS, at=at).exists():
        enqueue("numbers.tasks.work_carrier_tasks")


def late_restores(at: datetime) -> CarrierTaskQuerySet:
    """Restores that nobody finished within the ten days, and that no worker is at."""
    restores = CarrierTask.objects.unfinished().unclaimed(at).filter(kind=TaskKind.RESTORE)
    return restores.filter(number__released_at__lt=at - RESTORE_WINDOW)


@transaction.atomic
def drop(task_id: int, *, why: str, at: datetime) -> None:
    """Close a task that nobody can carry out any more, and tell the job that it belongs to."""
    task = CarrierTask.objects.select_related("number").get(pk=task_id)
    jobs.hold(task.job_id)
    open_ones = CarrierTask.objects.unfinished().filter(pk=task_id)
    if open_ones.update(state=TaskState.DROPPED, finished_at=at):
        failed = Outcome(ItemState.FAILED, code="connection_ended", message=why)
        job_items.settle(task.job_id, task.number.e164, failed, at=at)


@transaction.atomic
def drop_restore(task_id: int, *, at: datetime) -> None:
    """Close a late restore; a number that waits for Twilio's answer still gives its license back.

    Raises ``NotDue``.
    """
    task = CarrierTask.objects.get(pk=task_id)
    jobs.hold(task.job_id)
    number, _ = lock_number(task.number_id)
    is_late = late_restores(at).filter(pk=task_id).exists()
    free = CarrierTask.objects.unfinished().unclaimed(at).filter(pk=task_id)
    if not is_late or not free.update(state=TaskState.DROPPED, finished_at=at):
        raise NotDue("This restore is finished, not late, or Twilio is being asked about it.")
    dropped = Outcome(ItemState.FAILED, code="too_late", message="The ten days are over.")
    job_items.settle(task.job_id, number.e164, dropped, at=at)
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
