"""Why an action on an agent is refused, as data (design mechanism 2). Pure reads."""

from __future__ import annotations

from config.errors import Blocker
from config.text import inside, plural

from .models import Agent
from .states import AGENT_MOVES, AgentState


def _move(agent: Agent, new: AgentState, verb: str) -> list[Blocker]:
    if new in AGENT_MOVES.after[AgentState(agent.state)]:
        return []
    return [
        Blocker(
            "wrong_state",
            f"{agent.name} is {inside(agent.get_state_display())} and cannot {verb}.",
        )
    ]


def go_live(agent: Agent) -> list[Blocker]:
    """Reasons against numbers being assigned to the agent (S4-10)."""
    return _move(agent, AgentState.LIVE, "go live")


def pause(agent: Agent) -> list[Blocker]:
    """Reasons against taking the agent out of service (S4-46)."""
    blockers = _move(agent, AgentState.PAUSED, "be paused")
    if enabled := agent.numbers.enabled().count():
        blockers.append(
            Blocker(
                "answers_numbers",
                f"{agent.name} answers {plural(enabled, 'enabled number')}. Disable them, or "
                "assign them to another agent first.",
                "Its numbers",
                "telephony:agent",
                (agent.pk,),
            )
        )
    return blockers


def delete(agent: Agent, *, numbers: int) -> list[Blocker]:
    """Reasons against deleting the agent, which serves ``numbers`` numbers."""
    if not numbers:
        return []
    return [
        Blocker(
            "has_numbers",
            f"{agent.name} serves {plural(numbers, 'number')}. "
            "Assign them to another agent or unassign them first.",
            "Its numbers",
            "telephony:agent",
            (agent.pk,),
        )
    ]
