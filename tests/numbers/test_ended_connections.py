"""Subaccounts that are closed at Twilio or detached by support: numbers go, history stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.actor import SYSTEM, Actor
from accounts.actors import support
from accounts.models import Account, Event, Notice, User
from accounts.services import job_items, jobs
from accounts.states import JobState
from carrier import CarrierAuthFailed, NotFound, carrier_for
from config.errors import Blocked, DomainError, Forbidden, Invalid, NotDue
from licensing.models import GracePeriod
from licensing.services import grace
from licensing.standing import standing
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import bulk, connections, departures, exclusion, imports, release
from numbers.services.bulk import Selection
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _patient_with_nobody(settings: Any) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2


@pytest.fixture
def by_support(support_user: User) -> Actor:
    return support(support_user, reason="The customer moved to another company.")


@pytest.fixture
def support_user(db: None) -> User:
    return User.objects.create_user("staff@example.com", is_staff=True)


def go(connection: Connection) -> None:
    """What the worker does once the connection has ended."""
    departures.let_go(connection.pk)


def reason_of(number: PhoneNumber) -> str:
    return Event.objects.about("number", number.pk)[0].summary


@pytest.fixture
def every_kind(connection: Connection) -> dict[str, PhoneNumber]:
    """A number of the connection in each state, with what waits for Twilio."""
    agent = AgentFactory.create(account=connection.account, name="Ada")
    traits: dict[str, dict[str, Any]] = {
        "held": {},
        "assigned": {"agent": agent},
        "excluded": {"excluded": True},
        "releasing": {"releasing": True},
        "released": {"released": True},
        "restoring": {"restoring": True},
        "missing": {"missing": True},
        "gone": {"gone": True},
    }
    numbers = {
        name: PhoneNumberFactory.create(account=connection.account, connection=connection, **fields)
        for name, fields in traits.items()
    }
    CarrierTaskFactory.create(number=numbers["releasing"], kind=TaskKind.RELEASE)
    CarrierTaskFactory.create(number=numbers["restoring"], kind=TaskKind.RESTORE)
    CarrierTaskFactory.create(number=numbers["held"], kind=TaskKind.PUT_BACK)
    CarrierTaskFactory.create(
        number=numbers["released"], kind=TaskKind.RESTORE, state=TaskState.NEEDS_PERSON
    )
    return numbers


AFTERWARDS = {
    "held": NumberState.MISSING,
    "assigned": NumberState.MISSING,
    "excluded": NumberState.EXCLUDED,
    "releasing": NumberState.MISSING,
    "released": NumberState.RELEASED,
    "restoring": NumberState.RELEASED,
    "missing": NumberState.MISSING,
    "gone": NumberState.GONE,
}


# --- Closed --------------------------------------------------------------------------------------


def test_the_numbers_of_a_closed_subaccount_are_missing_and_take_no_license(
    connection: Connection,
    every_kind: dict[str, PhoneNumber],
    by_admin: Actor,
    admin: User,
    sandbox: SandboxProcess,
) -> None:
    sandbox.close()

    connections.check(connection.pk, actor=by_admin, at=NOON)
    go(connection)

    for number in every_kind.values():
        number.refresh_from_db()
    assert {name: number.state for name, number in every_kind.items()} == AFTERWARDS
    assert standing(connection.account_id, at=NOON).held == 0
    assert not CarrierTask.objects.unfinished().exists()
    assert every_kind["excluded"].unlisted_at is not None
    assert every_kind["assigned"].before_release["agent"] == "Ada"
    for name in ("held", "assigned", "releasing", "restoring", "excluded"):
        assert "closed at Twilio" in reason_of(every_kind[name])
    notice = Notice.objects.get(user=admin)
    assert "missing here and take no license" in notice.body


def test_a_person_closes_the_file_or_the_number_is_found_elsewhere(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    one, other = PhoneNumberFactory.create_batch(
        2, account=connection.account, connection=connection
    )
    made = sandbox.add_account("West")
    sandbox.close()
    connections.check(connection.pk, actor=by_admin, at=timezone.now())
    go(connection)
    west = connections.connect(
        connection.account_id,
        sid=made["sid"],
        token=made["auth_token"],
        actor=by_admin,
        at=timezone.now(),
    )
    sandbox.add_numbers(numbers=[{"phone_number": one.e164}], account=west.sid)

    run = imports.request_import(west.pk, actor=by_admin, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    exclusion.mark_gone(other.pk, actor=by_admin, at=timezone.now())

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, one.connection) == (NumberState.HELD, west)
    assert other.state == NumberState.GONE


def test_a_suspended_subaccount_keeps_its_numbers(
    connection: Connection,
    every_kind: dict[str, PhoneNumber],
    by_admin: Actor,
    sandbox: SandboxProcess,
) -> None:
    sandbox.suspend()

    connections.check(connection.pk, actor=by_admin, at=NOON)
    go(connection)
    tasks.sweep()

    every_kind["held"].refresh_from_db()
    assert every_kind["held"].state == NumberState.HELD


def test_a_suspended_subaccount_that_is_closed_then_is_told_too(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()
    connections.check(connection.pk, actor=by_admin, at=NOON)
    sandbox.close()

    connections.check(connection.pk, actor=by_admin, at=LATER)

    assert Notice.objects.filter(kind="connection").count() == 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_alone_does_not_prove_that_a_subaccount_is_closed(
    connection: Connection,
    every_kind: dict[str, PhoneNumber],
    by_admin: Actor,
    sandbox: SandboxProcess,
    status: int,
) -> None:
    sandbox.fault("status", status=status)

    connections.check(connection.pk, actor=by_admin, at=NOON)
    connections.note_trouble(connection.pk, error=NotFound("No."), at=NOON)
    go(connection)
    tasks.sweep()

    connection.refresh_from_db()
    every_kind["held"].refresh_from_db()
    assert connection.state in (ConnectionState.AUTH_FAILED, ConnectionState.SUSPENDED)
    assert every_kind["held"].state == NumberState.HELD


def test_a_closed_subaccount_that_twilio_has_deleted_stays_closed(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.close()
    connections.check(connection.pk, actor=by_admin, at=NOON)
    sandbox.fault("status", status=401)

    connections.note_trouble(connection.pk, error=CarrierAuthFailed("No."), at=LATER)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.CLOSED
    assert Event.objects.filter(type="connection.trouble").count() == 1


def test_an_import_that_meets_the_closing_lets_the_numbers_go(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    number = PhoneNumberFactory.create(account=connection.account, connection=connection)
    run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    sandbox.close()

    imports.work(run.job_id)
    go(connection)

    number.refresh_from_db()
    run.job.refresh_from_db()
    assert (run.job.state, number.state) == (JobState.FAILED, NumberState.MISSING)


def test_a_lost_task_is_made_up_for_by_the_sweep_which_changes_nothing_twice(
    connection: Connection,
    every_kind: dict[str, PhoneNumber],
    by_admin: Actor,
    sandbox: SandboxProcess,
) -> None:
    sandbox.close()
    connections.check(connection.pk, actor=by_admin, at=NOON)

    tasks.sweep()
    events = Event.objects.count()
    tasks.sweep()

    every_kind["held"].refresh_from_db()
    assert every_kind["held"].state == NumberState.MISSING
    assert Event.objects.count() == events
    assert not departures.left_behind().exists()


def test_many_numbers_go_in_slices(
    connection: Connection, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    PhoneNumberFactory.create_batch(5, account=connection.account, connection=connection)
    Connection.objects.update(state=ConnectionState.CLOSED)
    monkeypatch.setattr(departures, "BATCH", 2)

    seen = []
    while departures.left_behind().exists():
        departures.let_go(connection.pk, seconds=0)
        seen.append(PhoneNumber.objects.filter(state=NumberState.MISSING).count())

    assert seen == [2, 4, 5]
    assert Event.objects.filter(type="number.missing").count() == 5


def test_a_bulk_release_ends_when_its_subaccount_does(
    connection: Connection, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job waits for Twilio's word on each number, and there will be none."""
    numbers = PhoneNumberFactory.create_batch(3, account=connection.account, connection=connection)
    job = bulk.start(
        connection.account_id,
        action="release",
        selection=Selection(ids=[number.pk for number in numbers]),
        params={},
        actor=by_admin,
        at=NOON,
    )
    job_items.work(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SETTLING
    Connection.objects.update(state=ConnectionState.CLOSED)

    for _ in range(10):  # a slice of no time each
        departures.let_go(connection.pk, seconds=0)

    job.refresh_from_db()
    assert (job.state, job.result["failed"]) == (JobState.DONE, 3)
    assert {item.code for item in job.items.all()} == {"connection_ended"}
    assert not CarrierTask.objects.unfinished().exists()
    assert not departures.left_behind().exists()


def test_a_closed_subaccount_settles_a_grace_period(
    connection: Connection, by_admin: Actor
) -> None:
    PhoneNumberFactory.create_batch(11, account=connection.account, connection=connection)
    grace.import_completed(connection.account_id, actor=SYSTEM, at=NOON)
    Connection.objects.update(state=ConnectionState.CLOSED)

    go(connection)

    assert GracePeriod.objects.get().settled_at is not None


# --- Detached by support -------------------------------------------------------------------------


def test_support_detaches_a_subaccount_and_its_numbers_go_missing(
    connection: Connection,
    every_kind: dict[str, PhoneNumber],
    by_support: Actor,
    admin: User,
    sandbox: SandboxProcess,
) -> None:
    Connection.objects.update(refresh_every="hourly", next_refresh_at=NOON)

    connections.detach(connection.pk, actor=by_support, at=NOON)
    go(connection)

    connection.refresh_from_db()
    for number in every_kind.values():
        number.refresh_from_db()
    assert (connection.state, connection.auth_token) == (ConnectionState.DETACHED, "")
    assert connection.next_refresh_at is None
    assert {name: number.state for name, number in every_kind.items()} == AFTERWARDS
    told = Event.objects.get(type="connection.detached")
    assert (told.actor_label, told.reason) == (by_support.label, by_support.reason)
    about_it = Event.objects.about("number", every_kind["held"].pk)[0]
    assert (about_it.actor_label, about_it.reason) == (by_support.label, by_support.reason)
    assert Notice.objects.get(user=admin).title == "Acme: detached by support"
    assert {row["method"] for row in sandbox.requests()} <= {"GET"}


def test_only_support_detaches_and_only_with_a_reason(
    connection: Connection, by_owner: Actor, by_support: Actor
) -> None:
    with pytest.raises(Forbidden):
        connections.detach(connection.pk, actor=by_owner, at=NOON)
    with pytest.raises(Invalid) as error:
        connections.detach(connection.pk, actor=replace(by_support, reason=" "), at=NOON)

    assert list(error.value.errors) == ["reason"]
    connections.detach(connection.pk, actor=by_support, at=NOON)
    with pytest.raises(NotDue):
        connections.detach(connection.pk, actor=by_support, at=NOON)


def test_a_detached_connection_is_neither_checked_nor_mended_nor_refreshed(
    connection: Connection, by_support: Actor, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    connections.detach(connection.pk, actor=by_support, at=NOON)
    sandbox.clear_requests()
    acts: list[Callable[[], object]] = [
        lambda: connections.check(connection.pk, actor=by_admin, at=NOON),
        lambda: connections.replace_token(
            connection.pk, token=sandbox.acme_token, actor=by_admin, at=NOON
        ),
        lambda: connections.schedule_refresh(
            connection.pk, every="hourly", actor=by_admin, at=NOON
        ),
    ]

    for act in acts:
        with pytest.raises(Blocked) as refused:
            act()
        assert refused.value.blockers[0].code == "connection_detached"
    with pytest.raises(Blocked):
        imports.request_import(connection.pk, actor=by_admin, at=NOON)
    connections.note_trouble(connection.pk, error=CarrierAuthFailed("No."), at=NOON)
    assert sandbox.requests() == []


def test_a_task_of_a_detached_connection_asks_twilio_nothing(
    connection: Connection, by_support: Actor, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    number = PhoneNumberFactory.create(account=connection.account, connection=connection)
    release.release(number.pk, actor=by_admin, at=timezone.now())
    connections.detach(connection.pk, actor=by_support, at=timezone.now())
    sandbox.clear_requests()

    tasks.work_carrier_tasks()
    go(connection)

    number.refresh_from_db()
    assert number.state == NumberState.MISSING
    assert sandbox.requests() == []


def test_a_task_of_a_closed_connection_asks_twilio_nothing(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    number = PhoneNumberFactory.create(account=connection.account, connection=connection)
    release.release(number.pk, actor=by_admin, at=timezone.now())
    Connection.objects.update(state=ConnectionState.CLOSED)

    tasks.work_carrier_tasks()

    assert sandbox.requests() == []


def test_an_import_that_runs_while_its_connection_is_detached_stores_nothing_more(
    connection: Connection, by_support: Actor, by_admin: Actor
) -> None:
    run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None
    page = carrier_for(connection).numbers.page()
    connections.detach(connection.pk, actor=by_support, at=timezone.now())

    with pytest.raises(DomainError, match="detached by support"):
        imports.store_page(job, run, page, asked_at=timezone.now())

    assert not PhoneNumber.objects.exists()


# --- One subaccount, one account -----------------------------------------------------------------


@pytest.fixture
def second(db: None) -> Account:
    return subscribed(slug="second", name="Second Company")


def test_a_second_account_that_proves_the_token_is_told_so_without_a_name(
    connection: Connection, second: Account, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid, match="connected to another account here") as error:
        connections.connect(
            second.pk, sid=sandbox.acme_sid, token=sandbox.acme_token, actor=SYSTEM, at=NOON
        )

    assert list(error.value.errors) == ["sid"]
    assert "acme" not in error.value.message.lower()
    assert Connection.objects.count() == 1


def test_who_cannot_prove_the_token_learns_nothing_about_other_accounts(
    connection: Connection, second: Account, sandbox: SandboxProcess
) -> None:
    with pytest.raises(Invalid, match="does not accept this token") as error:
        connections.connect(second.pk, sid=sandbox.acme_sid, token="0" * 32, actor=SYSTEM, at=NOON)

    assert list(error.value.errors) == ["token"]


def test_after_support_detached_it_the_second_account_connects_afresh(
    connection: Connection,
    second: Account,
    by_admin: Actor,
    by_support: Actor,
    sandbox: SandboxProcess,
) -> None:
    first_run = imports.request_import(
        connection.pk, actor=by_admin, at=timezone.now(), queue=False
    )
    imports.work(first_run.job_id)
    events = Event.objects.filter(account=connection.account).count()
    connections.detach(connection.pk, actor=by_support, at=timezone.now())
    go(connection)

    made = connections.connect(
        second.pk, sid=sandbox.acme_sid, token=sandbox.acme_token, actor=SYSTEM, at=timezone.now()
    )
    run = imports.request_import(made.pk, actor=SYSTEM, at=timezone.now(), queue=False)
    imports.work(run.job_id)

    assert second.numbers.held().count() == 27
    assert connection.account.numbers.filter(state=NumberState.MISSING).count() == 27
    assert Event.objects.filter(account=connection.account).count() > events


def test_the_first_account_can_connect_it_again_and_its_numbers_come_back(
    connection: Connection, by_admin: Actor, by_support: Actor, sandbox: SandboxProcess
) -> None:
    run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    connections.detach(connection.pk, actor=by_support, at=timezone.now())
    go(connection)

    made = connections.connect(
        connection.account_id,
        sid=sandbox.acme_sid,
        token=sandbox.acme_token,
        actor=by_admin,
        at=timezone.now(),
    )
    again = imports.request_import(made.pk, actor=by_admin, at=timezone.now(), queue=False)
    imports.work(again.job_id)

    assert made.numbers.held().count() == 27
    again.job.refresh_from_db()
    assert again.job.result["came_back"] == 27


def test_what_waits_through_an_ended_connection_does_not_keep_the_workers_busy(
    connection: Connection,
) -> None:
    """Whoever let its numbers go was killed: each run of the tasks queued the next one at once."""
    number = PhoneNumberFactory.create(
        account=connection.account, connection=connection, missing=True
    )
    CarrierTaskFactory.create(number=number, kind=TaskKind.PUT_BACK)
    Connection.objects.update(state=ConnectionState.DETACHED)

    tasks.work_carrier_tasks()

    assert not OrmQ.objects.exists()
