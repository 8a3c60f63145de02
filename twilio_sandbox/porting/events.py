"""Porting webhooks: which events there are, and how they look (twilio-facts 4.8, 4.9)."""

from __future__ import annotations

import re
from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.porting import states
from twilio_sandbox.porting.rows import PortIn, PortInNumber
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

OF_REQUEST = {
    states.WAITING: "PortInWaitingForSignature",
    states.IN_PROGRESS: "PortInInProgress",
    states.REQUEST_COMPLETED: "PortInCompleted",
    states.ACTION_REQUIRED: "PortInActionRequired",
    states.REQUEST_CANCELED: "PortInCanceled",
    states.EXPIRED: "PortInExpired",
}
OF_NUMBER = {
    states.WAITING_FOR_SIGNATURE: "PortInPhoneNumberWaitingForSignature",
    states.SUBMITTED: "PortInPhoneNumberSubmitted",
    states.PENDING: "PortInPhoneNumberPending",
    states.COMPLETED: "PortInPhoneNumberCompleted",
    states.REJECTED: "PortInPhoneNumberRejected",
    states.CANCELED: "PortInPhoneNumberCanceled",
}
# Port-out events are Japan's only, and no number of this world is ported out.
ALL = (*OF_REQUEST.values(), *OF_NUMBER.values(), "PortOutPhoneNumberCompleted")


def tell_request(world: World, request: PortIn) -> None:
    """The request has another status; a review is no event."""
    event = OF_REQUEST.get(request.status)
    payload = {
        "port_in_request_sid": request.sid,
        "status": states.plain(request.status),
        "last_date_updated": iso8601(request.updated),
        "order_cancellation_reason": request.order_cancellation_reason,
    }
    _tell(world, request, event, payload, "port.request")


def tell_number(world: World, request: PortIn, number: PortInNumber) -> None:
    """The number has another status."""
    event = OF_NUMBER.get(number.status)
    spelled = world.switch("porting_webhook_status") != "long"
    payload = {
        "port_in_request_sid": request.sid,
        "port_in_phone_number_sid": number.sid,
        "phone_number": number.phone_number,
        "status": states.short(number.status) if spelled else number.status,
        "last_date_updated": iso8601(number.updated),
        "portable": _portable(world, number.portable),
        "not_portable_reason": number.not_portability_reason,
        "not_portable_reason_code": number.not_portability_reason_code,
        "rejection_reason": number.rejection_reason,
        "rejection_reason_code": number.rejection_reason_code,
    }
    _tell(world, request, event, payload, "port.number")


def _portable(world: World, portable: bool | None) -> bool | str | None:
    if portable is None or world.switch("porting_webhook_portable") == "boolean":
        return portable
    return "true" if portable else "false"


def _tell(
    world: World, request: PortIn, event: str | None, payload: dict[str, Any], kind: str
) -> None:
    """To the one URL of the family, if it wants to know of such events."""
    owner_sid = world.accounts[request.account_sid].owner_sid
    configuration = world.porting_webhooks.get(owner_sid)
    if event is None or configuration is None:
        return
    if configuration.notifications_of and event not in configuration.notifications_of:
        return
    shaped = _shaped(world, event, payload)
    as_form = world.switch("porting_webhook_encoding") == "form"
    of_parent = world.switch("porting_webhook_signer") == "parent"
    send(
        world,
        owner_sid,
        kind,
        configuration.port_in_target_url,
        {name: "" if value is None else str(value) for name, value in shaped.items()},
        body=None if as_form else shaped,
        signer_sid=owner_sid if of_parent else request.account_sid,
        subject_sid=request.sid,
    )


def _shaped(world: World, event: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload as the switches want it."""
    shaped = dict(payload)
    if world.switch("porting_webhook_status") == "event":
        shaped["status"] = event
    if world.switch("porting_webhook_event_type") == "present":
        shaped["event_type"] = event
    if world.switch("porting_webhook_names") == "camel":
        return {_camel(name): value for name, value in shaped.items()}
    return shaped


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match.group(1).upper(), name)
