"""What becomes of a connection."""

from __future__ import annotations

from datetime import datetime

from config.text import plural
from numbers import gates
from numbers.models import Connection
from numbers.states import RESTORE_WINDOW, NumberState

from .plan import Plan


def remove_plan(connection: Connection, *, at: datetime) -> Plan:
    """What removing a connection means, and which released numbers lose their way back."""
    touches = [
        "Nothing is read, released or restored through it any more, and its token is forgotten.",
        "Nothing changes at Twilio. Numbers that came through it stay here with their history.",
    ]
    released = connection.numbers.filter(
        state=NumberState.RELEASED, released_at__gt=at - RESTORE_WINDOW
    ).count()
    if released:
        touches.append(
            f"{plural(released, 'released number')} could still come back through it; after this "
            "only by the Twilio Console."
        )
    return Plan(
        touches=touches,
        cost="Nothing.",
        undo="Connect the subaccount again at any time, with its token.",
        blockers=gates.remove(connection),
    )
