"""Calls that the API makes: the rules, and where they begin (twilio-facts 6.5)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings.applications import setting
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.messaging import phones
from twilio_sandbox.messaging.drafts import e164
from twilio_sandbox.parameters import (
    Parameter,
    flag,
    http_method,
    matching,
    one_of,
    sid,
    text,
    url,
    whole_number,
)
from twilio_sandbox.voice import callbacks, calls, outbound
from twilio_sandbox.voice.resources import resource
from twilio_sandbox.world import Account, Number, World

MAX_TWIML = 4_000  # characters
MAX_TIMEOUT = 600  # seconds


def create(context: Context) -> Response:
    """Begin a call; what is wrong with it is refused at once, what comes of it is told later."""
    world, account, given = context.world, context.active_account(), context.read()
    number = _sender(world, account, given["From"])
    flow = {
        "options": _options(given),
        **_course(world, account, given),
    }
    call = outbound.make(
        world,
        account.sid,
        from_number=number.phone_number,
        to_number=_recipient(world, account, given["To"]),
        direction="outbound-api",
        phone_number_sid=number.sid,
        flow=flow,
    )
    return json_response(201, resource(call))


def _sender(world: World, account: Account, given: str) -> Number:
    """`From`: a number of the account that can call. Verified caller IDs are not modelled."""
    number = e164(given)
    if number is None:
        raise TwilioError(21212, f"The 'From' number {given} is not a valid phone number")
    row = world.by_phone_number.get(number)
    if row is None or row.account_sid != account.sid or not phones.can(row, "voice"):
        raise TwilioError(21210)
    return row


def _recipient(world: World, account: Account, given: str) -> str:
    """`To` as E.164. Clients and SIP addresses are not modelled."""
    number = e164(given)
    if number is None:
        raise TwilioError(21211, f"The 'To' number {given} is not a valid phone number")
    if account.type == "Trial":
        phone = world.phones.get(number)
        if phone is None or not phone.is_verified:
            raise TwilioError(21219)
    return number


def _course(world: World, account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """`document`, `fallback` and `callback` of the call; an application beats all the rest."""
    if sid_ := given.get("ApplicationSid"):
        application = world.applications.find(account.sid, sid_)
        if application is None:
            raise TwilioError(21218)
        own = {name: setting(application, name) for name in _OF_APPLICATION}
        if not own["voice_url"]:
            raise TwilioError(21205, "The application has no voice URL")
        events = given.get("StatusCallbackEvent")
        return {
            "document": {"url": own["voice_url"], "method": own["voice_method"]},
            "fallback": [own["voice_fallback_method"], own["voice_fallback_url"]],
            "callback": callbacks.callback(
                own["status_callback"], own["status_callback_method"], events
            ),
        }
    if link := given.get("Url"):
        document = {"url": link, "method": given.get("Method", "POST")}
    elif words := given.get("Twiml"):
        document = {"twiml": words}
    else:
        raise TwilioError(21205)
    return {
        "document": document,
        "fallback": [given.get("FallbackMethod", "POST"), given.get("FallbackUrl") or None],
        "callback": callbacks.callback(
            given.get("StatusCallback") or None,
            given.get("StatusCallbackMethod", "POST"),
            given.get("StatusCallbackEvent"),
        ),
    }


_OF_APPLICATION = (
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "status_callback",
    "status_callback_method",
)


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """What matters later on, under our own names."""
    return {ours: given[name] for name, ours in _OPTIONS.items() if given.get(name)}


_OPTIONS = {
    "Timeout": "timeout",
    "TimeLimit": "time_limit",
    "SendDigits": "send_digits",
    "MachineDetection": "machine_detection",
    "AsyncAmd": "async_amd",
    "AsyncAmdStatusCallback": "async_amd_callback",
    "AsyncAmdStatusCallbackMethod": "async_amd_method",
    "CallToken": "call_token",
    "Record": "record",
    "RecordingChannels": "recording_channels",
    "RecordingTrack": "recording_track",
    "RecordingStatusCallback": "recording_callback",
    "RecordingStatusCallbackMethod": "recording_method",
    "RecordingStatusCallbackEvent": "recording_events",
    "Trim": "trim",
}
PARAMETERS = (
    Parameter("To", text(), required=True, missing=21201),
    Parameter("From", text(), required=True, missing=21213),
    Parameter("Method", http_method),
    Parameter("FallbackUrl", url),
    Parameter("FallbackMethod", http_method),
    Parameter("StatusCallback", url),
    Parameter("StatusCallbackEvent", one_of(*callbacks.EVENTS), many=True),
    Parameter("StatusCallbackMethod", http_method),
    Parameter("SendDigits", matching(r"[0-9A-D#*wW]{0,32}", "up to 32 keys, w and W")),
    Parameter("Timeout", whole_number(1, MAX_TIMEOUT)),
    Parameter("Record", flag),
    Parameter("RecordingChannels", one_of("mono", "dual")),
    Parameter("RecordingStatusCallback", url),
    Parameter("RecordingStatusCallbackMethod", http_method),
    Parameter("SipAuthUsername", text()),
    Parameter("SipAuthPassword", text()),
    Parameter("MachineDetection", one_of("Enable", "DetectMessageEnd")),
    Parameter("MachineDetectionTimeout", whole_number(3, 59)),
    Parameter(
        "RecordingStatusCallbackEvent",
        matching(r"(in-progress|completed|absent)( (in-progress|completed|absent))*", "events"),
        many=True,
    ),
    Parameter("Trim", one_of("trim-silence", "do-not-trim")),
    Parameter("CallerId", text()),
    Parameter("MachineDetectionSpeechThreshold", whole_number(1000, 6000)),
    Parameter("MachineDetectionSpeechEndThreshold", whole_number(500, 5000)),
    Parameter("MachineDetectionSilenceTimeout", whole_number(2000, 10_000)),
    Parameter("AsyncAmd", flag),
    Parameter("AsyncAmdStatusCallback", url),
    Parameter("AsyncAmdStatusCallbackMethod", http_method),
    Parameter("Byoc", sid("BY")),
    Parameter("CallReason", text()),
    Parameter("CallToken", text()),
    Parameter("RecordingTrack", one_of("inbound", "outbound", "both")),
    Parameter("TimeLimit", whole_number(1, calls.MAX_SECONDS)),
    Parameter("ClientNotificationUrl", url),
    Parameter("Url", url),
    Parameter("Twiml", text(MAX_TWIML)),
    Parameter("ApplicationSid", sid("AP", code=21218)),
)
