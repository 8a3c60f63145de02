"""What is to go wrong, for whom and how often; and what Twilio's documents leave open."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from twilio_sandbox.errors import ControlError
from twilio_sandbox.faults import KINDS, WEBHOOK_KINDS, Fault
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit

WHAT = {
    "status": "an error is answered",
    "slow": "the answer comes late",
    "reset": "half of the answer, then the connection breaks",
    "malformed": "half of the JSON",
    "loop": "the next page is the first one again",
    "expired_tokens": "page links are refused",
    "concurrency": "too many requests at a time are refused",
    "webhook_twice": "a webhook is sent twice",
    "webhook_late": "a webhook arrives after the next one of its kind",
}
#: name -> (label, help); the type is the fault's own.
WHICH = {
    "path": ("Path contains", "A part of it, such as IncomingPhoneNumbers. Of a webhook: a part "
             "of its URL, or its kind."),
    "method": ("Method", ""),
    "account": ("Account", ""),
    "page": ("Page", "Of a list, from 0"),
    "skip": ("Let pass first", "So many that match are answered as usual"),
    "times": ("How often", "So many times; empty: for ever"),
    "rate": ("Share", "Of those that match, from 0 to 1"),
}  # fmt: skip
HOW = {
    "status": ("Status", "503 unless told"),
    "code": ("Code", "Twilio's, such as 20429"),
    "message": ("Message", ""),
    "retry_after": ("Retry-After", "Seconds"),
    "seconds": ("Seconds", "Of a slow answer; of a late webhook, how long it waits for the next"),
    "limit": ("Allowed at a time", "Of concurrency"),
    "body": ("Body", "Instead of half of the JSON"),
}
PROCESSED = {"": "as usual for its kind", "yes": "is carried out", "no": "is not carried out"}
ANY = {"": "any"}


def show(visit: Visit) -> Sheet:
    faults = visit.get("/faults")["faults"]
    if faults:
        heads = ("What", "Which requests", "How", "Happened")
        listed = parts.table("Faults", heads, [_fault(each) for each in faults])
    else:
        listed = parts.empty("Nothing goes wrong", "Every request is answered as it should be.")
    clear = Form(visit, "clear").press("Clear them all", look="danger") if faults else None
    content = parts.split(parts.live("faults", listed), _form(visit))
    return Sheet("Faults", content, extra="The oldest that matches counts", actions=clear)


def _fault(fault: dict[str, Any]) -> tuple[Child, ...]:
    defaults = {each.name: each.default for each in fields(Fault)}

    def words(names: dict[str, Any]) -> Child:
        told = [
            f"{label.lower()}: {fault[name]}"
            for name, (label, _) in names.items()
            if fault[name] != defaults[name]
        ]
        return tag("div", parts.lines(*told), class_="told") if told else None

    return (
        (fault["kind"], tag("small", WHAT[fault["kind"]])),
        words(WHICH) or "every one",
        words(HOW),
        f"{fault['hits']:,} times",
    )


def _form(visit: Visit) -> Markup:
    form = Form(visit, "inject")
    kinds = {kind: f"{kind}: {WHAT[kind]}" for kind in KINDS}
    accounts = {each.sid: each.friendly_name for each in visit.world.accounts.values()}

    def lines(*names: str) -> list[Markup]:
        both = WHICH | HOW
        return [form.text(name, both[name][0], help=both[name][1]) for name in names]

    return parts.card(
        "Let something go wrong",
        form.whole(
            form.choice("kind", "What", kinds),
            lines("path"),
            form.choice("method", "Method", parts.options(("GET", "POST", "DELETE"), ANY)),
            form.choice("account", "Account", {**ANY, **accounts}),
            lines("times"),
            unfold("More about which", lines("page", "skip", "rate")),
            unfold(
                "More about how",
                lines(*HOW),
                form.choice("processed", "The request itself", PROCESSED),
            ),
            submit="Inject it",
            look="primary",
        ),
        id="inject-card",
    )


def inject(visit: Visit) -> Done:
    body: dict[str, Any] = {"kind": visit.form.get("kind", "")}
    hints = get_type_hints(Fault)
    for name, text in visit.given(*WHICH, *HOW).items():
        label = (WHICH | HOW)[name][0]
        body[name] = _value(label, hints[name], text.strip())
    if processed := visit.form.get("processed"):
        body["processed"] = processed == "yes"
    visit.post("/faults", body)
    side = "webhooks" if body["kind"] in WEBHOOK_KINDS else "requests"
    return Done(f"From now on {side} meet it.")


def _value(label: str, hint: Any, text: str) -> str | int | float:
    """What was typed, as the type that the fault wants."""
    try:
        if hint in (int, int | None):
            return int(text)
        return float(text) if hint is float else text
    except ValueError:
        raise ControlError(400, f"{label}: {text} is not a number.") from None


def clear(visit: Visit) -> Done:
    visit.post("/faults", method="DELETE")
    return Done("Nothing goes wrong any more.")


# Switches


def show_switches(visit: Visit) -> Sheet:
    form = Form(visit, "switch")
    switches = visit.get("/switches")["switches"]
    cards = [_switch(form, each) for each in switches]
    about = tag(
        "p",
        "Where Twilio's documents leave a behavior open, both are here. The first one of each is "
        "what the sandbox does unless told.",
    )
    whole = form.whole(cards, submit="Use these", look="primary", class_="stack settled")
    return Sheet("Switches", (about, whole))


def _switch(form: Form, switch: dict[str, Any]) -> Markup:
    options = {
        value: (tag("b", value), ": ", meaning) for value, meaning in switch["options"].items()
    }
    return tag(
        "div",
        form.radio(switch["name"], switch["question"], options, value=switch["value"]),
        parts.soft(parts.code(switch["name"]), " · ", switch["source"]),
        class_="card",
    )


def set_switches(visit: Visit) -> Done:
    given = {name: value for name, value in visit.form.items() if name != "do"}
    visit.post("/switches", given)
    return Done("From now on it behaves so.")


PAGES = [
    Page("/room/faults", show, {"inject": inject, "clear": clear}),
    Page("/room/switches", show_switches, {"switch": set_switches}),
]
