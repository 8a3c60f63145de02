"""Undoing a job that gave numbers an agent, or took it off: each gets the one back that it had.

The items of such a job note which agent their number had. It is an act of its own, that no door
offers by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, OuterRef, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from accounts.actor import Actor
from accounts.models import JobItem
from config.errors import Blocked, Blocker
from numbers import gates
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet

from .assignment import let_answer

NAME = "agents_back"
MEANS = "Each gets the agent again that it had before, or none."
UNDO = "Assign or unassign them again at any time."
#: In the result of an item: the id of the agent that its number had, 0 for none.
HAD = "had"
Params = Mapping[str, Any]
_GONE = Blocker("agent_gone", "The agent that it had is no longer there.")


def noted(agent_id: int | None) -> dict[str, int]:
    """What an item notes of a number with that agent."""
    return {HAD: agent_id or 0}


def check(account_id: int, params: Params) -> dict[str, Any]:
    return {"job": params["job"]}


def left_by(job_id: int, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
    """Those of which the job has noted which agent they had."""
    items = JobItem.objects.filter(job=job_id, result__has_key=HAD)
    return numbers.filter(pk__in=items.values("subject_id"))


def reads(params: Params, facts: gates.Facts) -> gates.Reads:
    item = JobItem.objects.filter(job=params["job"], subject_id=OuterRef("pk"))
    had = Cast(KT(f"result__{HAD}"), BigIntegerField())
    return {
        **gates.READS_OF_UNASSIGN,
        "had": Coalesce(Subquery(item.values_list(had)[:1]), 0, output_field=BigIntegerField()),
        "has": Coalesce("agent_id", 0, output_field=BigIntegerField()),
    }


def gate(number: Any, facts: gates.Facts) -> list[Blocker]:
    """Reasons against giving the agent back; ``number`` is one that ``reads`` has annotated."""
    if not number.had:
        return gates.unassign(number)
    agent = number.account.agents.filter(pk=number.had).first()
    if agent is None:
        return [_GONE]
    return gates.assign(number, facts.standing, assigned=facts.assigned) + gates.agent(agent)


def unchanged(number: Any, params: Params) -> bool:
    had = number.had if hasattr(number, "had") else _had(number.pk, params)
    return (number.agent_id or 0) == had


def spends(facts: gates.Facts, n: int) -> gates.Facts:
    return replace(facts, assigned=facts.assigned + n)


def is_spender(number: Any) -> bool:
    return bool(number.had) and not number.is_assigned


def run(number_id: int, params: Params, *, actor: Actor, at: datetime, **_: Any) -> object:
    """Give one its agent back. Raises ``Blocked``, and what the services raise."""
    had = _had(number_id, params)
    number = PhoneNumber.objects.select_related("account").get(pk=number_id)
    if had and not number.account.agents.filter(pk=had).exists():
        raise Blocked([_GONE])
    return let_answer(number_id, agent_id=had or None, actor=actor, at=at)


def _had(number_id: int, params: Params) -> int:
    item = JobItem.objects.get(job=params["job"], subject_id=number_id)
    return int(item.result[HAD])
