"""Texts: conversations with made-up phones, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from telephony.sandbox import plan
from telephony.sandbox.errors import ControlError
from telephony.sandbox.http import Response
from telephony.sandbox.messaging import media
from telephony.sandbox.messaging.control import STATUSES
from telephony.sandbox.messaging.phones import BEHAVIORS
from telephony.sandbox.messaging.rows import Message
from telephony.sandbox.page import parts, webhooks
from telephony.sandbox.page.forms import Form
from telephony.sandbox.page.html import Child, Markup, tag
from telephony.sandbox.page.visit import Done, Page, Sheet, Visit
from telephony.sandbox.world import World

CONVERSATIONS = 10  # phones that are listed
MEDIA = parts.options(("image/png", "audio/mpeg", "video/mp4", "text/vcard"), {"": "nothing"})


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
    if phones is None:
        return Sheet("Messages", parts.split(every, _compose(visit)))
    return Sheet("Messages", (parts.split(phones, _compose(visit)), every))


def _matches(row: Message, wanted: str) -> bool:
    digits = "".join(filter(str.isdigit, wanted))
    numbers = f"{row.from_number} {row.to_number}"
    return (
        row.sid == wanted
        or wanted.lower() in row.body.lower()
        or (len(digits) > 2 and not set(wanted) - set("+()- .0123456789") and digits in numbers)
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
            parts.link(parts.phone(phone_of(row)), phone_address(phone_of(row))),
            tag("span", row.body, class_="excerpt"),
            parts.time(row.created),
        )
        for row in latest
    ]
    table = parts.table("Conversations", ("Phone", "Last text", "When"), rows)
    return parts.section("Conversations", parts.live("phones", table), id="conversations")


def phone_address(phone_number: str) -> str:
    return parts.to("phones", phone_number)


def _row(visit: Visit, row: Message) -> tuple[Child, ...]:
    body = row.body or (f"{len(row.media)} media" if row.media else "(nothing)")
    return (
        parts.link(tag("span", body, class_="excerpt"), parts.to("messages", row.sid)),
        side(visit.world, row.from_number),
        side(visit.world, row.to_number),
        _status(row),
        parts.time(row.created),
    )


def side(world: World, number: str | None) -> Child:
    """A number of an account leads to its page, any other one to its phone."""
    if not number:
        return parts.soft("not chosen yet")
    if number in world.by_phone_number or not plan.E164.fullmatch(number):
        return parts.number_link(world, number)
    return parts.link(tag("span", parts.phone(number), class_="phone"), phone_address(number))


def _status(row: Message) -> Child:
    code = parts.soft(str(row.error_code)) if row.error_code else None
    return parts.lines(parts.badge(row.status), code)


# A made-up phone writes


def made_up(world: World) -> str:
    """The first number of those reserved for fiction in Washington that no account has."""
    numbers = (f"+12025550{last}" for last in range(100, 200))
    return next(each for each in numbers if each not in world.by_phone_number)


def _compose(visit: Visit) -> Markup:
    form = Form(visit, "write")
    fields = (
        form.text(
            "from",
            "From the phone",
            value=made_up(visit.world),
            help="Any number that no account has.",
            inputmode="tel",
            required=True,
        ),
        form.text("to", "To the number", value=visit.query.get("to", ""), placeholder="+1…",
                  inputmode="tel", required=True),
        form.area("body", "Text"),
        form.choice("media", "With", MEDIA),
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
    there = phone_address(sender)
    if answer.get("sid") is None:
        return Done(f"It did not arrive: {answer['reason']}.", there, tone="warning")
    return Done(f"{parts.phone(body['to'])} got it.", there)


# A phone


def show_phone(visit: Visit) -> Sheet:
    number = visit.args["phone"]
    if not plan.E164.fullmatch(number):
        raise ControlError(404, f"{number} is not an E.164 number.")
    if number in visit.world.by_phone_number:
        raise ControlError(404, f"{parts.phone(number)} is a number of an account.")
    phone = visit.get(f"/phones/{number}")
    side = (_behavior(visit, phone), _opt_outs(visit, phone))
    conversation = phone["conversation"]
    return Sheet(
        parts.phone(number),
        parts.split((_chat(visit, conversation), _reply(visit, conversation)), side),
        trail=parts.link("Messages", parts.to("messages")),
        extra="a made-up phone",
        actions=parts.link(
            "Call from it", f"{parts.to('calls')}?{urlencode({'from': number})}", class_="button"
        ),
    )  # fmt: skip


def _chat(visit: Visit, conversation: list[dict[str, Any]]) -> Markup:
    if not conversation:
        return parts.empty("Nothing was written yet", "Write the first text below.")
    several = len({line["number"] for line in conversation}) > 1
    lines = [_line(visit, line, several) for line in conversation]
    listed = tag("ol", lines, class_="chat", id="chat", data_live=True)
    return tag(
        "div", listed, class_="chat-view", tabindex="0", role="log", aria_label="Conversation"
    )


def _line(visit: Visit, line: dict[str, Any], several: bool) -> Markup:
    out = line["from_phone"]
    who = "The phone" if out else (parts.phone(line["number"]) if line["number"] else "Twilio")
    meta: list[Child] = [parts.when(line["at"])]
    if several:
        meta += [" · ", "to " if out else "from ", parts.number_link(visit.world, line["number"])]
    if line["automatic"]:
        meta += [" · ", "answered by Twilio itself"]
    elif not out and line["status"] != "delivered":
        meta += [" · ", parts.badge(line["status"])]
    if line["error_code"]:
        meta += [" ", str(line["error_code"])]
    if not line["automatic"]:
        address = parts.to("messages", line["sid"])
        meta += [" · ", parts.link(("Details", parts.hidden_text(f"of {line['sid']}")), address)]
    return tag(
        "li",
        parts.hidden_text(f"{who}:"),
        tag("div", line["body"], class_="bubble") if line["body"] else None,
        [_media(line["sid"], each) for each in line["media"]],
        tag("div", meta, class_="meta"),
        class_="from-phone" if out else "from-number",
    )


def _media(sid: str, piece: dict[str, str]) -> Markup:
    """What is a picture is shown; anything else can be opened."""
    address, kind = parts.to("media", sid, piece["url"].rpartition("/")[2]), piece["content_type"]
    if kind in ("image/png", "image/jpeg", "image/gif"):
        return tag("img", src=address, alt=f"Attached: {kind}", class_="bubble")
    return tag("div", parts.link(kind, address), class_="bubble")


def _reply(visit: Visit, conversation: list[dict[str, Any]]) -> Markup:
    form = Form(visit, "write")
    numbers = dict.fromkeys(line["number"] for line in reversed(conversation) if line["number"])
    known = tag("datalist", [tag("option", value=each) for each in numbers], id="known-numbers")
    to = form.text(
        "to", "To", value=next(iter(numbers), ""), list="known-numbers", inputmode="tel",
        required=True,
    )  # fmt: skip
    fields = (
        form.area("body", "Text", class_="short-area"),
        tag("div", to, form.choice("media", "With", MEDIA), class_="halves"),
        known,
    )
    return form.whole(fields, submit="Send", look="primary", class_="card")


def _behavior(visit: Visit, phone: dict[str, Any]) -> Markup:
    form = Form(visit, "behave")
    options = {name: f"{name} ({code})" if code else name for name, code in BEHAVIORS.items()}
    return parts.card(
        "How it takes texts",
        form.whole(
            form.choice("texts", "A text to it is", options, value=phone["texts"]),
            form.tick("verified", "Verified, for trial accounts", checked=phone["verified"]),
            submit="Store",
        ),
        id="behavior",
    )


def behave(visit: Visit) -> Done:
    body = {"texts": visit.form.get("texts"), "verified": "verified" in visit.form}
    visit.post(f"/phones/{visit.args['phone']}", body)
    return Done("So it takes texts from now on.")


def _opt_outs(visit: Visit, phone: dict[str, Any]) -> Markup:
    senders = [
        tag("li", parts.number_link(visit.world, each) if each.startswith("+") else each)
        for each in phone["opted_out_of"]
    ]
    words = tag("p", parts.soft("STOP, START and HELP work as words of their own."))
    listed = tag("ul", senders) if senders else tag("p", "It takes texts from everybody.")
    return parts.card("Wants no texts from", listed, words, id="opt-outs")


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
                ("From", side(visit.world, row.from_number)),
                ("To", side(visit.world, row.to_number)),
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


def show_media(visit: Visit) -> Response:
    """A file of a message, without asking Twilio's side for it."""
    row = _message(visit)
    found = next((each for each in row.media if each["sid"] == visit.args["media"]), None)
    if found is None:
        raise ControlError(404, f"There is no media {visit.args['media']}.")
    kind = found["content_type"]
    return Response(200, media.content(found["sid"], kind), {"Content-Type": kind})


PAGES = [
    Page("/room/media/(?P<sid>[^/]+)/(?P<media>[^/]+)", show_media),
    Page("/room/messages", show, {"write": write}),
    Page("/room/messages/(?P<sid>[^/]+)", show_one, {"status": set_status}),
    Page("/room/phones/(?P<phone>[^/]+)", show_phone, {"write": write, "behave": behave}),
]
