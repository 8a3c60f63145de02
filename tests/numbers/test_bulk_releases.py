"""A bulk release is done when Twilio has confirmed its last number, and says what it refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Job, Notice, User
from accounts.services import job_items
from accounts.states import ItemState, JobState
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import (
    assignment,
    bulk,
    carrier_steps,
    carrier_tasks,
    descriptions,
    exclusion,
    imports,
    release,
)
from numbers.services.bulk import Selection
from numbers.states import NumberState, TaskKind, TaskState
from tests.factories import (
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def held(connection: Connection, by_admin: Actor, settings: Any) -> list[PhoneNumber]:
    """Three numbers at Twilio that can be released."""
    settings.TWILIO_RETRY_SECONDS = 0.2
    connection.account.subscription.licenses = 30
    connection.account.subscription.save()
    run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    return list(connection.numbers.order_by("e164")[:3])


def release_all(held: list[PhoneNumber], actor: Actor) -> Job:
    job = bulk.start(
        held[0].account_id,
        action="release",
        selection=Selection(ids=[number.pk for number in held]),
        params={},
        actor=actor,
        at=timezone.now(),
    )
    job_items.work(job.pk)
    return job


def read(job: Job) -> tuple[str, int, list[str]]:
    job.refresh_from_db()
    return job.state, job.done, list(job.items.order_by("pk").values_list("state", flat=True))


@pytest.mark.django_db
def test_a_job_of_releases_is_done_when_twilio_has_taken_the_last_number(
    held: list[PhoneNumber], by_admin: Actor, owner_client: Client
) -> None:  # B2
    job = release_all(held, by_admin)

    decided = read(job)
    page = owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    tasks.work_carrier_tasks()

    assert decided == (JobState.SETTLING, 0, [ItemState.STARTED] * 3)
    assert "Twilio is being told" in page
    assert "0 of 3" in page
    assert read(job) == (JobState.DONE, 3, [ItemState.DONE] * 3)
    assert job.result == {"done": 3, "skipped": 0, "failed": 0}
    assert job.finished_at is not None


@pytest.mark.django_db
def test_what_twilio_refuses_is_a_failed_row_and_a_retry_asks_twilio_again(
    held: list[PhoneNumber], by_admin: Actor, owner_client: Client, sandbox: SandboxProcess
) -> None:  # B2, S1-14
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    job = release_all(held, by_admin)
    tasks.work_carrier_tasks()

    ended = read(job)
    failed = job.items.get(state=ItemState.FAILED)
    again = job_items.retry_failed(job.pk, actor=by_admin, at=timezone.now())
    job_items.work(again.pk)
    taken_up = read(again)
    tasks.work_carrier_tasks()

    assert ended[:2] == (JobState.DONE, 3)
    assert job.result == {"done": 2, "skipped": 0, "failed": 1}
    assert (failed.code, "ported out" in failed.message) == ("twilio_refused", True)
    assert taken_up == (JobState.SETTLING, 0, [ItemState.STARTED])
    assert read(again) == (JobState.DONE, 1, [ItemState.DONE])
    assert PhoneNumber.objects.filter(state=NumberState.RELEASED).count() == 3
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 24


@pytest.mark.django_db
def test_an_undo_that_twilio_refused_is_offered_again(
    held: list[PhoneNumber], by_admin: Actor, owner_client: Client
) -> None:
    job = release_all(held[:2], by_admin)
    tasks.work_carrier_tasks()
    undo = f"/a/acme/numbers/bulk/undo/{job.pk}/"
    ends = []
    for _ in range(2):  # Twilio sells neither back
        seal = dict(owner_client.get(undo).context["hidden"])["seal"]
        owner_client.post(undo, {"step": "confirm", "seal": seal})
        job_items.work(Job.objects.latest("pk").pk)
        tasks.work_carrier_tasks()
        page = owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
        ends.append((f'href="{undo}">Undo</a>' in page, "The undo by" in page))

    assert ends == [(True, True)] * 2
    assert Job.objects.latest("pk").items.filter(state=ItemState.FAILED).count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("owner")
def test_a_job_tells_once_what_twilio_refused_however_much(
    held: list[PhoneNumber], by_admin: Actor, admin: User, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=22350, times=2, method="DELETE")
    job = release_all(held, by_admin)
    tasks.work_carrier_tasks()
    told = list(Notice.objects.values_list("user__email", "title", "url"))

    refused = CarrierTask.objects.filter(state=TaskState.NEEDS_PERSON)[0]
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    carrier_tasks.try_again(refused.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    assert sorted(told) == [
        (email, "2 of 3 failed: release 3 numbers", f"/a/acme/jobs/{job.pk}/?state=failed")
        for email in ("admin@example.com", "owner@example.com")
    ]
    # By then the job has ended: what one person does to one number is told by itself.
    assert Notice.objects.filter(user=admin).latest("pk").title == (
        f"Twilio refused the release of {refused.number}"
    )


@pytest.mark.django_db
def test_a_refused_release_that_a_person_tries_again_puts_the_row_right(
    held: list[PhoneNumber], by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    job = release_all(held, by_admin)
    tasks.work_carrier_tasks()
    refused = CarrierTask.objects.get(state=TaskState.NEEDS_PERSON)

    carrier_tasks.try_again(refused.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    assert read(job) == (JobState.DONE, 3, [ItemState.DONE] * 3)
    assert job.result == {"done": 3, "skipped": 0, "failed": 0}


@pytest.mark.django_db
def test_a_number_that_is_kept_after_all_stays_a_failed_row(
    held: list[PhoneNumber], by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    job = release_all(held[:1], by_admin)
    tasks.work_carrier_tasks()

    release.take_back(held[0].pk, actor=by_admin, at=timezone.now())

    assert read(job) == (JobState.DONE, 1, [ItemState.FAILED])


@pytest.mark.django_db
@pytest.mark.parametrize("refused", [False, True])
def test_a_retry_releases_nothing_that_somebody_has_kept_since(
    refused: bool, held: list[PhoneNumber], by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=22350, method="DELETE")
    job = release_all(held[:2], by_admin)
    if refused:
        tasks.work_carrier_tasks()
    release.take_back(held[0].pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    for _ in range(2):  # what a retry has skipped, the next one takes up
        job = job_items.retry_failed(job.pk, actor=by_admin, at=timezone.now())
        job_items.work(job.pk)
        tasks.work_carrier_tasks()

    states = dict(PhoneNumber.objects.values_list("pk", "state"))
    assert states[held[0].pk] == NumberState.HELD
    assert states[held[1].pk] == NumberState.RELEASING
    assert job.items.get(key=held[0].e164).code == "decided_since"


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["restored", "brought back", "assigned", "kept"])
def test_a_retry_releases_nothing_that_was_decided_otherwise_since(
    how: str, acme: Account, by_admin: Actor, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    job = release_all([number], by_admin)
    descriptions.describe(number.pk, protected=False, actor=by_admin, at=timezone.now())
    noon.shift(3600)
    by: dict[str, Any] = {"actor": by_admin, "at": timezone.now()}
    if how == "restored":
        release.release(number.pk, **by)
        release.take_back(number.pk, **by)
    elif how == "brought back":
        exclusion.exclude(number.pk, **by)
        exclusion.bring_back(number.pk, **by)
    elif how == "assigned":
        agent = AgentFactory.create(account=acme)
        assignment.assign(number.pk, agent_id=agent.pk, **by)
        assignment.unassign(number.pk, **by)
    else:
        assignment.keep(number.pk, **by)

    again = job_items.retry_failed(job.pk, **by)
    job_items.work(again.pk)

    number.refresh_from_db()
    assert number.state == NumberState.HELD
    assert again.items.get().code == "decided_since"


@pytest.mark.django_db
def test_a_retry_does_what_only_a_removed_cause_was_in_the_way_of(
    acme: Account, by_admin: Actor, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    job = release_all([number], by_admin)
    descriptions.describe(
        number.pk, protected=False, label="Old", actor=by_admin, at=timezone.now()
    )

    again = job_items.retry_failed(job.pk, actor=by_admin, at=timezone.now())
    job_items.work(again.pk)

    number.refresh_from_db()
    assert number.state == NumberState.RELEASING


@pytest.mark.django_db
def test_a_retry_confirms_no_risk(acme: Account, by_admin: Actor, noon: Any) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True, protected=True)
    job = release_all([number], by_admin)
    descriptions.describe(number.pk, protected=False, actor=by_admin, at=timezone.now())

    again = job_items.retry_failed(job.pk, actor=by_admin, at=timezone.now())
    job_items.work(again.pk)

    number.refresh_from_db()
    assert number.state == NumberState.HELD
    assert again.items.get().code == "in_use"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(5))
def test_a_job_that_works_and_releases_that_end_do_not_wait_for_each_other_for_ever(
    _again: int,
) -> None:
    """Both lock the job, then the entitlement, then the number; else PostgreSQL kills one."""
    account = subscribed(licenses=30)
    connection = ConnectionFactory.create(account=account)
    numbers = PhoneNumberFactory.create_batch(20, account=account, connection=connection)
    job = bulk.start(
        account.pk, action="release", selection=Selection(ids=[each.pk for each in numbers]),
        params={}, actor=SYSTEM, at=timezone.now(),
    )  # fmt: skip
    for number in numbers[:4]:
        job.items.filter(key=number.e164).update(state=ItemState.STARTED)
        PhoneNumber.objects.filter(pk=number.pk).update(state=NumberState.RELEASING)
        CarrierTaskFactory.create(number=number, kind=TaskKind.RELEASE, job=job)
    ending = list(CarrierTask.objects.all())

    def end(task: CarrierTask) -> None:
        _, conclude = carrier_steps.STEPS[TaskKind.RELEASE]
        carrier_tasks._done(task, carrier_steps.Answer(), conclude, at=timezone.now())

    outcomes = at_once(
        lambda: job_items.work(job.pk), *(lambda task=task: end(task) for task in ending)
    )

    assert outcomes == ["done"] * 5
    assert read(job)[:2] == (JobState.SETTLING, 4)
    assert job.items.filter(state=ItemState.DONE).count() == 4
    assert job.items.filter(state=ItemState.STARTED).count() == 16
