"""What pages show in a demo only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config import clock

from . import mails
from .logins import logins
from .rehearsal import next_deadline


def rehearsal(request: HttpRequest) -> dict[str, Any]:
    """``demo``: its clock, what comes next, how many mails were sent, the logins, the stand-in."""
    return {"demo": SimpleLazyObject(_facts)}


def _facts() -> dict[str, Any]:
    return {
        "now": clock.now(),
        "deadline": next_deadline(),
        "mails": mails.count(),
        "logins": logins(),
        "room_url": f"{settings.TWILIO_BASE_URL.rstrip('/')}/_sandbox/",
    }
