"""The schedule table says what the code says, and each scheduled task exists."""

from __future__ import annotations

from datetime import timedelta
from pydoc import locate

import pytest
import time_machine
from django.core.management import call_command
from django_q.models import Schedule, Task

from config import jobs
from config.jobs import SCHEDULES
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_scheduled_task_exists(name: str) -> None:
    path, minutes = SCHEDULES[name]

    assert callable(locate(path))
    assert minutes >= 1


def test_syncing_twice_leaves_one_row_for_each_schedule() -> None:
    call_command("sync_schedules")
    call_command("sync_schedules")

    table = {row.name: (row.func, row.minutes, row.args) for row in Schedule.objects.all()}
    assert Schedule.objects.count() == len(SCHEDULES)
    assert table == {name: (*facts, None) for name, facts in SCHEDULES.items()}


def test_syncing_repairs_removes_and_keeps_the_next_run() -> None:
    call_command("sync_schedules")
    kept = Schedule.objects.get(name="licensing.sweep")
    Schedule.objects.filter(pk=kept.pk).update(minutes=99, next_run=NOON)
    Schedule.objects.create(name="licensing.sweep", func="x.y")
    Schedule.objects.create(name="removed.sweep", func="x.y")

    call_command("sync_schedules")

    repaired = Schedule.objects.get(name="licensing.sweep")
    assert (repaired.pk, repaired.minutes, repaired.next_run) == (kept.pk, 1, NOON)
    assert not Schedule.objects.filter(func="x.y").exists()


@pytest.mark.parametrize(("succeeded", "days"), [(True, 7), (False, 90)])
def test_records_of_tasks_are_kept_for_a_while(
    noon: time_machine.Traveller, succeeded: bool, days: int
) -> None:
    for number, age in enumerate((days - 1, days + 1)):
        at = NOON - timedelta(days=age)
        Task.objects.create(
            id=str(number), name=str(number), func="x.y", started=at, stopped=at, success=succeeded
        )

    assert jobs.prune_queue() == 1
    assert [task.id for task in Task.objects.all()] == ["0"]
