"""The door to Twilio (design mechanism 5): the only code that knows Twilio's client."""

from __future__ import annotations

from .accounts import CarrierAccount
from .client import Carrier, carrier_for
from .deadline import within
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
from .numbers import SETTINGS, NumberPage, NumberRecord, OddRow

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
    "OddRow",
    "PageExpired",
    "carrier_for",
    "within",
]
