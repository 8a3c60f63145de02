"""Calls and recordings. Times are Unix seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telephony.sandbox.tables import Row


@dataclass(slots=True)
class Call(Row):
    """A call, in or out; the fields are those of Twilio's resource (twilio-facts 5.5, 7.1)."""

    from_number: str
    to_number: str
    direction: str  # inbound | outbound-api | outbound-dial
    status: str  # queued | ringing | in-progress | completed | busy | failed | no-answer | canceled
    phone_number_sid: str | None  # the number of ours that takes part
    start: float | None = None
    end: float | None = None
    parent_call_sid: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    caller_name: str | None = None
    price: str | None = None  # negative, with a point: "-0.00850"
    flow: dict[str, Any] = field(default_factory=dict)  # where in its TwiML a running call is

    @property
    def duration(self) -> int | None:
        """Whole seconds from answer to end; None as long as it has not ended."""
        if self.end is None:
            return None
        return int(self.end - self.start) if self.start is not None else 0
