"""Port-in requests and their numbers: create, fetch, list, cancel (twilio-facts 4.1, 4.3)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import Operation
from twilio_sandbox.parameters import Parameter, moment, text, whole_number
from twilio_sandbox.porting import creation, letters, lifecycle, portability, states
from twilio_sandbox.porting.rows import PortIn, PortInNumber

DEFAULT_SIZE, MAX_SIZE = 20, 100
NEAR_PORT_DATE = 48 * 3600  # seconds within which Twilio discourages canceling

_LATER = (
    "number_type",
    "rejection_reason",
    "rejection_reason_code",
    "port_date",
    "status_last_time_updated_timestamp",
)
_KATAKANA = ("authorized_representative_katakana", "building", "katakana_name", "sub_municipality")


def create(context: Context) -> Response:
    """Take a request; what it asks for happens later."""
    caller = context.active_account()
    request = creation.create(context.world, caller, context.json())
    lifecycle.begin(context.world, request)
    return json_response(202, _created(context, request))


def fetch(context: Context) -> Response:
    return json_response(200, _resource(context, _request(context)))


def cancel(context: Context) -> Response:
    """Cancel every number that is not final."""
    request = _request(context)
    _cancel(context, request, lifecycle.numbers_of(context.world, request))
    return Response(204)


def fetch_number(context: Context) -> Response:
    return json_response(200, _number_resource(context, _number(context)))


def cancel_number(context: Context) -> Response:
    number = _number(context)
    _cancel(context, context.world.port_ins[number.request_sid], [number])
    return Response(204)


def _cancel(context: Context, request: PortIn, numbers: list[PortInNumber]) -> None:
    """20409 when there is nothing left to cancel; what is being canceled already is no error."""
    left = [number for number in numbers if number.status not in states.FINAL]
    if not left:
        raise TwilioError(20409, "Nothing of it can be canceled any more")
    if context.world.switch("cancel_near_port_date") == "refused":
        near = context.world.now() + NEAR_PORT_DATE
        if any(n.port_date and n.port_date < near and n.status == states.PENDING for n in left):
            raise TwilioError(20409, "The port date is less than 48 hours away")
    if len(left) == len(request.number_sids):
        request.order_cancellation_reason = "Canceled by the customer"
    lifecycle.cancel(context.world, request, left)


# Who sees what


def _visible(context: Context) -> list[PortIn]:
    """Those into the caller and its subaccounts, oldest first (twilio-facts 1.5)."""
    caller, world = context.active_account(), context.world
    accounts = [caller, *world.subaccounts(caller)] if caller.is_main else [caller]
    rows = [request for account in accounts for request in world.port_ins.of(account.sid)]
    return sorted(rows, key=lambda request: request.seq)


def _request(context: Context) -> PortIn:
    caller, world = context.active_account(), context.world
    request = world.port_ins.get(context.args["PortInRequestSid"])
    if request is not None:
        target = world.accounts[request.account_sid]
        if caller.sid in (target.sid, target.owner_sid):
            return request
    raise context.not_found()


def _number(context: Context) -> PortInNumber:
    request = _request(context)
    sid = context.args["PhoneNumberSid"]
    if sid not in request.number_sids:
        raise context.not_found()
    return context.world.port_in_numbers[sid]


# Lists


def list_requests(context: Context) -> Response:
    """Newest first; a token is the SID with which a page begins."""
    rows = _visible(context)
    given = context.read()
    rows = [row for row in reversed(rows) if _matches(row, given)]
    size, token = given.get("Size", DEFAULT_SIZE), given.get("Token")
    start = 0
    if token:
        places = [place for place, row in enumerate(rows) if row.sid == token]
        if not places:
            raise TwilioError(21481, "Token is not valid")
        start = places[0]
    following = rows[start + size].sid if start + size < len(rows) else None
    previous = rows[max(start - size, 0)].sid if start else None
    return json_response(
        200,
        {
            "port_in_requests": [_listed(context, row) for row in rows[start : start + size]],
            "meta": {"next_token": following, "previous_token": previous},
        },
    )


def _matches(request: PortIn, given: dict[str, Any]) -> bool:
    sids, status = given.get("PortInRequestSid"), given.get("PortInRequestStatus")
    return (
        (not sids or request.sid in [sid.strip() for sid in sids.split(",")])
        and (not status or states.plain(request.status) == states.plain(status))
        and ("CreatedBefore" not in given or request.created < given["CreatedBefore"])
        and ("CreatedAfter" not in given or request.created > given["CreatedAfter"])
    )


def _listed(context: Context, request: PortIn) -> dict[str, Any]:
    numbers = lifecycle.numbers_of(context.world, request)
    updated = iso8601(request.updated)
    whole = context.world.switch("port_list_timestamp") == "time"
    rejected = request.status == states.ACTION_REQUIRED
    return {
        "port_in_request_sid": request.sid,
        "port_in_request_status": request.status,
        "status_last_updated_timestamp": updated if whole else updated[:10],
        "phone_numbers_requested": len(numbers),
        "phone_numbers_ported": sum(number.status == states.COMPLETED for number in numbers),
        "suggested_action": "Cancel the rejected numbers and request them anew"
        if rejected
        else None,
    }


# Resources


def _created(context: Context, request: PortIn) -> dict[str, Any]:
    """The answer to a create call, which has fewer fields than that to a fetch."""
    resource = _resource(context, request)
    told = resource["losing_carrier_information"]
    resource["losing_carrier_information"] = {k: v for k, v in told.items() if k not in _KATAKANA}
    resource["phone_numbers"] = [
        {name: value for name, value in number.items() if name not in _LATER}
        for number in resource["phone_numbers"]
    ]
    return resource


def _resource(context: Context, request: PortIn) -> dict[str, Any]:
    numbers = lifecycle.numbers_of(context.world, request)
    return {
        "port_in_request_sid": request.sid,
        "url": _url(context, request),
        "account_sid": request.account_sid,
        "bundle_sid": request.bundle_sid,
        "portability_advance_carrier": request.portability_advance_carrier,
        "auto_cancel_approval_numbers": request.auto_cancel_approval_numbers,
        "notification_emails": request.notification_emails,
        "target_port_in_date": request.target_port_in_date,
        "target_port_in_time_range_start": request.target_port_in_time_range_start,
        "target_port_in_time_range_end": request.target_port_in_time_range_end,
        "port_in_request_status": request.status,
        "support_ticket_id": request.support_ticket_id,
        "order_cancellation_reason": request.order_cancellation_reason,
        "date_created": iso8601(request.created),
        "losing_carrier_information": request.losing_carrier_information,
        "phone_numbers": [_in_request(number) for number in numbers],
        "documents": request.documents,
        "signature_request_url": _signature_request_url(context, request),
    }


def _in_request(number: PortInNumber) -> dict[str, Any]:
    """A number inside its request: status in words, the code of a rejection a string."""
    code = number.rejection_reason_code
    return {
        "phone_number": number.phone_number,
        "number_type": number.number_type if number.portable is not None else None,
        "rejection_reason": number.rejection_reason,
        "rejection_reason_code": None if code is None else str(code),
        "status_last_time_updated_timestamp": iso8601(number.updated),
        "portable": number.portable,
        "not_portability_reason": number.not_portability_reason,
        "not_portability_reason_code": number.not_portability_reason_code,
        "port_in_phone_number_sid": number.sid,
        "port_in_phone_number_status": states.title(number.status),
        "port_date": iso8601(number.port_date) if number.port_date else None,
        "external_porting_vendor_phone_number_id": None,
    }


def _number_resource(context: Context, number: PortInNumber) -> dict[str, Any]:
    """A number on its own: status in one word, the code of a rejection a number."""
    request = context.world.port_ins[number.request_sid]
    evaluated = number.portable is not None
    return {
        "port_in_request_sid": request.sid,
        "account_sid": number.account_sid,
        "phone_number_type": number.number_type if evaluated else None,
        "date_created": iso8601(number.created),
        "country": number.country if evaluated else None,
        "missing_required_fields": _misses_fields(context, number) if evaluated else None,
        "last_updated": iso8601(number.updated),
        "phone_number": number.phone_number,
        "portable": number.portable,
        "not_portability_reason": number.not_portability_reason,
        "not_portability_reason_code": number.not_portability_reason_code,
        "port_in_phone_number_status": number.status,
        "phone_number_sid": number.sid,
        "port_out_pin": None,
        "rejection_reason": number.rejection_reason,
        "rejection_reason_code": number.rejection_reason_code,
        "port_date": iso8601(number.port_date) if number.port_date else None,
        "url": f"{_url(context, request)}/PhoneNumber/{number.sid}",
    }


def _misses_fields(context: Context, number: PortInNumber) -> bool:
    """Whether PIN or account number are missing; the carrier may have come to want them later."""
    request = context.world.port_ins[number.request_sid]
    given = number.pin and request.losing_carrier_information["account_number"]
    return portability.describe(context.world, number.phone_number).pin_required and not given


def _url(context: Context, request: PortIn) -> str:
    return f"{context.base_url('numbers')}/v1/Porting/PortIn/{request.sid}"


def _signature_request_url(context: Context, request: PortIn) -> str | None:
    """The page to sign at, on this sandbox, when the switch says so."""
    shown = context.world.switch("signature_request_url")
    path = letters.sign_path(request)
    waiting = lifecycle.can_be_signed(context.world, request)
    if path is None or shown == "never" or (shown == "while_waiting" and not waiting):
        return None
    return f"http://{context.request.host}{path}"


_ALL = "/v1/Porting/PortIn"
_ONE = f"{_ALL}/{{PortInRequestSid}}"
_NUMBER = f"{_ONE}/PhoneNumber/{{PhoneNumberSid}}"
_LIST = (
    Parameter("Token", text()),
    Parameter("Size", whole_number(1, MAX_SIZE)),
    Parameter("PortInRequestSid", text()),
    Parameter("PortInRequestStatus", text()),
    Parameter("CreatedBefore", moment),
    Parameter("CreatedAfter", moment),
)
OPERATIONS = [
    Operation("POST", "numbers", _ALL, create, body="json"),
    Operation("GET", "numbers", f"{_ALL}/PortInRequests", list_requests, _LIST),
    Operation("GET", "numbers", _ONE, fetch),
    Operation("DELETE", "numbers", _ONE, cancel),
    Operation("GET", "numbers", _NUMBER, fetch_number),
    Operation("DELETE", "numbers", _NUMBER, cancel_number),
]
