"""The door to Twilio (design mechanism 5): the only code that knows Twilio's client."""

from __future__ import annotations

from .client import Carrier, carrier_for
from .errors import (
    AccountInactive,
    CarrierAuthFailed,
    CarrierConfused,
    CarrierError,
    CarrierRefused,
    CarrierUnavailable,
    PageExpired,
)
from .records import SETTINGS, CarrierAccount, NumberPage, NumberRecord

__all__ = [
    "SETTINGS",
    "AccountInactive",
    "Carrier",
    "CarrierAccount",
    "CarrierAuthFailed",
    "CarrierConfused",
    "CarrierError",
    "CarrierRefused",
    "CarrierUnavailable",
    "NumberPage",
    "NumberRecord",
    "PageExpired",
    "carrier_for",
]
