"""The first page after signing in: where an account stands, and what waits for a decision."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Event, Job
from accounts.overview import LOOKED_AT_FOR, failed_jobs, latest
from accounts.registries import OVERVIEW, Card, OverviewPart
from accounts.states import JobState
from licensing.models import Subscription
from licensing.states import SubscriptionState
from numbers.overview import _along
from numbers.states import ConnectionState, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    GracePeriodFactory,
    ImportFactory,
    JobFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

URL = "/a/acme/overview/"


def shown(client: Client) -> str:
    response = client.get(URL)
    assert response.status_code == 200
    return str(response.content.decode())


def waiting(client: Client) -> dict[str, str]:
    """What waits, as it is written, and where it leads."""
    lines = re.findall(r'<a href="([^"]+)"><b>([\d,]+)</b> <span>([^<]+)</span>', shown(client))
    return {f"{count} {text}": url.replace("&amp;", "&") for url, count, text in lines}


def figures(client: Client) -> dict[str, str]:
    pattern = r'<span class="soft">([^<]+)</span><b>([^<]+)</b>'
    return dict(re.findall(pattern, shown(client)))


def test_signing_in_leads_to_the_overview(owner_client: Client) -> None:
    assert owner_client.get("/")["Location"] == URL
    assert owner_client.get("/a/acme/")["Location"] == URL


def test_a_stranger_and_the_signed_out_see_nothing(stranger_client: Client, acme: Account) -> None:
    assert stranger_client.get(URL).status_code == 404
    assert Client().get(URL)["Location"].startswith(reverse("account_login"))


def test_the_figures_are_those_of_the_other_pages(owner_client: Client, acme: Account) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    PhoneNumberFactory.create(account=acme, excluded=True)
    Subscription.objects.filter(account=acme).update(price="4.9995")

    found = figures(owner_client)
    licenses = owner_client.get("/a/acme/licenses/").content.decode()
    elsewhere = dict(re.findall(r'<span class="soft">([^<]+)</span><b>([^<]+)</b>', licenses))

    assert found == {
        "Held": "12",
        "Licensed": "10",
        "Over": "2",
        "Per month": elsewhere["Per month"],
    }
    assert elsewhere["Held"] == "12"


def test_what_waits_for_a_decision_is_counted_and_one_click_away(
    owner_client: Client, acme: Account
) -> None:  # S0-17, S0-20, S0-22
    agent = AgentFactory.create(account=acme)
    refused, confirming = PhoneNumberFactory.create_batch(2, account=acme, releasing=True)
    CarrierTaskFactory.create(number=refused, state=TaskState.NEEDS_PERSON)
    CarrierTaskFactory.create(number=confirming)
    PhoneNumberFactory.create_batch(3, account=acme)
    PhoneNumberFactory.create(account=acme, keep_decided_at=NOON)
    PhoneNumberFactory.create_batch(9, account=acme, agent=agent)
    PhoneNumberFactory.create_batch(2, account=acme, missing=True)
    GracePeriodFactory.create(account=acme)
    CarrierTaskFactory.create(state=TaskState.NEEDS_PERSON)  # of somebody else

    lines = waiting(owner_client)

    assert lines == {
        "3 numbers over your licenses": "/a/acme/licenses/decide/",
        "3 numbers without an agent, not decided yet":
            "/a/acme/numbers/?tab=unassigned&kept=false",
        "2 numbers missing at Twilio": "/a/acme/numbers/?tab=missing",
        "1 number about which Twilio refused what was asked":
            "/a/acme/numbers/?task=needs_person",
        "1 number waiting for Twilio to confirm": "/a/acme/numbers/?task=pending",
    }  # fmt: skip
    for line, url in lines.items():
        if "/numbers/" in url:  # each leads to exactly as many
            page = owner_client.get(url)
            assert len(page.context["rows"]) == int(line.split()[0]), line


def test_the_deadline_stands_there_with_its_countdown(owner_client: Client, acme: Account) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme)

    page = shown(owner_client)

    assert "Mar\u00a03,\u00a02026, 4:00\u00a0AM\u00a0PST" in page  # S0-24
    assert f'data-countdown="{(NOON + timedelta(hours=48)).isoformat()}">in 2\u00a0d' in page


def test_payments_and_connections_in_trouble_wait_too(owner_client: Client, acme: Account) -> None:
    PhoneNumberFactory.create(account=acme, keep_decided_at=NOON)
    PaymentAttemptFactory.create(account=acme)
    Subscription.objects.filter(account=acme).update(state=SubscriptionState.PAST_DUE)
    broken = ConnectionFactory.create(account=acme, state=ConnectionState.AUTH_FAILED)
    ConnectionFactory.create(account=acme, state=ConnectionState.DETACHED)

    assert waiting(owner_client) == {
        "1 connection in trouble": f"/a/acme/connections/{broken.pk}/",
        "1 payment without an answer from your bank": "/a/acme/licenses/#payment",
        "1 payment overdue": "/a/acme/licenses/",
    }

    ConnectionFactory.create(account=acme, state=ConnectionState.SUSPENDED)
    assert waiting(owner_client)["2 connections in trouble"] == "/a/acme/connections/"


def test_a_connection_that_works_is_in_no_trouble_because_a_refresh_failed(
    owner_client: Client, acme: Account
) -> None:  # B5
    connection = PhoneNumberFactory.create(account=acme, keep_decided_at=NOON).connection
    failed = JobFactory.create(account=acme, kind="import", failed=True)
    ImportFactory.create(connection=connection, job=failed, is_open=False)

    assert list(waiting(owner_client)) == ["1 connection working, of which the last refresh failed"]
    assert "The last refresh failed" in shown(owner_client)

    done = JobFactory.create(account=acme, kind="import", finished=True)
    ImportFactory.create(connection=connection, job=done, is_open=False)
    page = shown(owner_client)
    assert waiting(owner_client) == {}
    assert "Nothing waits for you." in page
    assert "Refreshed</a>" in page


def test_the_chart_says_what_it_counts(owner_client: Client, acme: Account) -> None:
    PhoneNumberFactory.create(account=acme, keep_decided_at=NOON)

    page = shown(owner_client)

    assert page.count("at the end of each quarter of an hour") == 2  # its description, its table
    assert "Days on which nothing changed are left out." in page


def test_jobs_that_failed_ask_for_a_look_until_they_are_tried_again(
    owner_client: Client, acme: Account
) -> None:  # B2
    JobFactory.create(account=acme, finished=True, result={"done": 3, "failed": 0})
    JobFactory.create(account=acme, kind="import", failed=True)  # the next one makes up for it
    JobFactory.create(account=acme, failed=True, finished_at=NOON - timedelta(days=8))
    JobFactory.create(failed=True)
    in_part = JobFactory.create(account=acme, finished=True, result={"done": 3, "failed": 1})

    url = f"/a/acme/jobs/{in_part.pk}/"
    assert waiting(owner_client) == {"1 job partly failed": url}
    whole = JobFactory.create(account=acme, failed=True)
    assert waiting(owner_client)["1 job failed"] == f"/a/acme/jobs/{whole.pk}/"
    # What has failed means the same to support, whose list has no place for parts.
    # A refresh that failed is counted to support, and stands at its connection for the account.
    to_support = Job.objects.for_support(NOON - LOOKED_AT_FOR).filter(account=acme)
    assert list(to_support.exclude(kind="import")) == [whole]
    url = "/a/acme/jobs/?failed=1"
    listed = [row["job"] for row in owner_client.get(url).context["rows"]]
    assert listed == [whole, in_part]
    JobFactory.create(account=acme, retry_of=whole)
    JobFactory.create(account=acme, retry_of=in_part)
    assert not failed_jobs(acme, at=NOON).exists()
    assert waiting(owner_client) == {}
    assert "Nothing failed" in owner_client.get(url).content.decode()


def test_each_line_about_jobs_leads_to_exactly_these(owner_client: Client, acme: Account) -> None:
    part = {"done": 1, "failed": 1}
    whole = JobFactory.create_batch(2, account=acme, failed=True)
    whole.append(JobFactory.create(account=acme, finished=True, result={"done": 0, "failed": 2}))
    in_part = JobFactory.create_batch(3, account=acme, finished=True, result=part)

    lines = waiting(owner_client)

    for text, jobs in (
        ("3 jobs failed", whole),
        ("3 jobs partly failed", in_part),
    ):
        listed = [row["job"] for row in owner_client.get(lines[text]).context["rows"]]
        assert listed == jobs[::-1]


def test_a_job_is_one_line_of_what_happened_last(acme: Account) -> None:
    EventFactory.create(account=acme, summary="Label changed.")
    job = JobFactory.create(
        account=acme, finished=True, title="Tag 300 numbers", result={"done": 297, "failed": 3}
    )
    EventFactory.create(
        account=acme, type="bulk.started", job=job, subject_type="job", subject_id=job.pk,
        summary="Tag 300 numbers.",
    )  # fmt: skip
    EventFactory.create_batch(300, account=acme, job=job)
    running = JobFactory.create(account=acme, running=True, done=5, total=40)
    EventFactory.create(
        account=acme, type="bulk.started", job=running, subject_type="job", subject_id=running.pk,
        summary="Release 40 numbers.",
    )  # fmt: skip
    EventFactory.create(account=acme, type="grace.opened", job=job, subject_type="grace_period")

    assert [entry.sentence for entry in latest(acme)] == [
        "Label changed",
        "Release 40 numbers (running, 5 of 40).",
        "Tag 300 numbers (297 changed, 3 failed).",
        "Label changed.",
    ]


def test_the_same_again_and_again_is_one_line_and_there_are_ten(acme: Account) -> None:
    for number in range(12):
        EventFactory.create(account=acme, summary=f"Number {number}.")
    for _ in range(5):
        refresh = JobFactory.create(account=acme, kind="import", finished=True)
        EventFactory.create(
            account=acme, type="import.completed", subject_type="import", job=refresh,
            summary="Import completed: 0 new, 27 unchanged.",
        )  # fmt: skip

    sentences = [entry.sentence for entry in latest(acme)]

    assert sentences[0] == "Import completed: 0 new, 27 unchanged. The same 4 times before."
    assert sentences[1:] == [f"Number {number}." for number in range(11, 2, -1)]


def test_jobs_with_other_results_are_lines_of_their_own(acme: Account) -> None:
    for result in ({"failed": 2}, {"done": 2}, {"done": 2}):
        job = JobFactory.create(account=acme, finished=True, result=result)
        EventFactory.create(
            account=acme, type="bulk.started", job=job, subject_type="job", subject_id=job.pk,
            summary="Restore 2 numbers.",
        )  # fmt: skip

    assert [entry.sentence for entry in latest(acme)] == [
        "Restore 2 numbers (2 changed). The same 1 time before.",
        "Restore 2 numbers (2 failed).",
    ]


def test_those_who_only_read_see_the_same_without_buttons(
    owner_client: Client, member_client: Client, acme: Account
) -> None:  # B11
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme)

    theirs, main = waiting(member_client), shown(member_client).split("<main")[1]

    assert theirs == waiting(owner_client)
    assert "<button" not in main
    assert 'class="button' not in main
    assert ">Refresh</button>" in shown(owner_client)


@pytest.mark.parametrize(
    ("connected", "who", "expected"),
    [
        (False, "owner", 'href="/a/acme/connections/new/">Connect Twilio</a>'),
        (True, "owner", ">Import Numbers</button>"),
        (False, "member", "An owner or admin of this account can connect one"),
        (True, "member", "can import them from Twilio"),
    ],
)
def test_a_new_account_is_told_the_next_act(
    acme: Account, request: pytest.FixtureRequest, connected: bool, who: str, expected: str
) -> None:  # S0-1, S0-14
    if connected:
        ConnectionFactory.create(account=acme)

    page = shown(request.getfixturevalue(f"{who}_client"))

    assert expected in page or (who == "member" and "can import them" in page)
    assert "Waits for a decision" not in page
    assert "<figure" not in page
    assert "What the month costs" in page


def test_an_account_without_a_subscription_has_an_overview(
    owner_client: Client, acme: Account
) -> None:
    Subscription.objects.filter(account=acme).delete()
    PhoneNumberFactory.create(account=acme)

    assert figures(owner_client) == {"Held": "1"}


def test_the_chart_tells_held_and_licensed_with_a_table(
    owner_client: Client, acme: Account, noon: time_machine.Traveller
) -> None:  # S0-9, S0-16
    Account.objects.filter(pk=acme.pk).update(created_at=NOON - timedelta(days=30))
    PhoneNumberFactory.create_batch(12, account=acme)
    noon.shift(timedelta(days=1))

    page = shown(owner_client)

    assert '<title id="held-title">Held and licensed</title>' in page
    assert "held from 0 to 12, licensed from 10 to 10." in page
    assert (
        "At most 2 numbers over, on Sun,\u00a0Mar\u00a01,\u00a02026, 4:00\u00a0AM\u00a0PST." in page
    )
    rows = re.findall(r'<th scope="row">([^<]+)</th>((?:<td class="figure">[\d,]+</td>)+)', page)
    assert [(day, re.findall(r">(\d+)<", cells)) for day, cells in rows] == [
        ("Mar\u00a01, 2026", ["12", "12", "10", "2"]),
        ("Jan\u00a030, 2026", ["0", "0", "10", "0"]),
    ]


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        (24, ["Feb 28, 12 PM", "8 PM", "Mar 1, 4 AM", "12 PM"]),
        (48, ["Feb 27, 12 PM", "Feb 28, 4 AM", "8 PM", "Mar 1, 12 PM"]),
        (50, ["Feb 27, 10 AM", "Feb 28, 3 AM", "7 PM", "Mar 1, 12 PM"]),
        (144, ["Feb 23", "Feb 25", "Feb 27", "Mar 1"]),
    ],
)
def test_no_two_places_along_the_chart_are_called_the_same(hours: int, labels: list[str]) -> None:
    along = _along(NOON - timedelta(hours=hours), NOON, ZoneInfo("UTC"))

    assert [label.replace("\u00a0", " ") for label in along] == labels


def test_an_app_above_puts_its_card_there_without_being_named(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(20, "Traffic", "accounts/overview_latest.html", [], url="/calls", link="All calls")
    monkeypatch.setitem(
        OVERVIEW.entries, "telephony", lambda account, actor, at: OverviewPart(cards=[card])
    )

    page = shown(owner_client)

    assert page.index('>Traffic</h2><a href="/calls">All calls</a>') < page.index(">Latest</h2>")


def test_the_page_reads_the_database_a_fixed_number_of_times(
    owner_client: Client, acme: Account, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    GracePeriodFactory.create(account=acme)
    for n in range(25):
        PhoneNumberFactory.create(account=acme, state_changed_at=NOON - timedelta(hours=n))
        CarrierTaskFactory.create(
            number__account=acme, number__releasing=True, state=TaskState.NEEDS_PERSON
        )
        run = ImportFactory.create(connection__account=acme)
        EventFactory.create(account=acme, job=run.job, subject_type="import")
        JobFactory.create(account=acme, state=JobState.FAILED, finished_at=NOON)

    # The frame takes 9: session, user, membership, accounts, notices, and the banner's three.
    with django_assert_max_num_queries(11 + 15):
        shown(owner_client)


def test_what_jobs_did_to_numbers_is_passed_over_by_an_index(acme: Account) -> None:
    job = JobFactory.create(account=acme)
    done = EventFactory.build_batch(2_000, account=acme, job=job, subject_type="number")
    Event.objects.bulk_create(done)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Event._meta.db_table}")  # a planner decides by what it knows

    plan = Event.objects.filter(account=acme).one_by_one().order_by("-pk")[:10].explain()

    assert "event_activity_one_by_one" in plan
