"""Every page of the room."""

from __future__ import annotations

from twilio_sandbox.page import (
    account,
    alerts,
    call,
    calls,
    carriers,
    faults,
    messages,
    number,
    overview,
    phones,
    ports,
    recordings,
    registrations,
    state,
    taken,
    webhooks,
)
from twilio_sandbox.page.visit import Page

PAGES: list[Page] = [
    *overview.PAGES,
    *account.PAGES,
    *taken.PAGES,
    *number.PAGES,
    *ports.PAGES,
    *carriers.PAGES,
    *messages.PAGES,
    *phones.PAGES,
    *registrations.PAGES,
    *calls.PAGES,
    *call.PAGES,
    *recordings.PAGES,
    *webhooks.PAGES,
    *alerts.PAGES,
    *faults.PAGES,
    *state.PAGES,
]
