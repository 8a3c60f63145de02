"""The door to the queue: a task exists exactly when its transaction committed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django_q.models import OrmQ

from config.jobs import enqueue, oldest_waiting
from tests.factories import NOON

TASK = "accounts.tasks.mail_notices"
ELSEWHERE = {**settings.Q_CLUSTER, "orm": "other"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("queue", [settings.Q_CLUSTER, ELSEWHERE], ids=["same database", "other"])
@pytest.mark.parametrize("committed", [True, False])
def test_a_task_is_queued_only_with_its_transaction(queue: object, committed: bool) -> None:
    with override_settings(Q_CLUSTER=queue), transaction.atomic():
        enqueue(TASK, 7)
        transaction.set_rollback(not committed)

    assert [row.task["args"] for row in OrmQ.objects.all()] == ([(7,)] if committed else [])


@pytest.mark.django_db
def test_a_queue_that_is_elsewhere_hears_of_a_task_after_the_commit() -> None:
    with override_settings(Q_CLUSTER=ELSEWHERE):
        enqueue(TASK)  # the test's own transaction is still open

    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_the_longest_wait_is_that_of_the_oldest_free_task() -> None:
    assert oldest_waiting(NOON) is None

    for minutes in (-2, 3, 8):
        enqueue(TASK)
        OrmQ.objects.filter(pk=OrmQ.objects.latest("pk").pk).update(
            lock=NOON - timedelta(minutes=minutes)
        )

    assert oldest_waiting(NOON) == timedelta(minutes=8)
