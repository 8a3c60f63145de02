"""Every page of the room."""

from __future__ import annotations

from telephony.sandbox.page import (
    account,
    alerts,
    carriers,
    faults,
    messages,
    number,
    overview,
    ports,
    state,
    webhooks,
)
from telephony.sandbox.page.visit import Page

PAGES: list[Page] = [
    *overview.PAGES,
    *account.PAGES,
    *number.PAGES,
    *ports.PAGES,
    *carriers.PAGES,
    *messages.PAGES,
    *webhooks.PAGES,
    *alerts.PAGES,
    *faults.PAGES,
    *state.PAGES,
]
