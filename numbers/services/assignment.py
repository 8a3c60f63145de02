"""Which agent answers a number, and the decision that one stays as a spare."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Account, Event
from accounts.services.events import tell
from accounts.states import Permission
from config import clock
from config.errors import Invalid, Reason, refuse
from config.text import on_day
from numbers import gates
from numbers.models import PhoneNumber
from numbers.models.inventory import KEPT

from .lifecycle import keep_again, kept_of, lock_number, lock_rows, standing_of


@transaction.atomic
def assign(number_id: int, *, agent_id: int, actor: Actor, at: datetime) -> PhoneNumber:
    """Give the number a live agent of its account (S4-9, S4-10); replaces the one it has.

    Raises ``Blocked``, and ``Invalid`` (field ``agent``) for an agent of another account.
    """
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    agent = number.account.agents.select_for_update().filter(pk=agent_id).first()
    if agent is None:
        raise Invalid({"agent": [Reason("unknown_agent", "Choose an agent of this account.")]})
    refuse(
        gates.assign(
            number,
            standing_of(subscription, at),
            assigned=number.account.number_counts.assigned(),
        )
        + gates.agent(agent)
    )
    before, kept = number.agent, kept_of(number)
    if before == agent:
        return number
    number.agent = agent
    number.decide_to_keep(None)
    number.save(update_fields=["agent", *KEPT])
    tell(
        number,
        "number.assigned",
        f"Assigned to {agent.name}.",
        actor=actor,
        at=at,
        before={"agent": before.name if before else None},
        after={"agent": agent.name},
        data=kept,
    )
    return number


def check_agent(account_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """The agent of an assignment of many: live, and of this account.

    Raises ``Invalid`` and ``Blocked``.
    """
    agent = Account(pk=account_id).agents.filter(pk=params.get("agent") or 0).first()
    if agent is None:
        raise Invalid({"agent": [Reason("unknown_agent", "Choose an agent of this account.")]})
    refuse(gates.agent(agent))
    return {"agent": agent.pk}


def take_assignment_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Unassign the number, and let the decision stand again that it was a spare before it was
    assigned: while its day is to come, as its timeline remembers it."""
    given = Event.objects.filter(
        subject_type="number", subject_id=number_id, type="number.assigned"
    )
    last = given.order_by("-pk").first()
    return unassign(number_id, actor=actor, at=at, remembered=last.data if last else {})


@transaction.atomic
def unassign(
    number_id: int, *, actor: Actor, at: datetime, remembered: Mapping[str, Any] | None = None
) -> PhoneNumber:
    """Take the agent off the number; it stays held and takes its license.

    A decision that is ``remembered`` (``kept_of``) stands again.
    """
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.unassign(number))
    before = number.agent
    number.agent = None
    again = keep_again(number, remembered or {}, at=at)
    number.save(update_fields=["agent", *KEPT])
    tell(
        number,
        "number.unassigned",
        f"Unassigned from {before.name}." if before else "Unassigned.",
        actor=actor,
        at=at,
        before={"agent": before.name if before else None},
        after={"agent": None},
        data={"came_back": again} if again else None,
    )
    return number


def let_answer(
    number_id: int,
    *,
    agent_id: int | None,
    actor: Actor,
    at: datetime,
    remembered: Mapping[str, Any] | None = None,
) -> PhoneNumber:
    """Give the number that agent, or for None take its agent off, with what is ``remembered``."""
    if agent_id is None:
        return unassign(number_id, actor=actor, at=at, remembered=remembered)
    return assign(number_id, agent_id=agent_id, actor=actor, at=at)


@transaction.atomic
def keep(number_id: int, *, actor: Actor, at: datetime, until: date | None = None) -> PhoneNumber:
    """Note the decision that an unassigned number stays as a spare (S0-22), ``until`` a day or for
    good. The same decision again changes nothing.

    Raises ``Blocked``, and ``Invalid`` (field ``until``) for a day that has come already.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    if is_kept(number, {"until": until}):
        return number
    refuse(gates.keep(number))
    _check_is_to_come(until, number.account, at)
    number.decide_to_keep(at, until)
    number.save(update_fields=[*KEPT])
    tell(
        number,
        "number.kept",
        f"Kept as a spare until {on_day(until)}." if until else "Kept as a spare.",
        actor=actor,
        at=at,
        after={"kept_until": until.isoformat()} if until else None,
    )
    return number


def is_kept(number: PhoneNumber, params: Mapping[str, Any]) -> bool:
    """Whether just this was decided about it already."""
    until = params.get("until") or None
    if isinstance(until, str):
        until = date.fromisoformat(until)
    return number.keep_decided_at is not None and number.kept_until == until


def check_until(account_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """The day until which many are kept, as a job keeps it; raises ``Invalid``."""
    until = params.get("until") or None
    if isinstance(until, str):
        until = date.fromisoformat(until)
    _check_is_to_come(until, Account.objects.get(pk=account_id), clock.now())
    return {"until": until.isoformat() if until else None}


def _check_is_to_come(until: date | None, account: Account, at: datetime) -> None:
    if until is not None and until <= at.astimezone(account.zone).date():
        reason = Reason("day_has_come", "Choose a day that is still to come.")
        raise Invalid({"until": [reason]})


@transaction.atomic
def unkeep(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Take the decision back that the number stays as a spare; somebody decides again."""
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.unkeep(number))
    until = number.kept_until
    number.decide_to_keep(None)
    number.save(update_fields=[*KEPT])
    tell(
        number,
        "number.unkept",
        "No longer kept as a spare.",
        actor=actor,
        at=at,
        before={"kept_until": until.isoformat()} if until else None,
    )
    return number
