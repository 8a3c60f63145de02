"""Moving the clock, which every page offers."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.page.visit import Done, Visit

#: `timedelta` arguments by the text of the button.
STEPS = {
    "+1 min": {"minutes": 1},
    "+1 h": {"hours": 1},
    "+1 day": {"days": 1},
    "+10 days": {"days": 10},
}


def forward(visit: Visit) -> Done:
    by = STEPS.get(visit.form.get("by", ""))
    if by is None:
        raise ControlError(400, "The clock does not know that step.")
    return moved(visit.post("/clock", {"forward": by}))


def moved(answer: Any) -> Done:
    """What to say after `POST clock`."""
    if answer["settled"]:
        return Done("The clock was moved, and everything on the way has happened.")
    return Done("The clock was moved; a webhook is still without an answer.", tone="warning")
