"""The audit trail: one event for each change of an account, a number or a key (twilio-facts 1.8).

Twilio does not publish the names of event types; ours follow its one example, `account.updated`.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox.context import Context
from twilio_sandbox.monitor.rows import Event
from twilio_sandbox.tables import Row
from twilio_sandbox.world import Account, World

Changes = dict[str, dict[str, Any]]  # field -> {"previous": …, "updated": …}


def differences(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """What of two versions of a resource differs, but for the date of the change."""
    names = sorted({*before, *after} - {"date_updated"})
    return {
        name: {"previous": before.get(name), "updated": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    }


def record(
    context: Context,
    event_type: str,
    row: Row,
    resource_type: str,
    data: Changes | None = None,
    *,
    account_sid: str | None = None,
) -> None:
    """An event of a call of the API, in the account that has the row unless said otherwise."""
    owner = row.sid if isinstance(row, Account) else row.account_sid
    context.world.events.add(
        Event(
            *context.world.stamp("AE", account_sid or owner),
            event_type=event_type,
            resource_sid=row.sid,
            resource_type=resource_type,
            actor_sid=context.caller.sid,
            actor_type="account",
            source="api",
            source_ip_address=context.request.peer,
            data=data or {},
        )
    )


def record_console(
    world: World, event_type: str, row: Row, resource_type: str, *, by_twilio: bool = False
) -> None:
    """An event of a person who works in Console: each main account has one user. Or of Twilio."""
    owner = row.sid if isinstance(row, Account) else row.account_sid
    main_sid = world.accounts[owner].owner_sid
    world.events.add(
        Event(
            *world.stamp("AE", owner),
            event_type=event_type,
            resource_sid=row.sid,
            resource_type=resource_type,
            actor_sid=f"US{'0' * 32 if by_twilio else main_sid[2:]}",
            actor_type="twilio-admin" if by_twilio else "user",
            source="web",
            source_ip_address="127.0.0.1",
            data={},
        )
    )
