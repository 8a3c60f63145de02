"""The numbers of a Twilio account: reading, changing, releasing and buying (twilio-facts 1, 2).

Everything is checked here, once: what leaves this module has the right shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from config.phone_numbers import E164

from . import names
from .bodies import form
from .errors import CarrierConfused, CarrierUnavailable
from .transport import Transport
from .types import NumberType

PAGE_SIZE = 1000  # Twilio's maximum
MAX_LINK = 1000

_SID = names.pattern("PN")
_NAME_LENGTH = 200
_ODD_LENGTH = 40

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


class OddRow(NamedTuple):
    """A row of Twilio's list that is no number as we know them: what it says of its SID and number.

    Both are cut to 40 characters, and empty where there is no text.
    """

    sid: str
    number: str


@dataclass(frozen=True)
class NumberPage:
    """One page of a connection's numbers; ``next_page`` is empty on the last one.

    ``odd`` are rows that cannot be taken for numbers; whoever reads the list must not conclude
    from it that a number is gone.
    """

    records: list[NumberRecord]
    next_page: str
    odd: tuple[OddRow, ...] = ()


class Numbers:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._all = f"/2010-04-01/Accounts/{transport.sid}/IncomingPhoneNumbers.json"

    def page(self, link: str = "") -> NumberPage:
        """Up to 1,000 numbers: the first page, or what an earlier page's ``next_page`` named.

        The caller watches for circles. Raises ``PageExpired`` when Twilio has forgotten the link.
        """
        query = self._query_of(link) if link else f"PageSize={PAGE_SIZE}"
        page = number_page(self._transport.fetch(self._all, params=query))
        following = f"{self._all}?{self._query_of(page.next_page)}" if page.next_page else ""
        return replace(page, next_page=following)

    def find(self, e164: str) -> NumberRecord | None:
        """The number in this account; None is Twilio's word that it is not there.

        Raises ``CarrierConfused`` when the answer does not tell.
        """
        params = {"PhoneNumber": names.e164(e164)}
        # Twilio matches parts of numbers too.
        page = number_page(self._transport.fetch(self._all, params=params))
        found = next((record for record in page.records if record.e164 == e164), None)
        if found is None and (page.odd or page.next_page):
            raise CarrierConfused("Twilio did not say clearly whether it has the number.")
        return found

    def update(self, sid: str, fields: Mapping[str, str | bool | None]) -> NumberRecord:
        """Change settings of a number; ``fields`` has keys of ``SETTINGS``, None or "" unsets."""
        body = form({SETTINGS[name]: value for name, value in fields.items()})
        answer = self._transport.ask("POST", self._path(sid), body=body, repeat=True)
        return number_record(answer.json())

    def release(self, sid: str) -> None:
        """Give the number back to Twilio.

        Raises ``NotFound`` when nothing has this SID, which does not say that the number is gone:
        one that was bought again has another.
        """
        self._transport.ask("DELETE", self._path(sid), repeat=True)

    def buy(self, e164: str) -> NumberRecord:
        """Buy this number, or find it in the account when an earlier attempt has bought it.

        Raises ``CarrierUnavailable`` when it is not known whether it was bought: call again later.
        """
        found = self.find(e164)
        if found is not None:
            return found
        body = form({"PhoneNumber": e164})
        try:
            answer = self._transport.ask("POST", self._all, body=body, repeat=False)
        except CarrierUnavailable:
            found = self.find(e164)
            if found is None:
                raise
            return found
        return number_record(answer.json())

    def _path(self, sid: str) -> str:
        return f"{self._all.removesuffix('.json')}/{names.sid('PN', sid)}.json"

    def _query_of(self, link: str) -> str:
        """The query of a page link, which must stay with this account's numbers."""
        parts = urlsplit(link)
        at_home = (parts.scheme, parts.netloc) in (("", ""), ("https", "api.twilio.com"))
        if not at_home or parts.path != self._all or parts.fragment or len(link) > MAX_LINK:
            raise CarrierConfused("Twilio's list of numbers linked to an unexpected place.")
        return parts.query


def number_page(value: dict[str, Any]) -> NumberPage:
    """The records of a page, its odd rows, and the link to the next one as Twilio gave it.

    A page without a word about the next one is refused: taking it for the last page would report
    every number after it as missing.
    """
    rows, following = value.get("incoming_phone_numbers"), value.get("next_page_uri", 0)
    if not isinstance(rows, list) or not (following is None or isinstance(following, str)):
        raise CarrierConfused("Twilio's list of numbers had an unexpected form.")
    records, odd = [], []
    for row in rows:
        try:
            records.append(number_record(row))
        except CarrierConfused:
            odd.append(_odd(row))
    return NumberPage(records, following or "", tuple(odd))


def _odd(row: Any) -> OddRow:
    told = row.get if isinstance(row, dict) else {}.get
    return OddRow(*(_short(told(name)) for name in ("sid", "phone_number")))


def _short(value: Any) -> str:
    return "" if value is None else str(value)[:_ODD_LENGTH]


def number_record(value: Any) -> NumberRecord:
    """Build a record from Twilio's JSON; ``value`` is used up.

    50,000 of them take about half a second, nearly all of it for the fingerprints.
    """
    try:
        sid, e164 = value["sid"], value["phone_number"]
        if not (_SID.fullmatch(sid) and E164.fullmatch(e164)):
            raise ValueError
        # Columns of ours, or different without a difference.
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


_DROPPED = ("sid", "phone_number", "account_sid", "date_updated", "subresource_uris", "uri")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


@lru_cache(maxsize=100)
def number_type(text: str) -> str:
    """``toll free``, ``toll-free`` and ``TollFree`` are one type; Twilio publishes no list."""
    plain = re.sub(r"[^a-z]", "", text.lower())
    for known in NumberType:
        if known.value.replace("_", "") == plain:
            return known.value
    return NumberType.OTHER.value
