"""Calls: placing one from a made-up phone, and which there were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telephony.sandbox.errors import ControlError
from telephony.sandbox.page import parts
from telephony.sandbox.page.forms import Form, unfold
from telephony.sandbox.page.html import Child, Markup, tag
from telephony.sandbox.page.visit import Done, Page, Sheet, Visit
from telephony.sandbox.voice import calls
from telephony.sandbox.voice.rows import Call

RUNNING, OVER = STATES = ("running", "over")
LIVE, SCRIPTED = "live", "scripted"
WHO = {LIVE: "You, as it goes", SCRIPTED: "A script, line by line"}
EXAMPLE = "say I want to book a table\npress 1#\nwait 10\nhang up"


def show(visit: Visit) -> Sheet:
    rows: Sequence[Call] = list(visit.world.calls.values())[::-1]
    state = visit.query.get("state")
    wanted = visit.query.get("q", "").strip()
    found = [
        row
        for row in rows
        if (not wanted or _matches(row, wanted))
        and (state not in STATES or calls.is_over(row) == (state == OVER))
    ]
    shown, pages = parts.paged(visit, found)
    if shown:
        heads = ("From", "To", "Status", "Began")
        listed = parts.table("Calls", heads, [_row(visit, row) for row in shown])
    elif rows:
        listed = parts.empty("No call matches", "Take the filter or the search away.")
    else:
        listed = parts.empty("No calls yet", "Let a made-up phone call a number.")
    wide = (
        parts.search(visit, "Search digits, SID"),
        parts.chips(visit, "state", "State", STATES, "All calls"),
        parts.live("calls", listed),
        pages,
    )
    return Sheet("Calls", parts.split(wide, _compose(visit)), actions=parts.jump("Call a number"))


def _matches(row: Call, wanted: str) -> bool:
    digits = parts.digits_of(wanted)
    return row.sid == wanted or bool(digits and digits in f"{row.from_number} {row.to_number}")


def _row(visit: Visit, row: Call) -> tuple[Child, ...]:
    return (
        (
            parts.link(parts.phone(row.from_number), parts.to("calls", row.sid)),
            tag("small", lasted(row)) if row.start is not None else None,
        ),
        parts.phone_link(visit.world, row.to_number),
        parts.badge(row.status),
        parts.time(row.created),
    )


def lasted(row: Call) -> str:
    """`1 min 20 s`."""
    if row.duration is None:
        return "goes on"
    minutes, seconds = divmod(row.duration, 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


# A made-up phone calls


def _compose(visit: Visit) -> Markup:
    form = Form(visit, "call")
    numbers = (
        form.text(
            "from",
            "From the phone",
            value=visit.query.get("from") or parts.made_up(visit.world),
            help="Any number that no account has, or anonymous.",
            inputmode="tel",
            required=True,
        ),
        form.text("to", "To the number", value=visit.query.get("to", ""), placeholder="+1…",
                  inputmode="tel", required=True),
    )  # fmt: skip
    script = form.area(
        "script",
        "Script",
        help="A line is said or pressed whenever the program listens; “wait 10” are seconds.",
        placeholder=EXAMPLE,
        rows=4,
    )
    more = unfold(
        "More about the caller",
        form.text("caller_name", "Name that a lookup finds"),
        form.text("forwarded_from", "Forwarded from", inputmode="tel"),
        form.text("hang_up_after", "Hangs up after", help="Seconds", inputmode="numeric",
                  short=True),
        is_open=form.problem is not None,
    )  # fmt: skip
    return parts.card(
        "Call a number",
        form.whole(
            numbers,
            form.radio("who", "Who speaks", WHO, value=LIVE),
            script,
            more,
            submit="Call",
            look="primary",
        ),
        id="compose",
    )


def place(visit: Visit) -> Done:
    body: dict[str, Any] = {
        "from": visit.form.get("from", "").strip(),
        "to": visit.form.get("to", "").strip(),
        **visit.given("caller_name", "forwarded_from"),
    }
    if visit.form.get("who") == SCRIPTED:
        body["script"] = read_script(visit.form.get("script", ""))
    if after := visit.form.get("hang_up_after", "").strip():
        if not after.isdecimal():
            raise ControlError(400, "It hangs up after a number of seconds.")
        body["hang_up_after"] = int(after)
    answer = visit.post("/calls", body, settle=True)
    if answer.get("sid") is None:
        return Done(f"It did not get through: {answer['reason']}.", tone="warning")
    return Done(f"It calls {parts.phone(body['to'])}.", parts.to("calls", answer["sid"]))


def read_script(text: str) -> list[dict[str, Any]]:
    """The steps of a script that is written line by line; `ControlError` names a line it is not."""
    return [_step(line) for line in map(str.strip, text.splitlines()) if line]


def _step(line: str) -> dict[str, Any]:
    kind, _, rest = line.partition(" ")
    kind, rest = kind.lower(), rest.strip()
    if line.lower() == "hang up":
        return {"hang_up": True}
    if kind in ("say", "press") and rest:
        return {kind: rest}
    if kind == "wait" and rest.isdecimal():
        return {"wait": int(rest)}
    raise ControlError(400, f"“{line}” is no line of a script: say, press, wait or hang up.")


PAGES = [Page("/room/calls", show, {"call": place})]
