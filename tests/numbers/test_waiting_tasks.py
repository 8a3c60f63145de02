"""What waits for Twilio hears of a mended connection, and anybody who may can have it tried now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from accounts.actor import Actor
from accounts.models import Account, Postponed
from carrier import CarrierAuthFailed, CarrierUnavailable
from config.errors import Blocked, Forbidden, NotDue
from numbers.models import CarrierTask, Connection
from numbers.services import carrier_steps, carrier_tasks, connections
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import NOON, CarrierTaskFactory, ConnectionFactory, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

LATER = NOON + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def _patient_with_nobody(settings: Any) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2


@pytest.fixture
def task(connection: Connection) -> CarrierTask:
    """A release whose next attempt is an hour away."""
    number = PhoneNumberFactory.create(
        account=connection.account, connection=connection, releasing=True
    )
    waiting: CarrierTask = CarrierTaskFactory.create(
        number=number, attempts=7, due_at=NOON + timedelta(hours=1), error_code="x", error="No."
    )
    return waiting


def claim(task: CarrierTask, *, at: Any) -> CarrierTask:
    """The task in the hands of a worker that asks Twilio right now."""
    CarrierTask.objects.filter(pk=task.pk).update(
        claimed_until=at + carrier_tasks.CLAIM, attempts=task.attempts + 1
    )
    task.refresh_from_db()
    return task


def is_due(task: CarrierTask, at: Any) -> bool:
    return CarrierTask.objects.due(at).filter(pk=task.pk).exists()


@pytest.mark.parametrize("noticed", [True, False])
def test_a_replaced_token_wakes_what_waits(
    connection: Connection,
    task: CarrierTask,
    by_admin: Actor,
    sandbox: SandboxProcess,
    noticed: bool,
) -> None:
    token = sandbox.revoke_token()
    if noticed:
        connections.check(connection.pk, actor=by_admin, at=NOON)
    Postponed.objects.create(
        what=CarrierTask.SWEPT_AS, row_id=task.pk, failures=3, until=LATER + timedelta(hours=1)
    )
    OrmQ.objects.all().delete()

    connections.replace_token(connection.pk, token=token, actor=by_admin, at=LATER)

    assert is_due(task, LATER)
    assert not Postponed.objects.exists()  # an error of ours, which the sweep waits with
    assert [queued.task["func"] for queued in OrmQ.objects.all()][:1] == [
        "numbers.tasks.work_carrier_tasks"
    ]


def test_a_subaccount_that_works_again_wakes_what_waits(
    connection: Connection, task: CarrierTask, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()
    connections.check(connection.pk, actor=by_admin, at=NOON)
    sandbox.set_status("active")

    connections.check(connection.pk, actor=by_admin, at=LATER)

    assert is_due(task, LATER)


def test_a_check_that_finds_nothing_new_wakes_nothing(
    connection: Connection, task: CarrierTask, by_admin: Actor
) -> None:
    connections.check(connection.pk, actor=by_admin, at=LATER)

    assert not is_due(task, LATER)


def test_what_waits_for_another_connection_or_for_a_person_sleeps_on(
    connection: Connection, acme: Account, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    elsewhere = CarrierTaskFactory.create(
        number=PhoneNumberFactory.create(
            account=acme, connection=ConnectionFactory.create(account=acme), releasing=True
        ),
        due_at=NOON + timedelta(hours=1),
    )
    person = CarrierTaskFactory.create(
        number=PhoneNumberFactory.create(account=acme, connection=connection, releasing=True),
        state=TaskState.NEEDS_PERSON,
        due_at=NOON + timedelta(hours=1),
    )

    token = sandbox.revoke_token()
    connections.replace_token(connection.pk, token=token, actor=by_admin, at=LATER)

    person.refresh_from_db()
    assert not is_due(elsewhere, LATER)
    assert person.state == TaskState.NEEDS_PERSON


def test_an_attempt_with_the_old_token_that_ends_late_does_not_put_it_to_sleep_again(
    connection: Connection, task: CarrierTask, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    working = claim(task, at=LATER)
    token = sandbox.revoke_token()
    connections.replace_token(connection.pk, token=token, actor=by_admin, at=LATER)
    assert not is_due(task, LATER)  # nobody else takes it while that attempt runs
    OrmQ.objects.all().delete()

    carrier_tasks._wait(working, CarrierAuthFailed("Old token."), at=LATER)

    assert is_due(task, LATER)
    assert OrmQ.objects.count() == 1


def test_an_attempt_that_outlived_its_claim_says_nothing(
    connection: Connection, task: CarrierTask
) -> None:
    slow = claim(task, at=NOON)
    CarrierTask.objects.update(claimed_until=LATER + carrier_tasks.CLAIM)  # another worker has it

    carrier_tasks._wait(slow, CarrierUnavailable("Slow."), at=LATER)
    carrier_tasks._refused(slow, CarrierUnavailable("Slow."), at=LATER)
    carrier_tasks._done(slow, carrier_steps.Answer(), carrier_steps._released, at=LATER)

    task.refresh_from_db()
    task.number.refresh_from_db()
    assert (task.state, task.error) == (TaskState.PENDING, "No.")
    assert task.number.state == NumberState.RELEASING


def test_a_call_that_goes_through_shows_that_the_connection_works_again(
    connection: Connection, task: CarrierTask
) -> None:
    Connection.objects.update(state=ConnectionState.SUSPENDED)

    carrier_tasks.work(task.pk, at=task.due_at)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE


def test_whoever_does_not_want_to_wait_has_it_tried_now(task: CarrierTask, by_admin: Actor) -> None:
    carrier_tasks.try_again(task.pk, actor=by_admin, at=LATER)

    assert is_due(task, LATER)
    assert OrmQ.objects.count() == 1


def test_trying_now_does_not_take_the_task_from_a_worker_that_has_it(
    task: CarrierTask, by_admin: Actor
) -> None:
    claim(task, at=NOON + timedelta(minutes=2))

    carrier_tasks.try_again(task.pk, actor=by_admin, at=LATER)

    assert not is_due(task, LATER)


def test_a_restore_that_waits_can_be_tried_now(acme: Account, by_admin: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme, restoring=True)
    task = CarrierTaskFactory.create(
        number=number, kind=TaskKind.RESTORE, due_at=NOON + timedelta(hours=1)
    )

    carrier_tasks.try_again(task.pk, actor=by_admin, at=LATER)

    assert is_due(task, LATER)


def test_what_waits_for_a_broken_connection_says_where_to_mend_it(
    connection: Connection, task: CarrierTask, by_admin: Actor
) -> None:
    Connection.objects.update(state=ConnectionState.AUTH_FAILED)

    with pytest.raises(Blocked) as refused:
        carrier_tasks.try_again(task.pk, actor=by_admin, at=LATER)

    assert refused.value.blockers[0].fix == "numbers:connection"


@pytest.mark.parametrize("state", [TaskState.DONE, TaskState.DROPPED])
def test_what_is_over_is_not_tried_again(
    task: CarrierTask, by_admin: Actor, state: TaskState
) -> None:
    CarrierTask.objects.update(state=state)

    with pytest.raises(NotDue):
        carrier_tasks.try_again(task.pk, actor=by_admin, at=LATER)


def test_who_may_not_act_on_numbers_has_nothing_tried(task: CarrierTask, by_member: Actor) -> None:
    with pytest.raises(Forbidden):
        carrier_tasks.try_again(task.pk, actor=by_member, at=LATER)


def test_a_waiting_task_tells_nobody_to_try_again(
    connection: Connection, task: CarrierTask, owner_client: Client, sandbox: SandboxProcess
) -> None:
    CarrierTask.objects.update(due_at=NOON)
    sandbox.fault("status", status=503, times=1_000)

    carrier_tasks.work(task.pk, at=NOON)

    task.refresh_from_db()
    page = owner_client.get(f"/a/acme/numbers/{task.number_id}/").content.decode()
    assert task.state == TaskState.PENDING
    assert task.error == "Twilio has a problem of its own (HTTP 503)."
    assert "Twilio did not answer as hoped: Twilio has a problem of its own (HTTP 503)." in page
    assert "Try again in a few minutes" not in page


def test_who_has_just_pressed_a_button_is_told_to_try_again(
    connection: Connection, owner_client: Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=503, times=1_000)

    page = owner_client.post(f"/a/acme/connections/{connection.pk}/check/", follow=True)

    assert "Try again in a few minutes." in page.content.decode()
