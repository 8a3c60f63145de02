"""Passes that are not believed at once: much is absent, or rows cannot be read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import tasks as accounts_tasks
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Job, User
from accounts.services import jobs
from accounts.states import JobState
from carrier import carrier_for
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.services import imports
from numbers.services.missing import DOUBTFUL_COUNT, Verdict
from numbers.states import NumberState
from tests.factories import PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

NOTHING = '{"incoming_phone_numbers": [], "next_page_uri": null}'


def begin(connection: Connection, *, scheduled: bool = False) -> Import:
    run = imports.request_import(
        connection.pk, actor=SYSTEM, at=timezone.now(), queue=False, scheduled=scheduled
    )
    imports.work(run.job_id)
    return fresh(run)


def fresh(run: Import) -> Import:
    run.refresh_from_db()
    run.job.refresh_from_db()
    return run


def after_the_pause(run: Import) -> Import:
    Import.objects.filter(pk=run.pk).update(again_at=timezone.now())
    imports.work(run.job_id)
    return fresh(run)


def states() -> set[str]:
    return set(PhoneNumber.objects.values_list("state", flat=True))


@pytest.fixture
def known(connection: Connection) -> Connection:
    """27 numbers are held."""
    begin(connection)
    return connection


def test_an_empty_list_is_asked_for_again_and_a_fault_of_a_moment_changes_nothing(
    known: Connection, sandbox: SandboxProcess
) -> None:
    sandbox.fault("malformed", body=NOTHING, times=1)

    run = begin(known)

    assert run.job.state == JobState.RUNNING
    assert run.job.result["asked_again"] == {"known": 27, "absent": 27}
    assert states() == {NumberState.HELD}
    done = after_the_pause(run)
    assert (done.job.state, done.job.result["missing"]) == (JobState.DONE, 0)
    assert done.job.result["unchanged"] == 27
    assert states() == {NumberState.HELD}
    assert not ImportPage.objects.exists()


def test_a_list_that_is_empty_twice_is_believed(known: Connection, sandbox: SandboxProcess) -> None:
    sandbox.fault("malformed", body=NOTHING, times=2)

    done = after_the_pause(begin(known))

    assert (done.job.state, done.job.result["missing"]) == (JobState.DONE, 27)
    assert states() == {NumberState.MISSING}


def test_the_second_round_waits_whoever_comes(known: Connection, sandbox: SandboxProcess) -> None:
    sandbox.fault("malformed", body=NOTHING, times=1)
    run = begin(known)
    asked = len(sandbox.recent_requests())

    imports.work(run.job_id)
    joined = imports.request_import(known.pk, actor=SYSTEM, at=timezone.now())
    accounts_tasks.sweep()

    assert joined == run
    assert len(sandbox.recent_requests()) == asked
    assert fresh(run).job.state == JobState.RUNNING


def test_the_sweep_goes_on_with_the_second_round_when_the_pause_is_over(
    known: Connection, sandbox: SandboxProcess
) -> None:
    from django_q.models import OrmQ

    sandbox.fault("malformed", body=NOTHING, times=1)
    begin(known)
    OrmQ.objects.all().delete()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(leased_until=past)

    accounts_tasks.sweep()

    assert OrmQ.objects.count() == 1


def test_what_the_first_round_saw_is_there_whatever_the_second_one_lost(
    known: Connection, sandbox: SandboxProcess
) -> None:
    PhoneNumberFactory.create_batch(40, account=known.account, connection=known)
    run = begin(known)  # 40 of 67 are absent, so it is asked again
    assert "asked_again" in run.job.result
    sandbox.fault("malformed", body=NOTHING, times=1)

    done = after_the_pause(run)

    assert done.job.result["missing"] == 40
    assert PhoneNumber.objects.held().count() == 27


def test_a_second_round_that_fails_calls_nothing_missing(
    known: Connection, sandbox: SandboxProcess, settings: Any
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2
    sandbox.fault("malformed", body=NOTHING, times=1)
    run = begin(known)
    sandbox.fault("status", status=503)

    failed = after_the_pause(run)

    assert (failed.job.state, states()) == (JobState.FAILED, {NumberState.HELD})
    sandbox.clear_faults()
    again = begin(known)
    assert (again.round, again.job.state) == (1, JobState.DONE)


def test_a_few_numbers_that_left_are_believed_at_once(
    known: Connection, sandbox: SandboxProcess
) -> None:
    for number in PhoneNumber.objects.order_by("pk")[:3]:
        carrier_for(known).numbers.release(number.sid)

    done = begin(known)

    assert (done.job.state, done.job.result["missing"]) == (JobState.DONE, 3)


@pytest.mark.parametrize(
    ("absent", "known", "listed", "doubtful"),
    [
        (0, 0, 0, False),
        (0, 0, 5, False),
        (1, 1, 0, True),
        (1, 1, 3, False),
        (DOUBTFUL_COUNT, 25, 5, False),
        (DOUBTFUL_COUNT + 1, 25, 4, True),
        (200, 1_000, 800, False),
        (201, 1_000, 799, True),
        (1_000, 50_000, 49_000, False),
    ],
)
def test_how_much_is_doubtful(absent: int, known: int, listed: int, doubtful: bool) -> None:
    assert Verdict(list(range(absent)), known, listed).is_doubtful is doubtful


# --- Rows that cannot be read --------------------------------------------------------------------


def row(n: int, number: Any) -> dict[str, Any]:
    return {"sid": f"PN{n:032x}", "phone_number": number, "voice_url": "https://example.com"}


def listing(*rows: Any) -> str:
    return json.dumps({"incoming_phone_numbers": rows, "next_page_uri": None})


ODD = ["4155550101", "+1415555CALL", "", None, 7]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_one_odd_row_is_named_the_others_are_imported_and_nothing_is_missing(
    known: Connection, sandbox: SandboxProcess, odd: Any
) -> None:
    sandbox.fault("malformed", body=listing(row(1, "+17072000001"), row(2, odd)), times=1)

    done = begin(known)

    assert done.job.state == JobState.DONE, done.job.error
    told = {"sid": f"PN{2:032x}", "number": "" if odd is None else str(odd)}
    assert (done.job.result["odd_rows"], done.job.result["odd"]) == (1, [told])
    assert (done.job.result["new"], done.job.result["missing"]) == (1, 0)
    assert states() == {NumberState.HELD}
    assert PhoneNumber.objects.count() == 28
    event = Event.objects.get(type="import.completed", job=done.job)
    assert "1 row not usable, so nothing was called missing" in event.summary
    assert event.data["odd"] == [told]


def test_a_known_number_whose_row_turned_odd_is_left_as_it_is(
    known: Connection, sandbox: SandboxProcess
) -> None:
    number = PhoneNumber.objects.order_by("pk")[0]
    before = PhoneNumber.objects.filter(pk=number.pk).values().get()
    body = listing({"sid": number.sid, "phone_number": number.e164.removeprefix("+")})
    sandbox.fault("malformed", body=body, times=1)

    begin(known)

    assert PhoneNumber.objects.filter(pk=number.pk).values().get() == before


def test_the_next_pass_without_odd_rows_decides_what_is_missing(
    known: Connection, sandbox: SandboxProcess
) -> None:
    left = PhoneNumber.objects.order_by("pk")[0]
    carrier_for(known).numbers.release(left.sid)
    sandbox.fault("malformed", body=listing(row(2, "odd")), times=1)
    begin(known)

    done = begin(known)

    assert done.job.result["missing"] == 1
    assert "odd" not in done.job.result


def test_many_odd_rows_are_counted_and_the_first_ones_named(
    known: Connection, sandbox: SandboxProcess
) -> None:
    rows = [row(n, "odd") for n in range(imports.MOST_ODD + 5)]
    sandbox.fault("malformed", body=listing(*rows), times=1)

    done = begin(known)

    assert done.job.result["odd_rows"] == imports.MOST_ODD + 5
    assert len(done.job.result["odd"]) == imports.MOST_ODD


def test_odd_rows_of_a_scheduled_refresh_are_told(
    known: Connection, sandbox: SandboxProcess, admin: User
) -> None:
    sandbox.fault("malformed", body=listing(row(2, "odd")), times=1)

    begin(known, scheduled=True)

    assert "1 row not usable" in admin.notices.get(kind="import").title


def test_a_lost_lease_in_the_pause_stores_nothing(acme: Account, by_admin: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme)
    run = imports.request_import(
        number.connection_id, actor=by_admin, at=timezone.now(), queue=False
    )
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None
    Job.objects.update(lease="b" * 32)

    with pytest.raises(jobs.LeaseLost):
        imports._ask_again(job, run, Verdict([number.pk], 1, 0), at=timezone.now())

    run.refresh_from_db()
    assert (run.round, run.again_at) == (1, None)
