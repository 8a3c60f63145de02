"""Whether a number at Twilio is managed here: exclude it, bring it back, close its file."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import refuse
from licensing.services import grace
from numbers import gates
from numbers.models import PhoneNumber
from numbers.previous import mark_differing
from numbers.states import NumberState

from .lifecycle import (
    OFFER_FIELDS,
    STATE_FIELDS,
    keep_again,
    kept_of,
    lock_number,
    move,
    relocate,
    standing_of,
    state_and_agent,
)
from .release import agent_to_remember, give_agent_back, hand_routes_back


@transaction.atomic
def exclude(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Leave the number at Twilio without managing it here; it takes no license from now on."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.exclude(number))
    begin_exclusion(number, actor=actor, at=at)
    grace.settle(number.account_id, actor=actor, at=at)
    return number


def begin_exclusion(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Exclude a locked number whose gates are open, and remember its agent, or that it was a spare.

    Where Twilio sends its texts here, it is told to send them where they went before.
    """
    remembered = {**agent_to_remember(number), **kept_of(number)}
    number.before_release = {**number.before_release, **remembered}
    relocate(
        number,
        NumberState.EXCLUDED,
        "number.excluded",
        "Excluded: stays at Twilio, not managed here.",
        also=["before_release"],
        actor=actor,
        at=at,
    )
    hand_routes_back(number, actor=actor, at=at)


@transaction.atomic
def bring_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Manage an excluded number again; needs a free license, or its grace period still runs.

    Its agent comes back if it is still live and the licenses allow it; one that was kept as a spare
    is one again, until its day.
    """
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    refuse(gates.bring_back(number, standing_of(subscription, at)))
    before = state_and_agent(number)
    move(number, NumberState.HELD, at=at)
    remembered = dict(number.before_release)
    with_it, did_not = give_agent_back(number, remembered, at=at)
    with_it += keep_again(number, remembered, at=at)
    number.before_release = {
        name: value
        for name, value in remembered.items()
        if name not in ("agent_id", "agent", "kept")
    }
    mark_differing(number, at=at)
    number.save(update_fields=[*STATE_FIELDS, *OFFER_FIELDS])
    tell(
        number,
        "number.brought_back",
        "Brought back: managed here again.",
        actor=actor,
        at=at,
        before=before,
        after=state_and_agent(number),
        data={"came_back": with_it, "did_not": did_not} if with_it or did_not else {},
    )
    grace.resume(number.account_id, actor=actor, at=at)
    return number


@transaction.atomic
def mark_gone(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Close the file of a missing number; its history stays, and an import can find it again."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.mark_gone(number))
    relocate(number, NumberState.GONE, "number.gone", "Marked as gone.", actor=actor, at=at)
    return number
