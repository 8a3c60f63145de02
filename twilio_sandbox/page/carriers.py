"""What Twilio and the losing carriers say of phone numbers: portability and rejections."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.ports import words
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.porting import portability, states

USUAL = {"": "as usual"}
CODES = {"0": "portable"} | {
    str(code): f"{code} {words(reason.lower())}" for code, reason in portability.REASONS.items()
}
FLAGS = {"yes": "required", "no": "not required"}
RECORD = {
    "pin": "PIN",
    "account_number": "Account number",
    "customer_name": "Customer's name",
    "zip": "ZIP code",
}


def show(visit: Visit) -> Sheet:
    known = visit.get("/portability")["portability"]
    if known:
        heads = ("Number", "Portability", "Type", "PIN and account", "Rejects for", "On file", "")
        rows = [_row(visit, each) for each in known]
        listed: Child = parts.table("What was said", heads, rows)
    else:
        listed = parts.empty("Everything is as usual", "Say below what a number is to meet.")
    return Sheet(
        "Portability and carriers",
        (listed, tag("div", _say(visit), class_="narrow")),
        trail=parts.link("Ports", parts.to("ports")),
    )


def _row(visit: Visit, carrier: dict[str, Any]) -> tuple[Child, ...]:
    number = carrier["phone_number"]
    code, pin = carrier["code"], carrier["pin_and_account_number_required"]
    on_file = [f"{RECORD[name]}: {text}" for name, text in carrier["record"].items()]
    usual = parts.soft("as usual")
    return (
        parts.phone(number),
        usual if code is None else CODES[str(code)],
        carrier["number_type"] or usual,
        usual if pin is None else FLAGS["yes" if pin else "no"],
        words((carrier["rejection_reason"] or "").lower()) or None,
        parts.lines(*on_file) if on_file else None,
        Form(visit, "forget", number=number).press(
            "As usual again", parts.phone(number), look="small"
        ),
    )


def _say(visit: Visit) -> Markup:
    form = Form(visit, "say")
    reasons = {reason: words(reason.lower()) for reason in states.REASONS}
    record = [form.text(name, label) for name, label in RECORD.items()]
    return parts.card(
        "Say it of a number",
        form.whole(
            form.text("phone_number", "Number", placeholder="+1…", inputmode="tel", required=True),
            form.choice("code", "Portability says", USUAL | CODES),
            form.choice("number_type", "Type", parts.options(portability.NUMBER_TYPES, USUAL)),
            form.choice("both", "PIN and account number are", USUAL | FLAGS),
            form.choice(
                "rejection_reason", "The carrier rejects it for", {"": "nothing"} | reasons
            ),
            unfold(
                "What the carrier has on file",
                tag("p", parts.soft("A port that says something else is rejected for it.")),
                record,
            ),
            submit="Say so",
            look="primary",
        ),
        id="say-card",
    )


def say(visit: Visit) -> Done:
    number = visit.form.get("phone_number", "").strip()
    body: dict[str, Any] = {
        "phone_number": number,
        **visit.given("number_type", "rejection_reason"),
    }
    if code := visit.form.get("code"):
        body["code"] = int(code)
    if both := visit.form.get("both"):
        body["pin_and_account_number_required"] = both == "yes"
    if record := visit.given(*RECORD):
        body["record"] = record
    visit.post("/portability", body)
    return Done(f"From now on that is so of {parts.phone(number)}.")


def forget(visit: Visit) -> Done:
    number = visit.form.get("number", "")
    visit.post("/portability", {"phone_number": number})
    return Done(f"{parts.phone(number)} is as usual again.")


PAGES = [Page("/room/carriers", show, {"say": say, "forget": forget})]
