"""Why a number cannot get another agent, name, or decision that it stays."""

from __future__ import annotations

from typing import Any

from accounts.registries import SUBJECTS
from config.errors import Blocker
from config.text import inside
from licensing import gates as licensing_gates
from licensing.standing import Standing
from numbers.models import PhoneNumber
from numbers.states import NumberState

from .reasons import disabled, only


def assign(number: PhoneNumber, standing: Standing, *, assigned: int) -> list[Blocker]:
    """Reasons against giving the number an agent. ``assigned`` counts the account's others."""
    blockers = only(number, (NumberState.HELD,), "assigned")
    if not blockers and not number.is_assigned:
        blockers += licensing_gates.put_to_work(standing, already=assigned, how="assigned")
    return blockers


def agent(agent: Any) -> list[Blocker]:
    """Reasons against an agent answering one more number (S4-10)."""
    if agent.is_live:
        return []
    return [
        Blocker(
            "agent_not_live",
            f"{agent.name} is {inside(agent.get_state_display())}; only a live agent can be "
            "assigned.",
            "Open the agent",
            SUBJECTS["agent"].page,
            (agent.pk,),
        )
    ]


def unassign(number: PhoneNumber) -> list[Blocker]:
    """Reasons against taking the agent off the number."""
    blockers = only(number, (NumberState.HELD,), "unassigned")
    if not blockers and not number.is_assigned:
        blockers.append(Blocker("not_assigned", "This number has no agent."))
    return blockers + disabled(number)


def keep(number: PhoneNumber) -> list[Blocker]:
    """Reasons against noting that the number stays as a spare."""
    blockers = only(number, (NumberState.HELD,), "kept as a spare")
    if not blockers and number.is_assigned:
        blockers.append(Blocker("assigned", "This number has an agent; it is in use."))
    if not blockers and number.keep_decided_at is not None:
        blockers.append(
            Blocker(
                "kept_already",
                "This number is kept as a spare already. To change until when, decide again first.",
            )
        )
    return blockers


def unkeep(number: PhoneNumber) -> list[Blocker]:
    """Reasons against taking back the decision that the number stays as a spare."""
    blockers = only(number, (NumberState.HELD,), "decided again")
    if not blockers and number.keep_decided_at is None:
        blockers.append(Blocker("not_kept", "Nobody has decided to keep this number."))
    return blockers


def rename(number: PhoneNumber, label: str) -> list[Blocker]:
    """Reasons against giving the number that name (S4-47)."""
    if label or not number.is_enabled:
        return []
    return [
        Blocker(
            "enabled_needs_name",
            "An enabled number needs a name. Give it another one, or disable it first.",
        )
    ]
