"""A job may be killed at any point and started again; never two workers at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django_q.models import OrmQ

from accounts import tasks
from accounts.actor import SYSTEM
from accounts.models import Account, Job
from accounts.services import jobs
from accounts.services.jobs import LEASE, MAX_ATTEMPTS, QUEUE_PATIENCE, LeaseLost
from accounts.states import JobState
from config.errors import InvalidTransition, NotDue
from tests.factories import NOON, JobFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
TASK = "accounts.tasks.mail_notices"


def queued() -> int:
    return int(OrmQ.objects.count())


def start(account: Account, **fields: object) -> Job:
    facts = {"kind": "bulk", "title": "Tag", "task": TASK, "actor": SYSTEM, "at": NOON, **fields}
    return jobs.start(account_id=account.pk, **facts)  # type: ignore[arg-type]


def claimed(job: Job, at: object = NOON) -> Job:
    taken = jobs.claim(job.pk, at=at)  # type: ignore[arg-type]
    assert taken is not None
    return taken


def test_starting_a_job_queues_its_task_once(acme: Account) -> None:
    job = start(acme)

    assert job.state == JobState.QUEUED
    assert [row.task["args"] for row in OrmQ.objects.all()] == [(job.pk,)]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_start_queues_nothing(acme: Account) -> None:
    with transaction.atomic():
        start(acme)
        transaction.set_rollback(True)

    assert (queued(), Job.objects.count()) == (0, 0)


def test_a_job_that_its_caller_works_on_is_not_queued(acme: Account) -> None:
    start(acme, queue=False)

    assert queued() == 0


def test_only_one_of_two_workers_gets_the_job() -> None:
    job = JobFactory.create()

    first, second = jobs.claim(job.pk, at=NOON), jobs.claim(job.pk, at=NOON + SECOND)

    assert first is not None
    assert (first.state, first.started_at) == (JobState.RUNNING, NOON)
    assert second is None


def test_a_silent_worker_loses_the_job_when_its_lease_runs_out_and_not_before() -> None:
    job = JobFactory.create()
    claimed(job)

    assert jobs.claim(job.pk, at=NOON + LEASE) is None
    assert jobs.claim(job.pk, at=NOON + LEASE + SECOND) is not None


def test_a_worker_that_lost_its_lease_writes_nothing_any_more() -> None:
    job = JobFactory.create()
    slow = claimed(job)
    quick = claimed(job, NOON + LEASE + SECOND)

    later = NOON + LEASE + 2 * SECOND
    with pytest.raises(LeaseLost):
        jobs.keep(slow, at=later, done=99)
    with pytest.raises(LeaseLost):
        jobs.finish(slow, at=later, done=99)
    with pytest.raises(LeaseLost):
        jobs.fail(slow, code="x", message="x", at=later)
    jobs.keep(quick, at=later, done=1)

    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.RUNNING, 1)


def test_progress_extends_the_lease_and_forgives_earlier_attempts() -> None:
    job = JobFactory.create(attempts=3)
    worker = claimed(job)

    jobs.keep(worker, at=NOON + 40 * SECOND, done=500, total=2_000)

    job.refresh_from_db()
    assert (job.done, job.total, job.attempts) == (500, 2_000, 0)
    assert job.leased_until == NOON + 40 * SECOND + LEASE


def test_a_handed_over_job_is_queued_and_free_for_the_next_worker() -> None:
    job = JobFactory.create()
    worker = claimed(job)

    jobs.hand_over(worker, at=NOON + SECOND, done=500)

    assert queued() == 1
    assert claimed(job, NOON + 2 * SECOND).done == 500


def test_a_finished_job_is_closed_for_good() -> None:
    job = JobFactory.create()
    worker = claimed(job)

    jobs.finish(worker, at=NOON + SECOND, result={"changed": 3})

    job.refresh_from_db()
    assert (job.state, job.finished_at, job.result) == (
        JobState.DONE,
        NOON + SECOND,
        {"changed": 3},
    )
    assert jobs.claim(job.pk, at=NOON + timedelta(days=1)) is None
    with pytest.raises(InvalidTransition):
        jobs.fail(worker, code="x", message="x", at=NOON)


def test_a_failed_job_tells_why_and_runs_again_on_request() -> None:
    job = JobFactory.create()
    jobs.fail(claimed(job), code="auth_failed", message="Twilio refused the token.", at=NOON)

    job.refresh_from_db()
    assert (job.state, job.error_code, job.error) == (
        JobState.FAILED,
        "auth_failed",
        "Twilio refused the token.",
    )

    again = jobs.requeue(job.pk, at=NOON + SECOND)

    assert (again.state, again.error, again.finished_at, queued()) == (
        JobState.QUEUED,
        "",
        None,
        1,
    )


def test_a_job_that_runs_cannot_be_queued_again() -> None:
    with pytest.raises(InvalidTransition):
        jobs.requeue(JobFactory.create(running=True).pk, at=NOON)


def test_a_job_that_kills_its_workers_is_given_up() -> None:
    job = JobFactory.create()
    at = NOON
    for _ in range(MAX_ATTEMPTS):
        assert jobs.claim(job.pk, at=at) is not None
        at += LEASE + SECOND

    assert jobs.claim(job.pk, at=at) is None

    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "gave_up")


def test_the_sweep_revives_a_job_whose_worker_died_and_leaves_the_others(
    noon: time_machine.Traveller,
) -> None:
    dead, alive, waiting, done = (
        claimed(JobFactory.create()),
        JobFactory.create(running=True, leased_until=NOON + timedelta(hours=1)),
        JobFactory.create(leased_until=NOON + timedelta(hours=1)),
        JobFactory.create(finished=True),
    )

    noon.shift(LEASE + SECOND)
    tasks.sweep()

    assert [row.task["args"] for row in OrmQ.objects.all()] == [(dead.pk,)]
    for job in (alive, waiting, done):
        with pytest.raises(NotDue):
            jobs.revive(job.pk, at=NOON + LEASE + SECOND)


def test_a_revived_job_is_not_revived_again_while_it_waits_in_the_queue(
    noon: time_machine.Traveller,
) -> None:
    claimed(JobFactory.create())

    noon.shift(LEASE + SECOND)
    tasks.sweep()
    tasks.sweep()
    noon.shift(QUEUE_PATIENCE - SECOND)
    tasks.sweep()

    assert queued() == 1


def test_a_queued_job_whose_task_was_lost_is_queued_again(noon: time_machine.Traveller) -> None:
    JobFactory.create()

    noon.shift(QUEUE_PATIENCE + SECOND)
    tasks.sweep()

    assert queued() == 1


def test_a_job_that_was_given_up_gets_all_its_attempts_again() -> None:
    job = JobFactory.create(attempts=MAX_ATTEMPTS)
    assert jobs.claim(job.pk, at=NOON) is None

    again = jobs.requeue(job.pk, at=NOON)

    assert again.attempts == 0
    assert jobs.claim(job.pk, at=NOON) is not None


def test_a_job_that_is_run_again_began_when_it_was_taken_up_again() -> None:
    job = JobFactory.create(failed=True)

    jobs.requeue(job.pk, at=NOON + SECOND)

    assert claimed(job, NOON + 2 * SECOND).started_at == NOON + 2 * SECOND


def test_a_long_sentence_is_cut_to_its_column() -> None:
    job = JobFactory.create()

    jobs.fail(claimed(job), code="x", message="m" * 600, at=NOON)

    job.refresh_from_db()
    assert job.error == "m" * 500


def test_a_revived_job_is_free_for_the_next_worker_and_began_when_it_first_did() -> None:
    job = claimed(JobFactory.create())
    later = NOON + LEASE + SECOND

    jobs.revive(job.pk, at=later)

    assert claimed(job, later).started_at == NOON
