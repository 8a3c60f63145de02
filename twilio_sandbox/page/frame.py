"""The frame around every page: navigation, the clock, messages."""

from __future__ import annotations

from collections.abc import Sequence

from twilio_sandbox.control import PREFIX
from twilio_sandbox.page import clocks, files, parts
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, Markup, join, tag
from twilio_sandbox.page.visit import ROOM, Sheet, Visit

NAVIGATION = (
    ("Overview", f"{PREFIX}/"),
    ("Ports", f"{ROOM}/ports"),
    ("Messages", f"{ROOM}/messages"),
    ("Calls", f"{ROOM}/calls"),
    ("Webhooks", f"{ROOM}/webhooks"),
    ("Alerts", f"{ROOM}/alerts"),
    ("Mails", f"{ROOM}/mails"),
    ("Requests", f"{ROOM}/requests"),
    ("Faults", f"{ROOM}/faults"),
    ("Switches", f"{ROOM}/switches"),
    ("State", f"{ROOM}/state"),
)
#: Entry -> sections without an entry of their own.
BELONGS = {
    "Overview": ("accounts/", "taken"),
    "Ports": ("carriers", "snap-port"),
    "Messages": ("phones/", "registrations"),
}
_DOTS = [(x, y) for y in (9, 16, 23) for x in (10, 16, 22)]


def document(visit: Visit, sheet: Sheet) -> bytes:
    """A page of the room."""
    title = f"Refused · {sheet.title}" if visit.problem else sheet.title
    body = tag(
        "body",
        tag("a", "Skip to the content", class_="skip", href="#main"),
        tag("div", _side(visit), _main(visit, sheet), class_="shell"),
    )
    return whole(f"{title} · Rehearsal room", body)


def whole(title: str, body: Markup, scripts: Sequence[str] = files.SCRIPTS) -> bytes:
    """A page in the look of the product; what no encoding knows is replaced."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("title", title),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href=files.address(files.ICON), type="image/svg+xml"),
        [
            tag("link", rel="stylesheet", href=files.address(name))
            for name in files.SHEETS
            if name in files.known()
        ],
        [
            tag("script", src=files.address(name), defer=True)
            for name in scripts
            if name in files.known()
        ],
    )
    page = join(Markup("<!doctype html>"), tag("html", head, body, lang="en"))
    return page.encode("utf-8", "replace")


def _main(visit: Visit, sheet: Sheet) -> Markup:
    head = tag(
        "div",
        tag("h1", sheet.title),
        tag("span", sheet.extra, class_="head-extra"),
        tag("div", sheet.actions, class_="head-actions") if sheet.actions is not None else None,
        class_="head",
    )
    trail = tag("div", sheet.trail, class_="trail") if sheet.trail is not None else None
    content = (trail, head, _note(visit), sheet.content)
    return tag("main", content, class_="main", id="main", tabindex="-1")


def _note(visit: Visit) -> Child:
    if visit.note is None:
        return None
    tone, text = visit.note
    close = tag(
        "button",
        "Close",
        parts.hidden_text("this message"),
        class_="button small quiet",
        type="button",
        data_dismiss=True,
        hidden=True,
    )
    item = tag("li", tag("span", text), close, class_=f"toast {tone}")
    return tag("div", tag("ul", item, class_="toasts"), role="status")


def _side(visit: Visit) -> Markup:
    brand = tag("a", mark(), tag("span", "Rehearsal room"), class_="brand", href=f"{PREFIX}/")
    menu_button = tag(
        "button",
        "Menu",
        class_="button quiet menu-button",
        type="button",
        popovertarget="menu",
    )
    nav = tag("nav", [_entry(visit, *each) for each in NAVIGATION], class_="nav", aria_label="Main")
    menu = tag("div", nav, clock(visit), class_="menu", id="menu", popover=True)
    return tag("header", tag("div", brand, menu_button, class_="side-top"), menu, class_="side")


def _entry(visit: Visit, label: str, href: str) -> Markup:
    belongs = tuple(f"{ROOM}/{section}" for section in BELONGS.get(label, ()))
    below = () if href == f"{PREFIX}/" else (f"{href}/",)
    is_here = visit.path == href or visit.path.startswith((*below, *belongs))
    return tag(
        "a", label, _count(visit, label), href=href, aria_current="page" if is_here else None
    )


def _count(visit: Visit, label: str) -> Child:
    """How many faults and switches are not as they are by default."""
    count = 0
    if label == "Faults":
        count = len(visit.control.room.faults.listed())
    elif label == "Switches":
        count = sum(visit.world.switch(name) != value for name, value in _defaults(visit))
    if not count:
        return None
    return tag("span", str(count), parts.hidden_text("in force"), class_="tag warn")


def _defaults(visit: Visit) -> list[tuple[str, str]]:
    return [
        (each["name"], next(iter(each["options"]))) for each in visit.get("/switches")["switches"]
    ]


def mark() -> Markup:
    """The mark of the product."""
    dots = [
        tag("circle", cx=x, cy=y, r="2.4", opacity=".45" if x + y > 36 or y == 23 else None)
        for x, y in _DOTS
    ]
    square = tag("rect", width="32", height="32", rx="8", fill="currentColor")
    group = tag("g", dots, fill="var(--accent-ink)")
    return tag(
        "svg", square, group, width="22", height="22", viewBox="0 0 32 32", aria_hidden="true"
    )


def clock(visit: Visit) -> Markup:
    """The sandbox's time and the buttons that forward it."""
    form = Form(visit, "forward")
    steps = [
        tag("button", text, class_="button small", name="by", value=text) for text in clocks.STEPS
    ]
    now = tag("div", parts.time(visit.world.now()), id="now", data_live=True)
    return tag(
        "section",
        tag("h2", "The clock, in UTC", id="clock-h"),
        now,
        form.bare(tag("div", steps, class_="steps")),
        class_="who clock",
        aria_labelledby="clock-h",
    )
