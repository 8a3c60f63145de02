"""The whole state: kept, taken up again, started afresh."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.control import PREFIX
from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit


def show(visit: Visit) -> Sheet:
    cards = (_keep(), _take_up(visit), _file(visit), _reset(visit))
    return Sheet("State", tag("div", cards, class_="halves"))


def _keep() -> Markup:
    return parts.card(
        "Keep it",
        tag(
            "p",
            "Everything there is as one document: accounts with their tokens, numbers, ports, "
            "texts, calls, the clock, and what is due later.",
        ),
        tag(
            "div",
            parts.link(
                "Download the state",
                f"{PREFIX}/world",
                class_="button primary",
                download="twilio-sandbox.json",
            ),
            class_="buttons",
        ),
        id="keep",
    )


def _take_up(visit: Visit) -> Markup:
    form = Form(visit, "take-up")
    field = form.text(
        "world",
        "A document that was downloaded",
        type="file",
        accept=".json,application/json",
        required=True,
        help="It takes the place of what is there now.",
    )
    return parts.card(
        "Take it up again",
        form.whole(field, submit="Take it up", files=True),
        id="take-up-card",
    )


def take_up(visit: Visit) -> Done:
    content = visit.files.get("world", b"")
    if not content:
        raise ControlError(400, "Choose a file.")
    try:
        world: Any = json.loads(content)
    except ValueError:
        raise ControlError(400, "The file is not JSON.") from None
    if not isinstance(world, dict):
        raise ControlError(400, "The file is no state of the sandbox.")
    visit.post("/world", world)
    return Done("It goes on from that state.")


def _file(visit: Visit) -> Markup:
    path = visit.get("/state")["state_file"]
    if path is None:
        text = "It was started without --state: when it ends, all of this is gone."
        return parts.card("State file", tag("p", text), id="file")
    buttons = (
        Form(visit, "save").press("Save now"),
        Form(visit, "load").press("Go back to the file"),
    )
    return parts.card(
        "State file",
        tag("p", "Changes are written within a second to ", parts.code(path), "."),
        tag("div", buttons, class_="buttons"),
        id="file",
    )


def save(visit: Visit) -> Done:
    visit.post("/save")
    return Done("The file is up to date.")


def load(visit: Visit) -> Done:
    visit.post("/load")
    return Done("It goes on from what the file says.")


def _reset(visit: Visit) -> Markup:
    form, control = Form(visit, "reset"), visit.control
    fields = (
        form.text("numbers", "Numbers of Acme", value=str(control.numbers), type="number", min="0"),
        form.text("seed", "Seed", value=str(control.seed), help="The same seed, the same world."),
        form.tick("sure", "Yes, forget everything", required=True),
    )
    return parts.card(
        "Start afresh",
        tag("p", "The seeded world again. What happened, faults and requests are forgotten."),
        form.whole(fields, submit="Reset", look="danger primary"),
        id="reset-card",
    )


def reset(visit: Visit) -> Done:
    if "sure" not in visit.form:
        raise ControlError(400, "Tick that you are sure.")
    try:
        body = {name: int(text) for name, text in visit.given("numbers", "seed").items()}
    except ValueError:
        raise ControlError(400, "Numbers and seed are whole numbers.") from None
    visit.post("/reset", body)
    return Done("Everything is as at the start.", f"{PREFIX}/")


PAGES = [
    Page(
        "/room/state",
        show,
        {"take-up": take_up, "save": save, "load": load, "reset": reset},
    )
]
