"""The life of an agent."""

from __future__ import annotations

from telephony.states import AGENT_MOVES, AgentState


def test_an_agent_that_has_been_live_is_no_draft_again() -> None:
    assert all(AgentState.DRAFT not in moves for moves in AGENT_MOVES.after.values())
