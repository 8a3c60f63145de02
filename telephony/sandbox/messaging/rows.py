"""Messages and what belongs to them. Times are Unix seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telephony.sandbox.tables import Row


@dataclass(slots=True)
class Message(Row):
    """A text, in or out; the fields are those of Twilio's resource (twilio-facts 5.4, 7.1)."""

    from_number: str | None  # null until a messaging service has chosen a sender
    to_number: str
    body: str
    direction: str  # inbound | outbound-api | outbound-call | outbound-reply
    status: str
    sent: float | None = None
    messaging_service_sid: str | None = None
    error_code: int | None = None
    num_segments: int = 1
    price: str | None = None  # negative, with a point: "-0.00750"
    status_callback: str | None = None
    media: list[dict[str, Any]] = field(default_factory=list)  # {"sid", "content_type", "url"}
