"""The control API's part about texts: made-up phones write, and take texts as they are told."""

from __future__ import annotations

from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.clock import iso8601
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError
from twilio_sandbox.messaging import (
    brands,
    campaigns,
    compliance,
    delivery,
    drafts,
    inbound,
    keywords,
    media,
    messages,
    phones,
    segments,
    verifications,
)
from twilio_sandbox.messaging.rows import Message, Notice
from twilio_sandbox.voice import handsets
from twilio_sandbox.world import World

SHOWN = 200  # messages of a list
STATUSES = ("queued", "sending", "sent", "delivered", "read", "undelivered", "failed", "canceled")


def list_messages(world: World, body: Body) -> Answer:
    """The last ones of all accounts, newest first, as Twilio's API shows them."""
    newest = list(world.messages.values())[: -SHOWN - 1 : -1]
    return 200, {
        "total": len(world.messages),
        "messages": [messages.resource(message) for message in newest],
    }


def write(world: World, body: Body) -> Answer:
    """A text from a phone: `{"from", "to", "body", "media": ["image/png", "https://…"]}`."""
    sender, number = _phone_number(body, "from"), world.by_phone_number.get(str(body.get("to")))
    if number is None:
        raise ControlError(404, f"no account has the number {body.get('to')}")
    text, wanted = body.get("body", ""), body.get("media", [])
    if not isinstance(text, str) or not isinstance(wanted, list) or len(wanted) > 10:
        raise ControlError(400, "body is a text, media a list of at most ten")
    if not text and not wanted:
        raise ControlError(400, "body or media is needed")
    if segments.units(text) > drafts.MAX_BODY:
        raise ControlError(400, f"body must have at most {drafts.MAX_BODY} characters")
    received = inbound.receive(
        world, sender, number, text, [_attachment(world, each) for each in wanted]
    )
    if received.message is None:
        return 200, {"sid": None, "reason": received.reason}
    return 201, messages.resource(received.message)


def _attachment(world: World, wanted: Any) -> dict[str, Any]:
    """By its content type, or by a URL whose ending tells it."""
    if not isinstance(wanted, str) or "/" not in wanted:
        raise ControlError(400, "a piece of media is a content type or a URL")
    if "://" in wanted:
        return delivery.media_entry(world, url=wanted)
    return delivery.media_entry(world, content_type=wanted)


def _phone_number(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not plan.E164.fullmatch(value):
        raise ControlError(400, f"{name} must be an E.164 number")
    return value


def set_status(world: World, body: Body, sid: str) -> Answer:
    """What becomes of a message on its way: `{"status": "undelivered", "error_code": 30003}`."""
    message = world.messages.get(sid)
    if message is None:
        raise ControlError(404, f"there is no message {sid}")
    status, code = body.get("status"), body.get("error_code")
    if status not in STATUSES or not isinstance(code, int | None):
        raise ControlError(400, f"status must be one of {', '.join(STATUSES)}")
    if message.direction == "inbound":
        raise ControlError(409, f"{sid} came in")
    if message.status in delivery.FINAL and (message.status, status) != ("delivered", "read"):
        raise ControlError(409, f"{sid} is {message.status} already")
    if status in delivery.ORDER[: delivery.ORDER.index(message.status)]:
        raise ControlError(409, f"{sid} is {message.status}, which comes after {status}")
    if message.from_number is None and status != "canceled":
        raise ControlError(409, f"{sid} has no sender yet")
    if status in delivery.FINAL:
        default = 30008 if status in ("undelivered", "failed") else None
        delivery.finish(world, message, status, default if code is None else code)
    else:
        delivery.set_status(world, message, status)
    return 200, messages.resource(message)


# Made-up phones


def show_phone(world: World, body: Body, phone_number: str) -> Answer:
    """The conversation of a phone with the numbers of all accounts, oldest first."""
    rows: list[Message | Notice] = [
        row
        for table in (world.messages, world.notices)
        for row in table.values()
        if phone_number in (row.from_number, row.to_number)
    ]
    rows.sort(key=lambda row: row.seq)
    return 200, {
        **_phone(world, phone_number),
        "conversation": [_line(world, row, phone_number) for row in rows],
    }


def _phone(world: World, phone_number: str) -> dict[str, Any]:
    ends = f":{phone_number}"
    row = world.phones.get(phone_number)
    return {
        "phone_number": phone_number,
        "texts": phones.behavior(world, phone_number),
        "verified": row is not None and row.is_verified,
        "opted_out_of": [sid.removesuffix(ends) for sid in world.opt_outs if sid.endswith(ends)],
        **handsets.shown(world, phone_number),
    }


def _line(world: World, row: Message | Notice, phone_number: str) -> dict[str, Any]:
    from_phone = row.from_number == phone_number
    pieces = row.media if isinstance(row, Message) else []
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "number": row.to_number if from_phone else row.from_number,
        "from_phone": from_phone,
        "body": row.body,
        "media": [
            {
                "content_type": each["content_type"],
                "url": f"{world.address}/api{media.path(row, each['sid'])}",
            }
            for each in pieces
            if isinstance(row, Message)
        ],
        "at": iso8601(row.created),
        "status": row.status if isinstance(row, Message) else "delivered",
        "error_code": row.error_code if isinstance(row, Message) else None,
        "automatic": isinstance(row, Notice),
    }


def set_phone(world: World, body: Body, phone_number: str) -> Answer:
    """How it takes texts and calls from now on: `{"texts": "landline", "calls": "busy"}`.

    `verified` is for trial accounts; `voice.handsets.set_up` says what else there is for calls.
    """
    if not plan.E164.fullmatch(phone_number):
        raise ControlError(400, f"{phone_number} is not an E.164 number")
    texts, verified = body.get("texts", "delivered"), body.get("verified")
    if texts not in phones.BEHAVIORS or not isinstance(verified, bool | None):
        raise ControlError(400, f"texts must be one of {', '.join(phones.BEHAVIORS)}")
    row = phones.phone(world, phone_number)
    try:
        handsets.set_up(row, body)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    row.texts = texts if "texts" in body else row.texts
    row.is_verified = row.is_verified if verified is None else verified
    world.phones.changed(row)
    return 200, _phone(world, phone_number)


# Console's pages


def set_opt_out(world: World, body: Body, sid: str) -> Answer:
    """Advanced Opt-Out of a service: `{"enabled": true, "keywords": {…}, "replies": {…}}`."""
    service = world.services.get(sid)
    if service is None:
        raise ControlError(404, f"there is no messaging service {sid}")
    given_words, given_replies = body.get("keywords", {}), body.get("replies", {})
    kinds = set(keywords.KEYWORDS)
    if not set(given_words) <= kinds or not set(given_replies) <= kinds:
        raise ControlError(400, f"keywords and replies are for {', '.join(keywords.KEYWORDS)}")
    service.opt_out = None
    if body.get("enabled", True):
        own = {kind: [word.upper() for word in words] for kind, words in given_words.items()}
        # STOP, START and HELP themselves cannot be taken away.
        words = {
            kind: sorted({kind, *own.get(kind, default)})
            for kind, default in keywords.KEYWORDS.items()
        }
        service.opt_out = {"keywords": words, "replies": keywords.REPLIES | given_replies}
    world.services.changed(service)
    return 200, {"sid": sid, "advanced_opt_out": service.opt_out}


def set_a2p(world: World, body: Body, phone_number: str) -> Answer:
    """How far a number in a pool is with its registration: `{"status": "registered"}`."""
    number = world.by_phone_number.get(phone_number)
    member = world.members.get(number.sid) if number is not None else None
    if member is None:
        raise ControlError(404, f"{phone_number} is in no messaging service")
    if body.get("status") not in compliance.A2P_STATES:
        raise ControlError(400, f"status must be one of {', '.join(compliance.A2P_STATES)}")
    world.cancel(member.timer)
    member.a2p, member.timer = body["status"], None
    world.members.changed(member)
    return 200, {"phone_number": phone_number, "status": member.a2p}


_PHONE = "/phones/(?P<phone_number>[^/]+)"
CONTROLS = [
    ControlCall("GET", "/messages", list_messages),
    ControlCall("POST", "/messages", write),
    ControlCall("POST", "/messages/(?P<sid>[^/]+)/status", set_status),
    ControlCall("GET", _PHONE, show_phone),
    ControlCall("POST", _PHONE, set_phone),
    ControlCall("POST", "/services/(?P<sid>[^/]+)/advanced-opt-out", set_opt_out),
    ControlCall("POST", "/numbers/(?P<phone_number>[^/]+)/a2p", set_a2p),
    *brands.CONTROLS,
    *campaigns.CONTROLS,
    *verifications.CONTROLS,
]
