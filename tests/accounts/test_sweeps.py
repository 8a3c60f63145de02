"""A row that fails in a sweep neither holds up the others nor is tried at once for ever."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts import tasks
from accounts.models import Account, Job, Postponed
from accounts.services import retention, sweeps
from accounts.services.sweeps import FIRST_WAIT, LONGEST_WAIT
from accounts.tasks import BATCH, for_each
from config.errors import Blocked, Blocker, NotDue
from numbers import tasks as numbers_tasks
from numbers.models import CarrierTask
from numbers.services import carrier_tasks
from numbers.states import TaskKind
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    JobFactory,
    PhoneNumberFactory,
)
from tests.strangers import Killed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

MINUTE = timedelta(minutes=1)


def due() -> object:
    """Rows that stay due whatever happens to them, the first one always first."""
    return Job.objects.order_by("pk")


def sweep(step: object) -> int:
    return for_each(due(), step, "row")  # type: ignore[arg-type]


def test_a_batch_of_rows_that_always_fail_does_not_starve_the_others(
    acme: Account, noon: time_machine.Traveller
) -> None:
    rows = [job.pk for job in JobFactory.create_batch(BATCH + 100, account=acme)]
    poisoned, good = set(rows[:BATCH]), set(rows[BATCH:])
    done: set[int] = set()

    def step(pk: int) -> None:
        if pk in poisoned:
            raise ZeroDivisionError
        done.add(pk)

    first = sweep(step)
    second = sweep(step)

    assert (first, second) == (0, len(good))
    assert done == good


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), Blocked([Blocker("shut", "The gate is shut.")])]
)
def test_one_row_of_many_that_always_fails_is_tried_less_and_less_often(
    acme: Account, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(tasks, "BATCH", 10)
    poison, *good = (job.pk for job in JobFactory.create_batch(30, account=acme))
    tried: Counter[int] = Counter()

    def step(pk: int) -> None:
        tried[pk] += 1
        if pk == poison:
            raise error

    for _ in range(60):  # an hour of sweeps
        sweep(step)
        noon.shift(MINUTE)

    assert 5 <= tried[poison] <= 7
    assert min(tried[pk] for pk in good[:9]) == 60


def test_a_row_that_kills_its_worker_is_pushed_back_as_well(
    acme: Account, noon: time_machine.Traveller
) -> None:
    poison, good = (job.pk for job in JobFactory.create_batch(2, account=acme))
    done: list[int] = []

    def step(pk: int) -> None:
        if pk == poison:
            raise Killed
        done.append(pk)

    for _ in range(2):
        with pytest.raises(Killed):
            sweep(step)
    sweep(step)

    assert done == [good]


def test_a_worker_that_died_once_over_a_row_costs_it_nothing(acme: Account) -> None:
    (row,) = (job.pk for job in JobFactory.create_batch(1, account=acme))
    ends = iter([Killed(), None])

    def step(pk: int) -> None:
        if end := next(ends):
            raise end

    with pytest.raises(Killed):
        sweep(step)

    assert sweep(step) == 1
    assert not Postponed.objects.filter(row_id=row).exists()


def test_a_row_is_pushed_back_before_its_failure_is_logged(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JobFactory.create(account=acme)
    seen: list[object] = []
    monkeypatch.setattr(
        tasks.logger,
        "exception",
        lambda *_: seen.append(Postponed.objects.values_list("until", "error").get(row_id=job.pk)),
    )

    def step(pk: int) -> None:
        raise ZeroDivisionError("by nought")

    sweep(step)

    assert seen == [(NOON + FIRST_WAIT, "ZeroDivisionError('by nought')")]


def test_somebody_faster_is_no_failure(acme: Account) -> None:
    JobFactory.create(account=acme)

    def step(pk: int) -> None:
        raise NotDue("Somebody works on it.")

    assert sweep(step) == 0
    assert not Postponed.objects.exists()


def test_waits_double_up_to_an_hour() -> None:
    waits = [sweeps.wait_after(failures) for failures in (0, 1, 2, 3, 6, 7, 1_000)]

    assert waits == [
        timedelta(0), FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 32 * FIRST_WAIT, LONGEST_WAIT,
        LONGEST_WAIT,
    ]  # fmt: skip


def test_what_nobody_needs_any_more_is_forgotten() -> None:
    Postponed.objects.create(what="row", row_id=1, until=NOON - timedelta(days=7, minutes=1))
    kept = Postponed.objects.create(what="row", row_id=2, until=NOON - timedelta(days=6))

    retention.prune(at=NOON)

    assert list(Postponed.objects.all()) == [kept]


def test_a_task_at_twilio_that_breaks_our_code_holds_up_no_other_and_does_not_spin(
    acme: Account, noon: time_machine.Traveller
) -> None:
    """The queue's own loop (``queue_the_rest``) must not queue it at once for ever either."""
    connection = ConnectionFactory.create(account=acme)
    number = PhoneNumberFactory.create(
        account=acme, connection=connection, releasing=True, sid="PN-not-a-sid"
    )
    task = CarrierTaskFactory.create(number=number, kind=TaskKind.RELEASE, due_at=NOON)

    for _ in range(60):
        numbers_tasks.work_carrier_tasks()
        noon.shift(MINUTE)

    task.refresh_from_db()
    assert task.attempts <= 7
    assert not OrmQ.objects.exists()
    CarrierTask.objects.update(due_at=NOON)
    carrier_tasks.queue_the_rest(timezone.now())
    assert not OrmQ.objects.exists()


def test_support_sees_what_fails_again_and_again(acme: Account, support_client: Client) -> None:
    sweeps.begin("payment", 7, failures=0, at=NOON)
    sweeps.failed("payment", 7, failures=0, error="Boom", at=NOON)

    html = support_client.get("/admin/accounts/postponed/").content.decode()

    assert "payment" in html
    assert "Boom" in html


def test_every_sweep_goes_through_its_rows_in_the_one_way(root: Path) -> None:
    """No loop of its own in a tasks module: ``for_each`` is the only one."""
    loops = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in root.glob("*/tasks.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.For | ast.While | ast.ListComp | ast.GeneratorExp)
    ]

    assert len(loops) == 1
    assert loops[0].startswith("accounts/tasks.py")
