"""The life of an agent."""

from __future__ import annotations

import pytest

from config.errors import InvalidTransition
from telephony.states import NEXT_AGENT_STATES, AgentState, require


@pytest.mark.parametrize("new", AgentState)
@pytest.mark.parametrize("current", AgentState)
def test_only_listed_moves_are_allowed(current: AgentState, new: AgentState) -> None:
    if new in NEXT_AGENT_STATES[current]:
        require(current, new)
    else:
        with pytest.raises(InvalidTransition):
            require(current, new)


def test_an_agent_that_has_been_live_is_no_draft_again() -> None:
    assert all(AgentState.DRAFT not in moves for moves in NEXT_AGENT_STATES.values())
