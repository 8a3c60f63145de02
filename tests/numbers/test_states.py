"""The table of a number's moves."""

from __future__ import annotations

import pytest

from config.errors import InvalidTransition
from numbers.states import NEXT, NumberState, require


@pytest.mark.parametrize("new", list(NumberState))
@pytest.mark.parametrize("current", list(NumberState))
def test_only_listed_moves_are_allowed(current: NumberState, new: NumberState) -> None:
    if new in NEXT[current]:
        require(current, new)
    else:
        with pytest.raises(InvalidTransition):
            require(current, new)


def test_every_state_but_gone_for_good_leads_back_to_held() -> None:
    for state in NumberState:
        reached, waiting = set[NumberState](), [state]
        while waiting:
            at = waiting.pop()
            reached.add(at)
            waiting += NEXT[at] - reached
        assert NumberState.HELD in reached
