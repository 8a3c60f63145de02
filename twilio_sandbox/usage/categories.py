"""The categories of usage records, and which of them a text, a call or a number counts in.

Prices are positive in usage records and negative in messages and calls. Those of numbers are ours,
in US dollars a month; Twilio charges them at purchase and each month afterwards (twilio-facts 2).
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from twilio_sandbox import plan
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import Number, Tenure

TOTAL = "totalprice"
MONTHLY_PRICES = {
    "local": Decimal("1.15"),
    "mobile": Decimal("1.15"),
    "national": Decimal("1.15"),
    "toll free": Decimal("2.15"),
}
_UNSENT = frozenset({"accepted", "scheduled", "queued", "canceled", "failed"})
_KIND = {"toll free": "tollfree", "mobile": "mobile"}  # all else is local


class Category(NamedTuple):
    """What a category is called and measured in; the total has no count."""

    description: str
    count_unit: str
    usage_unit: str


CATEGORIES: dict[str, Category] = {
    "calls": Category("Voice Minutes", "calls", "minutes"),
    "calls-inbound": Category("Inbound Voice Minutes", "calls", "minutes"),
    "calls-inbound-local": Category("Inbound Local Calls", "calls", "minutes"),
    "calls-inbound-mobile": Category("Inbound Mobile Calls", "calls", "minutes"),
    "calls-inbound-tollfree": Category("Inbound Toll Free Calls", "calls", "minutes"),
    "calls-outbound": Category("Outbound Voice Minutes", "calls", "minutes"),
    "mms": Category("MMS", "messages", "messages"),
    "mms-inbound": Category("Inbound MMS", "messages", "messages"),
    "mms-outbound": Category("Outbound MMS", "messages", "messages"),
    "phonenumbers": Category("Phone Numbers", "numbers", "numbers"),
    "phonenumbers-local": Category("Local Phone Numbers", "numbers", "numbers"),
    "phonenumbers-mobile": Category("Mobile Phone Numbers", "numbers", "numbers"),
    "phonenumbers-tollfree": Category("Toll Free Phone Numbers", "numbers", "numbers"),
    "recordings": Category("Recordings", "recordings", "minutes"),
    "sms": Category("SMS", "messages", "segments"),
    "sms-inbound": Category("Inbound SMS", "messages", "segments"),
    "sms-inbound-longcode": Category("Inbound Long Code SMS", "messages", "segments"),
    "sms-outbound": Category("Outbound SMS", "messages", "segments"),
    "sms-outbound-longcode": Category("Outbound Long Code SMS", "messages", "segments"),
    "transcriptions": Category("Transcriptions", "transcriptions", "minutes"),
    TOTAL: Category("Total Price", "", "usd"),
}


def of_message(message: Message) -> tuple[str, ...]:
    """None as long as it has not left, or when it never did."""
    if message.status in _UNSENT:
        return ()
    way = "inbound" if message.direction == "inbound" else "outbound"
    if message.media:
        return ("mms", f"mms-{way}")
    return ("sms", f"sms-{way}", f"sms-{way}-longcode")


def of_call(call: Call) -> tuple[str, ...]:
    """Those that were answered and have ended."""
    if call.status != "completed":
        return ()
    if call.direction != "inbound":
        return ("calls", "calls-outbound")
    area = plan.locate(call.to_number)
    kind = _KIND.get(area.type if area else "", "local")
    return ("calls", "calls-inbound", f"calls-inbound-{kind}")


def of_number(number_type: str) -> tuple[str, ...]:
    return ("phonenumbers", f"phonenumbers-{_KIND.get(number_type, 'local')}")


def type_of(number: Number | Tenure) -> str:
    area = plan.locate(number.phone_number)
    return str(number.changes.get("type") or (area.type if area else "local"))
