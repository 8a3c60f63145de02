"""Messaging services: create, list, fetch, update, delete (twilio-facts 7.3)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import compliance, pools
from twilio_sandbox.messaging.rows import Service
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page_with_meta
from twilio_sandbox.parameters import Check, Parameter, flag, one_of, text, url, whole_number
from twilio_sandbox.tables import R, Table

MAX_FRIENDLY_NAME, MAX_VALIDITY_SECONDS = 64, 36_000
USECASES = {
    "notifications": ("Tell my users something", "Alerts about deliveries, accounts, orders …"),
    "marketing": ("Market my services", "Offers, news and calls to take part"),
    "verification": ("Verify my users", "One-time codes and passwords"),
    "discussion": ("Talk with my users", "Conversations of people with people"),
    "poll": ("Ask my users", "Polls and surveys"),
    "undeclared": ("Something else", "What is none of the others, or not known yet"),
}

_METHOD = one_of("GET", "POST")


def _optional(check: Check) -> Check:
    """The empty text clears the setting."""

    def checked(name: str, value: str) -> Any:
        return check(name, value) or None

    return checked


# field -> (parameter, check, what a new service has)
_SETTINGS: dict[str, tuple[str, Check, Any]] = {
    "friendly_name": ("FriendlyName", text(MAX_FRIENDLY_NAME, 1), ""),
    "inbound_request_url": ("InboundRequestUrl", _optional(url), None),
    "inbound_method": ("InboundMethod", _METHOD, "POST"),
    "fallback_url": ("FallbackUrl", _optional(url), None),
    "fallback_method": ("FallbackMethod", _METHOD, "POST"),
    "status_callback": ("StatusCallback", _optional(url), None),
    "sticky_sender": ("StickySender", flag, True),
    "mms_converter": ("MmsConverter", flag, True),
    "smart_encoding": ("SmartEncoding", flag, True),
    "scan_message_content": (
        "ScanMessageContent",
        one_of("inherit", "enable", "disable"),
        "inherit",
    ),
    "fallback_to_long_code": ("FallbackToLongCode", flag, True),
    "area_code_geomatch": ("AreaCodeGeomatch", flag, True),
    "validity_period": ("ValidityPeriod", whole_number(1, MAX_VALIDITY_SECONDS), 36_000),
    "synchronous_validation": ("SynchronousValidation", flag, False),
    "usecase": ("Usecase", one_of(*USECASES, code=21713), "undeclared"),
    "use_inbound_webhook_on_number": ("UseInboundWebhookOnNumber", flag, False),
}
# name of the link -> end of its path
_LINKS = {
    "phone_numbers": "PhoneNumbers",
    "short_codes": "ShortCodes",
    "alpha_senders": "AlphaSenders",
    "messages": "Messages",
    "us_app_to_person": "Compliance/Usa2p",
    "us_app_to_person_usecases": "Compliance/Usa2p/Usecases",
    "channel_senders": "ChannelSenders",
    "destination_alpha_senders": "DestinationAlphaSenders",
}


def resource(context: Context, service: Service) -> dict[str, Any]:
    """The service with exactly Twilio's fields."""
    address = f"{context.base_url('messaging')}/v1/Services/{service.sid}"
    return {
        "account_sid": service.account_sid,
        "sid": service.sid,
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.updated),
        **service.settings,
        "us_app_to_person_registered": compliance.campaign_of(context.world, service.sid)
        is not None,
        "links": {name: f"{address}/{path}" for name, path in _LINKS.items()},
        "url": address,
    }


def create(context: Context) -> Response:
    account, given = context.active_account(), context.read()
    settings = {name: default for name, (_, _, default) in _SETTINGS.items()} | _read(given)
    service = context.world.services.add(
        Service(*context.world.stamp("MG", account.sid), settings=settings)
    )
    return json_response(201, resource(context, service))


def list_services(context: Context) -> Response:
    rows = context.world.services.of(context.active_account().sid)
    return page_with_meta(context, "services", rows, lambda row: resource(context, row))


def fetch(context: Context) -> Response:
    return json_response(200, resource(context, find(context)))


def update(context: Context) -> Response:
    service = find(context)
    service.settings = service.settings | _read(context.read())
    service.updated = context.world.now()
    context.world.services.changed(service)
    return json_response(200, resource(context, service))


def delete(context: Context) -> Response:
    """Its numbers are free, its campaign and list of opt-outs end, what waited for it fails."""
    world, service = context.world, find(context)
    for member in pools.members(world, service):
        world.leave_service(member.sid)
    if (campaign := compliance.campaign_of(world, service.sid)) is not None:
        world.cancel(campaign.timer)
        world.campaigns.remove(campaign)
    _forget(world.sticky_senders, service)
    _forget(world.opt_outs, service)
    world.services.remove(service)
    return Response(204)


def _forget(table: Table[R], service: Service) -> None:
    """Remove what is kept under `{service}:{phone}`."""
    for row in list(table.of(service.account_sid)):
        if row.sid.startswith(f"{service.sid}:"):
            table.remove(row)


def list_usecases(context: Context) -> Response:
    context.active_account()
    rows = [
        {"usecase": name, "description": description, "purpose": purpose}
        for name, (purpose, description) in USECASES.items()
    ]
    return json_response(200, {"usecases": rows})


def find(context: Context, name: str = "Sid") -> Service:
    """The service in the path, of an account that works."""
    return context.find(context.world.services, context.active_account(), name)


def _read(given: dict[str, Any]) -> dict[str, Any]:
    """The settings among checked parameters, by field."""
    return {
        field: given[parameter]
        for field, (parameter, _, _) in _SETTINGS.items()
        if parameter in given
    }


_UPDATE = tuple(Parameter(name, check) for name, check, _ in _SETTINGS.values())
_CREATE = (Parameter("FriendlyName", text(MAX_FRIENDLY_NAME, 1), required=True), *_UPDATE[1:])
_ALL, _ONE = "/v1/Services", "/v1/Services/{Sid}"
OPERATIONS = [
    Operation("POST", "messaging", _ALL, create, _CREATE),
    Operation("GET", "messaging", _ALL, list_services),
    Operation("GET", "messaging", _ONE, fetch),
    Operation("POST", "messaging", _ONE, update, _UPDATE),
    Operation("DELETE", "messaging", _ONE, delete),
    Operation("GET", "messaging", "/v1/Services/Usecases", list_usecases),
]
