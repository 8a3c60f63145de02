"""Why something is refused or left undone, as data (design mechanism 2). Pure reads."""

from __future__ import annotations

from config.errors import Blocker
from config.text import inside, plural
from numbers.models import PhoneNumber
from numbers.states import NumberState

from .models import Agent
from .states import AGENT_MOVES, AgentState, NotAnswered

_LEFT: dict[str, NotAnswered] = {
    NumberState.EXCLUDED: NotAnswered.EXCLUDED,
    NumberState.RELEASING: NotAnswered.RELEASED,
    NumberState.RELEASED: NotAnswered.RELEASED,
    NumberState.RESTORING: NotAnswered.RELEASED,
    NumberState.MISSING: NotAnswered.MISSING,
    NumberState.GONE: NotAnswered.MISSING,
}


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


def answer_text(number: PhoneNumber) -> NotAnswered | None:
    """Why a text to the number stays without an answer now: what to mend first (S4-23, S4-40)."""
    if number.state in _LEFT:
        return _LEFT[number.state]
    if not number.is_enabled:
        return NotAnswered.DISABLED
    if not number.texts:
        return NotAnswered.TEXTS_OFF
    if number.agent is None or not number.agent.is_live:
        return NotAnswered.AGENT_NOT_LIVE
    return None
