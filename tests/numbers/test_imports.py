"""Import and refresh against the Twilio stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Account, Event
from accounts.services import jobs
from accounts.states import JobState
from config.errors import Blocked, Forbidden
from licensing.models import GracePeriod
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.services import imports, inventory
from numbers.states import ConnectionState, NumberState
from tests.factories import AgentFactory, PhoneNumberFactory, subscribed
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


def run(connection: Connection, actor: Actor) -> Import:
    """Import to the end, as the worker would in one slice."""
    started = imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)
    imports.work(started.job_id)
    started.job.refresh_from_db()
    started.refresh_from_db()
    return started


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
    inventory.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=timezone.now())
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
    inventory.exclude(number.pk, actor=by_admin, at=timezone.now())
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


def test_pages_are_handed_over_between_slices_and_nothing_is_lost(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.add_numbers(2_100)
    started = imports.request_import(connection.pk, actor=by_admin, at=timezone.now(), queue=False)

    slices = 0
    while started.job.is_open:
        imports.work(started.job_id, seconds=0)
        started.job.refresh_from_db()
        slices += 1

    assert slices == 3
    assert PhoneNumber.objects.count() == 2_127
    assert started.job.result["new"] == 2_127
    assert not ImportPage.objects.exists()


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
    settings.TWILIO_RETRY_SECONDS = 0.2
    sandbox.add_numbers(1_100)
    sandbox.fault("status", status=503, times=100, page=1, path="IncomingPhoneNumbers")
    failed = run(connection, by_admin)
    sandbox.clear_faults()

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
