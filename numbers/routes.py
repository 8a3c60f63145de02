"""Where Twilio sends the texts of a number: here, or where it sent them before. Pure.

Twilio's precedence (twilio-facts 1.2): an application is asked before the addresses are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from config.addresses import absolute

from .models import PhoneNumber

#: The hook that takes in texts; ``telephony`` registers it.
TEXTS_HOOK = "texts"
#: The settings that decide it, of those that can be set.
TEXT_ROUTES = (
    "sms_url",
    "sms_method",
    "sms_fallback_url",
    "sms_fallback_method",
    "sms_application_sid",
)
Routes = dict[str, str]
#: In ``before_service``: a restore wanted these, so what Twilio has meanwhile does not count.
WANTED = "wanted"
_IS_OURS = re.compile(rf"/hooks/{TEXTS_HOOK}/[0-9a-f]{{32}}$")
#: What a number has there that nothing was set for.
_UNSET: Routes = {
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
}


def _here(key: str) -> str:
    return absolute(reverse("hook", args=[TEXTS_HOOK, "-"]))[:-1] + key


def ours(number: PhoneNumber) -> Routes:
    """The settings that send the number's texts here."""
    return _UNSET | {"sms_url": _here(number.hook_key)}


def planned(number: PhoneNumber) -> Routes:
    """What enabling the number would write; its address is made when it is enabled first."""
    if number.hook_key:
        return missing(number, number.twilio)
    there = routes_of(number.twilio)
    here = _here("") + "…"
    return {
        name: value for name, value in (_UNSET | {"sms_url": here}).items() if there[name] != value
    }


def addresses(settings: Mapping[str, Any]) -> Routes:
    """Those of the settings that say where texts go by themselves, as far as they are set."""
    return {
        name: value
        for name, value in routes_of(settings).items()
        if value and not name.endswith("_method")
    }


def routes_of(record: Mapping[str, Any]) -> Routes:
    """Those of Twilio's record; unset ones, which come as ``""`` or null, as ``""``."""
    return {name: str(record.get(name) or "") for name in TEXT_ROUTES}


def whole(kept: Mapping[str, Any]) -> Routes:
    """All of the settings, out of those that are set."""
    return {name: kept.get(name) or _UNSET[name] for name in TEXT_ROUTES}


def comes_here(number: PhoneNumber, record: Mapping[str, Any]) -> bool:
    """Whether the address for texts is the number's own one, whichever host it names."""
    return bool(number.hook_key) and routes_of(record)["sms_url"].endswith(f"/{number.hook_key}")


def set_from_here(number: PhoneNumber, record: Mapping[str, Any]) -> set[str]:
    """Those of the settings that Twilio has as they are when the number's texts come here."""
    if not comes_here(number, record):
        return set()
    there = routes_of(record)
    here = ours(number) | {"sms_url": there["sms_url"]}  # whichever host it names
    return {name for name in TEXT_ROUTES if there[name] == here[name]}


def left_from_here(settings: Mapping[str, Any]) -> set[str]:
    """Those of the settings that were set for an address of ours, of whichever number."""
    there = routes_of(settings)
    if not _IS_OURS.search(there["sms_url"]):
        return set()
    return {name for name in TEXT_ROUTES if there[name] in ("", _UNSET[name])} | {"sms_url"}


def foreign(number: PhoneNumber, record: Mapping[str, Any]) -> Routes:
    """Those of Twilio's record that are not ours, each with its value; none that is unset.

    The address of another number of ours, or of one that was ours, leads nowhere: it is nobody's.
    The method belongs to its address.
    """
    there = routes_of(record)
    if comes_here(number, record) or _IS_OURS.search(there["sms_url"]):
        there |= {"sms_url": "", "sms_method": ""}
    return {name: value for name, value in there.items() if value}


def missing(number: PhoneNumber, record: Mapping[str, Any]) -> Routes:
    """Those of ours that Twilio has otherwise."""
    there = routes_of(record)
    return {name: value for name, value in ours(number).items() if there[name] != value}


def to_keep(number: PhoneNumber, record: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, to be put back one day, of a number that is enabled while Twilio has this.

    Where its texts still come here, what is kept already, with what somebody has set beside our
    address.
    """
    before: dict[str, Any] = number.before_service
    if before.get(WANTED):
        return before
    kept = {name: before[name] for name in TEXT_ROUTES if name in before}
    return {**(kept if comes_here(number, record) else {}), **foreign(number, record)}


def to_hand_back(number: PhoneNumber, record: Mapping[str, Any]) -> Routes:
    """What puts back what was there before the number was taken over, where Twilio still has ours.

    Whoever has sent the texts elsewhere since then has decided; that stays.
    """
    if not comes_here(number, record):
        return {}
    there, here = routes_of(record), set_from_here(number, record)
    before = whole(number.before_service)
    return {
        name: before[name] for name in TEXT_ROUTES if name in here and there[name] != before[name]
    }
