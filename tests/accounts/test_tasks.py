"""The worker's doorways: one bad row does not hold up the others, and old rows go."""

from __future__ import annotations

import logging

import pytest

from accounts import tasks
from accounts.models import Job
from config.errors import NotDue
from tests.factories import JobFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_one_bad_row_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    early, bad, good = (each.pk for each in JobFactory.create_batch(3))
    done = []

    def step(pk: int) -> None:
        if pk == early:
            raise NotDue("Too early.")
        if pk == bad:
            raise ZeroDivisionError
        done.append(pk)

    with caplog.at_level(logging.INFO):
        count = tasks.for_each(Job.objects.order_by("pk"), step, "row")

    assert (count, done) == (1, [good])
    assert [record.getMessage() for record in caplog.records] == [
        f"row {early} left alone: not_due",
        f"row {bad} failed",
    ]
