"""Release and restore: the decision here, the Twilio part as a task (design section 4).

A number whose release was decided takes no license from that moment; the ten days in which it can
come back begin when Twilio has taken it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.job_kinds import Outcome
from accounts.services import job_items, jobs
from accounts.services.events import tell
from accounts.states import ItemState, Permission
from config.errors import Blocked, refuse
from config.jobs import enqueue
from config.text import inside
from licensing import gates as licensing_gates
from licensing.services import grace
from licensing.services.entitlement import lock
from licensing.standing import of_subscription
from numbers import gates
from numbers.models import CarrierTask, PhoneNumber
from numbers.models.tasks import CarrierTaskQuerySet
from numbers.previous import (
    chosen_anew,
    differing,
    mark_differing,
    open_questions,
    settings_of,
    undecided,
    worth_keeping,
)
from numbers.states import OPEN_TASK_STATES, NumberState, TaskKind, TaskState

from .lifecycle import OFFER_FIELDS, STATE_FIELDS, lock_number, move, relocate, standing_of


@transaction.atomic
def release(
    number_id: int, *, actor: Actor, at: datetime, risk_confirmed: bool = True
) -> PhoneNumber:
    """Give a held or excluded number back to Twilio (S0-10, S1-14 to S1-17).

    Raises ``Blocked``, without ``risk_confirmed`` also for a number that is a risk by now.
    """
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.release(number) + gates.unconfirmed(number, risk_confirmed=risk_confirmed))
    begin_release(number, actor=actor, at=at)
    grace.settle(number.account_id, actor=actor, at=at)
    return number


def begin_release(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Decide the release of a locked number whose gates are open, and queue the Twilio part."""
    waiting, refused = drop_put_back(number, at=at)
    kept = worth_keeping(number) | waiting
    number.before_release = {
        **agent_to_remember(number),
        "settings": kept,
        "asked": bool(waiting),
        "excluded": number.state == NumberState.EXCLUDED,
        **open_questions(number, kept=kept, refused=refused),
    }
    relocate(
        number,
        NumberState.RELEASING,
        "number.release_decided",
        "Release decided; takes no license from now on.",
        also=["before_release"],
        actor=actor,
        at=at,
    )
    queue_task(number, TaskKind.RELEASE, actor=actor, at=at)


def agent_to_remember(number: PhoneNumber) -> dict[str, Any]:
    """The agent that a number which leaves has now or, excluded before, had then."""
    if number.agent is not None:
        return {"agent_id": number.agent.pk, "agent": number.agent.name}
    return {name: number.before_release.get(name) for name in ("agent_id", "agent")}


def drop_put_back(number: PhoneNumber, *, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Drop the task that puts settings back, and tell its job: those that Twilio has not got yet,
    and those that it would not have."""
    tasks = number.carrier_tasks
    on_their_way = tasks.settings_on_their_way().settings()
    refused = tasks.refused_settings().settings()
    drop_tasks(tasks.unfinished().filter(kind=TaskKind.PUT_BACK), at=at)
    return on_their_way, refused


def drop_tasks(tasks: CarrierTaskQuerySet, *, at: datetime) -> None:
    """Drop open tasks of locked numbers, since something else was decided; their jobs are told."""
    tell_jobs(tasks)
    tasks.update(state=TaskState.DROPPED, finished_at=at)


def queue_task(
    number: PhoneNumber,
    kind: TaskKind,
    *,
    actor: Actor,
    at: datetime,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Note what is to be done at Twilio; a task of the kind that waits is taken up anew.

    One that a worker is at stays that worker's: what is noted now follows right after it
    (``carrier_tasks``), so that two never write at once.
    """
    wanted = {
        "state": TaskState.PENDING,
        "settings": dict(settings or {}),
        "due_at": at,
        "attempts": 0,
        "error_code": "",
        "error": "",
        "twilio_request_id": "",
        "job_id": actor.job_id,
        **actor.as_request(),
    }
    tell_jobs(number.carrier_tasks.unfinished().filter(kind=kind).exclude(job=actor.job_id))
    CarrierTask.objects.update_or_create(
        number=number,
        kind=kind,
        state__in=OPEN_TASK_STATES,
        defaults=wanted,
        create_defaults={"number": number, "kind": kind, "created_at": at, **wanted},
    )
    enqueue("numbers.tasks.work_carrier_tasks")


def tell_jobs(overtaken: CarrierTaskQuerySet) -> None:
    """Have the jobs told whose tasks somebody decides otherwise about before Twilio has answered.

    By the worker, who takes a job before its numbers.
    """
    waiting = overtaken.filter(state=TaskState.PENDING, job__isnull=False)
    for job_id, e164 in waiting.values_list("job_id", "number__e164"):
        enqueue("numbers.tasks.settle_overtaken", job_id, e164)


#: What becomes of an item whose number somebody has decided otherwise about by then.
OVERTAKEN = Outcome(
    ItemState.SKIPPED,
    code="decided_since",
    message="Something else was decided about it before Twilio had confirmed this.",
)


@transaction.atomic
def settle_overtaken(job_id: int, e164: str, *, at: datetime) -> None:
    """Tell the job so, unless its item has ended already."""
    jobs.hold(job_id)
    job_items.settle(job_id, e164, OVERTAKEN, at=at)


def hand_routes_back(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Have the texts of an excluded number go where they went before it was taken over, if ever."""
    if number.hook_key:
        queue_task(number, TaskKind.ROUTE, actor=actor, at=at)


_KEPT_AFTER_ALL = Outcome(
    ItemState.SKIPPED, code="kept_after_all", message="Kept after all, before Twilio was asked."
)


@transaction.atomic
def take_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Keep a number whose release Twilio refused or was not asked for.

    It takes a license again, or is excluded again if it was. Where Twilio gave no answer it may
    have taken the number: a refresh looks for it. Raises ``Blocked``, also when a worker has begun
    to ask Twilio in the meantime.
    """
    actor.require(Permission.NUMBERS)
    releases = CarrierTask.objects.filter(number=number_id, kind=TaskKind.RELEASE)
    task = releases.unfinished().first()
    if task is not None:
        jobs.hold(task.job_id)
    number, subscription = lock_number(number_id)
    refuse(gates.take_back(number, standing_of(subscription, at)))
    dropped = {"state": TaskState.DROPPED, "finished_at": at}
    waited = releases.can_be_called_off().filter(state=TaskState.PENDING).update(**dropped)
    if not waited and not releases.needing_a_person().update(**dropped):
        raise Blocked([gates.UNDER_WAY])
    if waited and task is not None:
        job_items.settle(task.job_id, number.e164, _KEPT_AFTER_ALL, at=at)
    if number.was_excluded:
        _exclude_again(number, actor=actor, at=at)
    else:
        come_back(
            number,
            actor=actor,
            at=at,
            type="number.kept_after_all",
            summary="Kept after all.",
            put_back_for=actor if number.before_release.get("asked") else None,
        )
    if task is not None and task.is_unanswered:
        enqueue("numbers.tasks.refresh", number.connection_id)
    grace.resume(number.account_id, actor=actor, at=at)
    return number


def _exclude_again(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Leave a locked number as it was before its release; what waited for Twilio waits again."""
    remembered = dict(number.before_release)
    number.before_release = {**agent_to_remember(number), **undecided(number)}
    relocate(
        number,
        NumberState.EXCLUDED,
        "number.kept_after_all",
        "Kept after all: excluded, as before.",
        also=["before_release"],
        actor=actor,
        at=at,
    )
    missing = differing(number, remembered.get("settings", {}))
    if missing and remembered.get("asked"):
        queue_task(number, TaskKind.PUT_BACK, actor=actor, at=at, settings=missing)
    hand_routes_back(number, actor=actor, at=at)


@transaction.atomic
def restore(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Ask Twilio for a released number again; its license is reserved from this moment (S1-18).

    Twilio has no call that restores: this tries to buy the number. If Twilio refuses, the task
    waits for a person with the steps for the Twilio Console. Raises ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    refuse(gates.restore(number, standing_of(subscription, at), at))
    summary = "Restore asked for; a license is reserved."
    relocate(number, NumberState.RESTORING, "number.restore_asked", summary, actor=actor, at=at)
    queue_task(number, TaskKind.RESTORE, actor=actor, at=at)
    grace.resume(number.account_id, actor=actor, at=at)
    return number


def come_back(
    number: PhoneNumber,
    *,
    actor: Actor,
    at: datetime,
    type: str,
    summary: str,
    put_back_for: Actor | None = None,
) -> None:
    """Hold a locked number again and give back what it had before it left.

    Label, notes and tags never left the row. The agent comes back if it is still live and the
    licenses allow it. Settings that Twilio has otherwise now are put back by a task for the person
    who asked for a restore (``put_back_for``), unless somebody has set new ones in the meantime;
    else they are offered, and nothing is written. The event says what came back and what did not.
    The caller has stored Twilio's current record on the number.
    """
    before = number.state
    remembered = dict(number.before_release)
    move(number, NumberState.HELD, at=at)
    number.released_at, number.before_release = None, undecided(number)
    with_it, did_not = give_agent_back(number, remembered, at=at)
    wanted = remembered.get("settings", {})
    missing = differing(number, wanted)
    for_person = put_back_for if missing and not chosen_anew(number, wanted) else None
    if missing and for_person is None:
        number.before_release |= {"settings": wanted, "found": settings_of(number)}
    mark_differing(number, at=at)
    number.save(update_fields=[*STATE_FIELDS, *OFFER_FIELDS, "released_at"])
    _end_restores(number, at=at)
    if for_person is not None:
        queue_task(number, TaskKind.PUT_BACK, actor=for_person, at=at, settings=missing)
    tell(
        number,
        type,
        summary,
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": NumberState.HELD},
        data={
            "came_back": ["name, notes and tags", *with_it],
            "did_not": did_not,
            "putting_back" if for_person else "offered": sorted(missing),
        },
    )


def _end_restores(number: PhoneNumber, *, at: datetime) -> None:
    """The number is here. A job that waits for that is told by the worker, who takes jobs first."""
    waiting = number.carrier_tasks.unfinished().filter(kind=TaskKind.RESTORE)
    waiting.filter(job=None).update(state=TaskState.DONE, finished_at=at, error="", error_code="")
    if waiting.update(state=TaskState.PENDING, due_at=at):
        enqueue("numbers.tasks.work_carrier_tasks")


def give_agent_back(
    number: PhoneNumber, remembered: Mapping[str, Any], *, at: datetime
) -> tuple[list[str], list[str]]:
    """Set the agent again that a number had which comes back: what did, and what could not."""
    agent_id = remembered.get("agent_id")
    if not agent_id:
        return [], []
    agent = f"agent {remembered['agent']}"
    problem = _agent_problem(number, agent_id, at)
    if problem is not None:
        return [], [f"{agent}: {problem}"]
    number.agent_id = agent_id
    return [agent], []


def _agent_problem(number: PhoneNumber, agent_id: int, at: datetime) -> str | None:
    """Why the agent that the number had cannot have it again; None when it can.

    The agent is held until commit, as by ``assign``: one that is paused at this moment is paused
    before or after the number came back to it.
    """
    agent = number.account.agents.select_for_update().filter(pk=agent_id).first()
    if agent is None:
        return "it no longer exists"
    if not agent.is_live:
        return f"it is {inside(agent.get_state_display())}"
    subscription = lock(number.account_id)
    standing = of_subscription(subscription, account_id=number.account_id, at=at)
    assigned = number.account.number_counts.assigned()
    blocked = licensing_gates.put_to_work(standing, already=assigned, how="assigned")
    return blocked[0].message if blocked else None
