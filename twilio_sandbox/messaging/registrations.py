"""What brands, campaigns and toll-free verifications have in common: reviews that take days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.world import World

# How long reviews take, in business days: the middle of what Twilio says (twilio-facts 7.4).
BRAND_DAYS, CAMPAIGN_DAYS, VERIFICATION_DAYS = 4, 12, 4
_SATURDAY = 5


def after_business_days(world: World, days: int) -> float:
    """Unix seconds, so many business days from now at the same time of day (UTC)."""
    at = datetime.fromtimestamp(world.now(), UTC)
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < _SATURDAY
    return at.timestamp()


def errors(given: Any) -> list[dict[str, Any]]:
    """Reasons of a rejection as the control API takes them, in the shape of Twilio's.

    `[{"error_code": 30897, "description": "…", "fields": ["MESSAGE_FLOW"]}]`
    """
    if not isinstance(given, list):
        raise ControlError(400, "errors must be a list")
    rows = []
    for each in given:
        if not isinstance(each, dict) or not isinstance(each.get("error_code"), int):
            raise ControlError(400, "each of errors needs an error_code, a whole number")
        code = each["error_code"]
        rows.append(
            {
                "error_code": code,
                "description": str(each.get("description") or "The review found a fault."),
                "fields": [str(name) for name in each.get("fields", [])],
                "url": f"https://www.twilio.com/docs/api/errors/{code}",
            }
        )
    return rows
