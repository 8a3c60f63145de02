"""What Twilio Monitor keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.sandbox.tables import Row


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
