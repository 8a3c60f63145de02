"""Bulk jobs and jobs over REST (B2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, Job
from accounts.services import job_items
from tests.factories import (
    AgentFactory,
    JobFactory,
    JobItemFactory,
    PhoneNumberFactory,
    subscribed,
)

from .conftest import Answer, Program

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db


def start(program: Program, **body: Any) -> Answer:
    return program.send("post", "bulk-jobs/", body)


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    acme: Account, program: Program
) -> None:
    free, guarded = PhoneNumberFactory.create(account=acme), PhoneNumberFactory.create(
        account=acme, protected=True
    )  # fmt: skip

    answer = start(program, action="release", numbers=[free.pk, guarded.pk], dry_run=True)

    body = answer.json()
    assert answer.status_code == 200
    assert (body["will_change"], body["will_skip"]) == (1, 1)
    assert [(each["code"], each["count"]) for each in body["reasons"]] == [("protected", 1)]
    assert [number["id"] for number in body["changing"]] == [free.pk]
    assert [skip["number"]["id"] for skip in body["skipping"]] == [guarded.pk]
    assert not Job.objects.exists()


def test_a_job_is_queued_followed_and_retried(acme: Account, program: Program) -> None:
    free, guarded = PhoneNumberFactory.create(account=acme), PhoneNumberFactory.create(
        account=acme, protected=True
    )  # fmt: skip

    queued = start(program, action="exclude", numbers=[free.pk, guarded.pk])

    assert queued.status_code == 202
    assert queued.json()["state"] == "queued"
    job_items.work(queued.json()["id"])
    job = program.send("get", queued["Location"]).json()
    assert (job["state"], job["done"], job["total"]) == ("done", 2, 2)
    assert job["result"] == {"done": 1, "skipped": 1, "failed": 0}
    items = f"jobs/{job['id']}/items/"
    assert [item["subject"]["id"] for item in program.send("get", items).json()["results"]] == [
        free.pk, guarded.pk
    ]  # fmt: skip
    (skipped,) = program.send("get", f"{items}?state=skipped").json()["results"]
    assert (skipped["key"], skipped["code"]) == (guarded.e164, "protected")

    retried = program.send("post", f"jobs/{job['id']}/retries/")

    assert retried.status_code == 202
    assert retried.json()["retry_of"] == job["id"]
    assert retried.json()["total"] == 1
    again = program.send("post", f"jobs/{job['id']}/retries/")
    assert (again.status_code, again.json()["code"]) == (409, "retried")


def test_a_filter_means_what_the_list_means(acme: Account, program: Program) -> None:
    german = PhoneNumberFactory.create(account=acme, country="DE", protected=True)
    PhoneNumberFactory.create(account=acme, country="DE", excluded=True)
    PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(account=subscribed(slug="other"), country="DE")

    def meant(**wishes: Any) -> list[int]:
        params = {"protected": False}
        answer = start(program, action="protect", params=params, filter=wishes, dry_run=True)
        body = answer.json()
        skipped = [skip["number"] for skip in body["skipping"]]
        return sorted(number["id"] for number in body["changing"] + skipped)

    assert meant(country="DE") == [german.pk]
    assert meant(country="DE", protected=True, capability=["voice", "sms"]) == [german.pk]
    assert len(meant(country="DE", state="excluded")) == 1
    assert len(meant()) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "burn", "numbers": [1]}, "action"),
        ({"action": "exclude"}, "numbers"),
        ({"action": "exclude", "numbers": []}, "numbers"),
        ({"action": "exclude", "numbers": [1], "filter": {}}, "numbers"),
        ({"action": "exclude", "numbers": [2**63]}, "numbers.0"),
        ({"action": "exclude", "filter": {"stat": "held"}}, "filter.stat"),
        ({"action": "exclude", "filter": {"protected": "yes"}}, "filter.protected"),
        ({"action": "exclude", "filter": {"tab": "lost"}}, "filter.tab"),
        *(
            ({"action": "exclude", "filter": {name: value}}, f"filter.{name}")
            for name, value in (
                ("tag", ""),
                ("tag", "  "),
                ("tag", "\u200b"),
                ("q", ""),
                ("q", " "),
                ("country", ""),
                ("country", "  "),
                ("capability", []),
                ("tab", ""),
                ("agent", ""),
                ("agent", None),
                ("kept", ""),
                ("kept", None),
                ("imported_in", ""),
                ("outcome", "new"),
            )
        ),
        ({"action": "exclude", "filter": {"tab": "unassigned", "q": ""}}, "filter.q"),
        ({"action": "exclude", "filter": {"country": "XX"}}, "numbers"),
        ({"action": "tag", "numbers": [1], "params": {"tags": ["a"]}}, "params.tags"),
        ({"action": "tag", "numbers": [1]}, "add"),
        ({"action": "protect", "numbers": [1]}, "protected"),
        ({"action": "assign", "numbers": [1], "params": {"agent": 987654321}}, "agent"),
    ],
)
def test_a_wish_that_makes_no_sense_names_its_field(
    acme: Account, program: Program, problem: Problem, body: dict[str, Any], field: str
) -> None:
    answer = start(program, **body)

    assert problem(answer) == (422, "invalid")
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_numbers_of_another_account_are_not_touched(acme: Account, program: Program) -> None:
    foreign = PhoneNumberFactory.create(account=subscribed(slug="other"))

    answer = start(program, action="exclude", numbers=[foreign.pk])

    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_an_agent_that_is_not_live_blocks_the_job(
    acme: Account, program: Program, problem: Problem
) -> None:
    draft = AgentFactory.create(account=acme, draft=True)
    number = PhoneNumberFactory.create(account=acme)

    answer = start(program, action="assign", numbers=[number.pk], params={"agent": draft.pk})

    assert problem(answer) == (409, "blocked")


def test_only_a_finished_bulk_job_is_retried(
    acme: Account, program: Program, problem: Problem
) -> None:
    running = JobFactory.create(account=acme, running=True)
    other = JobFactory.create(account=acme, kind="import", finished=True)

    def retry(job: Job) -> tuple[int, str]:
        return problem(program.send("post", f"jobs/{job.pk}/retries/"))

    assert retry(running) == (409, "not_due")
    assert retry(other) == (409, "not_due")


def test_a_job_says_until_when_its_items_are_kept(acme: Account, program: Program) -> None:
    ended = timezone.now() - timedelta(days=91)
    old = JobFactory.create(account=acme, kind="bulk", finished=True, finished_at=ended)
    for job in (JobFactory.create(account=acme, kind="bulk"), old,
                JobFactory.create(account=acme, kind="import", finished=True)):  # fmt: skip
        told = program.send("get", f"jobs/{job.pk}/").json()["items_until"]
        assert (told is not None) == (job == old)

    told = program.send("get", f"jobs/{old.pk}/").json()["items_until"]
    assert datetime.fromisoformat(told) == ended + timedelta(days=90)


def test_jobs_are_listed_newest_first_and_filtered(acme: Account, program: Program) -> None:
    first = JobFactory.create(account=acme, kind="import", failed=True)
    second = JobFactory.create(account=acme)
    JobFactory.create(account=subscribed(slug="other"))

    def ids(query: str = "") -> list[int]:
        return [job["id"] for job in program.send("get", f"jobs/?{query}").json()["results"]]

    assert ids() == [second.pk, first.pk]
    (bulk_job,) = program.send("get", "bulk-jobs/").json()["results"]
    assert bulk_job == program.send("get", f"jobs/{second.pk}/").json()
    assert ids("kind=import") == [first.pk]
    assert ids("state=queued") == [second.pk]
    assert program.send("get", f"jobs/{first.pk}/").json()["error_code"] == "refused"


def test_items_come_in_pages(acme: Account, program: Program) -> None:
    job = JobFactory.create(account=acme)
    JobItemFactory.create_batch(3, job=job)

    body = program.send("get", f"jobs/{job.pk}/items/?limit=2").json()

    assert len(body["results"]) == 2
    assert body["next"]
