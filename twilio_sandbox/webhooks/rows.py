"""A webhook and the attempts made to deliver it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.tables import Row

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"


@dataclass(slots=True)
class Webhook(Row):
    """One thing to tell a program, and what became of it."""

    kind: str  # sms.inbound, sms.status, call.answer, call.status, port.number …
    method: str
    url: str
    fallback_method: str
    fallback_url: str | None
    form: list[list[str]] | None  # [name, value]; None: `json` is sent
    json: str | None
    signer_sid: str  # whose auth token signs it
    idempotency_token: str
    subject_sid: str  # the call, message or port it is about
    then: str | None  # the action told of the outcome
    args: dict[str, Any]
    state: str = PENDING
    error_code: int | None = None  # 11200, 11205 … when it failed
    attempts: list[dict[str, Any]] = field(default_factory=list)  # see `courier.Attempt`
    is_late: bool = False  # a fault held it back, once
