"""Connecting Twilio subaccounts, and noticing when a connection stops working."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from pytest_django import Settings

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Notice
from carrier import Carrier, CarrierAuthFailed, CarrierError, CarrierUnavailable
from config.errors import Forbidden, Invalid, NotDue
from numbers.models import Connection, Import
from numbers.services import connections, refreshes
from numbers.states import ConnectionState, RefreshEvery
from tests.factories import NOON, ConnectionFactory, ImportFactory
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]


def connect(account: Account, actor: Actor, sid: str, token: str) -> Connection:
    return connections.connect(account.pk, sid=sid, token=token, actor=actor, at=NOON)


def types(connection: Connection) -> list[str]:
    """The connection's events, oldest first."""
    events = Event.objects.about("connection", connection.pk)
    return [event.type for event in events.reverse()]


# --- Connecting ------------------------------------------------------------------------------


def test_a_subaccount_is_connected(acme: Account, by_admin: Actor, sandbox: SandboxProcess) -> None:
    connection = connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    connection.refresh_from_db()
    assert (connection.sid, connection.owner_sid) == (sandbox.acme_sid, sandbox.main_sid)
    assert connection.auth_token == sandbox.acme_token
    assert connection.state == ConnectionState.ACTIVE
    assert connection.checked_at == NOON
    assert types(connection) == ["connection.made"]
    # S0-14: connecting only reads.
    assert {row["method"] for row in sandbox.requests()} == {"GET"}


def test_the_token_is_encrypted_and_in_no_event(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    connection = connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    with database.cursor() as cursor:
        cursor.execute("SELECT auth_token FROM numbers_connection")
        assert sandbox.acme_token not in cursor.fetchone()[0]
    event = Event.objects.about("connection", connection.pk).get()
    assert sandbox.acme_token not in f"{event.summary}{event.data}"


# S0-13
def test_a_main_account_is_refused_with_the_way_to_a_subaccount(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid, match=r"main account.*Subaccounts, create one") as error:
        connect(acme, by_admin, sandbox.main_sid, sandbox.main_token)

    assert list(error.value.errors) == ["sid"]
    assert not Connection.objects.exists()


# S0-29
def test_a_wrong_token_is_told_at_the_token(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid, match="does not accept this token") as error:
        connect(acme, by_admin, sandbox.acme_sid, sandbox.main_token)

    assert list(error.value.errors) == ["token"]


# S0-29
@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_does_not_work_says_which_and_what_to_do(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess, status: str
) -> None:
    sandbox.set_status(status)

    with pytest.raises(Invalid, match=f"is {status} at Twilio") as error:
        connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    assert list(error.value.errors) == ["sid"]


def test_an_account_that_twilio_refuses_as_a_whole_is_told_at_the_sid(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=403, code=20403)

    with pytest.raises(Invalid, match="suspended or closed") as error:
        connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    assert list(error.value.errors) == ["sid"]


def test_an_unknown_sid_is_told_at_the_sid(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=404)

    with pytest.raises(Invalid, match="knows no account") as error:
        connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    assert list(error.value.errors) == ["sid"]


def test_a_twilio_out_of_reach_blames_no_field(
    acme: Account, by_admin: Actor, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.3
    sandbox.fault("status", status=503)

    with pytest.raises(CarrierUnavailable, match="Try again"):
        connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)

    assert not Connection.objects.exists()


def test_the_same_subaccount_connects_once_in_an_account(
    acme: Account, by_admin: Actor, connection: Connection, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid, match="connected already") as error:
        connect(acme, by_admin, sandbox.acme_sid, sandbox.acme_token)
    assert list(error.value.errors) == ["sid"]


def test_only_who_administers_connects(
    acme: Account, by_billing: Actor, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Forbidden):
        connect(acme, by_billing, sandbox.acme_sid, sandbox.acme_token)

    assert sandbox.requests() == []


# --- Replacing the token ---------------------------------------------------------------------


def test_a_new_token_mends_the_connection(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    token = sandbox.revoke_token()
    connections.check(connection.pk, actor=by_admin, at=NOON)

    mended = connections.replace_token(connection.pk, token=token, actor=by_admin, at=NOON)

    assert mended.state == ConnectionState.ACTIVE
    assert mended.state_detail == ""
    assert Connection.objects.get().auth_token == token
    assert types(connection) == [
        "connection.trouble",
        "connection.token_replaced",
        "connection.recovered",
    ]


def test_a_token_that_twilio_refuses_is_not_stored(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid) as error:
        connections.replace_token(connection.pk, token="0" * 32, actor=by_admin, at=NOON)

    assert list(error.value.errors) == ["token"]
    assert Connection.objects.get().auth_token == sandbox.acme_token
    assert types(connection) == []


# --- Trouble ---------------------------------------------------------------------------------


def test_a_check_that_finds_nothing_new_only_moves_its_time(
    connection: Connection, by_admin: Actor
) -> None:
    later = NOON + timedelta(hours=1)

    checked = connections.check(connection.pk, actor=by_admin, at=later)

    assert (checked.state, checked.checked_at) == (ConnectionState.ACTIVE, later)
    assert types(connection) == []


@pytest.mark.parametrize(
    ("trouble", "state", "way_out"),
    [
        ("revoke_token", ConnectionState.AUTH_FAILED, "Replace it here"),
        ("suspend", ConnectionState.SUSPENDED, "Reactivate it"),
        ("close", ConnectionState.CLOSED, "Mark them as gone"),
    ],
)
def test_trouble_is_found_told_once_and_explained(
    connection: Connection,
    by_admin: Actor,
    sandbox: SandboxProcess,
    trouble: str,
    state: ConnectionState,
    way_out: str,
) -> None:
    getattr(sandbox, trouble)()

    connections.check(connection.pk, actor=by_admin, at=NOON)
    found = connections.check(connection.pk, actor=by_admin, at=NOON)

    assert found.state == state
    assert way_out in found.state_detail
    assert types(connection) == ["connection.trouble"]
    notice = Notice.objects.get()  # the admin's; nobody else administers
    assert notice.kind == "connection"
    assert notice.url == f"/a/acme/connections/{connection.pk}/"


def test_each_new_trouble_is_told_again(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    for status in ("suspended", "active", "suspended"):
        sandbox.set_status(status)
        connections.check(connection.pk, actor=by_admin, at=NOON)

    assert types(connection) == [
        "connection.trouble",
        "connection.recovered",
        "connection.trouble",
    ]
    assert Notice.objects.count() == 2


def test_a_check_without_an_answer_changes_nothing(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.3
    sandbox.fault("status", status=503)

    with pytest.raises(CarrierUnavailable):
        connections.check(connection.pk, actor=by_admin, at=NOON + timedelta(hours=1))

    connection.refresh_from_db()
    assert (connection.state, connection.checked_at) == (ConnectionState.ACTIVE, NOON)


def refusal(connection: Connection) -> CarrierError:
    """What a call with the stored token raises."""
    with pytest.raises(CarrierError) as error:
        Carrier(connection.sid, connection.auth_token).numbers.page()
    return error.value


def test_a_refused_call_shows_on_the_connection(
    connection: Connection, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()

    connections.note_trouble(connection.pk, error=refusal(connection), at=NOON)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.SUSPENDED


def test_a_refusal_of_an_old_token_does_not_count_against_the_new_one(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    token = sandbox.revoke_token()
    error = refusal(connection)
    connections.replace_token(connection.pk, token=token, actor=by_admin, at=NOON)

    connections.note_trouble(connection.pk, error=error, at=NOON)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE


def test_a_refusal_stands_when_twilio_cannot_be_asked_again(
    connection: Connection, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.3
    sandbox.fault("status", status=503)

    connections.note_trouble(connection.pk, error=CarrierAuthFailed("Refused."), at=NOON)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.AUTH_FAILED


def test_a_slow_finding_does_not_undo_what_a_later_check_has_found(
    connection: Connection,
    by_admin: Actor,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker has asked, somebody mends it and checks, and then the worker writes down."""
    sandbox.suspend()
    error = refusal(connection)
    look = connections._look

    def look_slowly(seen: Connection) -> connections._Finding:
        found = look(seen)
        monkeypatch.setattr(connections, "_look", look)
        sandbox.set_status("active")
        mended_at = NOON + timedelta(seconds=5)
        connections.check(connection.pk, actor=by_admin, at=mended_at)
        return found

    monkeypatch.setattr(connections, "_look", look_slowly)
    connections.note_trouble(connection.pk, error=error, at=NOON + timedelta(seconds=1))

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert types(connection) == []


def test_an_error_that_says_nothing_about_the_connection_leaves_it_alone(
    connection: Connection, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()

    connections.note_trouble(connection.pk, error=CarrierUnavailable("Slow."), at=NOON)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert sandbox.requests() == []


# --- The schedule ----------------------------------------------------------------------------


def test_a_schedule_sets_the_next_time_and_off_takes_it_away(
    connection: Connection, by_admin: Actor
) -> None:
    hourly = connections.schedule_refresh(connection.pk, every="hourly", actor=by_admin, at=NOON)
    assert hourly.next_refresh_at == NOON + timedelta(hours=1)

    off = connections.schedule_refresh(connection.pk, every="off", actor=by_admin, at=NOON)
    assert off.next_refresh_at is None

    connections.schedule_refresh(connection.pk, every="off", actor=by_admin, at=NOON)
    assert types(connection) == ["connection.refresh_scheduled"] * 2


def test_an_unknown_schedule_is_refused(connection: Connection, by_admin: Actor) -> None:
    with pytest.raises(Invalid) as error:
        connections.schedule_refresh(connection.pk, every="often", actor=by_admin, at=NOON)

    assert list(error.value.errors) == ["every"]


def test_a_refresh_that_is_due_starts_once_and_moves_on(acme: Account) -> None:
    connection = ConnectionFactory.create(account=acme, hourly=True)
    much_later = NOON + timedelta(hours=30)

    run = refreshes.refresh_on_schedule(connection.pk, actor=SYSTEM, at=much_later)
    with pytest.raises(NotDue):
        refreshes.refresh_on_schedule(connection.pk, actor=SYSTEM, at=much_later)

    assert run.is_scheduled
    assert Import.objects.count() == 1
    connection.refresh_from_db()
    # A missed day is not made up for.
    assert connection.next_refresh_at == much_later + timedelta(hours=1)


def test_a_refresh_on_schedule_joins_the_import_that_runs(acme: Account) -> None:
    connection = ConnectionFactory.create(account=acme, hourly=True)
    running = ImportFactory.create(connection=connection)

    assert refreshes.refresh_on_schedule(connection.pk, actor=SYSTEM, at=NOON) == running


def test_a_broken_connection_is_not_refreshed_on_schedule(acme: Account) -> None:
    connection = ConnectionFactory.create(
        account=acme, hourly=True, state=ConnectionState.AUTH_FAILED
    )

    with pytest.raises(NotDue):
        refreshes.refresh_on_schedule(connection.pk, actor=SYSTEM, at=NOON)
    connection.refresh_from_db()
    assert connection.refresh_every == RefreshEvery.HOURLY
