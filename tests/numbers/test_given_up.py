"""A job that gives up says so, and what it was doing is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django_q.models import OrmQ

from accounts import tasks
from accounts.actor import Actor
from accounts.models import Account, Event, Job, Notice, User
from accounts.services import job_items, jobs
from accounts.services.jobs import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE
from accounts.states import JobState
from numbers.models import Connection, Import
from numbers.services import bulk, imports, reading
from numbers.services.bulk import Selection
from tests.factories import NOON, ConnectionFactory, PhoneNumberFactory
from tests.strangers import Killed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

SECOND = timedelta(seconds=1)


@pytest.fixture
def connection(acme: Account) -> Connection:
    return ConnectionFactory.create(account=acme, name="Main office")


class Deadly:
    """A Twilio whose answer kills the process that reads it."""

    @property
    def numbers(self) -> None:
        raise Killed


class Broken:
    """A Twilio whose answer our code cannot bear."""

    @property
    def numbers(self) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize(("twilio", "end"), [(Deadly, Killed), (Broken, ZeroDivisionError)])
def test_an_import_whose_worker_dies_five_times_is_told_and_can_be_started_again(
    connection: Connection, by_admin: Actor, owner: User, admin: User, owner_client: Client,
    noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, twilio: type, end: type,
) -> None:  # fmt: skip
    monkeypatch.setattr(reading, "carrier_for", lambda connection: twilio())
    run = imports.request_import(connection.pk, actor=by_admin, at=NOON)

    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(end):
            imports.work(run.job_id)
        noon.shift(LEASE + SECOND)
        tasks.sweep()
    imports.work(run.job_id)

    run.refresh_from_db()
    assert (run.job.state, run.job.error_code, run.is_open) == (JobState.FAILED, "gave_up", False)
    event = Event.objects.get(type="import.failed")
    assert (event.subject_type, event.subject_id) == ("import", run.pk)
    assert event.actor_label == by_admin.label
    told = Notice.objects.filter(title="Failed: import from Main office")
    assert set(told.values_list("user__email", flat=True)) == {owner.email, admin.email}
    assert {notice.url for notice in told} == {f"/a/acme/imports/{run.pk}/"}
    assert not Event.objects.filter(type="job.failed").exists()  # told once
    for page in ("connections/", f"connections/{connection.pk}/", "imports/"):
        html = owner_client.get(f"/a/acme/{page}").content.decode()
        assert "Failed" in html
        assert "running" not in html
    fresh = imports.request_import(connection.pk, actor=by_admin, at=NOON + timedelta(hours=1))
    assert fresh.pk != run.pk
    assert fresh.job.is_open


def test_an_import_that_failed_before_this_was_told_does_not_run_for_ever_on_the_page(
    connection: Connection, by_admin: Actor, owner_client: Client
) -> None:
    run = imports.request_import(connection.pk, actor=by_admin, at=NOON)
    Job.objects.update(state=JobState.FAILED)  # and the import was left open

    html = owner_client.get("/a/acme/connections/").content.decode()

    assert Import.objects.get(pk=run.pk).is_open
    assert "running" not in html


@pytest.mark.parametrize("task", ["numbers.tasks.no_such_task", "nowhere.at.all", "nonsense"])
def test_a_job_whose_task_nobody_knows_has_failed_and_says_so(
    acme: Account, by_admin: Actor, owner: User, noon: time_machine.Traveller, task: str
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    job = bulk.start(
        acme.pk,
        action="exclude",
        selection=Selection(ids=[number.pk]),
        params={},
        actor=by_admin,
        at=NOON,
    )
    Job.objects.update(task=task)
    OrmQ.objects.all().delete()

    noon.shift(QUEUE_PATIENCE + SECOND)
    tasks.sweep()
    noon.shift(timedelta(hours=1))
    tasks.sweep()

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "unknown_task")
    assert Event.objects.filter(type="job.failed", job=job).count() == 1
    assert Notice.objects.filter(user=owner, title="Failed: exclude 1 number").count() == 1
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["accounts.tasks.mail_notices"]


def test_a_job_of_a_kind_that_nobody_knows_has_failed_and_says_so(
    acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    job = jobs.start(
        account_id=acme.pk, kind="of another version", title="Something",
        task="accounts.tasks.run_job", actor=by_admin, at=NOON,
    )  # fmt: skip

    tasks.run_job(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "unknown_kind")
    assert Event.objects.filter(type="job.failed", job=job).exists()
    assert "does not know how" in owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()


def test_a_job_that_fails_twice_is_told_twice(
    acme: Account, by_admin: Actor, owner: User, noon: time_machine.Traveller
) -> None:
    job = jobs.start(
        account_id=acme.pk, kind="bulk", title="Something", task="accounts.tasks.run_job",
        actor=by_admin, at=NOON,
    )  # fmt: skip
    for _ in range(2):
        taken = jobs.claim(job.pk, at=NOON)
        assert taken is not None
        jobs.fail(taken, code="x", message="It broke.", at=NOON)
        noon.shift(timedelta(hours=1))
        jobs.requeue(job.pk, at=NOON)

    assert Event.objects.filter(type="job.failed").count() == 2
    assert Notice.objects.filter(user=owner).count() == 2


def test_failing_and_telling_are_one_decision(
    connection: Connection, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it tells, the job has not failed yet; the next worker fails and tells."""
    run = imports.request_import(connection.pk, actor=by_admin, at=NOON)
    job = jobs.claim(run.job_id, at=NOON)
    assert job is not None

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "notify", die)
        with pytest.raises(Killed):
            jobs.fail(job, code="x", message="It broke.", at=NOON)

    run.refresh_from_db()
    assert (run.job.state, run.is_open) == (JobState.RUNNING, True)
    assert not Event.objects.filter(type="import.failed").exists()


def test_nothing_is_told_of_a_job_that_ends_well(acme: Account, by_admin: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme)
    job = bulk.start(
        acme.pk,
        action="exclude",
        selection=Selection(ids=[number.pk]),
        params={},
        actor=by_admin,
        at=NOON,
    )

    job_items.work(job.pk)

    assert not Event.objects.filter(type="job.failed").exists()
    assert not Notice.objects.exists()
