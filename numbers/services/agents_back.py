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
from .lifecycle import kept_of

NAME = "agents_back"
MEANS = (
    "Each gets the agent again that it had before, or none. One that was kept as a spare is one "
    "again, until its day."
)
UNDO = "Assign or unassign them again at any time."
#: In the result of an item: the id of the agent that its number had, 0 for none.
HAD = "had"
Params = Mapping[str, Any]
_GONE = Blocker("agent_gone", "The agent that it had is no longer there.")
_FORGOTTEN = Blocker(
    "had_forgotten",
    "Which agent it had is no longer kept. Assign or unassign it on its own page.",
)


def noted(number: PhoneNumber) -> dict[str, Any]:
    """What an item notes of a number as it is before: its agent, and that it is a spare."""
    return {HAD: number.agent_id or 0, **kept_of(number)}


def check(account_id: int, params: Params) -> dict[str, Any]:
    """Raises ``Blocked`` where none of the items that say who had which agent is kept."""
    if not is_kept(params):
        raise Blocked([_FORGOTTEN])
    return {"job": params["job"]}


def is_kept(params: Params) -> bool:
    """Whether there is an item of the job that says who had which agent."""
    return JobItem.objects.filter(job=params["job"], result__has_key=HAD).exists()


def left_by(job_id: int, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
    """Those of which the job has noted which agent they had."""
    items = JobItem.objects.filter(job=job_id, result__has_key=HAD)
    return numbers.filter(pk__in=items.values("subject_id"))


def reads(params: Params, facts: gates.Facts) -> gates.Reads:
    item = JobItem.objects.filter(job=params["job"], subject_id=OuterRef("pk"))
    had = Cast(KT(f"result__{HAD}"), BigIntegerField())
    return {
        **gates.READS_OF_UNASSIGN,
        "had": Subquery(item.values_list(had)[:1], output_field=BigIntegerField()),
        "has": Coalesce("agent_id", 0, output_field=BigIntegerField()),
    }


def gate(number: Any, facts: gates.Facts) -> list[Blocker]:
    """Reasons against giving the agent back; ``number`` is one that ``reads`` has annotated."""
    if number.had is None:
        return [_FORGOTTEN]
    if not number.had:
        return gates.unassign(number)
    agent = number.account.agents.filter(pk=number.had).first()
    if agent is None:
        return [_GONE]
    return gates.assign(number, facts.standing, assigned=facts.assigned) + gates.agent(agent)


def unchanged(number: Any, params: Params) -> bool:
    had = number.had if hasattr(number, "had") else _noted(number.pk, params).get(HAD)
    return (number.agent_id or 0) == had


def spends(facts: gates.Facts, n: int) -> gates.Facts:
    return replace(facts, assigned=facts.assigned + n)


def is_spender(number: Any) -> bool:
    return bool(number.had) and not number.is_assigned


def run(number_id: int, params: Params, *, actor: Actor, at: datetime, **_: Any) -> object:
    """Give one its agent back. Raises ``Blocked``, and what the services raise."""
    remembered = _noted(number_id, params)
    if HAD not in remembered:
        raise Blocked([_FORGOTTEN])
    had = remembered[HAD]
    number = PhoneNumber.objects.select_related("account").get(pk=number_id)
    if had and not number.account.agents.filter(pk=had).exists():
        raise Blocked([_GONE])
    return let_answer(number_id, agent_id=had or None, actor=actor, at=at, remembered=remembered)


def _noted(number_id: int, params: Params) -> dict[str, Any]:
    """What the item of the number notes; nothing once that is no longer kept."""
    results = JobItem.objects.filter(job=params["job"], subject_id=number_id)
    return dict(results.values_list("result", flat=True).first() or {})
