"""Connections that two people touch at the same instant, on PostgreSQL."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import Event
from numbers.models import Connection, Import
from numbers.services import connections, refreshes
from numbers.states import ConnectionState
from tests.factories import NOON, ConnectionFactory, subscribed
from tests.races import at_once
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
