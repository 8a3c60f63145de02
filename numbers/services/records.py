"""Twilio's record of a number, written into our row."""

from __future__ import annotations

from typing import Any

from carrier import NumberRecord
from config.fields import refold
from config.phone_numbers import country_of
from numbers.models import PhoneNumber

#: The columns that mirror Twilio's record, and the one that follows the name in it.
RECORD_FIELDS = [
    "search_name",
    "sid",
    "e164",
    "country",
    "type",
    "voice",
    "sms",
    "mms",
    "friendly_name",
    "twilio",
    "fingerprint",
]


def columns(record: NumberRecord) -> dict[str, Any]:
    """The record as values of the columns that mirror it."""
    return {
        "sid": record.sid,
        "e164": record.e164,
        "country": country_of(record.e164),
        "type": record.type,
        "voice": record.voice,
        "sms": record.sms,
        "mms": record.mms,
        "friendly_name": record.friendly_name,
        "twilio": record.twilio,
        "fingerprint": record.fingerprint,
    }


def apply_record(number: PhoneNumber, record: NumberRecord) -> dict[str, tuple[Any, Any]]:
    """Set the columns in memory; returns what changed as field -> (before, after).

    Fields inside Twilio's record are named one by one, so that a timeline can show them.
    """
    differences: dict[str, tuple[Any, Any]] = {}
    for name, after in columns(record).items():
        before = getattr(number, name)
        if before == after:
            continue
        if name == "twilio":
            differences |= {
                key: (before.get(key), after.get(key))
                for key in sorted(before.keys() | after.keys())
                if before.get(key) != after.get(key)
            }
        elif name != "fingerprint":
            differences[name] = (before, after)
        setattr(number, name, after)
    refold(number)
    return differences


def store_record(number: PhoneNumber, record: NumberRecord) -> None:
    """Write Twilio's current record onto a locked number."""
    apply_record(number, record)
    number.save(update_fields=RECORD_FIELDS)
