"""A call: what is heard in it, what it waits for, and what its person does."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import parts, recordings, webhooks
from twilio_sandbox.page.calls import lasted, listing
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.voice import calls
from twilio_sandbox.voice.rows import Call

WAITS = {
    None: "It goes on.",
    "document": "The program is asked what to do.",
    "speech": "The program speaks.",
    "prompt": "The program speaks, and listens already.",
    "gather": "The program listens.",
    "record": "The program records.",
    "dial": "Another phone rings.",
    "bridge": "Both hear each other.",
    "detection": "It is being found out who answered.",
}
SOUNDS = {"play": "plays", "pause": "is silent", "digits": "presses"}
KEYS = "123456789*0#"
PEER = "peer"  # in a call between two numbers: there is no person, and this is the other one
SAY = "#say-text"  # what one goes on with


def show(visit: Visit) -> Sheet:
    row, seen = _call(visit), visit.get(f"/calls/{visit.args['sid']}")
    hooks = [each for each in visit.world.webhooks.values() if each.subject_sid == row.sid]
    told = webhooks.exchange(hooks) if hooks else tag("p", "No program was asked or told.")
    wide = (
        _chat(row, seen),
        parts.live("phone", _person(visit, row, seen)),
        _legs(visit, row),
        recordings.of_call(visit, row, hooks),
        parts.section("What the program was asked and told", parts.live("told", told), id="hooks"),
    )
    return Sheet(
        f"{parts.phone(row.from_number)} to {parts.phone(row.to_number)}",
        parts.split(wide, (_facts(visit, row),)),
        trail=parts.link("Calls", parts.to("calls")),
        extra=tag("span", parts.badge(row.status), id="status", data_live=True),
    )


def _legs(visit: Visit, row: Call) -> Child:
    """The calls to other phones that it made."""
    legs = [each for each in visit.world.calls.values() if each.parent_call_sid == row.sid]
    if not legs:
        return None
    return parts.section("Other phones", parts.live("legs", listing(visit, legs)), id="others")


def _call(visit: Visit) -> Call:
    call = visit.world.calls.get(visit.args["sid"])
    if call is None:
        raise ControlError(404, f"There is no call {visit.args['sid']}.")
    return call


# What is heard


def _chat(row: Call, seen: dict[str, Any]) -> Markup:
    lines = [_line(each) for each in seen["heard"]]
    listed = tag("ol", lines, _aside(row, seen), class_="chat", id="chat", data_live=True)
    return tag(
        "div", listed, class_="chat-view", tabindex="0", role="log", aria_label="What is heard"
    )


def _line(line: dict[str, Any]) -> Markup:
    by_person = line["side"] == "person"
    other = "The other phone" if line["kind"] == "speech" else "The program"
    who = "The person" if by_person else other
    verb = SOUNDS.get(line["kind"], "says")
    text = line["text"] or f"({verb})"
    return tag(
        "li",
        parts.hidden_text(f"{who} {verb}:"),
        tag("div", text, class_="bubble" if verb == "says" else "bubble sound"),
        tag(
            "div", parts.when(line["at"]), f" · {who.lower()}, {line['seconds']:g} s", class_="meta"
        ),
        class_="from-phone" if by_person else "from-number",
    )


def _aside(row: Call, seen: dict[str, Any]) -> Markup:
    """Where it stands, as the last line."""
    if calls.is_over(row):
        length = f" after {lasted(row)}" if row.start is not None else ""
        text = f"The call is over: {row.status}{length}."
    elif not _is_on_the_line(row):
        text = f"The phone is being called: {row.status}."
    elif (row.flow.get("waiting") or {}).get("connected"):
        text = WAITS["bridge"]
    else:
        text = WAITS.get(seen["waits_for"], f"It waits: {seen['waits_for']}.")
    return tag("li", tag("div", text, class_="meta"), class_="aside")


def _is_on_the_line(row: Call) -> bool:
    """Whether the person can do something: a phone that only rings cannot."""
    return not calls.is_over(row) and (row.direction == "inbound" or row.status == "in-progress")


# What the person does


def _person(visit: Visit, row: Call, seen: dict[str, Any]) -> Child:
    if PEER in row.flow or not _is_on_the_line(row):
        return None
    say, press = Form(visit, "say"), Form(visit, "press")
    keys = [tag("button", key, class_="button", name="digits", value=key) for key in KEYS]
    others = (
        Form(visit, "silent").press("Say nothing"),
        Form(visit, "hang-up").press("Hang up", look="danger"),
    )
    about = None if seen["live"] else tag("p", parts.soft("A script speaks; you may cut in."))
    return parts.card(
        "You are on the phone",
        about,
        say.whole(
            say.text("text", "Say", required=True),
            submit="Say it",
            look="primary",
            class_="form inline",
        ),
        press.bare(
            tag("fieldset", tag("legend", "Press"), tag("div", keys, class_="keypad")),
        ),
        tag("div", others, class_="buttons"),
        id="person",
    )


def say(visit: Visit) -> Done:
    text = visit.form.get("text", "").strip()
    visit.post(f"/calls/{_call(visit).sid}/say", {"text": text}, settle=True)
    return Done(f"You said: {text}", at=SAY)


def press(visit: Visit) -> Done:
    digits = visit.form.get("digits", "")
    visit.post(f"/calls/{_call(visit).sid}/press", {"digits": digits}, settle=True)
    return Done(f"You pressed {digits}.", at=SAY)


def be_silent(visit: Visit) -> Done:
    visit.post(f"/calls/{_call(visit).sid}/silent", settle=True)
    return Done("You said nothing for as long as the program waits.", at=SAY)


def hang_up(visit: Visit) -> Done:
    visit.post(f"/calls/{_call(visit).sid}/hang-up", settle=True)
    return Done("You hung up.")


# Facts


def _facts(visit: Visit, row: Call) -> Markup:
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("From", parts.phone_link(visit.world, row.from_number)),
                ("To", parts.phone_link(visit.world, row.to_number)),
                ("Direction", row.direction),
                ("Account", parts.account_link(visit.world, row.account_sid)),
                *_others(visit, row),
                ("Began", parts.time(row.created)),
                ("Answered", _once(row.start)),
                ("Ended", _once(row.end)),
                ("Price", row.price),
                ("SID", (parts.code(row.sid), " ", parts.copy(row.sid))),
            ]
        ),
        id="facts",
    )


def _others(visit: Visit, row: Call) -> list[tuple[str, Child]]:
    """The call that dialed it, and that of the number at the other end."""
    found = (("Dialed by", row.parent_call_sid), ("Other end", row.flow.get(PEER)))
    return [(label, webhooks.subject_link(visit, sid)) for label, sid in found if sid]


def _once(timestamp: float | None) -> Child:
    return None if timestamp is None else parts.time(timestamp)


PAGES = [
    Page(
        "/room/calls/(?P<sid>[^/]+)",
        show,
        {"say": say, "press": press, "silent": be_silent, "hang-up": hang_up},
    )
]
