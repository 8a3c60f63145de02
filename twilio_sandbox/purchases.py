"""Buying a number (twilio-facts 2)."""

from __future__ import annotations

import re
from typing import Any

from twilio_sandbox import available, emergency, plan
from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings import requirements
from twilio_sandbox.monitor import events
from twilio_sandbox.plan import Area
from twilio_sandbox.settings import apply_settings
from twilio_sandbox.world import Account, Number, World

TRIAL_NUMBERS = 1  # an account on trial has one local number of North America


def carry_out(context: Context, wanted_type: str | None) -> Number:
    """Take a free number into the account, by `PhoneNumber` or by `AreaCode`."""
    world, account, given = context.world, context.active_account(), context.read()
    phone_number, area = _wanted_number(world, account, given)
    if wanted_type and area.type != wanted_type:
        raise TwilioError(21422, f"{phone_number} is not available")
    _check_trial(world, account, area)
    changes: dict[str, Any] = {}
    apply_settings(changes, given)
    requirements.check(world, account, area, changes)
    address_sid = given.get("EmergencyAddressSid")
    requirements.check_address_is_ours(world, account, address_sid)
    number = world.add_number(account, phone_number, changes)
    if address_sid:
        emergency.set_address(world, number, address_sid)
    events.record(context, "phone-number.created", number, "phone-number")
    return number


def _check_trial(world: World, account: Account, area: Area) -> None:
    if account.type != "Trial":
        return
    is_simple = area.country in ("US", "CA") and area.type == "local"
    if not is_simple or len(world.numbers.of(account.sid)) >= TRIAL_NUMBERS:
        raise TwilioError(21404)


def _wanted_number(world: World, account: Account, given: dict[str, Any]) -> tuple[str, Area]:
    """The free number that is asked for, and where it belongs."""
    phone_number, area_code = given.get("PhoneNumber"), given.get("AreaCode")
    if phone_number:
        if phone_number == plan.MAGIC_INVALID or not plan.is_valid(phone_number):
            raise TwilioError(21421, f"{phone_number} is not a valid phone number")
        area = available.area_on_sale(world, phone_number, account)
        if area is None:
            raise TwilioError(21422, f"{phone_number} is not available")
        return phone_number, area
    if not area_code:
        raise TwilioError(20001, "PhoneNumber or AreaCode is required")
    if not re.fullmatch(r"[2-9]\d\d", area_code):
        raise TwilioError(21451)
    found = available.first_in_area_code(world, area_code)
    if found is None:
        raise TwilioError(21452, f"No phone numbers were found in area code {area_code}")
    return found
