"""Texts: conversations with made-up phones, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.messaging.control import STATUSES
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.page import parts, webhooks
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit

CONVERSATIONS = 10  # phones that are listed
ATTACHED = parts.options(("image/png", "audio/mpeg", "video/mp4", "text/vcard"), {"": "nothing"})


def show(visit: Visit) -> Sheet:
    rows: Sequence[Message] = list(visit.world.messages.values())[::-1]
    latest = _conversations(rows)
    if wanted := visit.query.get("q", "").strip():
        rows = [row for row in rows if _matches(row, wanted)]
    shown, pages = parts.paged(visit, rows)
    heads = ("Message", "From", "To", "Status", "Sent")
    if shown:
        listed = parts.table("Messages", heads, [_row(visit, row) for row in shown])
    else:
        listed = parts.empty("No messages", "Let a made-up phone write to a number.")
    phones = _phones(visit, latest) if latest else None
    search = parts.search(visit, "Search digits, words, SID")
    every = parts.section("All messages", search, parts.live("all", listed), pages, id="all-texts")
    others = (
        parts.jump("Text a number"),
        parts.link("Registrations", parts.to("registrations"), class_="button"),
    )
    if phones is None:
        return Sheet("Messages", parts.split(every, _compose(visit)), actions=others)
    return Sheet("Messages", (parts.split(phones, _compose(visit)), every), actions=others)


def _matches(row: Message, wanted: str) -> bool:
    digits = parts.digits_of(wanted)
    numbers = f"{row.from_number} {row.to_number}"
    return (
        row.sid == wanted
        or wanted.lower() in row.body.lower()
        or (len(digits) > 2 and digits in numbers)
    )


def phone_of(row: Message) -> str:
    """The other side of a message: whoever it is that the account talks to."""
    return (row.from_number or "") if row.direction == "inbound" else row.to_number


def _conversations(newest_first: Sequence[Message]) -> list[Message]:
    """The last message of each of the phones that were heard of last."""
    latest: dict[str, Message] = {}
    for row in newest_first:
        latest.setdefault(phone_of(row), row)
        if len(latest) == CONVERSATIONS:
            break
    return list(latest.values())


def _phones(visit: Visit, latest: list[Message]) -> Markup:
    rows = [
        (
            parts.link(parts.phone(phone_of(row)), parts.phone_page(phone_of(row))),
            tag("span", row.body, class_="excerpt"),
            parts.time(row.created),
        )
        for row in latest
    ]
    table = parts.table("Conversations", ("Phone", "Last text", "When"), rows)
    return parts.section("Conversations", parts.live("phones", table), id="conversations")


def _row(visit: Visit, row: Message) -> tuple[Child, ...]:
    body = row.body or (f"{len(row.media)} media" if row.media else "(nothing)")
    return (
        parts.link(tag("span", body, class_="excerpt"), parts.to("messages", row.sid)),
        parts.phone_link(visit.world, row.from_number),
        parts.phone_link(visit.world, row.to_number),
        _status(row),
        parts.time(row.created),
    )


def _status(row: Message) -> Child:
    code = parts.soft(str(row.error_code)) if row.error_code else None
    return parts.lines(parts.badge(row.status), code)


# A made-up phone writes


def _compose(visit: Visit) -> Markup:
    form = Form(visit, "write")
    fields = (
        form.text(
            "from",
            "From the phone",
            value=parts.made_up(visit.world),
            help="Any number that no account has.",
            inputmode="tel",
            required=True,
        ),
        form.text("to", "To the number", value=visit.query.get("to", ""), placeholder="+1…",
                  inputmode="tel", required=True),
        form.area("body", "Text"),
        form.choice("media", "With", ATTACHED),
    )  # fmt: skip
    return parts.card(
        "Text a number", form.whole(fields, submit="Send", look="primary"), id="compose"
    )


def write(visit: Visit) -> Done:
    """From the page of all texts, or as the phone whose page it is."""
    sender = visit.args.get("phone") or visit.form.get("from", "").strip()
    body: dict[str, Any] = {
        "from": sender,
        "to": visit.form.get("to", "").strip(),
        "body": visit.form.get("body", ""),
    }
    if kind := visit.form.get("media"):
        body["media"] = [kind]
    answer = visit.post("/messages", body, settle=True)
    there, at = parts.phone_page(sender), "#write-body" if "phone" in visit.args else "#main"
    if answer.get("sid") is None:
        return Done(f"It did not arrive: {answer['reason']}.", there, at, tone="warning")
    return Done(f"{parts.phone(body['to'])} got it.", there, at)


# One message


def _message(visit: Visit) -> Message:
    message = visit.world.messages.get(visit.args["sid"])
    if message is None:
        raise ControlError(404, f"There is no message {visit.args['sid']}.")
    return message


def show_one(visit: Visit) -> Sheet:
    row = _message(visit)
    hooks = [each for each in visit.world.webhooks.values() if each.subject_sid == row.sid][::-1]
    told = webhooks.listing(visit, hooks) if hooks else tag("p", "Nobody was told of it.")
    text = parts.card("Text", tag("p", row.body, class_="text"), id="text")
    wide = (text, parts.section("Webhooks", parts.live("told", told), id="told-of"))
    return Sheet(
        "Message",
        parts.split(wide, (_facts(visit, row), _fate(visit, row))),
        trail=parts.link("Messages", parts.to("messages")),
        extra=_status(row),
    )


def _facts(visit: Visit, row: Message) -> Markup:
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("From", parts.phone_link(visit.world, row.from_number)),
                ("To", parts.phone_link(visit.world, row.to_number)),
                ("Direction", row.direction),
                ("Account", parts.account_link(visit.world, row.account_sid)),
                ("Made", parts.time(row.created)),
                ("Segments", str(row.num_segments)),
                ("Media", str(len(row.media)) if row.media else None),
                ("Price", row.price),
                ("Service", row.messaging_service_sid),
                ("SID", (parts.code(row.sid), " ", parts.copy(row.sid))),
            ]
        ),
        id="facts",
    )


def _fate(visit: Visit, row: Message) -> Markup | None:
    if row.direction == "inbound":
        return None
    form = Form(visit, "status")
    fields = (
        form.choice("status", "It is", parts.options(STATUSES), value=row.status),
        form.text("error_code", "Error code", help="Of failed and undelivered; 30008 unless told",
                  inputmode="numeric", short=True),
    )  # fmt: skip
    return parts.card("What becomes of it", form.whole(fields, submit="Let it be so"), id="fate")


def set_status(visit: Visit) -> Done:
    body: dict[str, Any] = {"status": visit.form.get("status")}
    if code := visit.form.get("error_code", "").strip():
        if not code.isdecimal():
            raise ControlError(400, "An error code is a number.")
        body["error_code"] = int(code)
    visit.post(f"/messages/{_message(visit).sid}/status", body, settle=True)
    return Done(f"It is {body['status']} now.")


PAGES = [
    Page("/room/messages", show, {"write": write}),
    Page("/room/messages/(?P<sid>[^/]+)", show_one, {"status": set_status}),
]
