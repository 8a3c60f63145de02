"""What Twilio takes away of its own accord: numbers, and accounts that were given notice."""

from __future__ import annotations

from twilio_sandbox import taken
from twilio_sandbox.control import PREFIX
from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.world import RESTORABLE_SECONDS, Account, Released


def show(visit: Visit) -> Sheet:
    lists = (
        parts.section("Accounts", parts.live("accounts", _accounts(visit)), id="in-trouble"),
        parts.section("Numbers", parts.live("numbers", *_numbers(visit)), id="taken-numbers"),
    )
    return Sheet(
        "What Twilio takes away",
        (*lists, tag("div", _reclaim(visit), _notice(visit), class_="halves")),
        trail=parts.link("Overview", f"{PREFIX}/"),
        extra="A program notices when it asks the next time",
    )


# Accounts


def _accounts(visit: Visit) -> Child:
    world = visit.world
    rows = [
        _account(visit, account)
        for account in world.accounts.values()
        if account.status == "suspended" or account.suspend_timer or account.close_timer
    ]
    if not rows:
        return parts.empty("No account is in trouble", "Give one notice.")
    heads = ("Account", "Status", "Is suspended", "Is closed", "")
    return parts.table("Accounts in trouble", heads, rows)


def _account(visit: Visit, account: Account) -> tuple[Child, ...]:
    world, name = visit.world, account.friendly_name
    suspended, closed = (
        taken.due(world, timer) for timer in (account.suspend_timer, account.close_timer)
    )
    is_suspended = account.status == "suspended"
    do, text = ("reactivate", "Reactivate") if is_suspended else ("suspend", "Suspend now")
    buttons = [Form(visit, do, sid=account.sid).press(text, name, look="small")]
    if suspended or closed:
        form = Form(visit, "withdraw", sid=account.sid)
        buttons += [form.press("Withdraw notice", name, look="small")]
    return (
        parts.account_link(world, account.sid),
        (parts.badge(account.status), " by Twilio" if account.suspended_by_twilio else None),
        parts.time(suspended) if suspended else parts.soft("already" if is_suspended else "never"),
        parts.time(closed) if closed else parts.soft("never"),
        tag("div", buttons, class_="buttons"),
    )


def _set_status(visit: Visit, status: str, told: str) -> Done:
    sid = visit.form.get("sid", "")
    visit.post(f"/accounts/{sid}/status", {"status": status, "by_twilio": True})
    return Done(f"{visit.world.accounts[sid].friendly_name} {told} now.")


def suspend(visit: Visit) -> Done:
    return _set_status(visit, "suspended", "is suspended")


def reactivate(visit: Visit) -> Done:
    return _set_status(visit, "active", "works")


def _notice(visit: Visit) -> Markup:
    form = Form(visit, "notice")
    accounts = {
        row.sid: row.friendly_name
        for row in visit.world.accounts.values()
        if row.status == "active"
    }
    fields = (
        form.choice("sid", "Account", accounts, value=visit.query.get("account", "")),
        form.text(
            "suspended", "Suspended in, days", value="7", type="number", min="0", required=True
        ),
        form.text(
            "closed", "Closed in, days", value="37", type="number", min="0", help="Empty: never"
        ),
    )
    about = "The owner gets a mail now. The rest happens when the clock is there."
    return parts.card(
        "Give notice",
        tag("p", parts.soft(about)),
        form.whole(fields, submit="Give notice", look="primary"),
        id="notice-card",
    )


def give_notice(visit: Visit) -> Done:
    sid = visit.form.get("sid", "")
    body = {taken.SUSPENDED_IN: _days(visit, "suspended"), taken.CLOSED_IN: _days(visit, "closed")}
    visit.post(f"/accounts/{sid}/notice", body)
    return Done(f"{visit.world.accounts[sid].friendly_name} was given notice.")


def _days(visit: Visit, name: str) -> int | None:
    text = visit.form.get(name, "").strip()
    if text and not text.isdecimal():
        raise ControlError(400, "Say the days as a whole number.")
    return int(text) if text else None


def withdraw(visit: Visit) -> Done:
    sid = visit.form.get("sid", "")
    visit.post(f"/accounts/{sid}/notice", method="DELETE")
    return Done("The notice was withdrawn.")


# Numbers


def _numbers(visit: Visit) -> tuple[Child, ...]:
    world = visit.world
    rows = [row for row in world.released.values() if row.by_twilio and world.is_restorable(row)]
    shown, pages = parts.paged(visit, rows[::-1])
    if not shown:
        return (parts.empty("No number was taken", "in the last ten days."),)
    heads = ("Number", "Account", "Taken", "Left", "")
    return parts.table("Numbers taken", heads, [_number(visit, row) for row in shown]), pages


def _number(visit: Visit, row: Released) -> tuple[Child, ...]:
    name = parts.phone(row.phone_number)
    return (
        name,
        parts.account_link(visit.world, row.account_sid),
        parts.time(row.created),
        parts.left(row.created + RESTORABLE_SECONDS - visit.world.now()),
        Form(visit, "give-back", number=row.phone_number).press("Give back", name, look="small"),
    )


def give_back(visit: Visit) -> Done:
    number = visit.form.get("number", "")
    visit.post(f"/numbers/{number}/buy-back")
    return Done(f"{parts.phone(number)} is back, without its settings.")


def _reclaim(visit: Visit) -> Markup:
    form = Form(visit, "reclaim")
    number = form.text(
        "phone_number", "Number", placeholder="+14155550123", inputmode="tel", required=True
    )
    return parts.card(
        "Take a number back",
        tag("p", parts.soft("It is gone from its account at once, and nobody is told.")),
        form.whole(number, submit="Take it back", look="primary"),
        id="reclaim-card",
    )


def reclaim(visit: Visit) -> Done:
    number = visit.form.get("phone_number", "").strip()
    visit.post(f"/numbers/{number}/reclaim")
    return Done(f"Twilio took {parts.phone(number)} back.")


PAGES = [
    Page(
        "/room/taken",
        show,
        {
            "reclaim": reclaim,
            "give-back": give_back,
            "notice": give_notice,
            "withdraw": withdraw,
            "suspend": suspend,
            "reactivate": reactivate,
        },
    )
]
