"""A number moves to another account of the same family (twilio-facts 1.6)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.settings import DEFAULTS, SETTINGS_FIELDS
from twilio_sandbox.world import Account, Number, World

# What belongs to the losing account and means nothing in another one.
_BOUND = frozenset(
    {
        "address_sid",
        "bundle_sid",
        "identity_sid",
        "emergency_address_sid",
        "emergency_address_status",
        "emergency_status",
        "sms_application_sid",
        "voice_application_sid",
        "trunk_sid",
    }
)


def gaining_account(context: Context, number: Number, account_sid: str) -> Account:
    """Where the number goes, or why it cannot."""
    world = context.world
    gaining = world.accounts.get(account_sid)
    if gaining is None:
        raise TwilioError(21471)
    losing = world.accounts[number.account_sid]
    if gaining.owner_sid != losing.owner_sid:
        raise TwilioError(21473)
    if not context.caller.is_main and gaining is not losing:
        raise TwilioError(21474)
    if world.status(gaining) != "active":
        raise TwilioError(21472)
    if number.changes.get("origin") == "hosted" and number.changes.get("status") not in (
        None,
        DEFAULTS["status"],
    ):
        raise TwilioError(22121)
    return gaining


def what_stays(world: World, number: Number) -> dict[str, Any]:
    """The number's settings as they are in the other account before anything new is set."""
    lost = _BOUND
    if world.switch("transferred_number_urls") == "cleared":
        lost = lost | SETTINGS_FIELDS
    return {name: value for name, value in number.changes.items() if name not in lost}
