"""Calls: placing one from a made-up phone, and which there were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twilio_sandbox.page import parts, scripts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.voice import calls
from twilio_sandbox.voice.rows import Call

OVER = "over"
STATES = ("running", OVER)


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
        listed = listing(visit, shown)
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


def listing(visit: Visit, rows: Iterable[Call]) -> Markup:
    """Calls as a table, here and beside what they belong to."""
    heads = ("From", "To", "Status", "Began")
    return parts.table("Calls", heads, [_row(visit, row) for row in rows])


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
            scripts.fields(form),
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
        "script": scripts.chosen(visit.form),
        "hang_up_after": scripts.seconds(visit.form, "hang_up_after"),
        **visit.given("caller_name", "forwarded_from"),
    }
    answer = visit.post("/calls", body, settle=True)
    if answer.get("sid") is None:
        return Done(f"It did not get through: {answer['reason']}.", tone="warning")
    return Done(f"It calls {parts.phone(body['to'])}.", parts.to("calls", answer["sid"]))


PAGES = [Page("/room/calls", show, {"call": place})]
