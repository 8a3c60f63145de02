"""Release and restore: the decision here, the Twilio part as a task (design section 4).

A number whose release was decided takes no license from that moment; the ten days in which it can
come back begin when Twilio has taken it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.states import Permission
from config.errors import refuse
from config.jobs import enqueue
from licensing import gates as licensing_gates
from licensing.services import grace
from licensing.services.entitlement import lock
from licensing.standing import of_subscription
from numbers import gates
from numbers.carrier import SETTINGS
from numbers.models import CarrierTask, PhoneNumber
from numbers.states import OPEN_TASK_STATES, NumberState, TaskKind, TaskState

from .inventory import STATE_FIELDS, lock_number, move, relocate, standing_of, tell

#: What a restore puts back at Twilio. An emergency address is registered anew by a person.
PUT_BACK = tuple(name for name in SETTINGS if not name.startswith("emergency_"))


def settings_of(number: PhoneNumber) -> dict[str, Any]:
    """The settings at Twilio that are set; unset ones come as ``""`` or null (twilio-facts 1.2)."""
    record = {**number.twilio, "friendly_name": number.friendly_name}
    settings = {name: record[name] for name in PUT_BACK if record.get(name) not in (None, "")}
    if "voice_application_sid" in settings:
        settings.pop("trunk_sid", None)  # setting one of the two clears the other
    return settings


@transaction.atomic
def release(
    number_id: int, *, actor: Actor, at: datetime, job_id: int | None = None
) -> PhoneNumber:
    """Give a held or excluded number back to Twilio (S0-10, S1-14 to S1-17). Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.release(number))
    begin_release(number, actor=actor, at=at, job_id=job_id)
    grace.settle(number.account_id, actor=actor, at=at)
    return number


def begin_release(
    number: PhoneNumber, *, actor: Actor, at: datetime, job_id: int | None = None
) -> None:
    """Decide the release of a locked number whose gates are open, and queue the Twilio part."""
    agent = number.agent
    number.before_release = {
        "agent_id": agent.pk if agent else None,
        "agent": agent.name if agent else None,
        "settings": settings_of(number) | _take_over_put_back(number, at=at),
    }
    relocate(
        number,
        NumberState.RELEASING,
        "number.release_decided",
        "Release decided; takes no license from now on.",
        also=["before_release"],
        actor=actor,
        at=at,
        job_id=job_id,
    )
    queue_task(number, TaskKind.RELEASE, actor=actor, at=at, job_id=job_id)


def _take_over_put_back(number: PhoneNumber, *, at: datetime) -> dict[str, Any]:
    """Settings of an earlier restore that Twilio has not got yet; their task is dropped."""
    waiting = number.carrier_tasks.unfinished().filter(kind=TaskKind.PUT_BACK).first()
    if waiting is None:
        return {}
    waiting.state, waiting.finished_at = TaskState.DROPPED, at
    waiting.save(update_fields=["state", "finished_at"])
    return dict(waiting.settings)


def queue_task(
    number: PhoneNumber,
    kind: TaskKind,
    *,
    actor: Actor,
    at: datetime,
    settings: Mapping[str, Any] | None = None,
    job_id: int | None = None,
) -> None:
    """Note what is to be done at Twilio; a task of the kind that waits is taken up anew."""
    wanted = {
        "state": TaskState.PENDING,
        "settings": dict(settings or {}),
        "due_at": at,
        "attempts": 0,
        "error_code": "",
        "error": "",
        "twilio_request_id": "",
        "job_id": job_id,
        **actor.as_columns(),
    }
    CarrierTask.objects.update_or_create(
        number=number,
        kind=kind,
        state__in=OPEN_TASK_STATES,
        defaults=wanted,
        create_defaults={"number": number, "kind": kind, "created_at": at, **wanted},
    )
    enqueue("numbers.tasks.work_carrier_tasks")


@transaction.atomic
def take_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Keep a number whose release Twilio refused; needs a free license again."""
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    refuse(gates.take_back(number, standing_of(subscription, at)))
    number.carrier_tasks.unfinished().filter(kind=TaskKind.RELEASE).update(
        state=TaskState.DROPPED, finished_at=at
    )
    come_back(number, actor=actor, at=at, type="number.kept_after_all", summary="Kept after all.")
    return number


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
    return number


def come_back(
    number: PhoneNumber,
    *,
    actor: Actor,
    at: datetime,
    type: str,
    summary: str,
    job_id: int | None = None,
) -> None:
    """Hold a locked number again and put back what it had before it left.

    Label, notes and tags never left the row. The agent comes back if it is still live and the
    licenses allow it; settings at Twilio that differ are put back by a task. The event says what
    came back and what did not. The caller has stored Twilio's current record on the number.
    """
    before = number.state
    remembered = dict(number.before_release)
    move(number, NumberState.HELD, at=at)
    number.released_at, number.before_release = None, {}
    did_not, came_back = [], ["name, notes and tags"]
    if agent_id := remembered.get("agent_id"):
        problem = _agent_problem(number, agent_id, at)
        if problem is None:
            number.agent_id = agent_id
            came_back.append(f"agent {remembered['agent']}")
        else:
            did_not.append(f"agent {remembered['agent']}: {problem}")
    number.save(update_fields=[*STATE_FIELDS, "released_at", "before_release"])
    number.carrier_tasks.unfinished().filter(kind=TaskKind.RESTORE).update(
        state=TaskState.DONE, finished_at=at, error="", error_code=""
    )
    wanted = remembered.get("settings", {})
    current = settings_of(number)
    differing = {name: value for name, value in wanted.items() if current.get(name) != value}
    if differing:
        queue_task(number, TaskKind.PUT_BACK, actor=actor, at=at, settings=differing)
    tell(
        number,
        type,
        summary,
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": NumberState.HELD},
        data={"came_back": came_back, "did_not": did_not, "putting_back": sorted(differing)},
        job_id=job_id,
    )


def _agent_problem(number: PhoneNumber, agent_id: int, at: datetime) -> str | None:
    """Why the agent that the number had cannot have it again; None when it can."""
    agent = number.account.agents.filter(pk=agent_id).first()
    if agent is None:
        return "it no longer exists"
    if not agent.is_live:
        return f"it is {agent.get_state_display().lower()}"
    subscription = lock(number.account_id)
    standing = of_subscription(subscription, account_id=number.account_id, at=at)
    assigned = number.account.numbers.assigned().count()
    blocked = licensing_gates.assign_more(standing, assigned=assigned)
    return blocked[0].message if blocked else None
