"""The table of a number's moves."""

from __future__ import annotations

from numbers.states import NUMBER_MOVES, NumberState


def test_every_state_but_gone_for_good_leads_back_to_held() -> None:
    for state in NumberState:
        reached, waiting = set[NumberState](), [state]
        while waiting:
            at = waiting.pop()
            reached.add(at)
            waiting += NUMBER_MOVES.after[at] - reached
        assert NumberState.HELD in reached
