"""Twilio's record of a number in groups that people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from config.text import name_as_label
from numbers.models import PhoneNumber
from numbers.previous import offered


class Setting(NamedTuple):
    """An empty text means "not set"; ``was`` is what stood there before, where somebody may decide
    to put that back."""

    label: str
    text: str
    was: str = ""


class Group(NamedTuple):
    title: str
    settings: list[Setting]


#: Names of Twilio's fields, by what they are about (twilio-facts 1.2).
GROUPS: dict[str, tuple[str, ...]] = {
    "Voice": (
        "voice_url",
        "voice_method",
        "voice_fallback_url",
        "voice_fallback_method",
        "voice_receive_mode",
        "voice_caller_id_lookup",
        "status_callback",
        "status_callback_method",
    ),
    "Messaging": ("sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method"),
    "Application, trunk and service": (
        "voice_application_sid",
        "sms_application_sid",
        "trunk_sid",
        "messaging_service_sid",
    ),
    "Emergency": (
        "emergency_status",
        "emergency_address_status",
        "emergency_address_sid",
    ),
    "Bundle and address": ("bundle_sid", "address_sid", "address_requirements", "identity_sid"),
}


def text(value: Any) -> str:
    """A value of the record; nothing, ``""`` and null all read as not set."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def configuration(number: PhoneNumber) -> list[Group]:
    """Everything Twilio says about the number, known fields in groups and the rest at the end."""
    record: dict[str, Any] = number.twilio
    before = offered(number)
    groups = [
        Group(title, [_setting(name, record, before) for name in names])
        for title, names in GROUPS.items()
    ]
    known = {name for names in GROUPS.values() for name in names}
    others = [_setting(name, record, before) for name in sorted(record.keys() - known)]
    if others:
        groups.append(Group("Other fields", others))
    return groups


def _setting(name: str, record: Mapping[str, Any], before: Mapping[str, Any]) -> Setting:
    was = (text(before[name]) or "not set") if name in before else ""
    return Setting(name_as_label(name), text(record.get(name)), was)
