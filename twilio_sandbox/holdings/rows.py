"""Addresses, applications and regulatory papers of an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.tables import Row


@dataclass(slots=True)
class Address(Row):
    """A place that regulators or emergency services want to know; fields as in the resource."""

    customer_name: str
    street: str
    city: str
    region: str
    postal_code: str
    iso_country: str
    friendly_name: str | None = None
    street_secondary: str | None = None
    emergency_enabled: bool = False


@dataclass(slots=True)
class Application(Row):
    """URLs under one name, for numbers and calls that name it; `settings` as in the resource."""

    friendly_name: str
    settings: dict[str, Any] = field(default_factory=dict)  # what differs from a new one


@dataclass(slots=True)
class Paper(Row):
    """What a regulator wants beside an address (twilio-facts 1.6); the SID is BU…, RI… or RD…"""

    kind: str  # bundle | identity | document | certification
