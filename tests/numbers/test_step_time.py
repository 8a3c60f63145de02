"""All calls of one step to Twilio end together, well before the queue kills their worker."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.actor import Actor
from carrier import Carrier, CarrierUnavailable, deadline, within
from numbers import tasks
from numbers.models import CarrierTask, Connection
from numbers.services import release
from numbers.states import NumberState, TaskState
from tests.factories import PhoneNumberFactory
from tests.sandbox_process import SandboxProcess


def test_calls_have_the_end_of_the_narrowest_step_around_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("carrier.deadline.time.monotonic", lambda: now)

    with within(30):
        first = deadline.deadline(20)
        now = 115.0
        second = deadline.deadline(20)
        with within(60):
            inner = deadline.deadline(20)
        with within(1):
            narrow = deadline.deadline(20)
    after = deadline.deadline(20)

    assert (first, second, inner, narrow, after) == (120.0, 130.0, 130.0, 116.0, 135.0)


@pytest.mark.django_db
def test_what_finds_no_time_left_is_not_sent(carrier: Carrier, sandbox: SandboxProcess) -> None:
    """A purchase sent with no time to wait for its answer would be a purchase in the dark."""
    sandbox.clear_requests()

    with within(0):
        for ask in (lambda: carrier.numbers.find("+14155550100"), carrier.accounts.fetch):
            with pytest.raises(CarrierUnavailable, match="no time is left"):
                ask()

    assert sandbox.recent_requests() == []


@pytest.mark.django_db
def test_a_restore_whose_time_is_used_up_by_its_first_look_buys_nothing_and_comes_again(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess, settings: Settings
) -> None:  # S1-18
    number = PhoneNumberFactory.create(
        account=connection.account, connection=connection, released_at=timezone.now(),
        state=NumberState.RELEASED,
    )  # fmt: skip
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    settings.TWILIO_STEP_SECONDS = 0.3
    sandbox.fault("slow", seconds=1, times=1)
    sandbox.clear_requests()

    tasks.work_carrier_tasks()

    task = CarrierTask.objects.get()
    assert (task.state, task.error_code) == (TaskState.PENDING, "twilio_unavailable")
    asked: list[dict[str, Any]] = sandbox.recent_requests()
    assert "POST" not in [each["method"] for each in asked]
