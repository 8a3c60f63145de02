"""What time it is, for every rule and every page.

The real time, except in a demo, which goes by its Twilio stand-in's clock: a visitor forwards it
and sees a grace period end. Sessions, the cache and the queue keep to the real time, as their own
code does.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The present instant, aware, in UTC."""
    file: Path | None = settings.DEMO_CLOCK
    return timezone.now() + ahead(file) if file else timezone.now()


def real() -> datetime:
    """The present instant for what keeps to the real time."""
    return timezone.now()


def ahead(file: Path) -> timedelta:
    """How far the demo's clock is ahead; zero until the stand-in has said so in ``file``."""
    try:
        return timedelta(seconds=json.loads(file.read_text())["ahead_seconds"])
    except FileNotFoundError:
        return timedelta(0)
