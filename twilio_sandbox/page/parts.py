"""The parts that pages are made of, in the classes of the product's stylesheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from twilio_sandbox import plan
from twilio_sandbox.page.html import Child, Markup, join, tag
from twilio_sandbox.page.visit import ROOM, Visit
from twilio_sandbox.world import World

T = TypeVar("T")
PER_PAGE = 50

TONES = {
    **dict.fromkeys(
        ("active", "completed", "delivered", "sent", "in-progress", "received"), "good"
    ),
    **dict.fromkeys(
        ("suspended", "pending", "queued", "ringing", "sending", "warning", "paused", "processing"),
        "warn",
    ),
    **dict.fromkeys(
        ("closed", "failed", "undelivered", "error", "busy", "no-answer", "absent"), "bad"
    ),
}


# Text


def hidden_text(text: str) -> Markup:
    """Only for who listens."""
    return tag("span", f" {text}", class_="visually-hidden")


def soft(*children: Child) -> Markup:
    return tag("span", *children, class_="soft")


def code(text: Child) -> Markup:
    return tag("code", text)


def link(text: Child, href: str, **attributes: str | None) -> Markup:
    return tag("a", text, href=href, **attributes)


def to(*parts: str) -> str:
    """An address in the room: `to("accounts", sid)`."""
    return "/".join((ROOM, *(quote(part, safe="+") for part in parts)))


def badge(text: str, tone: str | None = None, title: str | None = None) -> Markup:
    """A status; its tone follows from the word unless given."""
    shade = TONES.get(text, "") if tone is None else tone
    return tag("span", text, class_=f"badge {shade}".strip(), title=title)


def time(timestamp: float | None) -> Markup:
    """Unix seconds as `Nov 26, 2026, 06:35:12`, in UTC."""
    if timestamp is None:
        return soft("never")
    at = datetime.fromtimestamp(int(timestamp), UTC)
    return tag("time", f"{at:%b} {at.day}, {at:%Y, %H:%M:%S}", datetime=f"{at:%Y-%m-%dT%H:%M:%SZ}")


def left(seconds: float) -> str:
    """How long something can still be done: `9 d 4 h`."""
    rest = timedelta(seconds=max(0, int(seconds)))
    hours = rest.seconds // 3600
    return f"{rest.days} d {hours} h" if rest.days else f"{hours} h {rest.seconds // 60 % 60} min"


def when(iso: str) -> Markup:
    """The same of a time as the newer APIs write it."""
    return time(datetime.fromisoformat(iso).timestamp())


def phone(number: str) -> str:
    """`(415) 555-0123`; what is no number of a known country stays as it is."""
    return plan.written(number) if plan.E164.fullmatch(number) else number


def account_link(world: World, sid: str) -> Child:
    account = world.accounts.get(sid)
    return link(account.friendly_name, to("accounts", sid)) if account else (sid or soft("none"))


def number_link(world: World, number: str) -> Child:
    """A number of an account leads to its page."""
    found = world.by_phone_number.get(number)
    if found is not None:
        address = to("accounts", found.account_sid, "numbers", found.sid)
        return link(tag("span", phone(number), class_="phone"), address)
    return tag("span", phone(number), class_="phone")


def phone_link(world: World, number: str | None) -> Child:
    """A number of an account leads to its page, any other one to its phone."""
    if not number:
        return soft("not chosen yet")
    if number in world.by_phone_number or not plan.E164.fullmatch(number):
        return number_link(world, number)
    return link(tag("span", phone(number), class_="phone"), phone_page(number))


def phone_page(number: str) -> str:
    return to("phones", number)


def made_up(world: World) -> str:
    """The first number of those reserved for fiction in Washington that no account has."""
    numbers = (f"+12025550{last}" for last in range(100, 200))
    return next(each for each in numbers if each not in world.by_phone_number)


def copy(text: str) -> Markup:
    """A button that copies; it shows only where JavaScript runs."""
    return tag(
        "button", "Copy", class_="button small quiet", type="button", data_copy=text, hidden=True
    )


def reveal(label: str, text: str) -> Markup:
    """A secret behind a word."""
    summary = tag("summary", "Show", hidden_text(label))
    return tag("details", summary, code(text), " ", copy(text), class_="reveal")


# Arrangements


def card(title: str, *children: Child, id: str, extra: Child = None, **attributes: str) -> Markup:
    """A section under a heading of its own."""
    heading = tag("h2", title, id=f"{id}-h")
    head = tag("header", heading, extra) if extra is not None else heading
    return tag("section", head, *children, class_="card", aria_labelledby=f"{id}-h", **attributes)


def section(title: str, *children: Child, id: str, extra: Child = None) -> Markup:
    """A heading and what is under it, without a card."""
    heading = tag("h2", title, id=f"{id}-h")
    head = tag("div", heading, extra, class_="row") if extra is not None else heading
    return tag("section", head, *children, class_="stack tight", aria_labelledby=f"{id}-h")


def split(wide: Child, narrow: Child) -> Markup:
    return tag("div", tag("div", wide), tag("div", narrow), class_="split")


def live(id: str, *children: Child) -> Markup:
    """What room.js keeps fresh."""
    return tag("div", *children, id=id, class_="stack", data_live=True)


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    rows = [
        (tag("dt", name), tag("dd", soft("none") if value in (None, "") else value))
        for name, value in pairs
    ]
    return tag("dl", rows, class_="facts")


def empty(title: str, text: Child = None) -> Markup:
    return tag("div", tag("h2", title), tag("p", text) if text else None, class_="empty")


def callout(title: str, text: Child, tone: str = "") -> Markup:
    body = tag("p", text)
    return tag("div", tag("strong", title), body, class_=f"callout {tone}".strip())


def table(label: str, heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """On a phone each row becomes a card whose title is the first cell.

    A column without a head holds what can be done; a cell that is None is left empty.
    """
    head = tag("tr", [tag("th", _head(name), scope="col") for name in heads])
    body = [tag("tr", [_cell(i, heads, cell) for i, cell in enumerate(row)]) for row in rows]
    inner = tag("table", tag("thead", head), tag("tbody", body), aria_label=label)
    return tag("div", inner, class_="table")


def _head(name: str) -> Child:
    return name or hidden_text("What to do")


def _cell(index: int, heads: Sequence[str], cell: Child) -> Markup:
    if index == 0:
        return tag("td", cell, class_="num")
    if not heads[index]:
        return tag("td", cell, class_="right")
    return tag("td", cell, data_label=heads[index])


def tabs(label: str, items: Iterable[tuple[str, str, int | None, bool]]) -> Markup:
    """(text, address, count, whether it is the current one)"""
    links = [
        link(
            (text, tag("span", f"{count:,}") if count is not None else None),
            href,
            aria_current="page" if current else None,
        )
        for text, href, count, current in items
    ]
    return tag("nav", links, class_="tabs", aria_label=label)


def chips(visit: Visit, name: str, label: str, options: Iterable[str], all_text: str) -> Markup:
    """A filter by one parameter of the address."""
    current = visit.query.get(name, "")
    links = [
        link(
            text,
            visit.address(**{name: value, "page": None}),
            class_="chip on" if value == current else "chip",
            aria_current="true" if value == current else None,
        )
        for value, text in [("", all_text), *((each, each) for each in options)]
    ]
    return tag("nav", links, class_="chips", aria_label=label)


# Pages of a list


def search(visit: Visit, label: str) -> Markup:
    """A search that keeps the other parameters of the address."""
    kept = [
        tag("input", type="hidden", name=name, value=value)
        for name, value in visit.query.items()
        if name not in ("q", "page")
    ]
    box = tag(
        "input",
        type="search",
        name="q",
        value=visit.query.get("q", ""),
        placeholder=label,
        aria_label=label,
        maxlength=100,
    )
    button = tag("button", "Search", class_="button")
    return tag("form", kept, box, button, class_="filters", method="get", role="search")


def paged(visit: Visit, rows: Sequence[T]) -> tuple[Sequence[T], Markup]:
    """The rows of the page in the address, and the way to the others."""
    asked = visit.query.get("page", "1")
    last = max(1, -(-len(rows) // PER_PAGE))
    page = min(max(int(asked), 1), last) if asked.isdecimal() and len(asked) < 9 else 1
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    first = (page - 1) * PER_PAGE + 1 if shown else 0
    links = [
        link(text, visit.address(page=number), class_="button small")
        for text, number, is_there in (
            ("First", 1, page > 2),
            ("Previous", page - 1, page > 1),
            ("Next", page + 1, page < last),
            ("Last", last, page < last - 1),
        )
        if is_there
    ]
    text = tag("span", f"{first:,} to {first + len(shown) - 1:,} of {len(rows):,}" if shown else "")
    nav = tag("nav", links, class_="buttons", aria_label="Pages") if links else None
    return shown, tag("div", text, nav, class_="pages")


def digits_of(wanted: str) -> str:
    """The digits of what can be a part of a phone number, however written; else none."""
    if set(wanted) - set("+()- .0123456789"):
        return ""
    return "".join(filter(str.isdigit, wanted))


#: The heading of a form that a list has beside it, on a phone below it.
COMPOSE = "compose-h"


def jump(text: str) -> Markup:
    """The way over a long list to that form, on a phone."""
    return link(text, f"#{COMPOSE}", class_="button jump")


def options(values: Iterable[str], first: Mapping[str, str] | None = None) -> dict[str, str]:
    """For a choice: each value under its own name."""
    return {**(first or {}), **{value: value for value in values}}


def lines(*children: Child) -> Markup:
    """Children with line breaks between; None leaves no line."""
    shown = [child for child in children if child is not None]
    return join(shown[:1], [(tag("br"), child) for child in shown[1:]])
