"""The activity page, its CSV, and timelines."""

from __future__ import annotations

import ast
import csv
import io
import re
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.activity import choose
from accounts.models import Account, Event, Membership, User
from accounts.registries import EVENT_TYPES, SUBJECTS
from accounts.states import ItemState, JobState
from accounts.timeline import changes, entries, type_label
from accounts.views.activity import PAGE_SIZE
from tests.cursors import NO_CURSORS
from tests.factories import (
    NOON,
    AgentFactory,
    ApiKeyFactory,
    EventFactory,
    JobFactory,
    PhoneNumberFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

#: Session, user, membership with account; other accounts and unread notices; the grace banner.
FRAME = 6
HOUR = timedelta(hours=1)


def shown(client: Client, query: str = "") -> list[str]:
    """The sentences of the events on the activity page, in order."""
    response = client.get(f"{reverse('accounts:activity', args=['acme'])}{query}")
    assert response.status_code == 200
    return [event.summary for event in response.context["page"].rows]


def rows_of_csv(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"{reverse('accounts:activity_csv', args=['acme'])}{query}")
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_everything_is_listed_newest_first_and_nothing_of_others(
    member_client: Client, acme: Account
) -> None:
    EventFactory.create(account=acme, summary="first")
    EventFactory.create(account=acme, summary="second")
    EventFactory.create(summary="elsewhere")

    assert shown(member_client) == ["second", "first"]


# B2
def test_a_job_is_one_line_until_its_numbers_are_asked_for(
    member_client: Client, acme: Account
) -> None:
    number = PhoneNumberFactory.create(account=acme, e164="+14155550123")
    job = JobFactory.create(account=acme, result={"done": 1, "failed": 2})
    about = {"subject_type": "number", "subject_id": number.pk, "job": job}
    EventFactory.create(account=acme, summary="By hand", **{**about, "job": None})
    EventFactory.create(account=acme, summary="Started", subject_type="job", job=job)
    EventFactory.create(account=acme, type="number.imported", summary="Imported", **about)

    assert shown(member_client) == ["Started", "By hand"]
    assert shown(member_client, "?type=every") == ["Imported", "Started", "By hand"]
    assert shown(member_client, "?type=number.imported") == ["Imported"]
    assert shown(member_client, "?subject=%2B14155550123") == ["Imported", "By hand"]
    assert shown(member_client, f"?job={job.pk}") == ["Imported", "Started"]
    rows = rows_of_csv(member_client)
    assert rows == rows_of_csv(member_client, "?type=every")
    of_job = str(job.pk)
    assert [(row["summary"], row["job"]) for row in rows] == [
        ("Imported", of_job),
        ("Started", of_job),
        ("By hand", ""),
    ]


def test_the_line_of_a_job_has_inside_what_it_did_to_numbers(
    member_client: Client, acme: Account
) -> None:
    job = JobFactory.create(account=acme, state=JobState.DONE, result={"done": 1, "failed": 2})
    of_job = {"account": acme, "job": job}
    EventFactory.create(summary="Started", subject_type="job", subject_id=job.pk, **of_job)
    EventFactory.create(summary="Released", subject_type="number", **of_job)
    EventFactory.create(summary="Period resolved", subject_type="account", **of_job)
    nothing = JobFactory.create(account=acme)
    EventFactory.create(account=acme, subject_type="job", subject_id=nothing.pk, job=nothing)
    EventFactory.create(summary="Elsewhere", subject_type="number")

    def lines(query: str = "") -> list[tuple[int | None, str]]:
        answer = member_client.get(f"{reverse('accounts:activity', args=['acme'])}{query}")
        return [(entry.job, entry.how_far) for entry in answer.context["entries"]]

    inside = member_client.get(reverse("accounts:job_events", args=["acme", job.pk]))

    assert lines() == [(None, ""), (None, ""), (job.pk, "1 changed, 2 failed")]
    assert lines("?type=every") == [(None, "")] * 4
    assert [line.text for line in inside.context["lines"]] == ["Released"]
    assert f"activity/?job={job.pk}" in inside.content.decode()


def test_inside_are_the_things_of_the_job_what_was_not_done_first_and_why(
    member_client: Client, acme: Account
) -> None:
    job = JobFactory.create(account=acme, kind="bulk", state=JobState.DONE)
    kept, gone, odd = PhoneNumberFactory.create_batch(3, account=acme)
    told = {"account": acme, "job": job, "subject_id": gone.pk}
    EventFactory.create(type="number.release_requested", summary="To be released", **told)
    EventFactory.create(type="number.released", summary="Given back to Twilio", **told)
    for number, state, message in [
        (gone, ItemState.DONE, ""),
        (kept, ItemState.SKIPPED, "It is protected."),
        (odd, ItemState.FAILED, "Twilio refused."),
    ]:
        job.items.create(
            key=number.e164,
            subject_type="number",
            subject_id=number.pk,
            state=state,
            message=message,
        )

    inside = member_client.get(reverse("accounts:job_events", args=["acme", job.pk]))

    assert [(line.word, line.text) for line in inside.context["lines"]] == [
        ("Failed", "Twilio refused."),
        ("Skipped", "It is protected."),
        ("Changed", "Given back to Twilio"),
    ]
    assert reverse("accounts:job", args=["acme", job.pk]) in inside.content.decode()
    assert reverse("numbers:detail", args=["acme", kept.pk]) in inside.content.decode()


def test_a_job_that_skipped_everything_says_so_inside(member_client: Client, acme: Account) -> None:
    job = JobFactory.create(account=acme, state=JobState.DONE, result={"skipped": 1})
    EventFactory.create(account=acme, job=job, subject_type="job", subject_id=job.pk)
    job.items.create(key="+14155550123", state=ItemState.SKIPPED, message="It is protected.")

    (entry,) = member_client.get("/a/acme/activity/").context["entries"]
    inside = member_client.get(reverse("accounts:job_events", args=["acme", job.pk]))

    assert (entry.job, entry.how_far) == (job.pk, "1 skipped")
    assert "It is protected." in inside.content.decode()


def test_inside_of_an_import_each_number_is_one_line(member_client: Client, acme: Account) -> None:
    job = JobFactory.create(account=acme, kind="import")
    for summary in ("Imported", "Changed at Twilio"):
        EventFactory.create(account=acme, job=job, subject_id=7, summary=summary)

    inside = member_client.get(reverse("accounts:job_events", args=["acme", job.pk]))

    assert [line.text for line in inside.context["lines"]] == ["Changed at Twilio"]


def test_what_a_job_did_later_is_found_by_its_day(member_client: Client, acme: Account) -> None:
    monday, tuesday = NOON.replace(day=2, hour=20), NOON.replace(day=3, hour=20)
    job, other = JobFactory.create_batch(2, account=acme)
    for each in (job, other):
        told = {"subject_type": "job", "subject_id": each.pk, "at": monday, "summary": "Started"}
        EventFactory.create(account=acme, job=each, **told)
    EventFactory.create(account=acme, job=job, at=tuesday, summary="Given back")
    EventFactory.create(account=acme, at=tuesday, summary="By hand")

    def found(query: str) -> list[tuple[str, int | None]]:
        answer = member_client.get(f"{reverse('accounts:activity', args=['acme'])}{query}")
        return [(entry.sentence, entry.job) for entry in answer.context["entries"]]

    assert found("?since=2026-03-03") == [("By hand", None), ("Started", job.pk)]
    assert found("?until=2026-03-02") == [("Started", None), ("Started", job.pk)]
    assert found("?since=2026-03-03&actor=user:0") == []
    assert found("?since=2026-03-04") == []


def test_lines_of_such_jobs_are_turned_over_like_others(
    member_client: Client, acme: Account
) -> None:
    monday, tuesday = NOON.replace(day=2, hour=20), NOON.replace(day=3, hour=20)
    jobs = JobFactory.create_batch(PAGE_SIZE, account=acme)
    for job in jobs:
        EventFactory.create(account=acme, job=job, subject_type="job", at=monday, summary="job")
    for n, job in enumerate(jobs):
        EventFactory.create(account=acme, job=job, at=tuesday)
        EventFactory.create(account=acme, at=tuesday, summary=str(n))

    url = reverse("accounts:activity", args=["acme"])
    first = member_client.get(f"{url}?since=2026-03-03").context["page"]
    second = member_client.get(f"{url}{first.older}").context["page"]
    back = member_client.get(f"{url}{second.newer}").context["page"]

    assert [row.summary for row in first.rows] == [str(n) for n in reversed(range(PAGE_SIZE))]
    assert [row.summary for row in second.rows] == ["job"] * PAGE_SIZE
    assert (second.older, back.rows) == ("", first.rows)


@pytest.mark.parametrize("about", ["job", "subject"])
def test_where_all_events_of_one_thing_are_shown_the_filter_says_so(
    member_client: Client, acme: Account, about: str
) -> None:
    url = reverse("accounts:activity", args=["acme"])

    narrow = member_client.get(f"{url}?{about}=7").content.decode()

    assert "a job as one line" not in narrow
    assert ">Everything</option>" in narrow
    assert "a job as one line" in member_client.get(url).content.decode()


@pytest.mark.parametrize("kind", ["page", "count"])
def test_the_events_of_a_job_are_read_by_an_index_in_their_order(acme: Account, kind: str) -> None:
    jobs = JobFactory.create_batch(20, account=acme)
    done = [EventFactory.build(account=acme, job=job) for job in jobs for _ in range(150)]
    Event.objects.bulk_create(done)
    job = jobs[7]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Event._meta.db_table}")  # a planner decides by what it knows

    events = choose(acme, job=job.pk).order_by("-pk")[:50]
    if kind == "count":
        events = job.events.filter(type="number.described").order_by()
    plan = events.explain()

    assert "event_of_job_in_order" in plan
    assert "sort" not in plan.lower()
    assert "temp b-tree" not in plan.lower()


def test_pages_follow_each_other_both_ways_without_gap_or_repeat(
    member_client: Client, acme: Account
) -> None:
    total = 2 * PAGE_SIZE + 5
    for n in range(total):
        EventFactory.create(account=acme, summary=str(n))

    url = reverse("accounts:activity", args=["acme"])
    forward, query = [], "?type=number.described"
    while query:
        page = member_client.get(f"{url}{query}").context["page"]
        forward.append([event.summary for event in page.rows])
        query, last = page.older, page
    backward, query = [forward[-1]], last.newer
    while query:
        page = member_client.get(f"{url}{query}").context["page"]
        backward.append([event.summary for event in page.rows])
        query = page.newer

    assert list(chain(*forward)) == [str(n) for n in reversed(range(total))]
    assert sorted(chain(*backward), key=int) == [str(n) for n in range(total)]
    assert last.first == "?type=number.described"


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_a_cursor_that_no_page_gave_is_refused(member_client: Client, cursor: str) -> None:
    for name in ("before", "after"):
        answer = member_client.get(reverse("accounts:activity", args=["acme"]), {name: cursor})

        assert answer.status_code == 400


def test_events_are_filtered_by_type(member_client: Client, acme: Account) -> None:
    EventFactory.create(account=acme, type="member.joined", summary="joined")
    EventFactory.create(account=acme)

    assert shown(member_client, "?type=member.joined") == ["joined"]


def test_events_are_filtered_by_who_did_it(
    member_client: Client, acme: Account, owner: User
) -> None:
    key = ApiKeyFactory.create(account=acme)
    EventFactory.create(account=acme, actor_kind="user", actor_id=owner.pk, summary="person")
    EventFactory.create(account=acme, actor_kind="api_key", actor_id=key.pk, summary="program")
    EventFactory.create(account=acme, actor_kind="user", actor_id=0, summary="who has left")
    EventFactory.create(account=acme, summary="system")

    assert shown(member_client, f"?actor=user:{owner.pk}") == ["person"]
    assert shown(member_client, f"?actor=api_key:{key.pk}") == ["program"]
    assert shown(member_client, "?actor=user:0") == ["who has left"]
    assert shown(member_client, "?actor=system") == ["system"]


@pytest.mark.parametrize("typed", ["+14155550123", "(415) 555-0123", "415.555.0123"])
def test_a_number_is_found_however_it_is_written(
    member_client: Client, acme: Account, typed: str
) -> None:
    number = PhoneNumberFactory.create(account=acme, e164="+14155550123")
    EventFactory.create(account=acme, subject_id=number.pk, summary="about it")
    EventFactory.create(account=acme, subject_id=number.pk + 1)

    response = member_client.get(reverse("accounts:activity", args=["acme"]), {"subject": typed})

    assert [event.summary for event in response.context["page"].rows] == ["about it"]


@pytest.mark.parametrize("typed", ["0123", "555-0123", "5550123"])
def test_a_number_is_found_by_its_last_digits(
    member_client: Client, acme: Account, typed: str
) -> None:
    number = PhoneNumberFactory.create(account=acme, e164="+14155550123")
    other = PhoneNumberFactory.create(account=acme, e164="+14150123999")
    EventFactory.create(account=acme, subject_id=number.pk, summary="about it")
    EventFactory.create(account=acme, subject_id=other.pk, summary="in the middle")

    assert shown(member_client, f"?subject={typed}") == ["about it"]
    assert shown(member_client, "?subject=123") == []  # too many end like that


def test_agents_members_and_keys_are_found_by_name(
    member_client: Client, acme: Account, owner: User
) -> None:
    agent = AgentFactory.create(account=acme, name="Front desk")
    key = ApiKeyFactory.create(account=acme, name="Export")
    for kind, pk in (("agent", agent.pk), ("api_key", key.pk), ("member", owner.pk)):
        EventFactory.create(account=acme, subject_type=kind, subject_id=pk, summary=kind)

    assert shown(member_client, "?subject=front+desk") == ["agent"]
    assert shown(member_client, "?subject=Export") == ["api_key"]
    assert shown(member_client, f"?subject={owner.email}") == ["member"]
    assert shown(member_client, f"?subject=agent:{agent.pk}") == ["agent"]
    assert shown(member_client, "?subject=nobody") == []


def test_days_are_days_in_the_zone_of_the_account(member_client: Client, acme: Account) -> None:
    # March 2 in Los Angeles begins at 08:00 UTC.
    begin = NOON.replace(day=2, hour=8)
    for name, at in [
        ("before", begin - timedelta(seconds=1)),
        ("first", begin),
        ("last", begin + timedelta(hours=24, seconds=-1)),
        ("after", begin + timedelta(hours=24)),
    ]:
        EventFactory.create(account=acme, at=at, summary=name)

    assert shown(member_client, "?since=2026-03-02&until=2026-03-02") == ["last", "first"]
    assert shown(member_client, "?since=2026-03-03") == ["after"]
    assert shown(member_client, "?until=2026-03-01") == ["before"]


def test_a_time_range_finds_events_that_were_stored_out_of_order(acme: Account) -> None:
    """A slow transaction stores an older time under a newer id; neither end may lose it."""
    day = NOON.replace(day=2, hour=8)
    minutes = [-90, -1, 3, 0, 1, 24 * 60 - 1, 24 * 60 - 3, 24 * 60, 24 * 60 + 90]
    for minute in minutes:
        EventFactory.create(account=acme, at=day + timedelta(minutes=minute))

    found = choose(acme, since=day.date(), until=day.date())

    inside = {day + timedelta(minutes=minute) for minute in minutes if 0 <= minute < 24 * 60}
    assert {event.at for event in found} == inside


@pytest.mark.parametrize(
    "query",
    [
        "?type=nonsense",
        "?since=yesterday",
        "?since=0001-01-01",
        "?until=9999-12-31",
        "?actor=user:x",
    ],
)
def test_a_filter_that_makes_no_sense_is_told(
    member_client: Client, acme: Account, query: str
) -> None:
    EventFactory.create(account=acme)

    response = member_client.get(f"{reverse('accounts:activity', args=['acme'])}{query}")

    assert response.status_code == 200
    assert "Please check what is marked" in response.content.decode()


def test_the_page_reads_a_fixed_number_of_times(
    member_client: Client, acme: Account, django_assert_num_queries: object
) -> None:
    EventFactory.create_batch(PAGE_SIZE + 10, account=acme)

    with django_assert_num_queries(FRAME + 3):  # type: ignore[operator]
        shown(member_client)


def test_the_csv_is_the_whole_current_view(member_client: Client, acme: Account) -> None:
    EventFactory.create_batch(PAGE_SIZE + 10, account=acme)
    EventFactory.create(account=acme, type="member.joined")

    assert len(rows_of_csv(member_client)) == PAGE_SIZE + 11
    assert len(rows_of_csv(member_client, "?type=member.joined")) == 1


@pytest.mark.parametrize(
    ("about", "field", "code", "words"),
    [
        ("number", "state", "releasing", "Being released"),
        ("number", "type", "toll_free", "Toll-free"),
        ("connection", "state", "auth_failed", "Token refused"),
        ("connection", "refresh_every", "off", "Only when asked"),
        ("subscription", "state", "past_due", "Payment overdue"),
        ("agent", "state", "live", "Live"),
        ("member", "role", "billing_admin", "Billing admin"),
        ("member", "role", "Billing admin", "Billing admin"),
        ("number", "state", "given_up_since", "given_up_since"),
        ("account", "state", "held", "held"),
    ],
)
def test_codes_of_ours_are_read_by_their_labels_and_names_stay(
    acme: Account, about: str, field: str, code: str, words: str
) -> None:
    after = {field: code, "label": "front_desk"}
    event = EventFactory.create(
        account=acme, subject_type=about, data={"before": {}, "after": after}
    )

    assert [row[2] for row in changes(event, acme)] == [words, "front_desk"]


def test_the_csv_says_what_changed_and_runs_no_formula(
    member_client: Client, acme: Account
) -> None:
    EventFactory.create(
        account=acme,
        summary="=HYPERLINK(1)",
        reason="because",
        data={"before": {"label": ""}, "after": {"label": "Front desk"}},
    )

    (row,) = rows_of_csv(member_client)

    assert row["summary"] == "'=HYPERLINK(1)"
    assert row["subject"] == "+1 415 555 0100"
    assert row["changes"] == "Name: nothing -> Front desk"
    assert row["reason"] == "because"
    assert row["time"] == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("accounts:activity_csv", "activity-acme"), ("numbers:export", "numbers-acme")],
)
def test_a_file_has_the_day_of_the_account(
    member_client: Client, acme: Account, noon: time_machine.Traveller, name: str, stem: str
) -> None:
    noon.move_to(NOON.replace(day=2, hour=3))  # still March 1 in Los Angeles

    response = member_client.get(reverse(name, args=["acme"]))

    assert f'filename="{stem}-2026-03-01.csv"' in response.headers["Content-Disposition"]


def test_an_entry_shows_changes_in_words_and_links_to_its_subject(acme: Account) -> None:
    event = EventFactory.create(
        account=acme,
        subject_id=7,
        actor_kind="api_key",
        actor_label="Export",
        reason="Asked by mail",
        data={
            "before": {"protected": False, "ends_at": "2026-03-01T12:00:00+00:00", "sms": True},
            "after": {"protected": True, "ends_at": None, "tags": ["a", "b"]},
        },
    )

    (entry,) = entries([event], account=acme)
    (here,) = entries([event], account=acme, subject=("number", 7))

    assert (entry.subject, entry.sentence) == ("(415) 555-0100", "Label changed")
    assert (here.subject, here.sentence) == ("", "Label changed")
    assert entry.actor_text == "API key “Export”"
    assert entry.details == [
        ("Protected", "no", "yes"),
        ("Ends at", "Sun,\u00a0Mar\u00a01,\u00a02026, 4:00\u00a0AM\u00a0PST", ""),
        ("SMS", "yes", ""),
        ("Tags", "", "a, b"),
        ("Reason", "", "Asked by mail"),
    ]
    assert entry.url == reverse("numbers:detail", args=["acme", 7])
    assert here.url == ""


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_every_subject_has_a_page(acme: Account, member: User, kind: str) -> None:
    event = EventFactory.create(account=acme, subject_type=kind, subject_id=1)

    assert entries([event], account=acme)[0].url.startswith("/a/acme/")
    assert Membership.objects.filter(user=member).exists()


def test_the_table_of_event_types_is_that_of_the_code(root: Path) -> None:
    """A type is a literal ``noun.past_tense`` in a service, or an f-string of that form."""
    files = [
        path
        for app in ("accounts", "licensing", "numbers", "telephony")
        for path in [*(root / app).glob("services/*.py"), *(root / app).glob("services.py")]
    ]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    form = re.compile(r"^[a-z_]+\.[a-z]+(_[a-z]+)*$")
    literal = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and form.match(node.value)
    }
    composed = [pattern for node in nodes if (pattern := _pattern(node))]

    assert literal - set(EVENT_TYPES) == set()
    unexplained = set(EVENT_TYPES) - literal
    assert {
        type for type in unexplained if not any(each.fullmatch(type) for each in composed)
    } == set()


def _pattern(node: ast.AST) -> re.Pattern[str] | None:
    """What an f-string such as ``f"number.{kind}_refused"`` can become."""
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+"
        for part in node.values
    ]
    return re.compile("".join(parts)) if re.match(r"^[a-z_]+\\\.", parts[0]) else None


def test_types_read_as_words() -> None:
    assert type_label("number.released") == "Number released"
    assert type_label("api_key.created") == "API key created"
    assert Event._meta.get_field("type").max_length >= max(map(len, EVENT_TYPES))  # type: ignore[operator]
