"""Jobs made of items, seen with 1,000 strangers' numbers: filled, asked about, settled, retried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from accounts import tasks
from accounts.actor import SYSTEM, Actor
from accounts.job_kinds import JOB_KINDS, JobKind, Outcome, Turn
from accounts.models import Account, Event, Job, JobItem, Notice, User
from accounts.services import job_items, jobs
from accounts.services.jobs import FIRST_REST, LEASE, MAX_ATTEMPTS
from accounts.states import ItemState, JobState
from config.errors import Forbidden, Invalid, NotDue
from tests.factories import NOON, JobFactory
from tests.races import at_once
from tests.strangers import (
    Killed,
    Registry,
    Unreachable,
    ask_about,
    kind_of_strangers,
    numbers,
    recorded,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

SECOND = timedelta(seconds=1)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def kind(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> JobKind:
    return known(kind_of_strangers(registry), monkeypatch)


def known(kind: JobKind, monkeypatch: pytest.MonkeyPatch) -> JobKind:
    """Register a kind for one test."""
    monkeypatch.setitem(JOB_KINDS.entries, kind.name, kind)
    return kind


def states(job: Job) -> list[str]:
    return list(job.items.order_by("pk").values_list("state", flat=True))


def read(job: Job) -> tuple[str, int, int | None]:
    job.refresh_from_db()
    return job.state, job.done, job.total


# --- Filled and worked off -----------------------------------------------------------------------


def test_a_thousand_numbers_that_are_not_ours_are_asked_about_once_each(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    keys = numbers(1_000)

    job = ask_about(acme, kind, [*keys, *keys[:10]], by_owner)
    job_items.work(job.pk, seconds=600)

    assert read(job) == (JobState.DONE, 1_000, 1_000)
    assert (job.title, job.result) == (
        "Check 1,000 numbers",
        {"done": 1_000, "skipped": 0, "failed": 0},
    )
    assert list(job.items.order_by("pk").values_list("key", flat=True)) == keys
    item = job.items.earliest("pk")
    assert (item.subject_type, item.subject_id, item.result["carrier"]) == ("", None, "Acme Mobile")
    assert set(registry.ordered.values()) == {1}


def test_an_empty_list_starts_nothing(acme: Account, kind: JobKind, by_owner: Actor) -> None:
    with pytest.raises(Invalid):
        ask_about(acme, kind, [], by_owner)

    assert not Job.objects.exists()
    assert not OrmQ.objects.exists()


def test_a_slice_of_time_ends_between_two_items(
    acme: Account, kind: JobKind, by_owner: Actor
) -> None:
    job = ask_about(acme, kind, numbers(3), by_owner)

    slices = 0
    while read(job)[0] != JobState.DONE:
        job_items.work(job.pk, seconds=0)
        slices += 1

    assert slices == 4


def test_a_list_of_1000_costs_as_many_queries_to_start_as_one_of_10(
    acme: Account, kind: JobKind, by_owner: Actor
) -> None:
    counts = []
    for count in (10, 1_000):
        with CaptureQueriesContext(database) as queries:
            ask_about(acme, kind, numbers(count), by_owner)
        counts.append(len(queries))

    if database.vendor == "postgresql":  # SQLite takes fewer values in one statement
        assert counts[0] == counts[1]
    assert counts[1] - counts[0] < 20


@pytest.mark.usefixtures("kind")
def test_what_the_step_refuses_is_skipped_and_what_breaks_has_failed(
    acme: Account, by_owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(turn: Turn) -> None:
        if turn.item.key == "a":
            raise NotDue("Not yet.")
        if turn.item.key == "b":
            raise ZeroDivisionError

    letters = known(JobKind("letters", step=step), monkeypatch)
    job = ask_about(acme, letters, ["a", "b", "c"], by_owner)

    job_items.work(job.pk)

    found = list(job.items.order_by("pk").values_list("state", "code"))
    assert found == [("skipped", "not_due"), ("failed", "error"), ("done", "")]
    assert read(job) == (JobState.DONE, 3, 3)


def test_what_they_refuse_has_failed_and_what_our_rules_refuse_is_skipped(
    acme: Account, registry: Registry, by_owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = numbers(3)
    registry.refuses = {first}

    def record(turn: Turn, answer: Any) -> None:
        if turn.item.key == second:
            raise NotDue("Somebody has taken it meanwhile.")

    asking = kind_of_strangers(registry)
    mixed = known(JobKind("mixed", call=asking.call, record=record), monkeypatch)
    job = ask_about(acme, mixed, [first, second, third], by_owner)

    job_items.work(job.pk)

    found = list(job.items.order_by("pk").values_list("state", "code"))
    assert found == [("failed", "not_portable"), ("skipped", "not_due"), ("done", "")]


# --- Killed between any two steps ----------------------------------------------------------------


def kill_before(statement: int) -> Callable[..., Any]:
    """The process ends just before its n-th statement from now on."""
    left = statement

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if "SAVEPOINT" not in sql:
            if left == 0:
                raise Killed
            left -= 1
        return run(sql, params, many, context)

    return execute


def until_killed(job: Job, statement: int) -> bool:
    """Work on the job and be killed before that statement; False when it came to its end."""
    try:
        with database.execute_wrapper(kill_before(statement)):
            job_items.work(job.pk)
    except Killed:
        return True
    return False


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_any_statement_costs_a_delay_and_nothing_else(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    """Ordered once each, recorded once each, told once each, whatever the moment."""
    statement, killed = 0, True
    while killed:
        registry.ordered.clear()
        registry.asked.clear()
        registry.later = {"+16505550001"}
        Account.objects.update(name="Acme")
        job = ask_about(acme, kind, numbers(3), by_owner)

        killed = until_killed(job, statement)
        while read(job)[0] not in (JobState.DONE, JobState.SETTLING):
            noon.shift(LEASE + SECOND)
            OrmQ.objects.all().delete()
            tasks.sweep()
            job_items.work(job.pk)
        job_items.settle(job.pk, "+16505550001", Outcome(), at=timezone.now())

        assert read(job) == (JobState.DONE, 3, 3), statement
        assert dict(registry.ordered) == dict.fromkeys(numbers(3), 1), statement
        assert recorded(Account.objects.get(slug="acme")) == 3, statement
        statement += 1

    assert statement > 20  # it was killed at more than twenty moments


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_around_the_request_looks_first_when_it_comes_again(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller, moment: str,
) -> None:  # fmt: skip
    job = ask_about(acme, kind, numbers(2), by_owner)

    def die(number: str) -> None:
        if registry.asked[number] == 1:
            registry.ordered[number] += moment == "after"
            raise Killed

    registry.happening = die
    with pytest.raises(Killed):
        job_items.work(job.pk)
    noon.shift(LEASE + SECOND)
    tasks.sweep()
    with pytest.raises(Killed):
        job_items.work(job.pk)
    noon.shift(LEASE + SECOND)
    tasks.sweep()
    job_items.work(job.pk)

    assert read(job) == (JobState.DONE, 2, 2)
    assert dict(registry.ordered) == dict.fromkeys(numbers(2), 1)


def test_an_item_that_kills_its_worker_fails_before_it_takes_the_job_with_it(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    poison = numbers(3)[1]

    def die(number: str) -> None:
        if number == poison:
            raise Killed

    registry.happening = die
    job = ask_about(acme, kind, numbers(3), by_owner)

    for _ in range(10):
        try:
            job_items.work(job.pk)
        except Killed:
            noon.shift(LEASE + SECOND)
            tasks.sweep()

    assert read(job) == (JobState.DONE, 3, 3)
    assert states(job) == ["done", "failed", "done"]
    assert job.items.get(key=poison).code == "gave_up"


def test_a_slow_worker_that_lost_the_job_records_nothing(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    job = ask_about(acme, kind, numbers(1), by_owner)

    def dawdle(number: str) -> None:
        if registry.asked[number] == 1:
            noon.shift(LEASE + SECOND)
            job_items.work(job.pk)  # another worker takes it up and ends it

    registry.happening = dawdle
    with pytest.raises(jobs.LeaseLost):
        job_items.work(job.pk)

    assert read(job) == (JobState.DONE, 1, 1)
    assert registry.asked.total() == 2
    assert recorded(Account.objects.get(pk=acme.pk)) == 1


# --- They do not answer --------------------------------------------------------------------------


def test_a_job_rests_while_nobody_answers_and_goes_on_afterwards(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    job = ask_about(acme, kind, numbers(3), by_owner)
    down = True

    def silent(number: str) -> None:
        if down:
            raise Unreachable("They do not answer.")

    registry.happening = silent
    for _ in range(3):
        job_items.work(job.pk)
        assert registry.asked.total() == 1  # it does not go through the whole list in vain
        registry.asked.clear()
        OrmQ.objects.all().delete()
        tasks.sweep()
        assert not OrmQ.objects.exists()  # it rests
        noon.shift(4 * FIRST_REST + SECOND)
        tasks.sweep()
        assert OrmQ.objects.count() == 1
    down = False
    job_items.work(job.pk)

    assert read(job) == (JobState.DONE, 3, 3)
    assert states(job) == ["done"] * 3


def test_a_job_to_which_nobody_ever_answers_is_given_up_and_says_so(
    acme: Account, kind: JobKind, registry: Registry, by_member: Actor, owner: User, admin: User,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    job = ask_about(acme, kind, numbers(3), by_member)

    def silent(number: str) -> None:
        raise Unreachable("They do not answer.")

    registry.happening = silent
    for _ in range(MAX_ATTEMPTS + 1):
        job_items.work(job.pk)
        noon.shift(timedelta(hours=1))
        tasks.sweep()

    assert read(job) == (JobState.FAILED, 0, 3)
    event = Event.objects.get(type="job.failed")
    assert (event.subject_type, event.subject_id, event.job_id) == ("job", job.pk, job.pk)
    assert event.actor_label == by_member.label
    assert event.data["code"] == "gave_up"
    told = Notice.objects.filter(title="Failed: check 3 numbers")
    asked_for_it_or_may = {"member@example.com", owner.email, admin.email}
    assert set(told.values_list("user__email", flat=True)) == asked_for_it_or_may
    assert {notice.url for notice in told} == {f"/a/acme/jobs/{job.pk}/"}


# --- Settled later -------------------------------------------------------------------------------


def test_a_job_is_done_when_what_its_items_started_has_ended(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    one, two, _ = numbers(3)
    registry.later = {one, two}
    job = ask_about(acme, kind, numbers(3), by_owner)

    job_items.work(job.pk)
    begun = read(job), states(job)
    job_items.settle(job.pk, one, Outcome(result={"portable": True}), at=NOON + SECOND)
    between = read(job)
    refused = Outcome(ItemState.FAILED, code="not_portable", message="They say no.")
    job_items.settle(job.pk, two, refused, at=NOON + 2 * SECOND)

    assert begun == ((JobState.SETTLING, 1, 3), ["started", "started", "done"])
    assert between == (JobState.SETTLING, 2, 3)
    assert read(job) == (JobState.DONE, 3, 3)
    assert job.finished_at == NOON + 2 * SECOND
    assert job.result == {"done": 2, "skipped": 0, "failed": 1}
    assert job.items.get(key=one).result == {"portable": True}
    assert job.items.get(key=two).message == "They say no."


def test_a_job_that_waits_for_answers_is_neither_revived_nor_taken_up(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    registry.later = set(numbers(1))
    job = ask_about(acme, kind, numbers(1), by_owner)
    job_items.work(job.pk)
    OrmQ.objects.all().delete()

    noon.shift(timedelta(days=30))
    tasks.sweep()
    job_items.work(job.pk)  # a task that was delivered twice

    assert not OrmQ.objects.exists()
    assert read(job) == (JobState.SETTLING, 0, 1)


@pytest.mark.parametrize("later", [True, False])
def test_an_answer_that_is_faster_than_our_own_record_stands(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor, later: bool
) -> None:
    (only,) = numbers(1)
    registry.later = {only} if later else set()
    job = ask_about(acme, kind, numbers(1), by_owner)
    registry.happening = lambda number: job_items.settle(
        job.pk, only, Outcome(result={"portable": False}), at=NOON
    )

    job_items.work(job.pk)

    assert read(job) == (JobState.DONE, 1, 1)
    assert job.items.get().result == {"portable": False}


def test_an_answer_that_comes_twice_counts_once(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    one, _ = registry.later = set(numbers(2))
    job = ask_about(acme, kind, numbers(2), by_owner)
    job_items.work(job.pk)

    for _ in range(2):
        job_items.settle(job.pk, one, Outcome(), at=NOON)
    refused = Outcome(ItemState.FAILED)
    job_items.settle(job.pk, one, refused, at=NOON)  # too late: it went through

    assert read(job) == (JobState.SETTLING, 1, 2)
    assert job.items.get(key=one).state == ItemState.DONE


def test_what_goes_through_after_all_is_put_right_when_the_job_has_long_ended(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    registry.later = set(numbers(1))
    job = ask_about(acme, kind, numbers(1), by_owner)
    job_items.work(job.pk)
    job_items.settle(job.pk, numbers(1)[0], Outcome(ItemState.FAILED), at=NOON)
    ended = read(job)

    job_items.settle(job.pk, numbers(1)[0], Outcome(), at=NOON + timedelta(days=3))

    assert ended == read(job) == (JobState.DONE, 1, 1)
    assert job.result == {"done": 1, "skipped": 0, "failed": 0}
    assert job.finished_at == NOON


def test_without_a_job_there_is_nothing_to_settle() -> None:
    job_items.settle(None, "+16505550000", Outcome(), at=NOON)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_answers_that_come_all_at_once_while_it_works_close_the_job_exactly_once(
    acme: Account, kind: JobKind, registry: Registry
) -> None:
    registry.later = set(numbers(8))
    job = ask_about(acme, kind, numbers(8), SYSTEM)
    job_items.work(job.pk)

    at_once(
        *(
            lambda key=key: job_items.settle(job.pk, key, Outcome(), at=NOON)
            for key in registry.later
        )
    )

    assert read(job) == (JobState.DONE, 8, 8)
    assert job.result["done"] == 8


# --- Retried -------------------------------------------------------------------------------------


def test_a_retry_takes_up_what_failed_was_skipped_or_never_reached_and_nothing_else(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    job = JobFactory.create(account=acme, kind=kind.name, failed=True, params={"country": "US"})
    for index, state in enumerate(ItemState):
        JobItem.objects.create(job=job, key=f"+1650555000{index}", state=state)

    again = job_items.retry_failed(job.pk, actor=by_owner, at=NOON)
    job_items.work(again.pk)

    wanted = {ItemState.FAILED, ItemState.SKIPPED, ItemState.PENDING}
    keys = {item.key for item in job.items.filter(state__in=wanted)}
    assert set(again.items.values_list("key", flat=True)) == keys
    assert (again.retry_of, again.kind, again.title) == (job, kind.name, "Check 3 numbers")
    assert read(again) == (JobState.DONE, 3, 3)


def test_a_retry_is_refused_where_the_job_runs_or_the_rules_have_changed(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    registry.later = set(numbers(1))
    job = ask_about(acme, kind, numbers(1), by_owner)
    with pytest.raises(NotDue):
        job_items.retry_failed(job.pk, actor=by_owner, at=NOON)
    job_items.work(job.pk)
    with pytest.raises(NotDue):
        job_items.retry_failed(job.pk, actor=by_owner, at=NOON)
    job_items.settle(job.pk, numbers(1)[0], Outcome(ItemState.FAILED), at=NOON)
    Job.objects.update(params={"country": "XX"})

    with pytest.raises(Invalid):
        job_items.retry_failed(job.pk, actor=by_owner, at=NOON)


def test_the_kind_says_who_may_retry(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor, by_admin: Actor
) -> None:
    registry.refuses = set(numbers(1))
    job = ask_about(acme, kind, numbers(1), by_owner)
    job_items.work(job.pk)

    with pytest.raises(Forbidden):
        job_items.retry_failed(job.pk, actor=by_admin, at=NOON)
    assert job_items.retry_failed(job.pk, actor=by_owner, at=NOON).total == 1


def test_a_job_whose_items_all_went_through_leaves_nothing_to_retry(
    acme: Account, kind: JobKind, by_owner: Actor
) -> None:
    job = ask_about(acme, kind, numbers(1), by_owner)
    job_items.work(job.pk)

    with pytest.raises(Invalid):
        job_items.retry_failed(job.pk, actor=by_owner, at=NOON)
