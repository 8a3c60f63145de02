"""Calls as Twilio's API shows them: list with filters, fetch, delete (twilio-facts 7.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging.drafts import e164
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, in_period, one_of, periods, sid, text
from twilio_sandbox.voice import calls
from twilio_sandbox.voice.rows import Call

STATUSES = (
    "queued",
    "ringing",
    "in-progress",
    "completed",
    "busy",
    "failed",
    "no-answer",
    "canceled",
)
_SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def resource(call: Call) -> dict[str, Any]:
    """The call with exactly Twilio's fields."""
    uri = f"/{VERSION}/Accounts/{call.account_sid}/Calls/{call.sid}"
    start = started(call)
    return {
        "account_sid": call.account_sid,
        "answered_by": call.answered_by,
        "api_version": VERSION,
        "caller_name": call.caller_name,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "direction": call.direction,
        "duration": None if call.duration is None else str(call.duration),
        "end_time": None if call.end is None else rfc2822(call.end),
        "forwarded_from": call.forwarded_from,
        "from": call.from_number,
        "from_formatted": plan.written(call.from_number),
        "group_sid": None,
        "parent_call_sid": call.parent_call_sid,
        "phone_number_sid": call.phone_number_sid,
        "price": call.price,
        "price_unit": "USD",
        "queue_time": str(call.flow.get("options", {}).get("queue_milliseconds", 0)),
        "sid": call.sid,
        "start_time": None if start is None else rfc2822(start),
        "status": call.status,
        "subresource_uris": {name: f"{uri}/{end}.json" for name, end in _SUBRESOURCES.items()},
        "to": call.to_number,
        "to_formatted": plan.written(call.to_number),
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def started(call: Call) -> float | None:
    """`start_time`: the answer; for a call that nobody answered when it was made."""
    if call.start is not None or call.status in ("queued", "ringing"):
        return call.start
    return call.created


def list_calls(context: Context) -> Response:
    """All calls of the account, in and out, newest first."""
    account, given = context.active_account(), context.read()
    tests = _filters(given)
    rows = context.world.calls.of(account.sid)
    if tests:
        rows = [row for row in rows if all(test(row) for test in tests)]
    return page(context, "calls", rows, lambda row: json.dumps(resource(row)).encode())


def _filters(given: dict[str, Any]) -> list[Callable[[Call], bool]]:
    tests: list[Callable[[Call], bool]] = []
    if to := given.get("To"):
        tests.append(lambda row: row.to_number == (e164(to) or to))
    if caller := given.get("From"):
        tests.append(lambda row: row.from_number == (e164(caller) or caller))
    if parent := given.get("ParentCallSid"):
        tests.append(lambda row: row.parent_call_sid == parent)
    if status := given.get("Status"):
        tests.append(lambda row: row.status == status)
    for name, moment in (("StartTime", started), ("EndTime", _ended)):
        tests += in_period(given, name, moment)
    return tests


def _ended(call: Call) -> float | None:
    return call.end


def fetch(context: Context) -> Response:
    return json_response(200, resource(find(context)))


def delete(context: Context) -> Response:
    """Remove the record of a call that is over."""
    call = find(context)
    if not calls.is_over(call):
        raise TwilioError(20409, f"The call {call.sid} is {call.status}")
    context.world.calls.remove(call)
    return Response(204)


def find(context: Context) -> Call:
    """The call in the path, if the account has it; 20404."""
    return context.find(context.world.calls, context.active_account())


FILTERS = (
    Parameter("To", text()),
    Parameter("From", text()),
    Parameter("ParentCallSid", sid("CA")),
    Parameter("Status", one_of(*STATUSES)),
    *periods("StartTime"),
    *periods("EndTime"),
)
