"""What Twilio Monitor keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.tables import Row


@dataclass(slots=True)
class Alert(Row):
    """Something that went wrong on the way to a program, or in its answer."""

    error_code: int
    log_level: str  # error | warning
    text: str
    resource_sid: str
    request_method: str = ""
    request_url: str = ""
    request_variables: str = ""
    response_body: str = ""
    response_headers: str = ""
    request_headers: str = ""
    service_sid: str | None = field(default=None)


@dataclass(slots=True)
class Event(Row):
    """A change that somebody made, as the audit trail keeps it (twilio-facts 1.8)."""

    event_type: str
    resource_sid: str
    resource_type: str
    actor_sid: str
    actor_type: str  # user | account | twilio-admin
    source: str  # api | web
    source_ip_address: str
    data: dict[str, Any]  # field -> {"previous": …, "updated": …}
