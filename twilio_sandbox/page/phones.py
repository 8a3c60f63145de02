"""A made-up phone: its conversation with all numbers, and how it takes texts and calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from twilio_sandbox import plan
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Response
from twilio_sandbox.messaging import media
from twilio_sandbox.messaging.phones import BEHAVIORS
from twilio_sandbox.page import calls, parts, scripts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.messages import ATTACHED, write
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit

CALLS_SHOWN = 10
CALLS = {
    "answers": "is answered by a person",
    "machine": "is answered by a machine",
    "busy": "finds it busy",
    "no-answer": "is not answered",
    "failed": "does not reach it",
}


def show_phone(visit: Visit) -> Sheet:
    number = visit.args["phone"]
    if not plan.E164.fullmatch(number):
        raise ControlError(404, f"{number} is not an E.164 number.")
    if number in visit.world.by_phone_number:
        raise ControlError(404, f"{parts.phone(number)} is a number of an account.")
    phone = visit.get(f"/phones/{number}")
    side = (_behavior(visit, phone), _opt_outs(visit, phone), _taking_calls(visit, phone))
    conversation, query = phone["conversation"], urlencode({"from": number})
    wide = (_chat(visit, conversation), _reply(visit, conversation), _calls(visit, number))
    return Sheet(
        parts.phone(number),
        parts.split(wide, side),
        trail=parts.link("Messages", parts.to("messages")),
        extra="a made-up phone",
        actions=parts.link(
            "Call from it", f"{parts.to('calls')}?{query}#{parts.COMPOSE}", class_="button"
        ),
    )


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
        tag("div", to, form.choice("media", "With", ATTACHED), class_="halves"),
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


def _taking_calls(visit: Visit, phone: dict[str, Any]) -> Markup:
    form = Form(visit, "take-calls")
    return parts.card(
        "How it takes calls",
        form.whole(
            form.choice("calls", "A call to it", CALLS, value=phone["calls"]),
            scripts.fields(form, phone["script"]),
            unfold(
                "How long",
                form.text("ring_seconds", "It rings for", value=f"{phone['ring_seconds']:g}",
                          help="Seconds", inputmode="numeric", short=True),
                form.text("hang_up_after", "Hangs up after", value=_given(phone["hang_up_after"]),
                          help="Seconds from the answer", inputmode="numeric", short=True),
                is_open=form.problem is not None,
            ),
            submit="Store",
        ),
        id="taking-calls",
    )  # fmt: skip


def _given(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g}"


def take_calls(visit: Visit) -> Done:
    body = {
        "calls": visit.form.get("calls"),
        "script": scripts.chosen(visit.form),
        "ring_seconds": scripts.seconds(visit.form, "ring_seconds"),
        "hang_up_after": scripts.seconds(visit.form, "hang_up_after"),
    }
    visit.post(f"/phones/{visit.args['phone']}", body)
    return Done("So it takes calls from now on.")


def _calls(visit: Visit, number: str) -> Child:
    """The last calls from it and to it."""
    rows = [
        row
        for row in reversed(list(visit.world.calls.values()))
        if number in (row.from_number, row.to_number)
    ][:CALLS_SHOWN]
    if not rows:
        return None
    return parts.section("Calls", parts.live("calls", calls.listing(visit, rows)), id="its-calls")


def _opt_outs(visit: Visit, phone: dict[str, Any]) -> Markup:
    senders = [
        tag("li", parts.number_link(visit.world, each) if each.startswith("+") else each)
        for each in phone["opted_out_of"]
    ]
    words = tag("p", parts.soft("STOP, START and HELP work as words of their own."))
    listed = tag("ul", senders) if senders else tag("p", "It takes texts from everybody.")
    return parts.card("Wants no texts from", listed, words, id="opt-outs")


def show_media(visit: Visit) -> Response:
    """A file of a message, without asking Twilio's side for it."""
    message = visit.world.messages.get(visit.args["sid"])
    pieces = message.media if message is not None else []
    found = next((each for each in pieces if each["sid"] == visit.args["media"]), None)
    if found is None:
        raise ControlError(404, f"There is no media {visit.args['media']}.")
    kind = found["content_type"]
    return Response(200, media.content(found["sid"], kind), {"Content-Type": kind})


PAGES = [
    Page(
        "/room/phones/(?P<phone>[^/]+)",
        show_phone,
        {"write": write, "behave": behave, "take-calls": take_calls},
    ),
    Page("/room/media/(?P<sid>[^/]+)/(?P<media>[^/]+)", show_media),
]
