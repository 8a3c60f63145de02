"""The pages, the REST API and the admin of jobs are one set for every kind, seen with strangers."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.job_kinds import JOB_KINDS, JobKind, Outcome
from accounts.models import Account, Job, JobItem
from accounts.services import job_items
from accounts.states import ItemState, JobState, Permission
from config.errors import NotDue
from tests.api.conftest import Answer, program_of
from tests.factories import NOON, JobFactory
from tests.strangers import Registry, ask_about, kind_of_strangers, numbers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def registry() -> Registry:
    """One number is refused, one is answered later."""
    return Registry(refuses={numbers(3)[0]}, later={numbers(3)[1]})


@pytest.fixture
def kind(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> JobKind:
    kind = kind_of_strangers(registry)
    monkeypatch.setitem(JOB_KINDS.entries, kind.name, kind)
    return kind


@pytest.fixture
def job(acme: Account, kind: JobKind, by_owner: Actor) -> Job:
    """A hundred strangers' numbers, asked about; not all of the answers are there."""
    return asked(acme, kind, 100, by_owner)


def asked(account: Account, kind: JobKind, count: int, actor: Actor) -> Job:
    job = ask_about(account, kind, numbers(count), actor)
    job_items.work(job.pk, seconds=600)
    return job


def settle(job: Job) -> None:
    answer = Outcome(result={"portable": False, "carrier": "=Other"})
    job_items.settle(job.pk, numbers(3)[1], answer, at=NOON)
    job.refresh_from_db()


def text(response: Any) -> str:
    return str(response.content.decode())


def lines(client: Client, job: Job) -> list[list[str]]:
    response: Any = client.get(f"/a/acme/jobs/{job.pk}/results.csv?format=plain")
    content = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(content)))


def test_the_page_shows_each_number_with_what_was_found_out(
    job: Job, member_client: Client
) -> None:  # B2
    page = f"/a/acme/jobs/{job.pk}/"

    opened = member_client.get(page)
    checked = member_client.get(f"{page}?state=done")
    asked = member_client.get(f"{page}?state=started")

    assert [row["key"] for row in opened.context["items"]] == ["(650) 555-0000"]
    assert "They say no." in text(opened)
    assert ("Portable", "yes") in checked.context["items"][0]["cells"]
    assert "<th>Carrier</th>" in text(checked)
    assert len(checked.context["items"]) == 50
    older = member_client.get(f"{page}{checked.context['page'].older}").context["items"]
    assert not {row["key"] for row in older} & {row["key"] for row in checked.context["items"]}
    assert [row["url"] for row in asked.context["items"]] == [""]  # it is nobody's page here
    tabs = [(tab["label"], tab["count"]) for tab in opened.context["tabs"]]
    assert tabs == [("Failed", 1), ("Asked", 1), ("Checked", 98)]


def test_the_page_goes_on_asking_until_the_last_answer_is_there(
    job: Job, member_client: Client
) -> None:
    progress = f"/a/acme/jobs/{job.pk}/progress/"

    waiting = member_client.get(progress)
    settle(job)
    ended = member_client.get(progress)

    assert "99 of 100" in text(waiting)
    assert "Asked" in text(waiting)
    assert "hx-get" in text(waiting)
    assert (job.state, ended["HX-Refresh"]) == (JobState.DONE, "true")


def test_the_results_are_a_file_with_the_columns_of_the_kind(
    job: Job, member_client: Client
) -> None:
    settle(job)

    header, *rows = lines(member_client, job)

    assert header == ["number", "result", "code", "message", "Portable", "Carrier"]
    assert len(rows) == 100
    found = {row[0]: row[1:] for row in rows}
    first, second, third = numbers(3)
    assert found[first] == ["Failed", "not_portable", "They say no.", "", ""]
    assert found[second] == ["Checked", "", "", "no", "'=Other"]
    assert found[third] == ["Checked", "", "", "yes", "Acme Mobile"]


def test_who_may_retries_the_failed_and_others_do_not(
    job: Job, registry: Registry, owner_client: Client, admin_client: Client,
    stranger_client: Client,
) -> None:  # fmt: skip
    settle(job)
    registry.refuses.clear()
    page = f"/a/acme/jobs/{job.pk}/"

    assert ">Retry" in text(owner_client.get(page))
    assert ">Retry" not in text(admin_client.get(page))
    refused = admin_client.post(f"{page}retry/")
    unseen = stranger_client.post(f"{page}retry/")
    started = owner_client.post(f"{page}retry/")

    assert (refused.status_code, unseen.status_code) == (403, 404)
    again = Job.objects.get(retry_of=job)
    assert started["Location"] == f"/a/acme/jobs/{again.pk}/"
    job_items.work(again.pk)
    assert [item.key for item in again.items.all()] == numbers(1)
    assert ">Retry" not in text(owner_client.get(page))
    assert "tried again by" in text(owner_client.get(page))
    assert "another try of" in text(owner_client.get(started["Location"]))


def test_a_job_is_tried_again_once(
    job: Job, registry: Registry, owner_client: Client, by_owner: Actor
) -> None:
    settle(job)
    job_items.retry_failed(job.pk, actor=by_owner, at=NOON)

    with pytest.raises(NotDue) as refusal:
        job_items.retry_failed(job.pk, actor=by_owner, at=NOON)
    answer = owner_client.post(f"/a/acme/jobs/{job.pk}/retry/", follow=True)

    assert refusal.value.code == "retried"
    assert "This job was tried again already." in text(answer)
    assert Job.objects.filter(retry_of=job).count() == 1


def test_the_list_says_how_many_items_of_a_job_failed(job: Job, owner_client: Client) -> None:
    settle(job)

    row = owner_client.get("/a/acme/jobs/").content.decode()

    assert "100 of 100, 1 failed" in row


def test_the_page_of_a_finished_job_leads_back_to_its_list(
    acme: Account, owner_client: Client
) -> None:
    done = JobFactory.create(account=acme, kind="bulk", finished=True)

    assert 'class="button" href="/a/acme/numbers/"' in text(
        owner_client.get(f"/a/acme/jobs/{done.pk}/")
    )


def test_what_a_job_that_was_given_up_never_reached_is_called_so(
    acme: Account, kind: JobKind, owner_client: Client
) -> None:
    job = JobFactory.create(account=acme, kind=kind.name, failed=True, total=2)
    JobItem.objects.create(job=job, key=numbers(1)[0])

    page = owner_client.get(f"/a/acme/jobs/{job.pk}/")

    assert [tab["label"] for tab in page.context["tabs"]] == ["Never reached"]
    assert lines(owner_client, job)[1][1] == "Never reached"
    assert ">Retry" in text(page)


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "not yet swept"])
def test_a_job_whose_items_are_no_longer_kept_says_so_and_cannot_be_retried(
    acme: Account, kind: JobKind, owner_client: Client, swept: bool
) -> None:
    result = {"done": 2, "failed": 1, "skipped": 0}
    ended = NOON - job_items.KEPT - timedelta(seconds=1)
    job = JobFactory.create(
        account=acme, kind=kind.name, finished=True, finished_at=ended, total=3, result=result
    )
    if not swept:
        JobItem.objects.create(job=job, key=numbers(1)[0], state=ItemState.FAILED)

    page = text(owner_client.get(f"/a/acme/jobs/{job.pk}/"))
    owner_client.post(f"/a/acme/jobs/{job.pk}/retry/")
    export = owner_client.get(f"/a/acme/jobs/{job.pk}/results.csv")

    assert export["Location"] == f"/a/acme/jobs/{job.pk}/"
    assert "is kept for 90 days. This job ended" in page
    assert "has this result" not in page
    assert ">Retry" not in page
    assert "Export CSV" not in page
    assert "Failed</span><b>1</b>" in page
    assert not Job.objects.filter(retry_of=job).exists()


def test_a_job_is_whole_until_the_last_day(
    acme: Account, kind: JobKind, owner_client: Client
) -> None:
    job = JobFactory.create(
        account=acme, kind=kind.name, failed=True, finished_at=NOON - job_items.KEPT, total=1
    )
    JobItem.objects.create(job=job, key=numbers(1)[0])

    page = text(owner_client.get(f"/a/acme/jobs/{job.pk}/"))

    assert ">Retry" in page
    assert "no longer" not in page


def test_a_stranger_sees_no_job(job: Job, stranger_client: Client) -> None:
    for part in ("", "progress/", "results.csv"):
        assert stranger_client.get(f"/a/acme/jobs/{job.pk}/{part}").status_code == 404


def test_jobs_of_every_kind_are_listed_newest_first(
    acme: Account, job: Job, member_client: Client
) -> None:
    JobFactory.create(account=acme, kind="of another version", title="Something", failed=True)
    JobFactory.create()

    rows = member_client.get("/a/acme/jobs/").context["rows"]

    titles = [row["job"].title for row in rows]
    assert titles == ["Something", "Check 100 numbers"]
    assert member_client.get(f"/a/acme/jobs/{rows[0]['job'].pk}/").status_code == 200


def test_pages_of_a_job_cost_the_same_queries_whatever_its_size(
    acme: Account, kind: JobKind, by_owner: Actor, member_client: Client
) -> None:
    counts = []
    for count in (3, 100):
        job = asked(acme, kind, count, by_owner)
        with CaptureQueriesContext(database) as queries:
            for path in (f"{job.pk}/?state=done", f"{job.pk}/progress/", ""):
                assert member_client.get(f"/a/acme/jobs/{path}").status_code == 200
            lines(member_client, job)
        counts.append(len(queries))

    assert counts[0] == counts[1]


# --- REST ----------------------------------------------------------------------------------------


def test_a_program_follows_a_job_of_1000_reads_its_items_and_retries(
    acme: Account, kind: JobKind, registry: Registry, by_owner: Actor
) -> None:
    program = program_of(acme, Permission.LICENSES)
    job = asked(acme, kind, 1_000, by_owner)

    def get(path: str) -> Any:
        answer: Answer = program.send("get", f"jobs/{job.pk}/{path}")
        return answer.json()

    waiting = get("")
    early = program.send("post", f"jobs/{job.pk}/retries/")
    settle(job)
    ended = get("")
    (failed,) = get("items/?state=failed")["results"]
    seen, path = 0, f"/api/v1/jobs/{job.pk}/items/?limit=100"
    while path:
        page = program.send("get", path).json()
        seen += len(page["results"])
        path = page["next"].removeprefix(settings.PUBLIC_URL) if page["next"] else ""
    registry.refuses.clear()
    retried = program.send("post", f"jobs/{job.pk}/retries/")

    assert (waiting["state"], waiting["done"], waiting["finished_at"]) == ("settling", 999, None)
    assert (early.status_code, early.json()["code"]) == (409, "not_due")
    assert (ended["state"], ended["kind"]) == ("done", "portability")
    assert ended["result"] == {"done": 999, "skipped": 0, "failed": 1}
    assert seen == 1_000
    assert failed == {
        "id": failed["id"],
        "key": numbers(1)[0],
        "subject": None,
        "state": "failed",
        "result": {},
        "code": "not_portable",
        "message": "They say no.",
    }
    assert (retried.status_code, retried.json()["total"]) == (202, 1)
    assert retried["Location"] == f"/api/v1/jobs/{retried.json()['id']}/"


def test_a_program_needs_the_scope_that_the_kind_asks_for(acme: Account, job: Job) -> None:
    settle(job)

    answers = [
        program_of(acme, *scopes).send("post", f"jobs/{job.pk}/retries/").status_code
        for scopes in ((), (Permission.NUMBERS,), (Permission.LICENSES,))
    ]

    assert answers == [403, 403, 202]


# --- The admin -----------------------------------------------------------------------------------


def test_support_looks_at_the_items_of_a_job(job: Job, support_client: Client) -> None:
    page = support_client.get(f"/admin/accounts/job/{job.pk}/change/")
    items = support_client.get(f"/admin/accounts/jobitem/?job__id__exact={job.pk}&state=failed")

    assert f"/admin/accounts/jobitem/?job__id__exact={job.pk}" in text(page)
    assert numbers(1)[0] in text(items)


def test_support_runs_a_failed_job_again_where_it_stopped(
    acme: Account, kind: JobKind, support_client: Client
) -> None:
    job = JobFactory.create(account=acme, kind=kind.name, task=kind.task, failed=True, total=2)
    done, left = numbers(4)[2:]
    JobItem.objects.create(job=job, key=done, state=ItemState.DONE)
    JobItem.objects.create(job=job, key=left)

    support_client.post(f"/admin/accounts/job/{job.pk}/act/again/", {"reason": "It was stuck."})
    job_items.work(job.pk)

    job.refresh_from_db()
    assert (job.state, job.items.filter(state=ItemState.DONE).count()) == (JobState.DONE, 2)
