"""The pages of connections, imports and jobs, as a browser sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.actor import Actor
from accounts.models import Account, Job
from accounts.states import ItemState, JobState
from carrier import carrier_for
from licensing.models import GracePeriod
from numbers.models import Connection, Import
from numbers.services import imports
from numbers.states import ConnectionState, RefreshEvery
from tests.factories import (
    ConnectionFactory,
    ImportFactory,
    JobFactory,
    JobItemFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def messages_of(client: Client, path: str, **fields: str) -> list[str]:
    """Press a button and read what the next page says."""
    response = client.post(path, fields, follow=True)
    assert response.status_code == 200, path
    return [str(message) for message in response.context["messages"]]


def import_all(connection: Connection, actor: Actor) -> Import:
    """An import from its request to its end, as the worker does it."""
    run = imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    return run


# --- Connecting ------------------------------------------------------------------------------


@pytest.mark.process
def test_an_admin_connects_and_is_led_to_the_import(
    acme: Account, admin_client: Client, sandbox: SandboxProcess
) -> None:
    assert "No Twilio subaccount is connected" in read(admin_client, "/a/acme/connections/")

    response = admin_client.post(
        "/a/acme/connections/new/",
        {"sid": f" {sandbox.acme_sid}\n", "token": sandbox.acme_token},
        follow=True,
    )

    made = Connection.objects.get()
    assert response.redirect_chain == [(f"/a/acme/connections/{made.pk}/", 302)]
    text = response.content.decode()
    assert "Import Numbers" in text
    assert sandbox.acme_sid in text
    assert sandbox.acme_token not in text


@pytest.mark.process
def test_a_refused_token_is_marked_at_its_field_and_the_sid_is_kept(
    acme: Account, admin_client: Client, sandbox: SandboxProcess
) -> None:  # S0-29
    response = admin_client.post(
        "/a/acme/connections/new/", {"sid": sandbox.acme_sid, "token": "f" * 32}
    )

    text = response.content.decode()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["token"]
    assert f'value="{sandbox.acme_sid}"' in text
    assert "f" * 32 not in text


@pytest.mark.process
def test_a_twilio_out_of_reach_is_told_above_the_fields(
    acme: Account, admin_client: Client, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.3
    sandbox.fault("status", status=503)

    response = admin_client.post(
        "/a/acme/connections/new/", {"sid": sandbox.acme_sid, "token": sandbox.acme_token}
    )

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["__all__"]


# --- The page of a connection ----------------------------------------------------------------


@pytest.mark.process
def test_a_revoked_token_is_found_explained_and_replaced(
    connection: Connection, admin_client: Client, sandbox: SandboxProcess
) -> None:
    page = f"/a/acme/connections/{connection.pk}/"
    token = sandbox.revoke_token()

    assert "no longer accepts" in messages_of(admin_client, f"{page}check/")[0]
    text = read(admin_client, page)
    assert "Token refused" in text
    assert "Import Numbers" not in text

    wrong = admin_client.post(f"{page}token/", {"token": "f" * 32})
    assert wrong.status_code == 422
    assert list(wrong.context["token_form"].errors) == ["token"]
    assert messages_of(admin_client, f"{page}token/", token=token) == [
        "Twilio accepts the new token; it is stored."
    ]
    assert "Import Numbers" in read(admin_client, page)


def test_a_schedule_is_stored_and_a_wrong_one_refused(acme: Account, admin_client: Client) -> None:
    connection = ConnectionFactory.create(account=acme)
    page = f"/a/acme/connections/{connection.pk}/"

    messages_of(admin_client, f"{page}schedule/", every="daily")
    messages_of(admin_client, f"{page}schedule/", every="often")

    connection.refresh_from_db()
    assert connection.refresh_every == RefreshEvery.DAILY
    assert "Next refresh" in read(admin_client, page)


def test_a_member_reads_the_page_without_its_buttons(acme: Account, member_client: Client) -> None:
    connection = ConnectionFactory.create(account=acme, name="Main office")

    text = read(member_client, f"/a/acme/connections/{connection.pk}/")

    assert "Main office" in text
    assert "<form" not in text.partition("<main")[2]
    assert "Main office" in read(member_client, "/a/acme/connections/")


# --- Importing -------------------------------------------------------------------------------


def test_import_starts_every_working_connection_and_names_the_others(
    acme: Account, admin_client: Client
) -> None:  # S0-14
    first, second = ConnectionFactory.create_batch(2, account=acme)
    ConnectionFactory.create(account=acme, name="Old", state=ConnectionState.AUTH_FAILED)
    ConnectionFactory.create()  # a stranger's

    told = messages_of(admin_client, "/a/acme/imports/start/")

    assert told == ["Nothing is read from Old: token refused."]
    assert set(Import.objects.values_list("connection", flat=True)) == {first.pk, second.pk}


def test_import_again_joins_the_one_that_runs(acme: Account, admin_client: Client) -> None:
    ConnectionFactory.create(account=acme, name="Acme")
    messages_of(admin_client, "/a/acme/imports/start/")

    told = messages_of(admin_client, "/a/acme/imports/start/")

    assert told == ["An import from Acme runs already; this is it."]
    assert Import.objects.count() == 1


def test_import_without_a_connection_leads_to_the_connections(
    acme: Account, admin_client: Client
) -> None:
    response = admin_client.post("/a/acme/imports/start/")

    assert response["Location"] == "/a/acme/connections/"
    assert not Import.objects.exists()


def test_a_broken_connection_refuses_the_import_with_its_reason(
    acme: Account, admin_client: Client
) -> None:
    connection = ConnectionFactory.create(account=acme, state=ConnectionState.SUSPENDED)

    told = messages_of(admin_client, f"/a/acme/connections/{connection.pk}/import/")

    assert "suspended" in told[0]


def test_a_running_import_is_watched_until_it_ends(acme: Account, member_client: Client) -> None:
    run = ImportFactory.create(
        connection__account=acme, pages=2, job__running=True, job__done=2_000
    )
    page = f"/a/acme/imports/{run.pk}/"

    text = read(member_client, page)
    fragment = member_client.get(f"{page}progress/")

    assert f'hx-get="{page}progress/"' in text
    assert "Reload to see how far it is" in text  # without JavaScript
    assert "Reading page 3 from Twilio" in fragment.content.decode()
    assert "2,000" in fragment.content.decode()
    assert "HX-Refresh" not in fragment

    Job.objects.filter(pk=run.job_id).update(state=JobState.DONE, finished_at=timezone.now())
    assert member_client.get(f"{page}progress/")["HX-Refresh"] == "true"


def test_an_import_that_nobody_begins_says_why(acme: Account, member_client: Client) -> None:
    run = ImportFactory.create(connection__account=acme)
    created = timezone.now() - timedelta(minutes=2)
    Job.objects.filter(pk=run.job_id).update(created_at=created)

    assert "the background worker is busy" in read(member_client, f"/a/acme/imports/{run.pk}/")


@pytest.mark.process
def test_a_finished_import_says_what_it_found_and_leads_there(
    connection: Connection, by_admin: Actor, admin_client: Client, sandbox: SandboxProcess
) -> None:  # S0-14, S0-16
    run = import_all(connection, by_admin)

    text = read(admin_client, f"/a/acme/imports/{run.pk}/")

    link = f"/a/acme/numbers/?imported_in={run.job_id}&outcome=new"
    assert link.replace("&", "&amp;") in text
    found = admin_client.get(link)
    assert found.context["total"] == 27
    assert "This import opened a grace period" in text
    assert GracePeriod.objects.get().opened_by_job_id == run.job_id


@pytest.mark.process
def test_what_changed_is_named_by_field_and_by_number(
    connection: Connection, by_admin: Actor, admin_client: Client, sandbox: SandboxProcess
) -> None:  # S0-15
    import_all(connection, by_admin)
    number = connection.numbers.order_by("pk")[0]
    carrier_for(connection).numbers.update(number.sid, {"voice_url": "https://example.com/new"})

    run = import_all(connection, by_admin)

    text = read(admin_client, f"/a/acme/imports/{run.pk}/")
    assert "What changed at Twilio" in text
    assert "Voice URL (1 number)" in text
    assert "https://example.com/new" in text


def test_a_failed_import_says_why_and_what_to_do(acme: Account, admin_client: Client) -> None:
    broken = ImportFactory.create(
        connection__account=acme,
        is_open=False,
        job__failed=True,
        job__error_code="twilio_auth_failed",
        job__error="Twilio does not accept this account SID and auth token together.",
    )
    slow = ImportFactory.create(
        connection__account=acme,
        is_open=False,
        job__failed=True,
        job__error_code="twilio_unavailable",
    )

    text = read(admin_client, f"/a/acme/imports/{broken.pk}/")
    assert "does not accept" in text
    assert "Replace the token" in text
    assert "Import again" not in text
    assert "Import again" in read(admin_client, f"/a/acme/imports/{slow.pk}/")


def test_past_imports_are_listed_by_connection(acme: Account, member_client: Client) -> None:
    one, two = ConnectionFactory.create_batch(2, account=acme)
    for _ in range(21):
        ImportFactory.create(connection=one, finished=True)
    ImportFactory.create(connection=two, finished=True)

    assert len(member_client.get("/a/acme/imports/").context["page"].rows) == 20
    of_two = member_client.get(f"/a/acme/imports/?connection={two.pk}")
    assert [run.connection for run in of_two.context["page"].rows] == [two]
    assert member_client.get("/a/acme/imports/?connection=x").status_code == 404
    assert member_client.get(f"/a/acme/imports/?connection={'9' * 40}").status_code == 404


# --- Jobs ------------------------------------------------------------------------------------


@pytest.fixture
def job(noon: object, acme: Account) -> Job:
    """A finished job with 60 numbers changed, two skipped and one failed."""
    job: Job = JobFactory.create(account=acme, finished=True, total=63, done=63)
    numbers = PhoneNumberFactory.create_batch(63, account=acme)
    states = [ItemState.DONE] * 60 + [ItemState.SKIPPED] * 2 + [ItemState.FAILED]
    for number, state in zip(numbers, states, strict=True):
        message = "" if state == ItemState.DONE else "=This number is protected."
        JobItemFactory.create(
            job=job,
            key=number.e164,
            subject_type="number",
            subject_id=number.pk,
            state=state,
            message=message,
        )
    return job


def test_a_job_opens_with_what_needs_a_look(job: Job, member_client: Client) -> None:
    page = f"/a/acme/jobs/{job.pk}/"

    assert len(member_client.get(page).context["items"]) == 1
    assert "This number is protected." in read(member_client, page)
    first = member_client.get(f"{page}?state=done").context
    assert len(first["items"]) == 50
    rest = member_client.get(f"{page}{first['page'].older}").context["items"]
    assert len(rest) == 10
    assert ">Retry" not in read(member_client, page)


def test_a_jobs_results_are_a_file_that_runs_nothing(job: Job, member_client: Client) -> None:
    response = member_client.get(f"/a/acme/jobs/{job.pk}/results.csv")

    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 64
    assert any(line.endswith("'=This number is protected.") for line in lines)


def test_the_page_of_an_imports_job_is_the_imports(acme: Account, member_client: Client) -> None:
    run = ImportFactory.create(connection__account=acme)

    response = member_client.get(f"/a/acme/jobs/{run.job_id}/")

    assert response["Location"] == f"/a/acme/imports/{run.pk}/"


def test_what_failed_is_tried_again_in_a_new_job(
    acme: Account, admin_client: Client, job: Job
) -> None:  # B2
    Job.objects.filter(pk=job.pk).update(
        params={"action": "protect", "params": {"protected": True}}
    )
    assert ">Retry" in read(admin_client, f"/a/acme/jobs/{job.pk}/")

    response = admin_client.post(f"/a/acme/jobs/{job.pk}/retry/")

    retry = Job.objects.get(retry_of=job)
    assert response["Location"] == f"/a/acme/jobs/{retry.pk}/"
    assert retry.items.count() == 3
    assert "another try of" in read(admin_client, f"/a/acme/jobs/{retry.pk}/")


# --- Every page ------------------------------------------------------------------------------


def test_each_page_is_open_to_its_roles_only(
    acme: Account, job: Job, member_client: Client, stranger_client: Client
) -> None:
    connection = ConnectionFactory.create(account=acme)
    run = ImportFactory.create(connection=connection, finished=True)
    for_members = [
        "connections/",
        f"connections/{connection.pk}/",
        "imports/",
        f"imports/{run.pk}/",
        f"imports/{run.pk}/progress/",
        f"jobs/{job.pk}/",
        f"jobs/{job.pk}/progress/",
        f"jobs/{job.pk}/results.csv",
    ]
    for_others = [
        f"connections/{connection.pk}/check/",
        f"connections/{connection.pk}/token/",
        f"connections/{connection.pk}/schedule/",
        f"connections/{connection.pk}/import/",
        "imports/start/",
        f"jobs/{job.pk}/retry/",
    ]

    def statuses(client: Client) -> set[int]:
        """Of everything a member may not do."""
        posts = {client.post(f"/a/acme/{path}").status_code for path in for_others}
        return {client.get("/a/acme/connections/new/").status_code} | posts

    for path in for_members:
        assert member_client.get(f"/a/acme/{path}").status_code == 200, path
        assert stranger_client.get(f"/a/acme/{path}").status_code == 404, path
        assert Client().get(f"/a/acme/{path}").status_code == 302, path
    assert statuses(member_client) == {403}
    assert statuses(stranger_client) == {404}
    assert statuses(Client()) == {302}


def test_nothing_of_another_account_is_reached_through_ones_own(
    acme: Account, admin_client: Client
) -> None:
    other = subscribed(slug="other")
    connection = ConnectionFactory.create(account=other)
    run = ImportFactory.create(connection=connection)
    job = JobFactory.create(account=other)

    for path in (
        f"connections/{connection.pk}/",
        f"imports/{run.pk}/",
        f"imports/{run.pk}/progress/",
        f"imports/?connection={connection.pk}",
        f"jobs/{job.pk}/",
        f"jobs/{job.pk}/progress/",
        f"jobs/{job.pk}/results.csv",
    ):
        assert admin_client.get(f"/a/acme/{path}").status_code == 404, path
    for path in (
        f"connections/{connection.pk}/check/",
        f"connections/{connection.pk}/token/",
        f"connections/{connection.pk}/schedule/",
        f"connections/{connection.pk}/import/",
        f"jobs/{job.pk}/retry/",
    ):
        assert admin_client.post(f"/a/acme/{path}").status_code == 404, path


def test_lists_need_the_same_queries_whatever_their_length(
    acme: Account, member_client: Client
) -> None:
    job = JobFactory.create(account=acme, finished=True)

    def queries() -> dict[str, int]:
        """What each list needs after one more connection, import and result."""
        connection = ConnectionFactory.create(account=acme)
        ImportFactory.create(connection=connection, finished=True)
        ImportFactory.create(connection=Connection.objects.earliest("pk"), finished=True)
        JobItemFactory.create(job=job, state=ItemState.DONE)
        counts = {}
        for path in (
            "connections/",
            f"connections/{connection.pk}/",
            "imports/",
            f"jobs/{job.pk}/",
        ):
            with CaptureQueriesContext(database) as captured:
                read(member_client, f"/a/acme/{path}")
            counts[path.split("/")[0]] = len(captured)
        return counts

    first = queries()
    for _ in range(10):
        later = queries()

    assert later == first
    assert max(first.values()) < 16


def test_a_second_account_is_told_at_the_sid_that_the_subaccount_is_connected_elsewhere(
    sandbox: SandboxProcess, acme: Account, owner_client: Client
) -> None:
    ConnectionFactory.create(
        account=subscribed(slug="first-inc", name="First Inc"),
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
    )

    response = owner_client.post(
        "/a/acme/connections/new/", {"sid": sandbox.acme_sid, "token": sandbox.acme_token}
    )

    assert response.status_code == 422
    assert "connected to another account here" in response.content.decode()
    assert "First Inc" not in response.content.decode()
    assert not acme.connections.exists()
