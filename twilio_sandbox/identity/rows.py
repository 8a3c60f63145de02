"""API keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from twilio_sandbox.tables import Row

STANDARD, MAIN, RESTRICTED = "standard", "main", "restricted"
KINDS = (STANDARD, MAIN, RESTRICTED)


@dataclass(slots=True)
class Key(Row):
    """An API key of an account (twilio-facts 1.5); `permissions` matter to a restricted one."""

    friendly_name: str
    secret: str
    kind: str = STANDARD
    permissions: list[str] = field(default_factory=list)  # "IncomingPhoneNumbers/read"
