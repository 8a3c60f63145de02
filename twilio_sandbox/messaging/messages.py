"""Messages of the 2010 API: create, list, fetch, redact or cancel, delete, feedback."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import delivery, drafts
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import (
    Parameter,
    flag,
    in_period,
    moment,
    number,
    one_of,
    periods,
    sid,
    text,
    url,
    whole_number,
)

# Our own words for what became of a message.
ERROR_MESSAGES = {
    14107: "Too many replies between two numbers",
    21610: "The recipient has opted out",
    21703: "No number of the messaging service can send this message",
    30001: "The queue overflowed",
    30002: "The account was suspended before the message was sent",
    30003: "The handset cannot be reached",
    30004: "The message was blocked",
    30005: "The handset is unknown",
    30006: "Landline, or a carrier that cannot be reached",
    30007: "The message was filtered",
    30008: "Unknown error",
    30010: "The price is above the maximum",
    30022: "Too many messages at a time",
    30023: "Too many messages a day",
    30032: "The toll-free number has not been verified",
    30033: "The A2P campaign is suspended",
    30034: "The number is not registered for A2P",
    30035: "The number is still being configured for A2P",
    30036: "The validity period ended",
}
# In these the resource says nothing about money yet.
_UNPRICED = ("accepted", "scheduled", "queued")


def resource(message: Message) -> dict[str, Any]:
    """The message with exactly Twilio's fields."""
    uri = f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    code = message.error_code
    return {
        "account_sid": message.account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created),
        "date_sent": None if message.sent is None else rfc2822(message.sent),
        "date_updated": rfc2822(message.updated),
        "direction": message.direction,
        "error_code": code,
        "error_message": None if code is None else ERROR_MESSAGES.get(code, "Unknown error"),
        "from": message.from_number,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.num_segments),
        "price": message.price,
        "price_unit": None if message.status in _UNPRICED else "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": message.to_number,
        "uri": f"{uri}.json",
    }


def create(context: Context) -> Response:
    """Send a text, now or at `SendAt`; the answer does not name the feedback (as Twilio's)."""
    account = context.active_account()
    draft = drafts.check(context.world, account, context.read())
    message = delivery.submit(
        context.world,
        account.sid,
        from_number=draft.from_number,
        to_number=draft.to_number,
        body=draft.body,
        direction="outbound-api",
        media_urls=draft.media_urls,
        service_sid=draft.service_sid,
        status_callback=draft.status_callback,
        options=draft.options,
        send_at=draft.send_at,
    )
    answer = resource(message)
    del answer["subresource_uris"]["feedback"]
    return json_response(201, answer)


def list_messages(context: Context) -> Response:
    """All messages of the account, in and out, newest first (twilio-facts 7.1)."""
    account, given = context.active_account(), context.read()
    tests = _filters(given)
    rows = context.world.messages.of(account.sid)
    if tests:
        rows = [row for row in rows if all(test(row) for test in tests)]
    return page(context, "messages", rows, lambda row: json.dumps(resource(row)).encode())


def _filters(given: dict[str, Any]) -> list[Callable[[Message], bool]]:
    tests: list[Callable[[Message], bool]] = []
    if to := given.get("To"):
        tests.append(lambda row: row.to_number == (drafts.e164(to) or to))
    if sender := given.get("From"):
        tests.append(lambda row: row.from_number == (drafts.e164(sender) or sender))
    return tests + in_period(given, "DateSent", _sent)


def _sent(message: Message) -> float | None:
    return message.sent


def fetch(context: Context) -> Response:
    return json_response(200, resource(_message(context)))


def update(context: Context) -> Response:
    """`Body=""` takes the text away for good; `Status=canceled` stops a scheduled message."""
    message, given = _message(context), context.read()
    if given.get("Body"):
        raise TwilioError(20001, "The body of a message can only be made empty")
    if "Body" in given and message.status not in delivery.FINAL:
        raise TwilioError(20009)
    if given.get("Status") == "canceled":
        if message.status not in ("scheduled", "accepted"):
            raise TwilioError(30409, f"A message that is {message.status} cannot be canceled")
        delivery.finish(context.world, message, "canceled")
    if "Body" in given:
        message.body = ""
        message.updated = context.world.now()
        context.world.messages.changed(message)
    return json_response(200, resource(message))


def delete(context: Context) -> Response:
    """Remove the record of a message that has reached its end."""
    message = _message(context)
    if message.status not in delivery.FINAL:
        raise TwilioError(20009)
    context.world.messages.remove(message)
    return Response(204)


def create_feedback(context: Context) -> Response:
    """What the program says of the delivery: confirmed, or not."""
    message = _message(context, "MessageSid")
    outcome = context.read().get("Outcome", "confirmed")
    message.options = {**message.options, "feedback": outcome}
    context.world.messages.changed(message)
    now, uri = rfc2822(context.world.now()), resource(message)["subresource_uris"]["feedback"]
    return json_response(
        200,
        {
            "account_sid": message.account_sid,
            "date_created": now,
            "date_updated": now,
            "message_sid": message.sid,
            "outcome": outcome,
            "uri": uri,
        },
    )


def _message(context: Context, name: str = "Sid") -> Message:
    return context.find(context.world.messages, context.active_account(), name)


def _status_callback(name: str, value: str) -> str:
    try:
        return str(url(name, value))
    except TwilioError:
        raise TwilioError(21609) from None


_CREATE = (
    Parameter("To", text(), required=True, missing=21604),
    Parameter("StatusCallback", _status_callback),
    Parameter("ApplicationSid", sid("AP")),
    Parameter("MaxPrice", number),
    Parameter("ProvideFeedback", flag),
    Parameter("Attempt", whole_number()),
    Parameter("ValidityPeriod", whole_number(1, 36_000, code=21624)),
    Parameter("ForceDelivery", flag),
    Parameter("ContentRetention", one_of("retain", "discard")),
    Parameter("AddressRetention", one_of("retain", "obfuscate")),
    Parameter("SmartEncoded", flag),
    Parameter("PersistentAction", text(), many=True),
    Parameter("TrafficType", one_of("free")),
    Parameter("ShortenUrls", flag),
    Parameter("ScheduleType", one_of("fixed")),
    Parameter("SendAt", moment),
    Parameter("SendAsMms", flag),
    Parameter("ContentVariables", text()),
    Parameter("RiskCheck", one_of("enable", "disable")),
    Parameter("From", text()),
    Parameter("FallbackFrom", text()),
    Parameter("MessagingServiceSid", sid("MG", code=21705)),
    Parameter("Body", text()),
    Parameter("MediaUrl", text(), many=True),
    Parameter("ContentSid", sid("HX", code=21655)),
)
_FILTERS = (
    Parameter("To", text()),
    Parameter("From", text()),
    *periods("DateSent"),
)
_UPDATE = (Parameter("Body", text()), Parameter("Status", one_of("canceled")))
_FEEDBACK = (Parameter("Outcome", one_of("confirmed", "unconfirmed")),)
_ALL = f"{ACCOUNT}/Messages.json"
_ONE = f"{ACCOUNT}/Messages/{{Sid}}.json"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_messages, _FILTERS),
    Operation("POST", "api", _ALL, create, _CREATE),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, _UPDATE),
    Operation("DELETE", "api", _ONE, delete),
    Operation(
        "POST",
        "api",
        f"{ACCOUNT}/Messages/{{MessageSid}}/Feedback.json",
        create_feedback,
        _FEEDBACK,
    ),
]
