"""Import and refresh against the Twilio stand-in."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Account, Event, Job, User
from accounts.services import jobs
from accounts.states import JobState
from carrier import NumberPage, NumberRecord
from carrier.numbers import number_record
from config.errors import Blocked, Forbidden
from licensing.models import GracePeriod, Subscription
from licensing.services import grace
from licensing.states import SubscriptionState
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.services import assignment, exclusion, imports, missing
from numbers.services.missing import judge, mark_missing
from numbers.states import ConnectionState, NumberState
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


def run(connection: Connection, actor: Actor) -> Import:
    """Import to the end, as the worker would in one slice."""
    started = imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)
    imports.work(started.job_id)
    started.job.refresh_from_db()
    started.refresh_from_db()
    return started


def let_the_pause_pass() -> None:
    """Between the two rounds of a pass that is asked again."""
    Import.objects.update(again_at=timezone.now())


def test_a_first_import_holds_every_number_with_its_whole_configuration(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S0-1, S0-2, S0-4, S0-13
    first = run(connection, by_admin)

    assert first.job.state == JobState.DONE, first.job.error
    assert first.job.result["new"] == 27
    numbers = PhoneNumber.objects.filter(account=connection.account)
    assert set(numbers.values_list("state", flat=True)) == {NumberState.HELD}
    assert numbers.count() == 27
    assert numbers.filter(agent__isnull=False).count() == 0
    configured = next(number for number in numbers if number.twilio.get("voice_url"))
    assert {"sms_url", "trunk_sid", "bundle_sid", "emergency_status"} <= configured.twilio.keys()
    assert Event.objects.filter(type="number.imported", job=first.job).count() == 27


def test_an_import_only_reads(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S0-5
    run(connection, by_admin)

    assert {request["method"] for request in sandbox.requests()} == {"GET"}


def test_importing_again_changes_nothing(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S0-15
    run(connection, by_admin)
    before = list(PhoneNumber.objects.order_by("pk").values())
    events = Event.objects.filter(subject_type="number").count()

    again = run(connection, by_admin)

    assert again.job.result | {"seen": 27, "unchanged": 27, "new": 0} == again.job.result
    assert list(PhoneNumber.objects.order_by("pk").values()) == before
    assert Event.objects.filter(subject_type="number").count() == events


def test_a_refresh_finds_new_changed_and_missing_numbers(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S0-15, B5
    run(connection, by_admin)
    first, second = PhoneNumber.objects.order_by("pk")[:2]
    sandbox.add_numbers(3)
    twilio(sandbox, "POST", first.sid, {"VoiceUrl": "https://example.com/new"})
    twilio(sandbox, "DELETE", second.sid)

    refresh = run(connection, by_admin)

    found = {name: refresh.job.result[name] for name in ("new", "changed", "missing", "came_back")}
    assert found == {"new": 3, "changed": 1, "missing": 1, "came_back": 0}
    changed = Event.objects.get(job=refresh.job, type="number.changed")
    assert changed.subject_id == first.pk
    assert changed.data["after"] == {"voice_url": "https://example.com/new"}
    second.refresh_from_db()
    assert second.state == NumberState.MISSING


def test_a_missing_number_that_twilio_lists_again_comes_back_with_its_agent(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    run(connection, by_admin)
    number = PhoneNumber.objects.order_by("pk")[1]
    agent = AgentFactory.create(account=connection.account)
    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=timezone.now())
    twilio(sandbox, "DELETE", number.sid)
    run(connection, by_admin)
    sandbox.buy_back(number.e164)

    refresh = run(connection, by_admin)

    number.refresh_from_db()
    assert refresh.job.result["came_back"] == 1
    assert number.state == NumberState.HELD
    assert number.agent == agent
    event = Event.objects.get(type="number.came_back")
    assert f"agent {agent.name}" in event.data["came_back"]


def test_an_excluded_number_is_skipped_by_a_refresh(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    run(connection, by_admin)
    number = PhoneNumber.objects.order_by("pk")[2]
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    twilio(sandbox, "POST", number.sid, {"FriendlyName": "Changed outside"})

    refresh = run(connection, by_admin)

    number.refresh_from_db()
    assert refresh.job.result["changed"] == 0
    assert number.state == NumberState.EXCLUDED
    assert number.friendly_name != "Changed outside"


def test_a_strangers_number_with_the_same_digits_is_no_conflict(
    connection: Connection, by_admin: Actor
) -> None:
    run(connection, by_admin)
    digits = PhoneNumber.objects.values_list("e164", flat=True)[0]
    PhoneNumberFactory.create(account=subscribed(slug="other"), e164=digits)

    again = run(connection, by_admin)

    assert again.job.result["unchanged"] == 27


def test_a_number_held_through_another_connection_is_not_taken_over(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    elsewhere = PhoneNumberFactory.create(account=connection.account, e164="+14155550999")
    sandbox.add_numbers(numbers=[{"phone_number": "+14155550999"}])

    run(connection, by_admin)

    elsewhere.refresh_from_db()
    assert elsewhere.connection != connection
    assert PhoneNumber.objects.filter(e164="+14155550999").count() == 1


def test_a_second_request_joins_the_running_import(connection: Connection, by_admin: Actor) -> None:
    at = timezone.now()
    one = imports.request_import(connection.pk, actor=by_admin, at=at)

    two = imports.request_import(connection.pk, actor=by_admin, at=at)

    assert one == two


def test_an_import_that_was_given_up_does_not_block_the_next(
    connection: Connection, by_admin: Actor
) -> None:
    stuck = imports.request_import(connection.pk, actor=by_admin, at=timezone.now())
    type(stuck.job).objects.filter(pk=stuck.job_id).update(state=JobState.FAILED)

    following = imports.request_import(connection.pk, actor=by_admin, at=timezone.now())

    assert following != stuck


def test_a_member_cannot_import(connection: Connection, by_member: Actor) -> None:
    with pytest.raises(Forbidden):
        imports.request_import(connection.pk, actor=by_member, at=timezone.now())


def test_a_broken_connection_says_where_to_mend_it(connection: Connection, by_admin: Actor) -> None:
    connection.state = ConnectionState.AUTH_FAILED
    connection.save(update_fields=["state"])

    with pytest.raises(Blocked) as refused:
        imports.request_import(connection.pk, actor=by_admin, at=timezone.now())

    assert refused.value.blockers[0].fix == "numbers:connection"


def test_an_import_that_exceeds_the_licenses_opens_48_hours_when_it_completes(
    connection: Connection, by_admin: Actor
) -> None:  # S0-8, S0-16, S0-24
    done = run(connection, by_admin)

    period = GracePeriod.objects.get(account=connection.account)
    assert period.opened_by_job_id == done.job_id
    assert period.ends_at - period.opened_at == timedelta(hours=48)
    assert period.opened_at == done.job.finished_at
    assert (period.held_at_open, period.licenses_at_open) == (27, 10)


def test_an_import_within_the_licenses_opens_no_grace_period(
    connection: Connection, by_admin: Actor, acme: Account
) -> None:  # S0-16
    acme.subscription.licenses = 27
    acme.subscription.save()

    run(connection, by_admin)

    assert not GracePeriod.objects.exists()


def test_an_import_holds_what_it_finds_while_the_subscription_is_past_due(
    acme: Account, by_admin: Actor
) -> None:
    gone = PhoneNumberFactory.create(account=acme, missing=True, state_changed_at=NOON)
    Subscription.objects.update(state=SubscriptionState.PAST_DUE)

    job = passed(gone.connection, by_admin, (record(gone.sid, gone.e164), record(SID, ONE)))

    assert (job.result["came_back"], job.result["new"]) == (1, 1)
    assert set(acme.numbers.values_list("state", flat=True)) == {NumberState.HELD}


def test_pages_are_handed_over_between_slices_and_nothing_is_lost(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.add_numbers(2_100)
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)

    before = len(sandbox.recent_requests())
    slices = 0
    while started.job.is_open:
        imports.work(started.job_id, seconds=0)
        started.job.refresh_from_db()
        slices += 1

    assert slices == 3
    assert len(sandbox.recent_requests()) - before == 3  # none ahead that this slice does not store
    assert PhoneNumber.objects.count() == 2_127
    assert started.job.result["new"] == 2_127
    assert not ImportPage.objects.exists()


def test_the_next_page_is_asked_for_while_one_is_stored(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.add_numbers(1_100)
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    pages_asked = []

    def wait_for_the_next(job: Job) -> None:
        until = time.monotonic() + 10
        while len(sandbox.recent_requests()) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        pages_asked.append(len(sandbox.recent_requests()))

    sandbox.clear_requests()
    imports.work(started.job_id, watch=wait_for_the_next)

    assert pages_asked == [2, 2]
    assert PhoneNumber.objects.count() == 1_127


def test_numbers_that_arrive_while_the_pass_runs_are_not_called_missing(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    run(connection, by_admin)
    sandbox.add_numbers(2_100)
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    imports.work(started.job_id, seconds=0)
    arrived = PhoneNumberFactory.create(
        account=connection.account, connection=connection, state_changed_at=timezone.now()
    )

    while started.job.is_open:
        imports.work(started.job_id)
        started.job.refresh_from_db()

    arrived.refresh_from_db()
    assert arrived.state == NumberState.HELD


def test_an_expired_page_link_begins_the_pass_again(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.add_numbers(1_100)
    sandbox.fault("expired_tokens", times=1)

    done = run(connection, by_admin)

    assert done.job.state == JobState.DONE, done.job.error
    assert done.job.result["restarts"] == 1
    assert PhoneNumber.objects.count() == 1_127


def twilio(
    sandbox: SandboxProcess, method: str, sid: str, fields: dict[str, Any] | None = None
) -> None:
    """Change a number at Twilio behind our back."""
    import requests

    answer = requests.request(
        method,
        f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers/{sid}.json",
        auth=(sandbox.acme_sid, sandbox.acme_token),
        data=fields,
        timeout=10,
    )
    answer.raise_for_status()


def test_a_failed_import_that_is_run_again_begins_anew_and_completes(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess, settings: Any
) -> None:
    patience = settings.TWILIO_RETRY_SECONDS
    sandbox.add_numbers(1_100)
    sandbox.fault("status", status=503, times=100, page=1, path="IncomingPhoneNumbers")
    settings.TWILIO_RETRY_SECONDS = 1
    failed = run(connection, by_admin)
    sandbox.clear_faults()
    settings.TWILIO_RETRY_SECONDS = patience

    jobs.requeue(failed.job_id, at=timezone.now())
    imports.work(failed.job_id)

    failed.job.refresh_from_db()
    assert failed.job.state == JobState.DONE, failed.job.error
    assert (failed.job.result["new"], failed.job.result["seen"]) == (1_127, 1_127)


def test_a_failed_import_is_not_run_again_beside_another_one(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess, settings: Any
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2
    sandbox.fault("status", status=503, times=100, path="IncomingPhoneNumbers")
    failed = run(connection, by_admin)
    imports.request_import(connection.pk, actor=by_admin, at=timezone.now())

    jobs.requeue(failed.job_id, at=timezone.now())
    imports.work(failed.job_id)

    failed.job.refresh_from_db()
    assert (failed.job.state, failed.job.error_code) == (JobState.FAILED, "import_runs")


def test_an_account_without_a_subscription_is_told_so(
    sandbox: SandboxProcess, by_admin: Actor, connection: Connection
) -> None:
    connection.account.subscription.delete()

    done = run(connection, by_admin)

    assert (done.job.state, done.job.error_code) == (JobState.FAILED, "no_subscription")


# --- Crashes, and numbers that move while a page is on its way --------------------------------


class Killed(BaseException):
    """The worker is gone at this very point."""


def test_a_worker_that_dies_after_the_last_page_costs_a_lease_and_not_the_import(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)

    def die(job: Job) -> None:
        raise Killed

    with pytest.raises(Killed):
        imports.work(started.job_id, watch=die)
    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    asked = len(sandbox.recent_requests())
    imports.work(started.job_id)

    started.job.refresh_from_db()
    assert started.job.state == JobState.DONE, started.job.error
    assert started.job.result["new"] == 27
    assert len(sandbox.recent_requests()) == asked


def page_of(*records: NumberRecord) -> NumberPage:
    return NumberPage(records=list(records), next_page="")


def record(sid: str, e164: str) -> NumberRecord:
    return number_record({"sid": sid, "phone_number": e164, "voice_url": "https://example.com"})


def stored(connection: Connection, actor: Actor, page: NumberPage, *, asked_at: datetime) -> Import:
    """A started import that has stored the page."""
    started = imports.request_import(connection.pk, actor=actor, at=asked_at, queue=False)
    job = jobs.claim(started.job_id, at=timezone.now())
    assert job is not None
    imports.store_page(job, started, page, asked_at=asked_at)
    return started


def test_a_sid_that_serves_another_number_now_does_not_hide_who_has_its_old_one(
    acme: Account, by_admin: Actor
) -> None:
    known = PhoneNumberFactory.create(account=acme)
    new_sid, other = "PN" + "a" * 32, "+14155559999"
    page = page_of(record(new_sid, known.e164), record(known.sid, other))

    stored(known.connection, by_admin, page, asked_at=timezone.now())

    assert dict(acme.numbers.values_list("e164", "sid")) == {known.e164: new_sid, other: known.sid}
    known.refresh_from_db()
    assert known.sid == new_sid


def test_a_number_whose_digits_changed_under_its_sid_stays_the_same_number(
    acme: Account, by_admin: Actor
) -> None:
    known = PhoneNumberFactory.create(account=acme, label="Front desk")
    before = known.e164

    stored(
        known.connection,
        by_admin,
        page_of(record(known.sid, "+14155559999")),
        asked_at=timezone.now(),
    )

    known.refresh_from_db()
    assert (known.e164, known.label) == ("+14155559999", "Front desk")
    assert Event.objects.get(type="number.changed").data["before"]["e164"] == before


def test_a_number_listed_twice_on_one_page_is_stored_once(acme: Account, by_admin: Actor) -> None:
    one = record("PN" + "a" * 32, "+14155559999")

    stored(
        ConnectionFactory.create(account=acme),
        by_admin,
        page_of(one, one),
        asked_at=timezone.now(),
    )

    assert acme.numbers.count() == 1


def passed(connection: Connection, actor: Actor, *pages: tuple[NumberRecord, ...]) -> Job:
    """The job of a pass that has stored all pages and decided what is missing."""
    at = timezone.now()
    run = imports.request_import(connection.pk, actor=actor, at=at, queue=False)
    job = jobs.claim(run.job_id, at=at)
    assert job is not None
    for position, records in enumerate(pages, start=1):
        following = f"page={position}" if position < len(pages) else ""
        page = NumberPage(records=list(records), next_page=following)
        imports.store_page(job, run, page, asked_at=at)
    imports._conclude(job, run, until=float("inf"))
    job.refresh_from_db()
    return job


ONE, OTHER = "+14155550101", "+14155550102"
SID, OTHER_SID = "PN" + "a" * 32, "PN" + "b" * 32


def odd_of(job: Job) -> list[tuple[str, str]]:
    assert job.state == JobState.DONE, job.error
    assert job.result.get("odd_rows", 0) == len(job.result.get("odd", []))
    return [(row["sid"], row["number"]) for row in job.result.get("odd", [])]


@pytest.mark.parametrize("pages", [1, 2])
def test_a_sid_listed_under_two_numbers_is_that_of_the_first(
    acme: Account, by_admin: Actor, pages: int
) -> None:
    absent = PhoneNumberFactory.create(account=acme)
    rows = record(SID, ONE), record(SID, OTHER)

    job = passed(absent.connection, by_admin, *((rows,) if pages == 1 else zip(rows, strict=True)))

    assert odd_of(job) == [(SID, OTHER)]
    assert (job.done, job.result["new"], job.result["missing"]) == (1, 1, 0)
    assert acme.numbers.get(sid=SID).e164 == ONE
    absent.refresh_from_db()
    assert absent.state == NumberState.HELD


@pytest.mark.parametrize("pages", [1, 2])
def test_a_number_listed_under_two_sids_has_the_first(
    acme: Account, by_admin: Actor, pages: int
) -> None:
    connection = ConnectionFactory.create(account=acme)
    rows = record(SID, ONE), record(OTHER_SID, ONE)

    job = passed(connection, by_admin, *((rows,) if pages == 1 else zip(rows, strict=True)))

    assert odd_of(job) == [(OTHER_SID, ONE)]
    assert acme.numbers.get().sid == SID


def test_on_one_page_the_row_that_is_as_we_know_it_holds(acme: Account, by_admin: Actor) -> None:
    known = PhoneNumberFactory.create(account=acme, label="Front desk")
    page = (record(known.sid, OTHER), record(known.sid, known.e164))

    job = passed(known.connection, by_admin, page)

    assert odd_of(job) == [(known.sid, OTHER)]
    assert acme.numbers.get().label == "Front desk"


def test_a_known_number_does_not_take_the_sid_of_one_the_pass_has_shown(
    acme: Account, by_admin: Actor
) -> None:
    first = PhoneNumberFactory.create(account=acme)
    second = PhoneNumberFactory.create(account=acme, connection=first.connection)
    before = second.sid

    job = passed(
        first.connection,
        by_admin,
        (record(first.sid, first.e164),),
        (record(first.sid, second.e164),),
    )

    assert odd_of(job) == [(first.sid, second.e164)]
    second.refresh_from_db()
    assert (second.sid, second.state) == (before, NumberState.HELD)


def test_a_number_does_not_keep_a_sid_that_the_pass_gave_to_one_that_came_back(
    acme: Account, by_admin: Actor
) -> None:
    gone = PhoneNumberFactory.create(account=acme, gone=True, state_changed_at=NOON)
    held = PhoneNumberFactory.create(account=acme, connection=gone.connection)

    job = passed(
        gone.connection, by_admin, (record(held.sid, gone.e164),), (record(held.sid, held.e164),)
    )

    assert odd_of(job) == [(held.sid, held.e164)]

    again = passed(held.connection, by_admin, (record(held.sid, held.e164),))

    assert odd_of(again) == []
    assert set(acme.numbers.values_list("e164", "state")) == {
        (held.e164, NumberState.HELD), (gone.e164, NumberState.MISSING),
    }  # fmt: skip
    assert all(event.data["after"] for event in Event.objects.filter(type="number.changed"))


def test_a_sid_that_two_of_our_numbers_had_is_looked_for_at_the_one_that_is_there(
    acme: Account, by_admin: Actor
) -> None:
    left = PhoneNumberFactory.create(account=acme, missing=True, sid=SID)
    there = PhoneNumberFactory.create(
        account=acme, connection=left.connection, sid=SID, label="Front desk"
    )

    passed(left.connection, by_admin, (record(SID, "+14155559999"),))

    assert acme.numbers.get(e164="+14155559999") == there


def test_a_number_that_two_pages_list_alike_is_no_contradiction(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)

    job = passed(connection, by_admin, (record(SID, ONE),), (record(SID, ONE),))

    assert odd_of(job) == []
    assert acme.numbers.count() == 1


def test_a_number_that_moved_to_another_connected_subaccount_is_held_through_that_one(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True)
    there = ConnectionFactory.create(account=acme, name="West")

    run = stored(there, by_admin, page_of(record(number.sid, number.e164)), asked_at=timezone.now())

    agent, left = number.agent, number.connection
    number.refresh_from_db()
    assert (number.connection, number.agent, number.state) == (there, agent, NumberState.HELD)
    event = Event.objects.get(type="number.changed", job=run.job)
    assert event.data["before"]["connection"] == left.name
    assert event.data["after"]["connection"] == "West"


def test_a_page_from_before_a_number_moved_does_not_move_it_back(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    here, there = number.connection, ConnectionFactory.create(account=acme)
    before = timezone.now()
    page = page_of(record(number.sid, number.e164))
    stored(there, by_admin, page, asked_at=timezone.now())

    stored(here, by_admin, page, asked_at=before)

    number.refresh_from_db()
    assert number.connection == there


@pytest.mark.parametrize("trait", ["released", "restoring", "missing", "gone"])
def test_a_page_from_before_a_number_left_does_not_bring_it_back(
    acme: Account, by_admin: Actor, trait: str
) -> None:
    left_at = timezone.now()
    number = PhoneNumberFactory.create(account=acme, state_changed_at=left_at, **{trait: True})
    page = page_of(record(number.sid, number.e164))

    stored(number.connection, by_admin, page, asked_at=left_at)

    number.refresh_from_db()
    assert number.state == trait


@pytest.mark.parametrize("trait", ["released", "restoring", "missing", "gone"])
def test_a_page_from_after_a_number_left_brings_it_back(
    acme: Account, by_admin: Actor, trait: str
) -> None:
    left_at = timezone.now() - timedelta(seconds=1)
    number = PhoneNumberFactory.create(account=acme, state_changed_at=left_at, **{trait: True})
    page = page_of(record(number.sid, number.e164))

    stored(number.connection, by_admin, page, asked_at=timezone.now())

    number.refresh_from_db()
    assert (number.state, number.released_at) == (NumberState.HELD, None)


def test_a_page_costs_the_same_number_of_queries_whatever_is_on_it(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)
    queries = []
    for count in (2, 30):
        changed = PhoneNumberFactory.create_batch(count, account=acme, connection=connection)
        new = [record(f"PN{'b' * 24}{count * 1000 + n:08x}", f"+4420794{count:02d}{n:03d}")
               for n in range(count)]  # fmt: skip
        page = page_of(*new, *(record(number.sid, number.e164) for number in changed))
        run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
        job = jobs.claim(run.job_id, at=timezone.now())
        assert job is not None
        with CaptureQueriesContext(database) as captured:
            imports.store_page(job, run, page, asked_at=timezone.now())
        queries.append(len(captured))
        jobs.fail(job, code="x", message="x", at=timezone.now())

    assert queries[0] == queries[1]


def test_a_pass_that_is_run_again_counts_from_its_new_beginning(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    run = imports.request_import(number.connection.pk, actor=by_admin, at=NOON, queue=False)
    job = jobs.claim(run.job_id, at=NOON)
    assert job is not None
    jobs.fail(job, code="x", message="x", at=NOON)
    PhoneNumber.objects.update(state_changed_at=NOON + timedelta(hours=1))
    jobs.requeue(run.job_id, at=NOON + timedelta(hours=2))
    job = jobs.claim(run.job_id, at=NOON + timedelta(hours=2))
    assert job is not None

    mark_missing(job, run, judge(job, run).absent, until=0)

    number.refresh_from_db()
    assert number.state == NumberState.MISSING


def test_many_missing_numbers_are_marked_in_slices_each_once(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    agent = AgentFactory.create(account=connection.account)
    left = [
        PhoneNumberFactory.create(
            account=connection.account, connection=connection, e164=f"+4420794{n:05d}"
        )
        for n in range(502)
    ]
    PhoneNumber.objects.filter(pk=left[0].pk).update(agent=agent)
    PhoneNumber.objects.filter(pk=left[1].pk).update(keep_decided_at=NOON)
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)

    marked = []
    while started.job.is_open:
        imports.work(started.job_id, seconds=0)
        let_the_pause_pass()
        started.job.refresh_from_db()
        marked.append(PhoneNumber.objects.filter(state=NumberState.MISSING).count())

    assert marked == [0, 500, 502]
    assert started.job.result["missing"] == 502
    first, second = PhoneNumber.objects.filter(pk__in=[left[0].pk, left[1].pk]).order_by("pk")
    assert (first.agent, first.before_release["agent"]) == (None, agent.name)
    assert (second.before_release, second.keep_decided_at) == ({}, None)
    told = Event.objects.filter(type="number.missing").order_by("subject_id")[0]
    assert told.data["before"] == {"state": "held", "agent": agent.name}


def test_numbers_found_missing_settle_a_grace_period_at_once(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(11, account=acme, connection=connection)
    grace.import_completed(acme.pk, actor=by_admin, at=NOON)
    run = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None

    mark_missing(job, run, judge(job, run).absent, until=0)

    assert GracePeriod.objects.get().settled_at is not None


def test_a_number_that_left_one_connection_comes_back_through_another(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme, missing=True)
    there = ConnectionFactory.create(account=acme)

    stored(there, by_admin, page_of(record("PN" + "a" * 32, number.e164)), asked_at=timezone.now())

    number.refresh_from_db()
    assert (number.state, number.connection) == (NumberState.HELD, there)


@pytest.mark.parametrize("changes", [0, 1])
def test_a_scheduled_refresh_is_told_of_only_when_it_changed_something(
    acme: Account, by_admin: Actor, admin: User, changes: int
) -> None:  # B9
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(changes, account=acme, connection=connection)
    run = imports.request_import(
        connection.pk, actor=by_admin, at=timezone.now(), queue=False, scheduled=True
    )
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None

    mark_missing(job, run, judge(job, run).absent, until=0)
    imports.complete(job, run, at=timezone.now())

    assert admin.notices.filter(kind="import").count() == changes


def test_a_number_that_was_excluded_before_its_turn_is_not_called_missing(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme, excluded=True)
    run = imports.request_import(
        number.connection.pk, actor=by_admin, at=timezone.now(), queue=False
    )
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None

    missing._mark(job, run, [number.pk], at=timezone.now())

    number.refresh_from_db()
    assert number.state == NumberState.EXCLUDED
    assert not Event.objects.filter(type="number.missing").exists()


def test_a_worker_that_lost_its_lease_calls_nothing_missing(acme: Account, by_admin: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme)
    run = imports.request_import(
        number.connection.pk, actor=by_admin, at=timezone.now(), queue=False
    )
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None
    Job.objects.update(lease="b" * 32)

    with pytest.raises(jobs.LeaseLost):
        mark_missing(job, run, judge(job, run).absent, until=0)

    number.refresh_from_db()
    assert number.state == NumberState.HELD
