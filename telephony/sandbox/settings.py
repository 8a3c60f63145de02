"""The settings of a phone number: fields, parameters, and rules (twilio-facts 1.1, 1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from telephony.sandbox.errors import TwilioError

MAX_FRIENDLY_NAME = 64

# What a new number shows; unset SMS URLs and applications are "", unset voice URLs null.
DEFAULTS: dict[str, Any] = {
    "account_sid": "",
    "address_requirements": "none",
    "address_sid": None,
    "api_version": "2010-04-01",
    "beta": False,
    "bundle_sid": None,
    "capabilities": {},
    "date_created": "",
    "date_updated": "",
    "emergency_address_sid": None,
    "emergency_address_status": "unregistered",
    "emergency_status": "Inactive",
    "friendly_name": "",
    "identity_sid": None,
    "origin": "twilio",
    "phone_number": "",
    "sid": "",
    "sms_application_sid": "",
    "sms_fallback_method": "POST",
    "sms_fallback_url": "",
    "sms_method": "POST",
    "sms_url": "",
    "status": "in-use",
    "status_callback": "",
    "status_callback_method": "POST",
    "trunk_sid": None,
    "type": "local",
    "uri": "",
    "voice_application_sid": "",
    "voice_caller_id_lookup": False,
    "voice_fallback_method": "POST",
    "voice_fallback_url": None,
    "voice_method": "POST",
    "voice_receive_mode": "voice",
    "voice_url": None,
}

COMPUTED = ("account_sid", "date_created", "date_updated", "phone_number", "sid", "uri")
SETTABLE = frozenset(DEFAULTS).difference(COMPUTED)  # what the control API may preset


def _url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise TwilioError(21402, f"{name} is not a valid URL")
    return value


def _nullable_url(name: str, value: str) -> str | None:
    return _url(name, value) or None


def _one_of(*allowed: str) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        if value not in allowed:
            raise TwilioError(20001, f"{name} must be one of {', '.join(allowed)}")
        return value

    return check


def _method(name: str, value: str) -> str:
    if value.upper() not in ("GET", "POST"):
        raise TwilioError(21403, f"{name} must be GET or POST")
    return value.upper()


def _sid(prefix: str, unset: str | None) -> Callable[[str, str], str | None]:
    def check(name: str, value: str) -> str | None:
        if value and not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
            raise TwilioError(20001, f"{name} is not a valid SID")
        return value or unset

    return check


def _flag(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise TwilioError(20001, f"{name} must be true or false")
    return value.lower() == "true"


def _friendly_name(name: str, value: str) -> str:
    if len(value) > MAX_FRIENDLY_NAME:
        raise TwilioError(20001, f"{name} must have at most {MAX_FRIENDLY_NAME} characters")
    return value


# parameter -> (field, check that returns the value to keep)
PARAMETERS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "ApiVersion": ("api_version", _one_of("2010-04-01", "2008-08-01")),
    "FriendlyName": ("friendly_name", _friendly_name),
    "SmsApplicationSid": ("sms_application_sid", _sid("AP", "")),
    "SmsFallbackMethod": ("sms_fallback_method", _method),
    "SmsFallbackUrl": ("sms_fallback_url", _url),
    "SmsMethod": ("sms_method", _method),
    "SmsUrl": ("sms_url", _url),
    "StatusCallback": ("status_callback", _url),
    "StatusCallbackMethod": ("status_callback_method", _method),
    "VoiceApplicationSid": ("voice_application_sid", _sid("AP", "")),
    "VoiceCallerIdLookup": ("voice_caller_id_lookup", _flag),
    "VoiceFallbackMethod": ("voice_fallback_method", _method),
    "VoiceFallbackUrl": ("voice_fallback_url", _nullable_url),
    "VoiceMethod": ("voice_method", _method),
    "VoiceUrl": ("voice_url", _nullable_url),
    "EmergencyStatus": ("emergency_status", _one_of("Active", "Inactive")),
    "EmergencyAddressSid": ("emergency_address_sid", _sid("AD", None)),
    "TrunkSid": ("trunk_sid", _sid("TK", None)),
    "VoiceReceiveMode": ("voice_receive_mode", _one_of("voice", "fax")),
    "IdentitySid": ("identity_sid", _sid("RI", None)),
    "AddressSid": ("address_sid", _sid("AD", None)),
    "BundleSid": ("bundle_sid", _sid("BU", None)),
}


def apply_settings(changes: dict[str, Any], form: dict[str, str]) -> None:
    """Put a form's settings into `changes`; all are checked before the first is kept.

    Parameters nobody knows are ignored, as Twilio does, and so is EmergencyStatus, which since 2021
    follows the emergency address; that is registered at once. A trunk clears the voice application
    and the other way round.
    """
    given: dict[str, Any] = {}
    for parameter, value in form.items():
        if parameter in PARAMETERS:
            setting, check = PARAMETERS[parameter]
            given[setting] = check(parameter, value)
    given.pop("emergency_status", None)
    if given.get("trunk_sid"):
        given["voice_application_sid"] = ""
    elif given.get("voice_application_sid"):
        given["trunk_sid"] = None
    if "emergency_address_sid" in given:
        registered = given["emergency_address_sid"] is not None
        given["emergency_status"] = "Active" if registered else "Inactive"
        given["emergency_address_status"] = "registered" if registered else "unregistered"
    if given.get("friendly_name") == "":
        del given["friendly_name"]
    changes.update(given)
