"""Twilio Monitor: alerts and audit events of the caller's account (twilio-facts 1.8, 5.2)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.monitor.rows import Alert, Event
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Parameter, moment, sid, text
from twilio_sandbox.tables import Row

_PATHS = {"account": "", "phone-number": "IncomingPhoneNumbers", "api-key": "Keys"}


def list_alerts(context: Context) -> Response:
    """Newest first; `StartDate` and `EndDate` are inclusive."""
    account, given = context.active_account(), context.read()
    level = given.get("LogLevel")
    rows = [
        row
        for row in context.world.alerts.of(account.sid)
        if (not level or row.log_level == level) and _is_between(row, given)
    ]
    return page_with_meta(context, "alerts", rows, lambda row: _alert(context, row))


def fetch_alert(context: Context) -> Response:
    """With the request that went wrong and its answer, which the list leaves out."""
    row = context.find(context.world.alerts, context.active_account())
    return json_response(
        200,
        _alert(context, row)
        | {
            "request_headers": row.request_headers,
            "request_variables": row.request_variables,
            "response_body": row.response_body,
            "response_headers": row.response_headers,
        },
    )


def _alert(context: Context, row: Alert) -> dict[str, Any]:
    return {
        "account_sid": row.account_sid,
        "alert_text": row.text,
        "api_version": VERSION,
        "date_created": iso8601(row.created),
        "date_generated": iso8601(row.created),
        "date_updated": iso8601(row.updated),
        "error_code": str(row.error_code),
        "log_level": row.log_level,
        "more_info": f"https://www.twilio.com/docs/errors/{row.error_code}",
        "request_method": row.request_method or None,
        "request_url": row.request_url or None,
        "resource_sid": row.resource_sid or None,
        "service_sid": row.service_sid,
        "sid": row.sid,
        "url": f"{context.base_url('monitor')}/v1/Alerts/{row.sid}",
    }


def list_events(context: Context) -> Response:
    """Newest first; all filters given have to hold."""
    account, given = context.active_account(), context.read()
    wanted = {
        "actor_sid": given.get("ActorSid"),
        "event_type": given.get("EventType"),
        "resource_sid": given.get("ResourceSid"),
        "source_ip_address": given.get("SourceIpAddress"),
    }
    rows = [
        row
        for row in context.world.events.of(account.sid)
        if all(not value or value == getattr(row, name) for name, value in wanted.items())
        and _is_between(row, given)
    ]
    return page_with_meta(context, "events", rows, lambda row: _event(context, row))


def fetch_event(context: Context) -> Response:
    row = context.find(context.world.events, context.active_account())
    return json_response(200, _event(context, row))


def _event(context: Context, row: Event) -> dict[str, Any]:
    return {
        "account_sid": row.account_sid,
        "actor_sid": row.actor_sid,
        "actor_type": row.actor_type,
        "description": None,
        "event_data": row.data,
        "event_date": iso8601(row.created),
        "event_type": row.event_type,
        "links": {"actor": _actor(context, row), "resource": _resource(context, row)},
        "resource_sid": row.resource_sid,
        "resource_type": row.resource_type,
        "sid": row.sid,
        "source": row.source,
        "source_ip_address": row.source_ip_address,
        "url": f"{context.base_url('monitor')}/v1/Events/{row.sid}",
    }


def _actor(context: Context, row: Event) -> str:
    host = "api" if row.actor_type == "account" else "iam"
    place = f"{VERSION}/Accounts" if row.actor_type == "account" else "v1/Users"
    return f"{context.base_url(host)}/{place}/{row.actor_sid}"


def _resource(context: Context, row: Event) -> str:
    base = f"{context.base_url('api')}/{VERSION}/Accounts"
    if row.resource_type == "account":
        return f"{base}/{row.resource_sid}"
    return f"{base}/{row.account_sid}/{_PATHS[row.resource_type]}/{row.resource_sid}"


def _is_between(row: Row, given: dict[str, Any]) -> bool:
    # Times are shown in whole seconds: what is shown as `EndDate` is not after it.
    after, before = given.get("StartDate", row.created), given.get("EndDate", row.created)
    return bool(after <= row.created and int(row.created) <= before)


_DATES = (Parameter("StartDate", moment), Parameter("EndDate", moment))
_ALERT_FILTERS = (Parameter("LogLevel", text()), *_DATES)
_EVENT_FILTERS = (
    Parameter("ActorSid", sid("US")),
    Parameter("EventType", text()),
    Parameter("ResourceSid", sid("[a-zA-Z]{2}")),
    Parameter("SourceIpAddress", text()),
    *_DATES,
)
OPERATIONS = [
    Operation("GET", "monitor", "/v1/Alerts", list_alerts, _ALERT_FILTERS),
    Operation("GET", "monitor", "/v1/Alerts/{Sid}", fetch_alert),
    Operation("GET", "monitor", "/v1/Events", list_events, _EVENT_FILTERS),
    Operation("GET", "monitor", "/v1/Events/{Sid}", fetch_event),
]
