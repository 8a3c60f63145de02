"""Connections: an account's link to a Twilio subaccount, and whether it works (S0-13, S0-29).

Twilio is asked outside of transactions; what it said is written under a lock, after a look whether
it is still about the token that is stored. So never call these inside a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.actors import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.services.events import record
from accounts.services.notices import notify
from accounts.states import Permission
from config.errors import Invalid
from numbers.carrier import (
    AccountInactive,
    Carrier,
    CarrierAccount,
    CarrierAuthFailed,
    CarrierError,
    NotFound,
)
from numbers.models import Connection
from numbers.states import REFRESH_INTERVAL, ConnectionState, RefreshEvery

NOT_ACCEPTED = (
    "Twilio does not accept this token for that account SID. Copy both again from the subaccount's "
    "own page in the Twilio Console; the main account's token does not work."
)
UNKNOWN_SID = "Twilio knows no account with this SID. Copy it again from the Twilio Console."
MAIN_ACCOUNT = (
    "This is a main account, and numbers are imported from subaccounts only. In the Twilio Console "
    "open Account, Subaccounts, create one, move the numbers there, and connect it with its own "
    "SID and token."
)
CONNECTED_ALREADY = "This subaccount is connected already."

#: What is wrong with a connection, and the way out.
DETAILS: dict[str, str] = {
    ConnectionState.ACTIVE: "",
    ConnectionState.AUTH_FAILED: "Twilio no longer accepts the stored token: it was replaced or "
    "revoked. Replace it here with the current one from the Twilio Console.",
    ConnectionState.SUSPENDED: "The subaccount is suspended at Twilio: no call or text passes, and "
    "its numbers are kept and billed. Reactivate it in the Twilio Console, then check again.",
    ConnectionState.CLOSED: "The subaccount is closed at Twilio for good, and Twilio has released "
    "its numbers. Connect another subaccount.",
}
#: Twilio's status of an account -> ours. One that Twilio has not told us of works for nobody.
STATES = {
    "active": ConnectionState.ACTIVE,
    "suspended": ConnectionState.SUSPENDED,
    "closed": ConnectionState.CLOSED,
}


def connect(account_id: int, *, sid: str, token: str, actor: Actor, at: datetime) -> Connection:
    """Connect a subaccount after Twilio has confirmed it. It only reads there.

    Raises ``Forbidden``, ``Invalid`` for ``sid`` or ``token``, ``CarrierError``.
    """
    actor.require(Permission.ADMIN)
    _refuse_second(account_id, sid)
    found = _confirm(sid, token)
    state = _state_of(found)
    if state != ConnectionState.ACTIVE:
        raise Invalid({"sid": [DETAILS[state]]})
    if not found.is_subaccount:
        raise Invalid({"sid": [MAIN_ACCOUNT]})
    return _store_new(account_id, found, token, actor=actor, at=at)


def _confirm(sid: str, token: str) -> CarrierAccount:
    try:
        return Carrier(sid, token).fetch_account()
    except CarrierAuthFailed:
        raise Invalid({"token": [NOT_ACCEPTED]}) from None
    except NotFound:
        raise Invalid({"sid": [UNKNOWN_SID]}) from None
    except AccountInactive as error:
        raise Invalid({"sid": [error.message]}) from None


def _refuse_second(account_id: int, sid: str) -> None:
    if Connection.objects.filter(account_id=account_id, sid=sid).exists():
        raise Invalid({"sid": [CONNECTED_ALREADY]})


@transaction.atomic
def _store_new(
    account_id: int, found: CarrierAccount, token: str, *, actor: Actor, at: datetime
) -> Connection:
    Account.objects.select_for_update().get(pk=account_id)
    _refuse_second(account_id, found.sid)
    connection = Connection.objects.create(
        account_id=account_id,
        sid=found.sid,
        owner_sid=found.owner_sid,
        name=found.name,
        auth_token=token,
        checked_at=at,
        created_at=at,
    )
    _tell(connection, "connection.made", "Connected.", actor=actor, at=at)
    return connection


def replace_token(connection_id: int, *, token: str, actor: Actor, at: datetime) -> Connection:
    """Store a token that Twilio has just accepted; the connection then is what Twilio says it is.

    Raises ``Forbidden``, ``Invalid`` for ``token``, ``CarrierError``.
    """
    actor.require(Permission.ADMIN)
    sid = Connection.objects.values_list("sid", flat=True).get(pk=connection_id)
    found = _confirm(sid, token)
    with transaction.atomic():
        connection = _lock(connection_id)
        connection.auth_token = token
        connection.save(update_fields=["auth_token"])
        _tell(connection, "connection.token_replaced", "Token replaced.", actor=actor, at=at)
        _settle(connection, _Finding(_state_of(found), found.name), actor=actor, at=at)
    return connection


def check(connection_id: int, *, actor: Actor, at: datetime) -> Connection:
    """Ask Twilio whether the connection works, and keep the answer.

    Raises ``Forbidden``, and ``CarrierError`` when Twilio gave no answer; then nothing changes.
    """
    actor.require(Permission.ADMIN)
    connection = Connection.objects.get(pk=connection_id)
    finding = _look(connection)
    return _keep(connection, finding, actor=actor, at=at)


def note_trouble(connection_id: int, *, error: CarrierError, at: datetime) -> None:
    """Find out what is wrong after Twilio has refused a call as a whole (401, 403, 404).

    The refused call may have used a token that has been replaced since, and a 403 does not tell
    suspended from closed, so Twilio is asked again. Other errors say nothing about the connection.
    """
    if not isinstance(error, CarrierAuthFailed | AccountInactive | NotFound):
        return
    connection = Connection.objects.get(pk=connection_id)
    try:
        finding = _look(connection)
    except CarrierError:
        finding = _Finding(_refused(error))
    _keep(connection, finding, actor=SYSTEM, at=at)


@transaction.atomic
def schedule_refresh(connection_id: int, *, every: str, actor: Actor, at: datetime) -> Connection:
    """Refresh hourly, daily, or only when asked (``RefreshEvery``). Raises ``Invalid``."""
    actor.require(Permission.ADMIN)
    if every not in RefreshEvery.values:
        raise Invalid({"every": ["Choose off, hourly or daily."]})
    connection = _lock(connection_id)
    before = connection.refresh_every
    if every == before:
        return connection
    interval = REFRESH_INTERVAL.get(every)
    connection.refresh_every = every
    connection.next_refresh_at = at + interval if interval else None
    connection.save(update_fields=["refresh_every", "next_refresh_at"])
    _tell(
        connection,
        "connection.refresh_scheduled",
        f"Refresh: {RefreshEvery(every).label.lower()}.",
        actor=actor,
        at=at,
        before={"refresh_every": before},
        after={"refresh_every": every},
    )
    return connection


@dataclass(frozen=True)
class _Finding:
    """What Twilio says about a connection; ``name`` is empty when it did not tell."""

    state: ConnectionState
    name: str = ""


def _look(connection: Connection) -> _Finding:
    """Ask Twilio about the connection's account, with the stored token."""
    try:
        account = Carrier(connection.sid, connection.auth_token).fetch_account()
    except (CarrierAuthFailed, AccountInactive, NotFound) as error:
        return _Finding(_refused(error))
    return _Finding(_state_of(account), account.name)


def _state_of(account: CarrierAccount) -> ConnectionState:
    return STATES.get(account.status, ConnectionState.SUSPENDED)


def _refused(error: CarrierError) -> ConnectionState:
    if isinstance(error, AccountInactive):
        return ConnectionState.SUSPENDED
    # Twilio deletes a closed account after thirty days (twilio-facts 1.5).
    return ConnectionState.CLOSED if isinstance(error, NotFound) else ConnectionState.AUTH_FAILED


@transaction.atomic
def _keep(seen: Connection, finding: _Finding, *, actor: Actor, at: datetime) -> Connection:
    """Store the finding, unless the token it was made with is no longer the stored one."""
    connection = _lock(seen.pk)
    if connection.auth_token == seen.auth_token:
        _settle(connection, finding, actor=actor, at=at)
    return connection


def _lock(connection_id: int) -> Connection:
    return (
        Connection.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(pk=connection_id)
    )


def _settle(connection: Connection, finding: _Finding, *, actor: Actor, at: datetime) -> None:
    """Write a locked connection's state; the first trouble and its end are events."""
    before = ConnectionState(connection.state)
    connection.state = finding.state
    connection.state_detail = DETAILS[finding.state]
    connection.name = finding.name or connection.name
    connection.checked_at = at
    connection.save(update_fields=["state", "state_detail", "name", "checked_at"])
    if finding.state == before:
        return
    works = finding.state == ConnectionState.ACTIVE
    event = _tell(
        connection,
        "connection.recovered" if works else "connection.trouble",
        "Works again." if works else f"{finding.state.label}.",
        actor=actor,
        at=at,
        before={"state": before.value},
        after={"state": finding.state.value},
    )
    if before == ConnectionState.ACTIVE:
        notify(
            connection.account,
            "connection",
            key=f"connection:{connection.pk}:{event.pk}",
            title=f"{connection.name}: {finding.state.label.lower()}",
            body=connection.state_detail,
            path=reverse("numbers:connection", args=[connection.account.slug, connection.pk]),
            at=at,
        )


def _tell(
    connection: Connection,
    type: str,
    summary: str,
    *,
    actor: Actor,
    at: datetime,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> Event:
    return record(
        type,
        account_id=connection.account_id,
        subject=("connection", connection.pk, connection.name),
        summary=summary,
        actor=actor,
        at=at,
        before=before,
        after=after,
    )
