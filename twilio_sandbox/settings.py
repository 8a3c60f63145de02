"""The settings of a phone number: fields, parameters, and rules (twilio-facts 1.1, 1.2)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.parameters import (
    Check,
    Parameter,
    flag,
    http_method,
    one_of,
    sid,
    text,
    url,
)

MAX_FRIENDLY_NAME = 64
CAPABILITIES = ("voice", "sms", "mms", "fax")

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


def fits(name: str, value: Any) -> bool:
    """Whether a number's field can have that value, as far as its type goes; null always can."""
    if value is None:
        return True
    if name == "capabilities":
        return isinstance(value, dict) and all(
            kind in CAPABILITIES and isinstance(able, bool) for kind, able in value.items()
        )
    return isinstance(value, bool if isinstance(DEFAULTS[name], bool) else str)


def _or(unset: str | None, check: Check) -> Check:
    """The empty text becomes what an unset field shows."""

    def checked(name: str, value: str) -> Any:
        return check(name, value) or unset

    return checked


# parameter -> (field, check)
_SETTINGS: dict[str, tuple[str, Check]] = {
    "ApiVersion": ("api_version", one_of("2010-04-01", "2008-08-01")),
    "FriendlyName": ("friendly_name", text(MAX_FRIENDLY_NAME)),
    "SmsApplicationSid": ("sms_application_sid", sid("AP")),
    "SmsFallbackMethod": ("sms_fallback_method", http_method),
    "SmsFallbackUrl": ("sms_fallback_url", url),
    "SmsMethod": ("sms_method", http_method),
    "SmsUrl": ("sms_url", url),
    "StatusCallback": ("status_callback", url),
    "StatusCallbackMethod": ("status_callback_method", http_method),
    "VoiceApplicationSid": ("voice_application_sid", sid("AP")),
    "VoiceCallerIdLookup": ("voice_caller_id_lookup", flag),
    "VoiceFallbackMethod": ("voice_fallback_method", http_method),
    "VoiceFallbackUrl": ("voice_fallback_url", _or(None, url)),
    "VoiceMethod": ("voice_method", http_method),
    "VoiceUrl": ("voice_url", _or(None, url)),
    "EmergencyStatus": ("emergency_status", one_of("Active", "Inactive")),
    "EmergencyAddressSid": ("emergency_address_sid", _or(None, sid("AD"))),
    "TrunkSid": ("trunk_sid", _or(None, sid("TK"))),
    "VoiceReceiveMode": ("voice_receive_mode", one_of("voice", "fax")),
    "IdentitySid": ("identity_sid", _or(None, sid("RI"))),
    "AddressSid": ("address_sid", _or(None, sid("AD"))),
    "BundleSid": ("bundle_sid", _or(None, sid("BU"))),
}
PARAMETERS = tuple(Parameter(name, check) for name, (_, check) in _SETTINGS.items())


SETTINGS_FIELDS = frozenset(name for name, _ in _SETTINGS.values())


def apply_settings(changes: dict[str, Any], values: dict[str, Any]) -> None:
    """Put the settings among checked parameters into `changes`.

    EmergencyStatus is ignored: since 2021 it follows the emergency address, which `emergency`
    registers. A trunk clears the voice application and the other way round.
    """
    given = {_SETTINGS[name][0]: value for name, value in values.items() if name in _SETTINGS}
    given.pop("emergency_status", None)
    given.pop("emergency_address_sid", None)
    if given.get("trunk_sid"):
        given["voice_application_sid"] = ""
    elif given.get("voice_application_sid"):
        given["trunk_sid"] = None
    if given.get("friendly_name") == "":
        del given["friendly_name"]
    changes.update(given)
