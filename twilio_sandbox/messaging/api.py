"""Every operation about texts."""

from __future__ import annotations

from twilio_sandbox.messaging import (
    brands,
    campaigns,
    media,
    members,
    messages,
    replies,
    services,
    verifications,
)
from twilio_sandbox.operations import Operation

OPERATIONS: list[Operation] = [
    *messages.OPERATIONS,
    *media.OPERATIONS,
    *services.OPERATIONS,
    *members.OPERATIONS,
    *brands.OPERATIONS,
    *campaigns.OPERATIONS,
    *verifications.OPERATIONS,
]
__all__ = ["OPERATIONS", "replies"]  # the latter acts on the answers to inbound texts
