"""The form values that every webhook about a call has (twilio-facts 5.5)."""

from __future__ import annotations

import re

from twilio_sandbox.context import VERSION
from twilio_sandbox.messaging.inbound import place
from twilio_sandbox.voice.rows import Call

# Callers that hide their number come as one of these.
ANONYMOUS = frozenset({"anonymous", "restricted", "unavailable", "+266696687", "+86282452253"})
STIR = re.compile(r"TN-Validation-(Passed|Failed)-[ABC]|No-TN-Validation")


def parameters(call: Call) -> dict[str, str]:
    """The form of a voice webhook; what has no value is left out."""
    options = call.flow.get("options", {})
    given = {
        "CallSid": call.sid,
        "AccountSid": call.account_sid,
        "From": call.from_number,
        "To": call.to_number,
        "Caller": call.from_number,
        "Called": call.to_number,
        "CallStatus": call.status,
        "ApiVersion": VERSION,
        "Direction": call.direction,
        "ForwardedFrom": call.forwarded_from or "",
        "CallerName": call.caller_name or "",
        "ParentCallSid": call.parent_call_sid or "",
        "CallToken": options.get("call_token", ""),
        "StirVerstat": options.get("stir_verstat", ""),
        "StirPassportToken": options.get("stir_passport_token", ""),
        "AnsweredBy": call.answered_by or "",
    }
    given = {name: value for name, value in given.items() if value}
    for phone_number, sides in (
        (call.from_number, ("From", "Caller")),
        (call.to_number, ("To", "Called")),
    ):
        where = place("" if phone_number in ANONYMOUS else phone_number)
        given |= {f"{side}{part}": value for side in sides for part, value in where.items()}
    return given
