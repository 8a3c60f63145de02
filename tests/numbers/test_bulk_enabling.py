"""A bulk job of enabling is done when Twilio has confirmed its last number, and says the truth."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ

from accounts.actor import Actor
from accounts.models import Job
from accounts.services import job_items
from accounts.states import ItemState, JobState
from carrier import carrier_for
from config import clock
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import bulk, carrier_tasks, enabling
from numbers.services.bulk import Selection
from numbers.states import TaskKind, TaskState
from tests.factories import AgentFactory, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(connection: Connection, sandbox: SandboxProcess) -> list[PhoneNumber]:
    """Two numbers, as Twilio has them, that lack nothing to be enabled."""
    agent = AgentFactory.create(account=connection.account)
    return [
        PhoneNumberFactory.create(
            account=connection.account, connection=connection, e164=record.e164, sid=record.sid,
            label="Desk", texts=True, agent=agent, twilio=record.twilio,
        )
        for record in carrier_for(connection).numbers.page().records[:2]
    ]  # fmt: skip


def start(numbers: list[PhoneNumber], action: str, actor: Actor) -> Job:
    job = bulk.start(
        numbers[0].account_id,
        action=action,
        selection=Selection(ids=[number.pk for number in numbers]),
        params={},
        actor=actor,
        at=clock.now(),
    )
    job_items.work(job.pk)
    return job


def tell_jobs() -> None:
    """What the worker does about items whose numbers were decided about otherwise."""
    for queued in OrmQ.objects.order_by("pk"):
        if queued.task["func"] == "numbers.tasks.settle_overtaken":
            tasks.settle_overtaken(*queued.task["args"])


def told(job: Job) -> tuple[str, int, list[tuple[str, str]]]:
    job.refresh_from_db()
    items = job.items.order_by("pk").values_list("state", "code")
    return job.state, job.done, list(items)


def test_it_is_done_when_twilio_has_confirmed_the_last_number(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:  # B2
    job = start(ready, "enable", by_admin)
    decided = told(job)
    tasks.work_carrier_tasks()

    assert decided == (JobState.SETTLING, 0, [(ItemState.STARTED, "")] * 2)
    assert told(job) == (JobState.DONE, 2, [(ItemState.DONE, "")] * 2)


def test_a_number_that_is_disabled_before_twilio_is_told_is_not_called_changed(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:
    job = start(ready, "enable", by_admin)

    enabling.disable(ready[0].pk, actor=by_admin, at=clock.now())
    tell_jobs()
    tasks.work_carrier_tasks()

    overtaken = (ItemState.SKIPPED, "decided_since")
    assert told(job) == (JobState.DONE, 2, [overtaken, (ItemState.DONE, "")])


def test_nor_is_one_that_is_disabled_while_twilio_is_told(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:
    job = start(ready[:1], "enable", by_admin)
    CarrierTask.objects.update(claimed_until=clock.now() + carrier_tasks.CLAIM)

    enabling.disable(ready[0].pk, actor=by_admin, at=clock.now())
    CarrierTask.objects.update(claimed_until=None)
    tasks.work_carrier_tasks()

    assert told(job) == (JobState.DONE, 1, [(ItemState.SKIPPED, "decided_since")])


def test_a_task_that_another_decision_takes_up_leaves_no_job_waiting(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:
    job = start(ready[:1], "enable", by_admin)
    CarrierTask.objects.update(claimed_until=clock.now() + carrier_tasks.CLAIM)

    enabling.disable(ready[0].pk, actor=by_admin, at=clock.now())
    enabling.enable(ready[0].pk, actor=by_admin, at=clock.now())
    tell_jobs()

    assert CarrierTask.objects.get().job is None
    assert told(job) == (JobState.DONE, 1, [(ItemState.SKIPPED, "decided_since")])


def test_excluding_is_done_when_twilio_sends_the_texts_where_they_went_before(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:
    start(ready, "enable", by_admin)
    tasks.work_carrier_tasks()
    start(ready, "disable", by_admin)

    job = start(ready, "exclude", by_admin)
    decided = told(job)
    tasks.work_carrier_tasks()

    assert decided == (JobState.SETTLING, 0, [(ItemState.STARTED, "")] * 2)
    assert told(job) == (JobState.DONE, 2, [(ItemState.DONE, "")] * 2)


def test_what_twilio_refused_is_told_again_by_a_retry(
    ready: list[PhoneNumber], by_admin: Actor
) -> None:
    job = start(ready[:1], "enable", by_admin)
    task = CarrierTask.objects.get(kind=TaskKind.ROUTE)
    CarrierTask.objects.update(state=TaskState.NEEDS_PERSON)
    job.items.update(state=ItemState.FAILED)
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)

    again = job_items.retry_failed(job.pk, actor=by_admin, at=clock.now())
    job_items.work(again.pk)
    tasks.work_carrier_tasks()

    task.refresh_from_db()
    assert (task.state, task.job) == (TaskState.DONE, again)
    assert told(again) == (JobState.DONE, 1, [(ItemState.DONE, "")])
