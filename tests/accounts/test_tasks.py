"""The worker's doorways: one bad row does not hold up the others, and old rows go."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from accounts import tasks
from accounts.models import IdempotencyKey
from config.errors import NotDue
from tests.factories import NOON, IdempotencyKeyFactory


def test_one_bad_row_does_not_hold_up_the_others(caplog: pytest.LogCaptureFixture) -> None:
    done = []

    def step(pk: int) -> None:
        if pk == 1:
            raise NotDue("Too early.")
        if pk == 2:
            raise ZeroDivisionError
        done.append(pk)

    with caplog.at_level(logging.INFO):
        count = tasks.for_each([1, 2, 3], step, "row")

    assert (count, done) == (1, [3])
    assert [record.getMessage() for record in caplog.records] == [
        "row 1 left alone: not_due",
        "row 2 failed",
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("noon")
def test_answers_for_repeated_requests_are_kept_for_a_day() -> None:
    IdempotencyKeyFactory.create(created_at=NOON - timedelta(hours=24, seconds=1))
    kept = IdempotencyKeyFactory.create(created_at=NOON - timedelta(hours=23))

    tasks.sweep()

    assert list(IdempotencyKey.objects.all()) == [kept]
