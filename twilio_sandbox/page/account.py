"""An account: its numbers, searchable and in pages; released ones; its status and token."""

from __future__ import annotations

from collections.abc import Sequence

from twilio_sandbox import inventory
from twilio_sandbox.control import PREFIX
from twilio_sandbox.errors import ControlError
from twilio_sandbox.holdings.requirements import PAPERS
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.world import RESTORABLE_SECONDS, Account, Number, Released

WORDS = {"active": "works", "suspended": "is suspended", "closed": "is closed"}


def show(visit: Visit) -> Sheet:
    account, world = visit.account(), visit.world
    released = _released_of(visit, account)
    is_released = visit.query.get("tab") == "released"
    tabs = parts.tabs(
        "Numbers",
        [
            ("Numbers", parts.to("accounts", account.sid), len(world.numbers.of(account.sid)),
             not is_released),
            ("Released Numbers", f"{parts.to('accounts', account.sid)}?tab=released",
             len(released), is_released),
        ],
    )  # fmt: skip
    listed = _released(visit, released) if is_released else _numbers(visit, account)
    side = (_facts(visit, account), _add_numbers(visit, account), _acts(visit, account))
    return Sheet(
        account.friendly_name,
        parts.split((tabs, listed), side),
        trail=parts.link("Overview", f"{PREFIX}/"),
        extra=parts.badge(world.status(account)),
    )


# Its numbers


def _numbers(visit: Visit, account: Account) -> Child:
    rows: Sequence[Number] = visit.world.numbers.of(account.sid)[::-1]
    if wanted := visit.query.get("q", "").strip():
        rows = _found(rows, wanted)
    shown, pages = parts.paged(visit, rows)
    box = parts.search(visit, "Search digits, name, SID")
    if not shown:
        text = "No number matches." if wanted else "It has no numbers yet: add some, or buy one."
        return box, parts.empty("No numbers", text)
    heads = ("Number", "Type", "Calls go to", "Texts go to")
    return box, parts.table("Numbers", heads, [_number(each) for each in shown]), pages


def _found(rows: Sequence[Number], wanted: str) -> list[Number]:
    """By digits however they are written, by a part of the name, or by the SID."""
    digits, name = parts.digits_of(wanted), wanted.lower()
    return [
        row
        for row in rows
        if (digits and digits in row.phone_number)
        or row.sid == wanted
        or name in inventory.friendly_name(row).lower()
    ]


def _number(number: Number) -> tuple[Child, ...]:
    settings = inventory.resource(number)
    href = parts.to("accounts", number.account_sid, "numbers", number.sid)
    name, written = settings["friendly_name"], parts.phone(number.phone_number)
    shown = name if name != written else number.phone_number
    return (
        (parts.link(written, href), tag("small", shown) if shown != written else None),
        tag("span", settings["type"], class_="whole"),
        _target(settings["voice_url"], settings["voice_application_sid"], settings["trunk_sid"]),
        _target(settings["sms_url"], settings["sms_application_sid"]),
    )


def _target(*targets: str | None) -> Child:
    found = next((each for each in targets if each), None)
    if not found:
        return None
    return tag("span", found.partition("://")[2] or found, class_="url", title=found)


def _add_numbers(visit: Visit, account: Account) -> Markup:
    some, one = Form(visit, "add-numbers"), Form(visit, "add-number")
    count = some.text("count", "How many", value="1", type="number", min="1", short=True)
    number = one.text("phone_number", "Number", placeholder="+14155550123", inputmode="tel")
    return parts.card(
        "Put numbers in",
        some.whole(count, submit="Add numbers"),
        unfold(
            "Add a certain one",
            one.whole(number, submit="Add this number"),
            is_open=one.problem is not None,
        ),
        id="add",
    )


def add_numbers(visit: Visit) -> Done:
    """The next ones of the seeded sequence."""
    count = visit.form.get("count", "")
    if not count.isdecimal() or len(count) > 7:
        raise ControlError(400, "Say how many, from 1 to 1,000,000.")
    sid = visit.account().sid
    added = visit.post(f"/accounts/{sid}/numbers", {"count": int(count)})["numbers"]
    return Done(f"{len(added):,} numbers were added." if len(added) > 1 else "Added.")


def add_number(visit: Visit) -> Done:
    number = visit.form.get("phone_number", "").strip()
    visit.post(f"/accounts/{visit.account().sid}/numbers", {"numbers": [number]})
    return Done(f"{parts.phone(number)} was added.")


# Released ones


def _released_of(visit: Visit, account: Account) -> list[Released]:
    """Those that Console still offers, the newest first."""
    world = visit.world
    return [row for row in world.released.of(account.sid)[::-1] if world.is_restorable(row)]


def _released(visit: Visit, rows: list[Released]) -> Child:
    about = tag(
        "p",
        "For ten days Console gives a released number back: under a new SID, without its settings.",
    )
    shown, pages = parts.paged(visit, rows)
    if not shown:
        return about, parts.empty("Nothing was released", "in the last ten days.")
    table = [
        (
            parts.phone(row.phone_number),
            parts.time(row.created),
            parts.left(row.created + RESTORABLE_SECONDS - visit.world.now()),
            Form(visit, "buy-back", number=row.phone_number).press(
                "Buy back", parts.phone(row.phone_number), look="small"
            ),
        )
        for row in shown
    ]
    return about, parts.table("Released numbers", ("Number", "Released", "Left", ""), table), pages


def buy_back(visit: Visit) -> Done:
    number = visit.form.get("number", "")
    visit.post(f"/numbers/{number}/buy-back", {"account_sid": visit.account().sid})
    return Done(f"{parts.phone(number)} is back, without its settings.")


# The account itself


def _facts(visit: Visit, account: Account) -> Markup:
    owner = parts.account_link(visit.world, account.owner_sid)
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("SID", (parts.code(account.sid), " ", parts.copy(account.sid))),
                ("Owner", parts.soft("none: a main account") if account.is_main else owner),
                ("Token", parts.reveal("the token", account.token)),
                ("Type", account.type),
                ("Created", parts.time(account.created)),
            ]
        ),
        id="facts",
    )


def _acts(visit: Visit, account: Account) -> Markup:
    status, by_twilio = visit.world.status(account), Form(visit, "suspend", by="twilio")
    buttons: list[Child] = []
    if account.status == "active" and status == "active":
        buttons += [Form(visit, "suspend", by="owner").press("Suspend")]
        buttons += [by_twilio.press("Suspend as Twilio")]
    if account.status == "suspended":
        buttons += [Form(visit, "reactivate").press("Reactivate")]
    other = "Full" if account.type == "Trial" else "Trial"
    buttons += [Form(visit, "token").press("New token")]
    buttons += [Form(visit, "type", type=other).press(f"Make it a {other.lower()} account")]
    close = Form(visit, "close")
    closing = unfold(
        "Close",
        tag("p", "Closes it for good and releases its numbers."),
        close.whole(
            close.tick("sure", "Yes, close it for good", required=True),
            submit="Close for good",
            look="danger primary",
        ),
        is_open=close.problem is not None,
    )
    return parts.card(
        "Change it",
        tag(
            "p",
            parts.soft("Twilio's own suspension cannot be undone by its owner. "),
            parts.link("What else Twilio does", f"{parts.to('taken')}?account={account.sid}"),
        ),
        tag("div", buttons, class_="buttons"),
        _papers(visit),
        closing if account.status != "closed" else None,
        id="change",
    )


def _papers(visit: Visit) -> Markup:
    form = Form(visit, "paper")
    return unfold(
        "Papers",
        tag("p", "Some countries ask for one with each number: it is approved at once."),
        form.whole(form.choice("kind", "Kind", parts.options(PAPERS)), submit="Make one"),
        is_open=form.problem is not None,
    )


def add_paper(visit: Visit) -> Done:
    kind = visit.form.get("kind", "")
    paper = visit.post(f"/accounts/{visit.account().sid}/papers", {"kind": kind})
    return Done(f"The {kind} is {paper['sid']}.")


def set_type(visit: Visit) -> Done:
    wanted = visit.form.get("type", "")
    visit.post(f"/accounts/{visit.account().sid}/type", {"type": wanted})
    return Done(f"It is a {wanted.lower()} account now.")


def _set_status(visit: Visit, status: str, **more: bool) -> Done:
    account = visit.account()
    visit.post(f"/accounts/{account.sid}/status", {"status": status, **more})
    return Done(f"{account.friendly_name} {WORDS[status]} now.")


def suspend(visit: Visit) -> Done:
    return _set_status(visit, "suspended", by_twilio=visit.form.get("by") == "twilio")


def reactivate(visit: Visit) -> Done:
    return _set_status(visit, "active")


def close(visit: Visit) -> Done:
    if "sure" not in visit.form:
        raise ControlError(400, "Tick that you are sure.")
    return _set_status(visit, "closed")


def new_token(visit: Visit) -> Done:
    visit.post(f"/accounts/{visit.account().sid}/token")
    return Done("It has another token; the one before works no longer.")


PAGES = [
    Page(
        "/room/accounts/(?P<sid>[^/]+)",
        show,
        {
            "add-numbers": add_numbers,
            "add-number": add_number,
            "buy-back": buy_back,
            "suspend": suspend,
            "reactivate": reactivate,
            "close": close,
            "token": new_token,
            "type": set_type,
            "paper": add_paper,
        },
    )
]
