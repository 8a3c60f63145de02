"""The life of an agent. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models

from config.errors import InvalidTransition


class AgentState(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    PAUSED = "paused", "Paused"


NEXT_AGENT_STATES: dict[AgentState, frozenset[AgentState]] = {
    AgentState.DRAFT: frozenset({AgentState.LIVE}),
    AgentState.LIVE: frozenset({AgentState.PAUSED}),
    AgentState.PAUSED: frozenset({AgentState.LIVE}),
}


def require(current: str, new: AgentState) -> None:
    """Refuse a move that ``NEXT_AGENT_STATES`` does not list."""
    state = AgentState(current)
    if new not in NEXT_AGENT_STATES[state]:
        raise InvalidTransition(
            f"An agent that is {state.label.lower()} cannot become {new.label.lower()}."
        )
