"""What Twilio takes away of its own accord: a number, or a whole account after a notice.

What is known of it: twilio-facts 1.5 and 7.2. That there is a notice, and its days, are ours.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox import accounts
from twilio_sandbox.clock import iso8601
from twilio_sandbox.controls import Answer, Body, ControlCall, find_account
from twilio_sandbox.errors import ControlError
from twilio_sandbox.porting.rows import Mail
from twilio_sandbox.timers import action
from twilio_sandbox.world import Account, World

DAY = 86_400
MAX_DAYS = 365
SUSPENDED_IN, CLOSED_IN = "suspended_in_days", "closed_in_days"
NOTICE = "suspension_notice"  # the kind of its mail
RECIPIENT = "owner@account.example"


def reclaim(world: World, body: Body, phone_number: str) -> Answer:
    """The number is gone from its account at once, as if it had never been there."""
    number = world.by_phone_number.get(phone_number)
    if number is None:
        raise ControlError(404, f"{phone_number} is in no account")
    accounts.reclaim(world, number)
    return 200, {"phone_number": phone_number, "account_sid": number.account_sid}


def give_notice(world: World, body: Body, sid: str) -> Answer:
    """`{"suspended_in_days": 7, "closed_in_days": 37}`; the latter may be left out.

    A mail says so now. Another notice takes the place of this one.
    """
    account = find_account(world, sid)
    if account.status != "active":
        raise ControlError(409, f"{account.friendly_name} is {account.status}")
    suspended = _days(body, SUSPENDED_IN)
    closed = _days(body, CLOSED_IN) if body.get(CLOSED_IN) is not None else None
    if closed is not None and closed < suspended:
        raise ControlError(400, "an account is suspended first, then closed")
    _withdraw(world, account)
    account.suspend_timer = world.after(suspended * DAY, "taken.suspend", sid=sid)
    if closed is not None:
        account.close_timer = world.after(closed * DAY, "taken.close", sid=sid)
    world.accounts.changed(account)
    _mail(world, account)
    return 201, {"sid": sid, **notice(world, account)}


def _days(body: Body, name: str) -> int | float:
    days = body.get(name)
    if isinstance(days, bool) or not isinstance(days, (int, float)) or not 0 <= days <= MAX_DAYS:
        raise ControlError(400, f"{name} must be a number from 0 to {MAX_DAYS}")
    return days


def withdraw_notice(world: World, body: Body, sid: str) -> Answer:
    """What was announced does not happen."""
    account = find_account(world, sid)
    _withdraw(world, account)
    world.accounts.changed(account)
    return 200, {"sid": sid, **notice(world, account)}


def _withdraw(world: World, account: Account) -> None:
    world.cancel(account.suspend_timer)
    world.cancel(account.close_timer)
    account.suspend_timer = account.close_timer = None


def due(world: World, timer: str | None) -> float | None:
    """When what was announced happens (Unix seconds)."""
    found = world.timers.get(timer or "")
    return None if found is None else found.due


def notice(world: World, account: Account) -> dict[str, Any]:
    """What the account's owner has been told to expect."""
    times = {
        "suspended_at": due(world, account.suspend_timer),
        "closed_at": due(world, account.close_timer),
    }
    return {name: None if at is None else iso8601(at) for name, at in times.items()}


def _mail(world: World, account: Account) -> None:
    told, subject = notice(world, account), "Your account is going to be suspended"
    body = (
        f"Your account {account.friendly_name} ({account.sid}) will be suspended at "
        f"{told['suspended_at']}. It can neither call nor text then."
    )
    if told["closed_at"]:
        body += f" It will be closed at {told['closed_at']}, and its numbers are released."
    stamp = world.stamp("EM", account.sid)
    world.mails.add(Mail(*stamp, NOTICE, RECIPIENT, subject, body, "", None))


@action("taken.suspend")
def suspend(world: World, sid: str) -> None:
    accounts.set_status(world, world.accounts[sid], "suspended", by_twilio=True)


@action("taken.close")
def close(world: World, sid: str) -> None:
    accounts.set_status(world, world.accounts[sid], "closed", by_twilio=True)


CONTROLS = [
    ControlCall("POST", "/numbers/(?P<phone_number>[^/]+)/reclaim", reclaim),
    ControlCall("POST", "/accounts/(?P<sid>[^/]+)/notice", give_notice),
    ControlCall("DELETE", "/accounts/(?P<sid>[^/]+)/notice", withdraw_notice),
]
