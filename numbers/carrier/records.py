"""Twilio's answers as typed values. Pure: no network, no database.

Everything is checked here, once: what leaves this module has the right shape.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, NoReturn

from config.phone_numbers import E164
from numbers.states import NumberType

from .errors import CarrierConfused

SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
NUMBER_SID = re.compile(r"PN[0-9a-fA-F]{32}")
#: Text that PostgreSQL cannot hold: NUL, and halves of surrogate pairs (pairs match as well).
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NAME_LENGTH = 200

#: The fields of a number that can be set, with Twilio's parameter for each (twilio-facts 1.1).
SETTINGS: dict[str, str] = {
    "address_sid": "AddressSid",
    "bundle_sid": "BundleSid",
    "emergency_address_sid": "EmergencyAddressSid",
    "emergency_status": "EmergencyStatus",
    "friendly_name": "FriendlyName",
    "identity_sid": "IdentitySid",
    "sms_application_sid": "SmsApplicationSid",
    "sms_fallback_method": "SmsFallbackMethod",
    "sms_fallback_url": "SmsFallbackUrl",
    "sms_method": "SmsMethod",
    "sms_url": "SmsUrl",
    "status_callback": "StatusCallback",
    "status_callback_method": "StatusCallbackMethod",
    "trunk_sid": "TrunkSid",
    "voice_application_sid": "VoiceApplicationSid",
    "voice_caller_id_lookup": "VoiceCallerIdLookup",
    "voice_fallback_method": "VoiceFallbackMethod",
    "voice_fallback_url": "VoiceFallbackUrl",
    "voice_method": "VoiceMethod",
    "voice_receive_mode": "VoiceReceiveMode",
    "voice_url": "VoiceUrl",
}


@dataclass(frozen=True)
class CarrierAccount:
    """A Twilio account; ``status`` is ``active``, ``suspended`` or ``closed``."""

    sid: str
    owner_sid: str
    name: str
    status: str

    @property
    def is_subaccount(self) -> bool:
        """A main account owns itself (twilio-facts 1.5)."""
        return self.owner_sid != self.sid


class NumberRecord(NamedTuple):
    """One number as Twilio describes it (twilio-facts 1.2).

    ``twilio`` holds every other field as it came, unknown ones included. ``fingerprint`` (32 hex
    digits) is the same for the same content, whatever the order of the fields.
    """

    sid: str
    e164: str
    friendly_name: str
    type: str
    voice: bool
    sms: bool
    mms: bool
    twilio: dict[str, Any]
    fingerprint: str


@dataclass(frozen=True)
class NumberPage:
    """One page of a connection's numbers; ``next_page`` is empty on the last one."""

    records: list[NumberRecord]
    next_page: str


def parse(text: str) -> dict[str, Any]:
    """Read an answer that must be a JSON object. Raises ``CarrierConfused``."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise CarrierConfused("Twilio's answer was not readable.") from None
    if not isinstance(value, dict):
        raise CarrierConfused("Twilio's answer had an unexpected form.")
    return _storable(value) if _UNSTORABLE.search(text) else value


def _no_constant(name: str) -> NoReturn:
    """``NaN`` and ``Infinity`` are no JSON, and PostgreSQL does not take them."""
    raise ValueError(name)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value


def account_record(value: dict[str, Any]) -> CarrierAccount:
    """Raises ``CarrierConfused`` when a field that decides anything is absent or wrong."""
    sid, owner, status = (value.get(key) for key in ("sid", "owner_account_sid", "status"))
    for each in (sid, owner):
        if not isinstance(each, str) or not SID.fullmatch(each):
            raise CarrierConfused("Twilio's answer did not say which account it is about.")
    if not isinstance(status, str):
        raise CarrierConfused("Twilio's answer did not say whether the account is active.")
    name = value.get("friendly_name")
    return CarrierAccount(
        sid=str(sid),
        owner_sid=str(owner),
        name=(name if isinstance(name, str) else "")[:64] or str(sid),
        status=status,
    )


def number_page(value: dict[str, Any]) -> tuple[list[NumberRecord], str]:
    """The records of a page and the link to the next one as Twilio gave it.

    A page without a word about the next one is refused: taking it for the last page would report
    every number after it as missing.
    """
    rows, following = value.get("incoming_phone_numbers"), value.get("next_page_uri", 0)
    if not isinstance(rows, list) or not (following is None or isinstance(following, str)):
        raise CarrierConfused("Twilio's list of numbers had an unexpected form.")
    return [number_record(row) for row in rows], following or ""


def number_record(value: Any) -> NumberRecord:
    """Build a record from Twilio's JSON; ``value`` is used up.

    50,000 of them take about half a second, nearly all of it for the fingerprints.
    """
    try:
        sid, e164 = value.pop("sid"), value.pop("phone_number")
        if not (NUMBER_SID.fullmatch(sid) and E164.fullmatch(e164)):
            raise ValueError
        # Ours, or different without a difference.
        for name in _DROPPED:
            value.pop(name, None)
        friendly_name = value.pop("friendly_name", None)
        if not isinstance(friendly_name, str):
            friendly_name = ""
    except (AttributeError, KeyError, TypeError, ValueError):
        raise CarrierConfused(
            "Twilio's list held an entry without a usable SID and phone number."
        ) from None
    capabilities = value.get("capabilities")
    able = capabilities.get if isinstance(capabilities, dict) else {}.get
    kind = value.get("type")
    digest = blake2b(_encode([sid, e164, friendly_name, value]).encode(), digest_size=16)
    return NumberRecord(
        sid,
        e164,
        friendly_name[:_NAME_LENGTH],
        number_type(kind) if isinstance(kind, str) else NumberType.OTHER.value,
        able("voice") is True,
        able("sms") is True,
        able("mms") is True,
        value,
        digest.hexdigest(),
    )


_DROPPED = ("account_sid", "date_updated", "subresource_uris", "uri")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


@lru_cache(maxsize=100)
def number_type(text: str) -> str:
    """``toll free``, ``toll-free`` and ``TollFree`` are one type; Twilio publishes no list."""
    plain = re.sub(r"[^a-z]", "", text.lower())
    for known in NumberType:
        if known.value.replace("_", "") == plain:
            return known.value
    return NumberType.OTHER.value
