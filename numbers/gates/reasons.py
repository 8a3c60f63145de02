"""Reasons that several gates give."""

from __future__ import annotations

from config.errors import Blocker
from config.text import inside
from numbers.models import PhoneNumber
from numbers.states import ENDED, NumberState


def only(number: PhoneNumber, states: tuple[NumberState, ...], verb: str) -> list[Blocker]:
    if number.state in states:
        return []
    allowed = " or ".join(inside(NumberState(state).label) for state in states)
    return [
        Blocker(
            "wrong_state",
            f"This number is {inside(number.get_state_display())}; "
            f"only a number that is {allowed} can be {verb}.",
        )
    ]


def unprotected(number: PhoneNumber) -> list[Blocker]:
    if not number.protected:
        return []
    return [
        Blocker(
            "protected",
            "This number is protected. Remove the protection first.",
            "See its protection",
            "numbers:detail",
            (number.pk,),
            "protection",
        )
    ]


def at_twilio(number: PhoneNumber) -> list[Blocker]:
    """A reason when an excluded number is at Twilio no more, as far as the last look went."""
    if number.state != NumberState.EXCLUDED:
        return []
    if number.unlisted_at is None and number.connection.state not in ENDED:
        return []
    return [
        Blocker(
            "not_at_twilio",
            "Twilio no longer lists this number in the subaccount. Mark it as gone, or refresh if "
            "it was bought again.",
        )
    ]


def disabled(number: PhoneNumber) -> list[Blocker]:
    if not number.is_enabled:
        return []
    answered = ", so texts to it are answered" if number.in_service_at is not None else ""
    return [
        Blocker(
            "enabled",
            f"This number is enabled{answered}. Disable it first.",
            "Disable it",
            "numbers:disable",
            (number.pk,),
        )
    ]
