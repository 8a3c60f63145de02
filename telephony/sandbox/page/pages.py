"""Every page of the room."""

from __future__ import annotations

from telephony.sandbox.page import (
    account,
    alerts,
    faults,
    messages,
    number,
    overview,
    state,
    webhooks,
)
from telephony.sandbox.page.visit import Page

PAGES: list[Page] = [
    *overview.PAGES,
    *account.PAGES,
    *number.PAGES,
    *messages.PAGES,
    *webhooks.PAGES,
    *alerts.PAGES,
    *faults.PAGES,
    *state.PAGES,
]
