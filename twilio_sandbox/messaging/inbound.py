"""A text that comes in: its row, and the program that is told (twilio-facts 5.3, 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.context import VERSION
from twilio_sandbox.holdings import applications
from twilio_sandbox.messaging import delivery, keywords, media, phones, pools, segments
from twilio_sandbox.messaging.rows import Message, Service
from twilio_sandbox.settings import DEFAULTS
from twilio_sandbox.timers import action
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import Number, World


@dataclass(frozen=True, slots=True)
class Route:
    """Where the webhook goes."""

    url: str | None
    method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a text to a number: the message, or why there is none."""

    message: Message | None
    reason: str | None = None


def receive(
    world: World,
    from_number: str,
    number: Number,
    body: str,
    attachments: list[dict[str, Any]] | None = None,
) -> Received:
    """Take in a text to a number of an account, and tell its program."""
    attachments = attachments or []
    if (status := world.status(world.accounts[number.account_sid])) != "active":
        return Received(None, f"the account is {status}")
    if not phones.can(number, "mms" if attachments else "sms"):
        return Received(None, f"the number cannot receive {'MMS' if attachments else 'SMS'}")
    service = pools.service_of(world, number.sid)
    route = route_of(world, number, service)
    swallowed = service is not None and not route.url and not _uses_number(service)
    if swallowed and world.switch("inbound_without_service_url") == "dropped":
        keywords.handle(world, number, service, from_number, body)
        return Received(None, "the messaging service has no inbound URL")
    message = _message(world, from_number, number, body, attachments, service)
    opt_out_type = keywords.handle(world, number, service, from_number, body)
    tell(world, message, route, parameters(world, message, opt_out_type))
    return Received(message)


def _message(
    world: World,
    from_number: str,
    number: Number,
    body: str,
    attachments: list[dict[str, Any]],
    service: Service | None,
) -> Message:
    count = 1 if attachments else segments.count(body)
    return world.messages.add(
        Message(
            *world.stamp("MM" if attachments else "SM", number.account_sid),
            from_number=from_number,
            to_number=number.phone_number,
            body=body,
            direction="inbound",
            status="received",
            sent=world.now(),
            messaging_service_sid=service.sid if service is not None else None,
            num_segments=count,
            price=segments.price(count, is_mms=bool(attachments), inbound=True),
            media=attachments,
        )
    )


@action("messaging.receive")
def receive_delivered(world: World, sid: str) -> None:
    """A text from one number of this sandbox to another one arrives there as any other."""
    sent = world.messages[sid]
    attachments = [
        delivery.media_entry(world, url=each["url"], content_type=each["content_type"])
        for each in sent.media
    ]
    number = world.by_phone_number[sent.to_number]
    receive(world, str(sent.from_number), number, sent.body, attachments)


# Which program is told


def route_of(world: World, number: Number, service: Service | None) -> Route:
    """The URL of the service, which swallows the number's own unless it says otherwise.

    An application that the number names beats the number's own URLs.
    """
    if service is not None and not _uses_number(service):
        settings = service.settings
        return Route(
            settings["inbound_request_url"],
            settings["inbound_method"],
            settings["fallback_url"],
            settings["fallback_method"],
        )
    own = {**DEFAULTS, **number.changes}
    if (application := world.applications.get(own["sms_application_sid"])) is not None:
        own = applications.DEFAULTS | application.settings
    return Route(
        own["sms_url"] or None,
        own["sms_method"],
        own["sms_fallback_url"] or None,
        own["sms_fallback_method"],
    )


def _uses_number(service: Service) -> bool:
    return bool(service.settings["use_inbound_webhook_on_number"])


def tell(
    world: World, message: Message, route: Route, params: dict[str, str], depth: int = 0
) -> None:
    """Send the webhook; its answer is carried out by `replies`."""
    hook = send(
        world,
        message.account_sid,
        "sms.inbound",
        route.url,
        params,
        method=route.method,
        fallback=(route.fallback_method, route.fallback_url),
        subject_sid=message.sid,
        then="messaging.answered",
    )
    if hook is not None:
        hook.args = {"sid": message.sid, "hook_sid": hook.sid, "depth": depth}


def parameters(world: World, message: Message, opt_out_type: str | None) -> dict[str, str]:
    """The form of the webhook, in the order of Twilio's."""
    sender, receiver = place(str(message.from_number)), place(message.to_number)
    given = {
        "ToCountry": receiver["Country"],
        "ToState": receiver["State"],
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "ToCity": receiver["City"],
        "FromZip": sender["Zip"],
        "SmsSid": message.sid,
        "FromState": sender["State"],
        "SmsStatus": "received",
        "FromCity": sender["City"],
        "Body": message.body,
        "FromCountry": sender["Country"],
        "To": message.to_number,
        "ToZip": receiver["Zip"],
        "NumSegments": str(message.num_segments),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": str(message.from_number),
        "ApiVersion": VERSION,
    }
    if message.messaging_service_sid:
        given["MessagingServiceSid"] = message.messaging_service_sid
    if opt_out_type:
        given["OptOutType"] = opt_out_type
    for position, each in enumerate(message.media):
        given[f"MediaContentType{position}"] = each["content_type"]
        given[f"MediaUrl{position}"] = media.link(world, message, each["sid"])
    return given


def place(phone_number: str) -> dict[str, str]:
    """City, state, zip and country by the numbering plan; empty where it does not say."""
    area = plan.locate(phone_number)
    return {
        "City": (area.locality or "").upper() if area else "",
        "State": (area.region or "") if area else "",
        "Zip": (area.postal_code or "") if area else "",
        "Country": phones.country(phone_number) or "",
    }
