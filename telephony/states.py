"""The life of an agent. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models

from config.moves import Moves


class AgentState(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    PAUSED = "paused", "Paused"


AGENT_MOVES = Moves(
    "An agent",
    {
        AgentState.DRAFT: frozenset({AgentState.LIVE}),
        AgentState.LIVE: frozenset({AgentState.PAUSED}),
        AgentState.PAUSED: frozenset({AgentState.LIVE}),
    },
)
