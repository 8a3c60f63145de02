"""Settings that a number had at Twilio before it left, against those it has now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carrier import SETTINGS
from config.phone_numbers import read

from .models import PhoneNumber
from .routes import TEXT_ROUTES, addresses, foreign, whole
from .states import NumberState

Settings = Mapping[str, Any]

#: What is put back at Twilio. An emergency address is registered anew by a person.
PUT_BACK = tuple(name for name in SETTINGS if not name.startswith("emergency_"))
#: Settings that say where calls and texts go. Twilio sets none of them by itself, except for
#: addresses of its own that answer with a greeting.
ROUTES = (
    "voice_url",
    "voice_fallback_url",
    "voice_application_sid",
    "trunk_sid",
    "sms_url",
    "sms_fallback_url",
    "sms_application_sid",
    "status_callback",
)
GREETINGS = ("https://demo.twilio.com/", "http://demo.twilio.com/")


def settings_of(number: PhoneNumber) -> dict[str, Any]:
    """The settings at Twilio that are set; unset ones come as ``""`` or null (twilio-facts 1.2)."""
    record = {**number.twilio, "friendly_name": number.friendly_name}
    settings = {name: record[name] for name in PUT_BACK if record.get(name) not in (None, "")}
    if "voice_application_sid" in settings:
        settings.pop("trunk_sid", None)  # setting one of the two clears the other
    return settings


def differing(number: PhoneNumber, wanted: Settings) -> dict[str, Any]:
    """Those of the wanted settings that Twilio has otherwise, or not at all."""
    current = settings_of(number)
    return {name: value for name, value in wanted.items() if current.get(name) != value}


def chosen_anew(number: PhoneNumber, wanted: Settings) -> list[str]:
    """Settings that somebody gave the number since, so that the wanted ones must not overwrite it.

    A number that was just bought has none: no routes but Twilio's own greeting, and for a name its
    own digits.
    """
    current = settings_of(number)
    anew = [
        name
        for name in ROUTES
        if name in current
        and current[name] != wanted.get(name)
        and not str(current[name]).startswith(GREETINGS)
    ]
    name = current.get("friendly_name", "")
    if name != wanted.get("friendly_name") and not _is_own_digits(number, name):
        anew.append("friendly_name")
    return anew


def _is_own_digits(number: PhoneNumber, name: str) -> bool:
    if not name:
        return True
    written = read(name)
    return written is not None and written.ends(number.e164)


def offered(number: PhoneNumber) -> dict[str, Any]:
    """What a held number had before it left and has not now: a person decides about it."""
    if number.state != NumberState.HELD:
        return {}
    found = differing(number, number.before_release.get("settings", {}))
    if number.is_enabled:  # where its texts go is decided here
        return {name: value for name, value in found.items() if name not in TEXT_ROUTES}
    return found


def kept_instead(number: PhoneNumber) -> dict[str, str]:
    """Where the texts of an enabled number went before it left, as far as other is kept now.

    They go on coming here, so it is not written at Twilio, and put back when the number is excluded
    (decision 41). An address of ours is nobody's, and without any there is nothing to keep.
    """
    wanted = foreign(number, number.before_release.get("settings", {}))
    if not number.is_enabled or not addresses(wanted):
        return {}
    kept, wished = whole(number.before_service), whole(wanted)
    return {name: value for name, value in wished.items() if kept[name] != value}


def worth_keeping(number: PhoneNumber) -> dict[str, Any]:
    """The settings to remember of a number that leaves.

    While those from before are offered and nobody has touched what Twilio had in their place, it
    is the offered ones.
    """
    remembered = number.before_release
    if offered(number) and settings_of(number) == remembered.get("found"):
        return dict(remembered["settings"])
    return settings_of(number)
