"""The emergency address of a number: registered, removed, refused (twilio-facts 1.2, 2)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.errors import TwilioError
from twilio_sandbox.timers import action
from twilio_sandbox.world import Number, World

PENDING_SECONDS = 60
_PENDING = ("pending-registration", "pending-unregistration")


def set_address(world: World, number: Number, address_sid: str | None) -> None:
    """Name an address of the number's account, or none; at once or later, as the switch says.

    An address that is not enabled for emergencies fails to be registered.
    """
    before = number.changes.get("emergency_address_sid")
    number.changes = number.changes | {"emergency_address_sid": address_sid}
    if world.switch("emergency_registration") == "at_once":
        _settle(world, number)
    elif address_sid != before:
        pending = _PENDING[0] if address_sid else _PENDING[1]
        number.changes["emergency_address_status"] = pending
        world.after(PENDING_SECONDS, "numbers.emergency_settled", sid=number.sid)
    world.changed(number)


@action("numbers.emergency_settled")
def settle(world: World, sid: str) -> None:
    """What was pending is done, unless the number is gone or something newer came."""
    number = world.numbers.get(sid)
    if number is not None and number.changes.get("emergency_address_status") in _PENDING:
        _settle(world, number)
        world.changed(number)


def _settle(world: World, number: Number) -> None:
    address_sid = number.changes.get("emergency_address_sid")
    address = world.addresses.find(number.account_sid, address_sid) if address_sid else None
    if address_sid is None:
        state = ("Inactive", "unregistered")
    elif address is not None and address.emergency_enabled:
        state = ("Active", "registered")
    else:
        state = ("Inactive", "registration-failure")
    number.changes = number.changes | {
        "emergency_status": state[0],
        "emergency_address_status": state[1],
    }


def check_release(changes: dict[str, Any]) -> None:
    """Refuse to release a number as long as emergency services know it."""
    if (
        changes.get("emergency_status") == "Active"
        or changes.get("emergency_address_status") in _PENDING
    ):
        raise TwilioError(20001, "Remove the emergency address before releasing the phone number")
