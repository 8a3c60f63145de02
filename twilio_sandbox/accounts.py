"""Accounts and subaccounts (twilio-facts 1.5)."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.monitor import events
from twilio_sandbox.operations import Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, one_of, text
from twilio_sandbox.timers import action
from twilio_sandbox.world import Account, Number, World

STATUSES = ("active", "suspended", "closed")
MAX_SUBACCOUNTS = 1000
MAX_NAME = 64

_SUBRESOURCES = {
    "available_phone_numbers": "AvailablePhoneNumbers",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "notifications": "Notifications",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "recordings": "Recordings",
    "transcriptions": "Transcriptions",
    "addresses": "Addresses",
    "signing_keys": "SigningKeys",
    "connect_apps": "ConnectApps",
    "sip": "SIP",
    "authorized_connect_apps": "AuthorizedConnectApps",
    "usage": "Usage",
    "keys": "Keys",
    "applications": "Applications",
    "short_codes": "SMS/ShortCodes",
    "queues": "Queues",
    "messages": "Messages",
    "balance": "Balance",
}


def resource(world: World, account: Account) -> dict[str, Any]:
    """The account with exactly Twilio's fields."""
    base = f"/{VERSION}/Accounts/{account.sid}"
    return {
        "auth_token": account.token,
        "date_created": rfc2822(account.created),
        "date_updated": rfc2822(account.updated),
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.owner_sid,
        "sid": account.sid,
        "status": world.status(account),
        "subresource_uris": {name: f"{base}/{path}.json" for name, path in _SUBRESOURCES.items()},
        "type": account.type,
        "uri": f"{base}.json",
    }


def list_accounts(context: Context) -> Response:
    """The caller and its subaccounts; filters `FriendlyName` (exact) and `Status`."""
    world, caller, given = context.world, context.caller, context.read()
    name, status = given.get("FriendlyName"), given.get("Status")
    rows = [
        account
        for account in [caller, *world.subaccounts(caller)]
        if (not name or account.friendly_name == name)
        and (not status or world.status(account) == status)
    ]
    return page(
        context,
        "accounts",
        rows,
        lambda row: json.dumps(resource(world, row)).encode(),
        without_token=70002,  # unlike the other lists (twilio-facts C 6)
    )


def create(context: Context) -> Response:
    """A new subaccount of the caller, which must be an active main account."""
    world, caller = context.world, context.caller
    if not caller.is_main or world.status(caller) != "active":
        raise TwilioError(20403, "Only an active main account can create subaccounts")
    open_subaccounts = [a for a in world.subaccounts(caller) if a.status != "closed"]
    if len(open_subaccounts) >= MAX_SUBACCOUNTS:
        raise TwilioError(21480)
    default = f"SubAccount Created at {context.world.clock.now():%Y-%m-%d %I:%M %p}"
    name = context.read().get("FriendlyName") or default
    account = world.add_account(name, owner_sid=caller.sid)
    events.record(context, "account.created", account, "account")
    return json_response(201, resource(world, account))


def fetch(context: Context) -> Response:
    """Works for suspended and closed accounts as well: its status has to be readable."""
    return json_response(200, resource(context.world, context.account("Sid")))


def update(context: Context) -> Response:
    """Change `FriendlyName` and `Status`."""
    world, account, given = context.world, context.account("Sid"), context.read()
    if context.caller is account and world.status(account) != "active":
        raise TwilioError(20403, f"Account {account.sid} is {world.status(account)}")
    before = resource(world, account)
    if "Status" in given:
        _change_status(context, account, given["Status"])
    account.friendly_name = given.get("FriendlyName") or account.friendly_name
    account.updated = world.now()
    world.accounts.changed(account)
    after = resource(world, account)
    changes = events.differences(before, after)
    events.record(context, "account.updated", account, "account", changes)
    return json_response(200, after)


def _change_status(context: Context, account: Account, status: str) -> None:
    world = context.world
    if account.is_main:
        raise TwilioError(21477)
    if context.caller is account:
        raise TwilioError(20006, "Only the parent account can change the status of a subaccount")
    if account.status == "closed":
        raise TwilioError(21479)
    if account.suspended_by_twilio:
        raise TwilioError(21478)
    if world.status(context.caller) != "active":
        raise TwilioError(21476)
    if status == "closed":
        for number in world.numbers.of(account.sid):
            events.record(context, "phone-number.deleted", number, "phone-number")
    world.set_status(account, status)


def set_status(world: World, account: Account, status: str, *, by_twilio: bool) -> None:
    """As in Console; or as Twilio itself does, whose suspension the owner cannot undo."""
    account.suspended_by_twilio = status == "suspended" and by_twilio
    world.set_status(account, status)
    events.record_console(world, "account.updated", account, "account", by_twilio=by_twilio)


def reclaim(world: World, number: Number) -> None:
    """Twilio takes a number back."""
    events.record_console(world, "phone-number.deleted", number, "phone-number", by_twilio=True)
    world.release(number, by_twilio=True)


_KEPT = ("accounts", "released")


@action("accounts.data_deleted")
def delete_data(world: World, sid: str) -> None:
    """Forget what a closed account had; the account itself can still be fetched."""
    for kind, table in world.tables.items():
        for row in list(table.of(sid)) if kind not in _KEPT else []:
            table.remove(row)


@action("accounts.numbers_reclaimed")
def reclaim_numbers(world: World, sid: str) -> None:
    """What Twilio may do to an account that was suspended for sixty days (twilio-facts 1.5)."""
    if world.switch("long_suspended_numbers") == "reclaimed":
        for number in list(world.numbers.of(sid)):
            reclaim(world, number)


_SETTINGS = (
    Parameter("FriendlyName", text(MAX_NAME)),
    Parameter("Status", one_of(*STATUSES, code=21475)),
)
_ALL = "/2010-04-01/Accounts.json"
_ONE = "/2010-04-01/Accounts/{Sid}.json"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_accounts, _SETTINGS),
    Operation("POST", "api", _ALL, create, _SETTINGS[:1]),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, _SETTINGS),
]
