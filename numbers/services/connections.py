"""Connections: an account's link to a Twilio subaccount, and whether it works (S0-13, S0-29).

Twilio is asked outside of transactions; what it said is written under a lock, after a look whether
it is still about the token that is stored. So never call these inside a transaction.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.services import sweeps
from accounts.services.events import tell
from accounts.services.notices import notify
from accounts.services.support import require_support
from accounts.states import Permission
from carrier import (
    AccountInactive,
    Carrier,
    CarrierAccount,
    CarrierAuthFailed,
    CarrierError,
    NotFound,
)
from config.errors import DomainError, Invalid, NotDue, Reason, refuse
from config.jobs import enqueue
from config.text import inside
from licensing.services.entitlement import lock
from numbers import gates
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import (
    NOT_ASKED_EVERYWHERE,
    PREVIOUS_TOKEN_FOR,
    REFRESH_INTERVAL,
    ConnectionState,
    RefreshEvery,
    TaskState,
)

NOT_ACCEPTED = Reason(
    "twilio_auth_failed",
    "Twilio does not accept this token for that account SID. Copy both again from the subaccount's "
    "own page in the Twilio Console; the main account's token does not work.",
)
UNKNOWN_SID = Reason(
    "unknown_subaccount",
    "Twilio knows no account with this SID. Copy it again from the Twilio Console.",
)
MAIN_ACCOUNT = Reason(
    "main_account",
    "This is a main account, and numbers are imported from subaccounts only. In the Twilio Console "
    "open Account, Subaccounts, create one, move the numbers there, and connect it with its own "
    "SID and token.",
)
CONNECTED_ALREADY = Reason("connected_already", "This subaccount is connected already.")
#: Said only to who has proven the token, and without a word about whose account it is.
CONNECTED_ELSEWHERE = Reason(
    "connected_elsewhere",
    "This subaccount is connected to another account here, and a subaccount can be connected once. "
    "If it should be connected to this one, ask support to detach it there; then connect it again.",
)

INACTIVE = AccountInactive.code

#: What is wrong with a connection, and the way out.
DETAILS: dict[str, str] = {
    ConnectionState.ACTIVE: "",
    ConnectionState.AUTH_FAILED: "Twilio no longer accepts the stored token: it was replaced or "
    "revoked. Replace it here with the current one from the Twilio Console.",
    ConnectionState.SUSPENDED: "The subaccount is suspended at Twilio: no call or text passes, and "
    "its numbers are kept and billed. Reactivate it in the Twilio Console, then check again.",
    ConnectionState.CLOSED: "The subaccount is closed at Twilio for good, and Twilio has released "
    "its numbers. They are missing here and take no license. Mark them as gone; what has moved to "
    "another subaccount comes back by itself once that is connected and imported.",
    ConnectionState.DETACHED: "Support has detached this subaccount from the account. Its numbers "
    "are missing here and take no license; names, notes and history stay. Mark them as gone, or "
    "connect the subaccount again if it belongs here.",
    ConnectionState.REMOVED: "This connection was removed: nothing is read or changed through it "
    "any more. Numbers that came through it stay here with their history. The subaccount can be "
    "connected again.",
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
        raise Invalid({"sid": [Reason(INACTIVE, DETAILS[state])]})
    if not found.is_subaccount:
        raise Invalid({"sid": [MAIN_ACCOUNT]})
    return _store_new(account_id, found, token, actor=actor, at=at)


def _confirm(sid: str, token: str) -> CarrierAccount:
    try:
        return Carrier(sid, token).accounts.fetch()
    except CarrierAuthFailed:
        raise Invalid({"token": [NOT_ACCEPTED]}) from None
    except NotFound:
        raise Invalid({"sid": [UNKNOWN_SID]}) from None
    except AccountInactive as error:
        raise Invalid({"sid": [Reason(INACTIVE, error.message)]}) from None


def _refuse_second(account_id: int, sid: str) -> None:
    if Connection.objects.attached().filter(account_id=account_id, sid=sid).exists():
        raise Invalid({"sid": [CONNECTED_ALREADY]})


@transaction.atomic
def _store_new(
    account_id: int, found: CarrierAccount, token: str, *, actor: Actor, at: datetime
) -> Connection:
    Account.objects.select_for_update().get(pk=account_id)
    _refuse_second(account_id, found.sid)
    try:
        with transaction.atomic():
            connection = Connection.objects.create(
                account_id=account_id,
                sid=found.sid,
                owner_sid=found.owner_sid,
                name=found.name,
                auth_token=token,
                checked_at=at,
                created_at=at,
            )
    except IntegrityError:
        if not Connection.objects.attached().filter(sid=found.sid).exists():
            raise
        raise Invalid({"sid": [CONNECTED_ELSEWHERE]}) from None
    tell(connection, "connection.made", "Connected.", actor=actor, at=at)
    return connection


def replace_token(connection_id: int, *, token: str, actor: Actor, at: datetime) -> Connection:
    """Store a token that Twilio has just accepted; the connection then is what Twilio says it is.

    Raises ``Forbidden``, ``Blocked``, ``Invalid`` for ``token``, ``CarrierError``.
    """
    actor.require(Permission.ADMIN)
    connection = Connection.objects.get(pk=connection_id)
    refuse(gates.attached(connection))
    found = _confirm(connection.sid, token)
    with transaction.atomic():
        connection = _lock(connection_id)
        refuse(gates.attached(connection))
        _exchange_token(connection, token, at=at)
        tell(connection, "connection.token_replaced", "Token replaced.", actor=actor, at=at)
        _settle(connection, _Finding(_state_of(found), found.name), actor=actor, at=at)
        if connection.state == ConnectionState.ACTIVE:
            _wake(connection, at=at)  # also where nobody had noticed that the old one failed
    return connection


def _exchange_token(connection: Connection, token: str, *, at: datetime) -> None:
    """Store another token; what the one before has signed is believed for a while."""
    if token != connection.auth_token:
        connection.previous_token = connection.auth_token
        connection.previous_token_until = at + PREVIOUS_TOKEN_FOR
    connection.auth_token = token
    connection.save(update_fields=["auth_token", "previous_token", "previous_token_until"])


def check(connection_id: int, *, actor: Actor, at: datetime) -> Connection:
    """Ask Twilio whether the connection works, and keep the answer.

    Raises ``Forbidden``, ``Blocked``, and ``CarrierError`` when Twilio gave no answer; then nothing
    changes.
    """
    actor.require(Permission.ADMIN)
    connection = Connection.objects.get(pk=connection_id)
    refuse(gates.attached(connection))
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
    if gates.attached(connection):
        return
    try:
        finding = _look(connection)
    except CarrierError:
        finding = _Finding(_refused(error))
    _keep(connection, finding, actor=SYSTEM, at=at)


def note_answer(connection: Connection, *, at: datetime) -> None:
    """Look again after a call has gone through by a connection that was not taken for working."""
    if connection.state == ConnectionState.ACTIVE or gates.attached(connection):
        return
    with suppress(CarrierError):
        _keep(connection, _look(connection), actor=SYSTEM, at=at)


@transaction.atomic
def detach(connection_id: int, *, actor: Actor, at: datetime) -> Connection:
    """Take a subaccount from an account, so that another one can connect it. For support only.

    Its numbers become missing by a task; they, their history and the connection's stay. What is
    at Twilio stays as it is. Raises ``Forbidden``, ``Invalid`` (``reason``) and ``NotDue``.
    """
    require_support(actor, "detach a subaccount")
    if not actor.reason.strip():
        raise Invalid({"reason": ["Say why; the account sees it on its timeline."]})
    connection = _lock(connection_id)
    if gates.attached(connection):
        raise NotDue("This connection is detached already.")
    event = _end(connection, ConnectionState.DETACHED, "Detached by support.", actor=actor, at=at)
    _announce(connection, event, at=at)
    enqueue("numbers.tasks.let_numbers_go", connection.pk)
    return connection


@transaction.atomic
def remove(connection_id: int, *, actor: Actor, at: datetime) -> Connection:
    """Remove a connection that nothing here needs any more; the token is forgotten.

    What is at Twilio stays as it is, and so does all history here. Raises ``Forbidden`` and
    ``Blocked``.
    """
    actor.require(Permission.ADMIN)
    account_id = Connection.objects.values_list("account_id", flat=True).get(pk=connection_id)
    with suppress(DomainError):  # without a subscription no number is held either
        lock(account_id)  # a number that comes back through it does so before or after
    connection = _lock(connection_id)
    refuse(gates.remove(connection))
    _end(connection, ConnectionState.REMOVED, "Removed.", actor=actor, at=at)
    return connection


def _end(
    connection: Connection, state: ConnectionState, summary: str, *, actor: Actor, at: datetime
) -> Event:
    """Let a locked connection be none any more: without token and schedule."""
    before = connection.state
    connection.state, connection.auth_token, connection.previous_token = state, "", ""
    connection.state_detail = DETAILS[state]
    connection.refresh_every, connection.next_refresh_at = RefreshEvery.OFF, None
    connection.save(
        update_fields=[
            "state", "auth_token", "previous_token", "state_detail", "refresh_every",
            "next_refresh_at",
        ]
    )  # fmt: skip
    _look_again(connection, at=at)
    return tell(
        connection,
        f"connection.{state}",
        summary,
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": state},
    )


@transaction.atomic
def schedule_refresh(connection_id: int, *, every: str, actor: Actor, at: datetime) -> Connection:
    """Refresh hourly, daily, or only when asked (``RefreshEvery``).

    Raises ``Invalid``, ``Blocked``.
    """
    actor.require(Permission.ADMIN)
    if every not in RefreshEvery.values:
        raise Invalid({"every": ["Choose off, hourly or daily."]})
    connection = _lock(connection_id)
    refuse(gates.attached(connection))
    before = connection.refresh_every
    if every == before:
        return connection
    interval = REFRESH_INTERVAL.get(every)
    connection.refresh_every = every
    connection.next_refresh_at = at + interval if interval else None
    connection.save(update_fields=["refresh_every", "next_refresh_at"])
    tell(
        connection,
        "connection.refresh_scheduled",
        f"Refresh: {inside(RefreshEvery(every).label)}.",
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
        account = Carrier(connection.sid, connection.auth_token).accounts.fetch()
    except (CarrierAuthFailed, AccountInactive, NotFound) as error:
        return _Finding(_refused(error))
    return _Finding(_state_of(account), account.name)


def _state_of(account: CarrierAccount) -> ConnectionState:
    return STATES.get(account.status, ConnectionState.SUSPENDED)


def _refused(error: CarrierError) -> ConnectionState:
    """What a refusal as a whole stands for. That an account is closed is never concluded from one:
    its numbers would be given up for a wrong token or a fault at Twilio.
    """
    suspended = isinstance(error, AccountInactive)
    return ConnectionState.SUSPENDED if suspended else ConnectionState.AUTH_FAILED


@transaction.atomic
def _keep(seen: Connection, finding: _Finding, *, actor: Actor, at: datetime) -> Connection:
    """Store what was found when Twilio was asked at ``at``, or later.

    Unless the token it was found with is no longer the stored one, or somebody who asked later has
    stored an answer: a slow one must not undo what was mended in the meantime.
    """
    connection = _lock(seen.pk)
    if connection.auth_token == seen.auth_token and connection.checked_at <= at:
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
    state = finding.state
    if before == ConnectionState.CLOSED and state != ConnectionState.ACTIVE:
        # Closed is for good. Twilio deletes the account after thirty days, and then knows neither
        # its SID nor its token (twilio-facts 1.5).
        state = before
    connection.state = state
    connection.state_detail = DETAILS[state]
    connection.name = finding.name or connection.name
    connection.checked_at = at
    connection.save(update_fields=["state", "state_detail", "name", "checked_at"])
    if state == before:
        return
    works = state == ConnectionState.ACTIVE
    event = tell(
        connection,
        "connection.recovered" if works else "connection.trouble",
        "Works again." if works else f"{state.label}.",
        actor=actor,
        at=at,
        before={"state": before.value},
        after={"state": state.value},
    )
    if works:
        _wake(connection, at=at)
    if state == ConnectionState.CLOSED:
        enqueue("numbers.tasks.let_numbers_go", connection.pk)
        _look_again(connection, at=at)
    if before == ConnectionState.ACTIVE or state == ConnectionState.CLOSED:
        _announce(connection, event, at=at)


def _wake(connection: Connection, *, at: datetime) -> None:
    """Let everything that waits for this connection be tried now."""
    _try_now(PhoneNumber.objects.filter(connection=connection), at=at)
    _look_again(connection, at=at)


def _look_again(connection: Connection, *, at: datetime) -> None:
    """Let what could not be looked for everywhere be looked for now."""
    unfound = CarrierTask.objects.filter(error_code=NOT_ASKED_EVERYWHERE).values("number")
    numbers = PhoneNumber.objects.filter(account=connection.account_id, pk__in=unfound)
    _try_now(numbers, at=at)


def _try_now(numbers: PhoneNumberQuerySet, *, at: datetime) -> None:
    waiting = CarrierTask.objects.filter(number__in=numbers, state=TaskState.PENDING)
    sweeps.clear(CarrierTask.SWEPT_AS, *waiting.values_list("pk", flat=True))
    if waiting.update(due_at=at, attempts=0):
        enqueue("numbers.tasks.work_carrier_tasks")


def _announce(connection: Connection, event: Event, *, at: datetime) -> None:
    notify(
        connection.account,
        "connection",
        key=f"connection:{connection.pk}:{event.pk}",
        title=f"{connection.name}: {inside(connection.get_state_display())}",
        body=connection.state_detail,
        path=reverse("numbers:connection", args=[connection.account.slug, connection.pk]),
        at=at,
    )
