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
    NotFound,
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
    "NotFound",
    "NumberPage",
    "NumberRecord",
    "PageExpired",
    "carrier_for",
]
