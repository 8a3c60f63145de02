"""Why a number cannot leave: be released, excluded, or marked as gone."""

from __future__ import annotations

from django.db.models import Q

from config.errors import Blocker
from numbers.models import PhoneNumber
from numbers.states import NumberState

from .connections import reachable
from .reasons import at_twilio, disabled, only, unprotected

#: The states from which a number can be given back.
RELEASABLE = (NumberState.HELD, NumberState.EXCLUDED)


def release(number: PhoneNumber) -> list[Blocker]:
    """Reasons against giving the number back to Twilio (S1-14, S4-53)."""
    return disabled(number) + release_disabled(number)


def release_disabled(number: PhoneNumber) -> list[Blocker]:
    blockers = only(number, RELEASABLE, "released")
    blockers += at_twilio(number) + unprotected(number) + reachable(number.connection)
    if number.twilio.get("emergency_status") == "Active" and number.twilio.get(
        "emergency_address_sid"
    ):
        blockers.append(
            Blocker(
                "emergency_address",
                "Twilio does not take back a number with an emergency address. "
                "Remove the address in the Twilio Console, then refresh.",
            )
        )
    return blockers


def risk_of_release(number: PhoneNumber) -> str:
    """Why the release of this number is confirmed by typing, at every door for people."""
    if number.is_hosted:
        return "It cannot be bought back."
    if number.is_assigned:
        return "It has an agent: it is in use."
    return ""


IN_USE = Blocker(
    "in_use",
    "It is in use by now, and only numbers that were not were confirmed. Do it on its own page.",
)


def unconfirmed(number: PhoneNumber, *, risk_confirmed: bool) -> list[Blocker]:
    """A reason when the release is a risk and nobody has confirmed that, as the services ask."""
    return [] if risk_confirmed or not risk_of_release(number) else [IN_USE]


#: The same for many numbers.
RISKY_TO_RELEASE = Q(agent__isnull=False) | Q(twilio__origin="hosted")


def exclude(number: PhoneNumber) -> list[Blocker]:
    """Reasons against leaving the number at Twilio without managing it here."""
    return disabled(number) + exclude_disabled(number)


def exclude_disabled(number: PhoneNumber) -> list[Blocker]:
    return only(number, (NumberState.HELD,), "excluded") + unprotected(number)


def mark_gone(number: PhoneNumber) -> list[Blocker]:
    """Reasons against closing the file of a number that Twilio no longer lists."""
    if at_twilio(number):
        return []
    return only(number, (NumberState.MISSING,), "marked as gone")
