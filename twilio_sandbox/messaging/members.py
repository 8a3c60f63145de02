"""The sender pool of a messaging service: its phone numbers (twilio-facts 7.3)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import compliance, phones, pools
from twilio_sandbox.messaging import services as of_services
from twilio_sandbox.messaging.rows import Member, Service
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Parameter, sid

# As the array spells them, in the order of Twilio's example.
_CAPABILITIES = {"MMS": "mms", "SMS": "sms", "Voice": "voice"}


def resource(context: Context, member: Member) -> dict[str, Any]:
    """The number in the pool with exactly Twilio's fields."""
    address = f"{context.base_url('messaging')}/v1/Services/{member.service_sid}"
    number = context.world.numbers[member.sid]
    return {
        "sid": member.sid,
        "account_sid": member.account_sid,
        "service_sid": member.service_sid,
        "date_created": iso8601(member.created),
        "date_updated": iso8601(member.updated),
        "phone_number": member.phone_number,
        "country_code": phones.country(member.phone_number),
        "capabilities": [name for name, able in _CAPABILITIES.items() if phones.can(number, able)],
        "url": f"{address}/PhoneNumbers/{member.sid}",
    }


def add(context: Context) -> Response:
    """Put a number into the pool; it is in one service at most, and a pool has a limit."""
    world, service = context.world, _service(context)
    number = world.numbers.find(service.account_sid, context.read()["PhoneNumberSid"])
    if number is None:
        raise TwilioError(20404, "The phone number is not in this account")
    if (present := world.members.get(number.sid)) is not None:
        raise TwilioError(21710 if present.service_sid == service.sid else 21712)
    if not (phones.can(number, "sms") or phones.can(number, "mms")):
        raise TwilioError(21715)
    if len(pools.members(world, service)) >= pools.MAX_NUMBERS:
        raise TwilioError(21714)
    _, account_sid, seq, at, _ = world.stamp("", service.account_sid)
    member = world.members.add(
        Member(number.sid, account_sid, seq, at, at, service.sid, number.phone_number)
    )
    compliance.members_follow(world, service.sid)
    return json_response(201, resource(context, member))


def list_members(context: Context) -> Response:
    rows = pools.members(context.world, _service(context))
    return page_with_meta(context, "phone_numbers", rows, lambda row: resource(context, row))


def fetch(context: Context) -> Response:
    return json_response(200, resource(context, _member(context)))


def remove(context: Context) -> Response:
    context.world.leave_service(_member(context).sid)
    return Response(204)


def _service(context: Context) -> Service:
    return of_services.find(context, "ServiceSid")


def _member(context: Context) -> Member:
    """The number in the path; 21711 when the account has it, but not in this pool."""
    world, service = context.world, _service(context)
    member = world.members.get(context.args["Sid"])
    if member is not None and member.service_sid == service.sid:
        return member
    if world.numbers.find(service.account_sid, context.args["Sid"]) is not None:
        raise TwilioError(21711)
    raise context.not_found()


_ALL = "/v1/Services/{ServiceSid}/PhoneNumbers"
_ONE = "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}"
OPERATIONS = [
    Operation(
        "POST", "messaging", _ALL, add, (Parameter("PhoneNumberSid", sid("PN"), required=True),)
    ),
    Operation("GET", "messaging", _ALL, list_members),
    Operation("GET", "messaging", _ONE, fetch),
    Operation("DELETE", "messaging", _ONE, remove),
]
