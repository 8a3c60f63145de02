"""Bulk actions: dry run, job, a result for each number, retry (B2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor
from accounts.job_kinds import Outcome
from accounts.models import Account, Job
from accounts.services import job_items
from accounts.states import ItemState, JobState
from config.errors import Blocked, Forbidden, Invalid, NotDue
from licensing.services import grace
from numbers.filters import shown_by
from numbers.models import PhoneNumber
from numbers.services import bulk, previews
from numbers.services.bulk import BULK_ACTIONS, Selection
from numbers.states import NumberState
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    JobFactory,
    PhoneNumberFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(acme: Account) -> list[PhoneNumber]:
    """Five held numbers, of which the second is protected and the third is excluded."""
    connection = ConnectionFactory.create(account=acme)
    five = PhoneNumberFactory.create_batch(5, account=acme, connection=connection)
    PhoneNumber.objects.filter(pk=five[1].pk).update(protected=True)
    PhoneNumber.objects.filter(pk=five[2].pk).update(state=NumberState.EXCLUDED)
    return five


def ids(numbers: list[PhoneNumber]) -> Selection:
    return Selection(ids=[number.pk for number in numbers])


def run(acme: Account, actor: Actor, action: str, selection: Selection, **params: Any) -> Job:
    job = bulk.start(
        acme.pk, action=action, selection=selection, params=params, actor=actor, at=timezone.now()
    )
    job_items.work(job.pk)
    job.refresh_from_db()
    return job


def test_a_dry_run_says_what_will_change_and_what_will_be_skipped_and_why(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:  # B2
    before = list(PhoneNumber.objects.order_by("pk").values())

    seen = previews.preview(
        acme.pk, action="exclude", selection=ids(numbers), params={}, actor=by_admin, at=NOON
    )

    assert (seen.will_change, seen.will_skip) == (3, 2)
    assert {code: count for code, _, count in seen.reasons} == {"protected": 1, "wrong_state": 1}
    assert list(PhoneNumber.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("action", list(BULK_ACTIONS))
def test_the_job_does_what_the_dry_run_said(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor, action: str
) -> None:
    agent = AgentFactory.create(account=acme)
    PhoneNumber.objects.filter(pk=numbers[0].pk).update(agent=agent)
    given: dict[str, dict[str, Any]] = {
        "assign": {"agent": agent.pk},
        "tag": {"add": ["x"]},
        "protect": {"protected": True},
        "services": {"texts": True},
    }
    params = given.get(action, {})
    seen = previews.preview(
        acme.pk, action=action, selection=ids(numbers), params=params, actor=by_admin, at=NOON
    )

    job = run(acme, by_admin, action, ids(numbers), **params)
    for item in job.items.filter(state=ItemState.STARTED):
        job_items.settle(job.pk, item.key, Outcome(), at=NOON)  # Twilio has confirmed it
    job.refresh_from_db()

    assert job.state == JobState.DONE
    assert (job.result["done"], job.result["skipped"]) == (seen.will_change, seen.will_skip)
    assert job.items.exclude(state=ItemState.PENDING).count() == 5


def test_a_dry_run_counts_the_licenses_that_earlier_numbers_take(
    acme: Account, by_admin: Actor
) -> None:
    acme.subscription.licenses = 2
    acme.subscription.save()
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(3, account=acme, connection=connection, excluded=True)
    everything = Selection(shown=shown_by("tab=excluded"))

    seen = previews.preview(
        acme.pk, action="bring_back", selection=everything, params={}, actor=by_admin, at=NOON
    )
    job = run(acme, by_admin, "bring_back", everything)

    assert (seen.will_change, seen.reasons[0][0]) == (2, "no_free_license")
    assert job.result == {"done": 2, "skipped": 1, "failed": 0}


def test_thousands_that_went_missing_are_closed_by_one_job(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    PhoneNumber.objects.filter(pk__in=[numbers[0].pk, numbers[1].pk]).update(
        state=NumberState.MISSING
    )
    PhoneNumber.objects.filter(pk=numbers[2].pk).update(unlisted_at=NOON)

    job = run(acme, by_admin, "mark_gone", ids(numbers))

    assert (job.result["done"], job.result["skipped"]) == (3, 2)
    gone = PhoneNumber.objects.filter(state=NumberState.GONE)
    assert set(gone) == {numbers[0], numbers[1], numbers[2]}


def test_everything_that_a_view_shows_can_be_selected(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    job = run(acme, by_admin, "tag", Selection(shown=shown_by("tab=unassigned")), add=["spare"])

    assert job.total == 4
    assert PhoneNumber.objects.filter(tags__name="spare").count() == 4


def test_a_tag_on_a_number_that_is_being_released_waits_for_nothing(
    acme: Account, by_admin: Actor
) -> None:
    leaving = PhoneNumberFactory.create(account=acme, releasing=True)

    job = run(acme, by_admin, "tag", ids([leaving]), add=["gone"])

    assert job.state == "done"
    assert [item.state for item in job.items.all()] == ["done"]


def test_numbers_of_other_accounts_are_never_selected(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    elsewhere = PhoneNumberFactory.create()

    job = run(acme, by_admin, "protect", ids([*numbers, elsewhere]), protected=True)

    assert job.total == 5
    elsewhere.refresh_from_db()
    assert not elsewhere.protected


def test_what_was_skipped_can_be_retried(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    first = run(acme, by_admin, "exclude", ids(numbers))
    PhoneNumber.objects.update(protected=False)

    again = job_items.retry_failed(first.pk, actor=by_admin, at=timezone.now())
    job_items.work(again.pk)

    again.refresh_from_db()
    assert (again.total, again.retry_of) == (2, first)
    assert again.result["done"] == 1


def test_an_unfinished_job_cannot_be_retried(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    job = bulk.start(
        acme.pk, action="exclude", selection=ids(numbers), params={}, actor=by_admin, at=NOON
    )

    with pytest.raises(NotDue):
        job_items.retry_failed(job.pk, actor=by_admin, at=NOON)


def test_a_job_goes_on_after_its_slice_of_time(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    job = bulk.start(
        acme.pk, action="tag", selection=ids(numbers), params={"add": ["x"]}, actor=by_admin,
        at=timezone.now(),
    )  # fmt: skip

    slices = 0
    while job.is_open:
        job_items.work(job.pk, seconds=0)
        job.refresh_from_db()
        slices += 1

    assert slices > 1
    assert job.result == {"done": 5, "skipped": 0, "failed": 0}


@pytest.mark.parametrize(
    ("action", "params", "field"),
    [
        ("paint", {}, "action"),
        ("assign", {}, "agent"),
        ("tag", {}, "add"),
        ("protect", {}, "protected"),
    ],
)
def test_a_wrong_request_names_the_field(
    acme: Account,
    numbers: list[PhoneNumber],
    by_admin: Actor,
    action: str,
    params: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        bulk.start(
            acme.pk, action=action, selection=ids(numbers), params=params, actor=by_admin, at=NOON
        )

    assert list(refused.value.errors) == [field]


def test_assigning_to_an_agent_that_is_not_live_is_refused_as_a_whole(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    draft = AgentFactory.create(account=acme, draft=True)

    with pytest.raises(Blocked):
        bulk.start(
            acme.pk, action="assign", selection=ids(numbers), params={"agent": draft.pk},
            actor=by_admin, at=NOON,
        )  # fmt: skip


def test_a_member_can_neither_look_nor_start(
    acme: Account, numbers: list[PhoneNumber], by_member: Actor
) -> None:  # B11
    for act in (previews.preview, bulk.start):
        with pytest.raises(Forbidden):
            act(
                acme.pk, action="exclude", selection=ids(numbers), params={}, actor=by_member,
                at=NOON,
            )  # fmt: skip


def test_what_a_job_that_was_given_up_never_reached_is_retried_as_well(
    acme: Account, numbers: list[PhoneNumber], by_admin: Actor
) -> None:
    job = bulk.start(
        acme.pk, action="exclude", selection=ids(numbers), params={}, actor=by_admin, at=NOON
    )
    Job.objects.update(state=JobState.FAILED)

    again = job_items.retry_failed(job.pk, actor=by_admin, at=timezone.now())

    assert again.items.count() == 5


def test_each_number_costs_the_same_few_queries(acme: Account, by_admin: Actor) -> None:
    connection = ConnectionFactory.create(account=acme)
    counts = []
    for count in (3, 13):
        numbers = PhoneNumberFactory.create_batch(count, account=acme, connection=connection)
        job = bulk.start(
            acme.pk, action="exclude", selection=ids(numbers), params={}, actor=by_admin, at=NOON
        )
        with CaptureQueriesContext(database) as queries:
            job_items.work(job.pk)
        counts.append(len(queries))

    # Of which 8 begin and end transactions; PostgreSQL's event takes its place in the log.
    most = 18 if database.vendor == "postgresql" else 17
    assert (counts[1] - counts[0]) / 10 <= most


def test_a_job_is_filled_by_as_many_queries_for_1000_numbers_as_for_10(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)
    agent = AgentFactory.create(account=acme)
    by: dict[str, Any] = {"actor": by_admin, "at": NOON}
    order = {"action": "exclude", "selection": Selection(shown=shown_by("")), "params": {}, **by}
    job, counts = JobFactory.create(account=acme), []
    for count in (10, 990):
        PhoneNumberFactory.create_batch(count, account=acme, connection=connection, agent=agent)
        for again in (False, True):
            with CaptureQueriesContext(database) as queries:
                job = (
                    job_items.retry_failed(job.pk, **by) if again else bulk.start(acme.pk, **order)
                )
            counts.append(len(queries))
            Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)
            items = list(job.items.order_by("pk").values_list("subject_id", "key", "state"))
            assert items == [
                (number.pk, number.e164, ItemState.PENDING)
                for number in PhoneNumber.objects.order_by("e164")
            ]

    assert counts[:2] == counts[2:]


def test_a_dry_run_costs_the_same_number_of_queries_whatever_is_selected(
    acme: Account,
    by_admin: Actor,
    django_assert_num_queries: Any,
) -> None:
    connection = ConnectionFactory.create(account=acme)
    agent = AgentFactory.create(account=acme)
    numbers = PhoneNumberFactory.create_batch(30, account=acme, connection=connection, agent=agent)
    for number in numbers:
        number.tags.add(TagFactory.create(account=acme))

    for some in (numbers[:1], numbers):
        with django_assert_num_queries(10):
            previews.preview(
                acme.pk, action="release", selection=ids(some), params={}, actor=by_admin, at=NOON
            )


def test_after_grace_a_dry_run_assigns_as_many_as_there_are_licenses(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)
    numbers = PhoneNumberFactory.create_batch(12, account=acme, connection=connection)
    agent = AgentFactory.create(account=acme)
    PhoneNumber.objects.filter(pk=numbers[0].pk).update(agent=agent)
    grace.import_completed(acme.pk, actor=by_admin, at=NOON)
    late = NOON + timedelta(hours=49)

    seen = previews.preview(
        acme.pk,
        action="assign",
        selection=ids(numbers[1:]),
        params={"agent": agent.pk},
        actor=by_admin,
        at=late,
    )

    assert (seen.will_change, seen.will_skip) == (9, 2)


def test_an_import_is_not_retried_as_a_bulk_job(acme: Account, by_admin: Actor) -> None:
    job = JobFactory.create(account=acme, kind="import", finished=True)

    with pytest.raises(NotDue):
        job_items.retry_failed(job.pk, actor=by_admin, at=NOON)
