"""A text on its way out: accepted or scheduled, queued, sending, sent, and what becomes of it.

Each step is a timer. What the step leads to is decided when it is taken, by the state of the
account, of the registrations and of the made-up phone at that time.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox.messaging import callbacks, compliance, phones, pools, segments
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

DEFAULT_VALIDITY_SECONDS = 36_000
FINAL = ("delivered", "read", "undelivered", "failed", "canceled", "received")
_HAS_LEFT = ("sent", "delivered", "read")
ORDER = ("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read")
# Seconds that a message stays in a status. Twilio publishes none.
STAYS = {"accepted": 0.3, "queued": 0.5, "sending": 0.5, "sent": 2.0}
ACCOUNT_SUSPENDED, NO_SENDER, OPTED_OUT, BLOCKED = 30002, 21703, 21610, 30004
EXPIRED, UNREACHABLE = 30036, 30003


def submit(
    world: World,
    account_sid: str,
    *,
    from_number: str | None,
    to_number: str,
    body: str,
    direction: str,
    media_urls: list[str] | None = None,
    service_sid: str | None = None,
    status_callback: str | None = None,
    options: dict[str, Any] | None = None,
    send_at: float | None = None,
) -> Message:
    """A new outgoing message, on its way; with a service the sender may still be open."""
    media = [media_entry(world, url=url) for url in media_urls or []]
    options = options or {}
    is_mms = bool(media) or bool(options.get("as_mms"))
    waits = service_sid is not None and direction == "outbound-api"
    status = "scheduled" if send_at is not None else "accepted" if waits else "queued"
    message = world.messages.add(
        Message(
            *world.stamp("MM" if media else "SM", account_sid),
            from_number=from_number,
            to_number=to_number,
            body=body,
            direction=direction,
            status=status,
            messaging_service_sid=service_sid,
            # Unknown to Twilio until there is a sender.
            num_segments=0 if waits and not is_mms else 1 if is_mms else segments.count(body),
            status_callback=status_callback,
            media=media,
            options=options,
        )
    )
    if send_at is not None:
        message.timer = world.at(send_at, "messaging.advance", sid=message.sid)
    else:
        _wait(world, message)
    callbacks.tell(world, message, is_first=True)
    return message


def media_entry(
    world: World, *, url: str | None = None, content_type: str | None = None
) -> dict[str, Any]:
    """A piece of media as a message keeps it."""
    return {
        "sid": world.new_sid("ME"),
        "content_type": content_type or _content_type(url or ""),
        "url": url,
        "created": world.now(),
    }


def _content_type(url: str) -> str:
    """By the end of the path; the sandbox does not fetch what a program wants to send."""
    known = {"png": "image/png", "gif": "image/gif", "pdf": "application/pdf", "mp4": "video/mp4"}
    return known.get(url.partition("?")[0].rpartition(".")[2].lower(), "image/jpeg")


@action("messaging.advance")
def advance(world: World, sid: str) -> None:
    """Take a message to its next status."""
    message = world.messages.get(sid)
    if message is None or message.status in FINAL:
        return
    message.timer = None
    if world.status(world.accounts[message.account_sid]) != "active":
        finish(world, message, "failed", ACCOUNT_SUSPENDED)
    else:
        _STEPS[message.status](world, message)


def _choose_sender(world: World, message: Message) -> None:
    """`accepted` or `scheduled`: the service picks a number of its pool."""
    sender = message.from_number or pools.choose(world, message)
    if sender is None:
        finish(world, message, "failed", NO_SENDER)
        return
    message.from_number = sender
    if refuses(world, message):
        finish(world, message, "failed", OPTED_OUT)
        return
    is_mms = bool(message.media) or bool(message.options.get("as_mms"))
    message.num_segments = 1 if is_mms else segments.count(message.body)
    set_status(world, message, "queued")


def refuses(world: World, message: Message) -> bool:
    """Whether the phone has opted out since."""
    senders = [str(message.from_number)]
    if message.messaging_service_sid:
        senders.append(message.messaging_service_sid)
    return phones.is_opted_out(world, senders, message.to_number) and not _network_decides(
        world, message
    )


def _network_decides(world: World, message: Message) -> bool:
    return world.switch("toll_free_opt_out") == "blocked" and phones.is_toll_free(
        str(message.from_number)
    )


def _begin(world: World, message: Message) -> None:
    """`queued`: it leaves the queue, unless it has to stay until its validity period ends."""
    if message.options.get("expires"):
        finish(world, message, "failed", EXPIRED)
    elif phones.behavior(world, message.to_number) == "queued":
        message.options = {**message.options, "expires": True}
        validity = message.options.get("validity_period") or DEFAULT_VALIDITY_SECONDS
        message.timer = world.after(validity, "messaging.advance", sid=message.sid)
        world.messages.changed(message)
    else:
        set_status(world, message, "sending")


def _send(world: World, message: Message) -> None:
    """`sending`: the registrations decide whether the carriers get it."""
    if (code := compliance.why_stopped(world, message)) is not None:
        finish(world, message, "undelivered", code)
        return
    set_status(world, message, "sent")


def _arrive(world: World, message: Message) -> None:
    """`sent`: the receipt of the carrier comes, or none."""
    behavior = phones.behavior(world, message.to_number)
    code = phones.BEHAVIORS[behavior]
    key = f"{message.from_number}:{message.to_number}"
    if key in world.opt_outs and _network_decides(world, message):
        finish(world, message, "undelivered", BLOCKED)
    elif behavior == "sent":
        return
    elif code is not None:
        # What is refused at once only gets here when the phone changed on the way.
        finish(world, message, "undelivered", code if code >= 30_000 else UNREACHABLE)
    else:
        finish(world, message, "delivered")


def set_status(world: World, message: Message, status: str) -> None:
    """Give it a status, tell the program, and wait for the next step."""
    message.status = status
    message.updated = world.now()
    if status in _HAS_LEFT and message.sent is None:
        message.sent = world.now()
        message.price = segments.price(
            message.num_segments,
            is_mms=bool(message.media) or bool(message.options.get("as_mms")),
            inbound=False,
        )
    world.messages.changed(message)
    _wait(world, message)
    callbacks.tell(world, message)


def finish(world: World, message: Message, status: str, error_code: int | None = None) -> None:
    """The last status; a delivered text to a number of this sandbox comes in there."""
    message.error_code = error_code
    set_status(world, message, status)
    number = world.by_phone_number.get(message.to_number)
    if status == "delivered" and number is not None:
        world.act("messaging.receive", {"sid": message.sid})


def _wait(world: World, message: Message) -> None:
    world.cancel(message.timer)
    stays = STAYS.get(message.status)
    message.timer = (
        world.after(stays, "messaging.advance", sid=message.sid) if stays is not None else None
    )


_STEPS = {
    "accepted": _choose_sender,
    "scheduled": _choose_sender,
    "queued": _begin,
    "sending": _send,
    "sent": _arrive,
}
