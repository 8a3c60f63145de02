"""Connections that two people touch at the same instant, on PostgreSQL."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import SYSTEM
from accounts.models import Event
from config.errors import NotDue
from numbers import tasks
from numbers.models import CarrierTask, Connection, Import, PhoneNumber
from numbers.services import carrier_tasks, connections, departures, imports, refreshes
from numbers.services.carrier_tasks import CLAIM
from numbers.states import ConnectionState
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once, while_open
from tests.sandbox_process import SandboxProcess

pytestmark = [
    pytest.mark.process,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
]


def test_a_subaccount_that_two_connect_at_once_is_connected_once(sandbox: SandboxProcess) -> None:
    account = subscribed()

    def connect() -> Connection:
        return connections.connect(
            account.pk, sid=sandbox.acme_sid, token=sandbox.acme_token, actor=SYSTEM, at=NOON
        )

    assert sorted(at_once(connect, connect)) == ["done", "invalid"]
    assert Connection.objects.count() == 1


def test_a_token_that_is_replaced_during_a_check_is_not_judged_by_the_old_one(
    sandbox: SandboxProcess,
) -> None:
    connection = ConnectionFactory.create(
        sid=sandbox.acme_sid, owner_sid=sandbox.main_sid, auth_token=sandbox.acme_token
    )
    token = sandbox.revoke_token()
    sandbox.fault("slow", seconds=1, times=1)  # the answer to the check, which comes first

    def check() -> Any:
        return connections.check(connection.pk, actor=SYSTEM, at=timezone.now())

    def replace() -> Any:
        time.sleep(0.3)
        return connections.replace_token(
            connection.pk, token=token, actor=SYSTEM, at=timezone.now()
        )

    at_once(check, replace)

    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
    assert not Event.objects.filter(type="connection.trouble").exists()


def test_two_sweeps_start_one_scheduled_refresh() -> None:
    connection = ConnectionFactory.create(hourly=True)

    def sweep() -> Import:
        return refreshes.refresh_on_schedule(connection.pk, actor=SYSTEM, at=NOON)

    assert sorted(at_once(sweep, sweep)) == ["done", "not_due"]
    assert Import.objects.count() == 1


def test_two_accounts_that_connect_one_subaccount_at_once_do_not_both_get_it(
    sandbox: SandboxProcess,
) -> None:
    accounts = [subscribed(slug="one"), subscribed(slug="two")]

    outcomes = at_once(
        *(
            lambda pk=account.pk: connections.connect(
                pk, sid=sandbox.acme_sid, token=sandbox.acme_token, actor=SYSTEM, at=NOON
            )
            for account in accounts
        )
    )

    assert sorted(outcomes) == ["done", "invalid"]
    assert Connection.objects.count() == 1


def test_a_subaccount_that_is_detached_while_another_connects_it_has_one_owner(
    sandbox: SandboxProcess,
) -> None:
    first = ConnectionFactory.create(
        sid=sandbox.acme_sid, owner_sid=sandbox.main_sid, auth_token=sandbox.acme_token
    )
    second = subscribed(slug="two")

    outcomes = at_once(
        lambda: connections.detach(first.pk, actor=replace(SYSTEM, reason="Asked."), at=NOON),
        lambda: connections.connect(
            second.pk, sid=sandbox.acme_sid, token=sandbox.acme_token, actor=SYSTEM, at=NOON
        ),
    )

    assert outcomes[0] == "done"
    assert Connection.objects.attached().count() == (outcomes[1] == "done")


def test_an_import_beside_a_detaching_leaves_nothing_held(sandbox: SandboxProcess) -> None:
    connection = ConnectionFactory.create(
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
        auth_token=sandbox.acme_token,
        account=subscribed(),
    )
    run = imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now())

    def detach() -> None:
        connections.detach(connection.pk, actor=replace(SYSTEM, reason="Asked."), at=timezone.now())
        departures.let_go(connection.pk)

    at_once(lambda: imports.work(run.job_id), detach)
    tasks.sweep()

    assert not PhoneNumber.objects.held().exists()


def test_two_that_want_a_task_tried_now_while_a_worker_has_it_change_nothing_twice(
    sandbox: SandboxProcess,
) -> None:
    connection = ConnectionFactory.create(
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
        auth_token=sandbox.acme_token,
        account=subscribed(),
    )
    number = PhoneNumberFactory.create(
        account=connection.account, connection=connection, releasing=True
    )
    task = CarrierTaskFactory.create(number=number)

    def work() -> None:
        carrier_tasks.work(task.pk, at=timezone.now())

    def hurry() -> None:
        carrier_tasks.try_again(task.pk, actor=SYSTEM, at=timezone.now())

    outcomes = at_once(work, work, hurry)

    number.refresh_from_db()
    assert sorted(outcomes[:2]) == ["done", "not_due"]
    assert number.state == "released"
    assert Event.objects.filter(type="number.released").count() == 1


def test_a_worker_that_waits_for_another_to_claim_a_task_does_not_claim_it_as_well() -> None:
    task = CarrierTaskFactory.create(number=PhoneNumberFactory.create(releasing=True))
    now = timezone.now()

    def work() -> None:
        with pytest.raises(NotDue):
            carrier_tasks.work(task.pk, at=now)

    waited = while_open(
        lambda: CarrierTask.objects.filter(pk=task.pk).update(claimed_until=now + CLAIM), work
    )

    task.refresh_from_db()
    assert waited
    assert task.attempts == 0
