"""A 404 is no proof: numbers that were bought again, moved, or followed while excluded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import SYSTEM, Actor
from accounts.models import Event, Notice, User
from accounts.services import jobs
from carrier import carrier_for
from carrier.numbers import Numbers
from config.errors import Blocked
from licensing.standing import standing
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import (
    carrier_steps,
    carrier_tasks,
    connections,
    exclusion,
    imports,
    release,
    whereabouts,
)
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import ConnectionFactory
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _patient_with_nobody(settings: Any) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2


def do_import(connection: Connection) -> None:
    run = imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    run.job.refresh_from_db()
    assert run.job.state == "done", run.job.error


def at_twilio(connection: Connection, number: PhoneNumber) -> str | None:
    """The SID under which Twilio has the number."""
    record = carrier_for(connection).numbers.find(number.e164)
    return record.sid if record else None


@pytest.fixture
def number(connection: Connection) -> PhoneNumber:
    """A held number with a voice URL, in an account with licenses enough."""
    connection.account.subscription.licenses = 30
    connection.account.subscription.save()
    do_import(connection)
    return next(
        each
        for each in connection.numbers.order_by("pk")
        if each.twilio.get("voice_url") and not each.twilio.get("emergency_address_sid")
    )


def bought_again(number: PhoneNumber, sandbox: SandboxProcess) -> str:
    """Deleted and bought back in Twilio's Console; returns the new SID."""
    carrier_for(number.connection).numbers.release(number.sid)
    return sandbox.buy_back(number.e164)["sid"]


def moved(number: PhoneNumber, sandbox: SandboxProcess, *, keep_sid: bool) -> Connection:
    """The number is in another connected subaccount of the account; our row does not know."""
    made = sandbox.add_account("West")
    west = ConnectionFactory.create(
        account=number.account,
        name="West",
        sid=made["sid"],
        owner_sid=sandbox.main_sid,
        auth_token=made["auth_token"],
    )
    if keep_sid:
        path = f"/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers/{number.sid}.json"
        answer = sandbox.client(sandbox.main_sid, sandbox.main_token).request(
            "POST", f"https://api.twilio.com{path}", data={"AccountSid": west.sid}
        )
        assert answer.status_code == 200, answer.text
    else:
        carrier_for(number.connection).numbers.release(number.sid)
        sandbox.buy_back(number.e164, account=west.sid)
    return west


def let_go(number: PhoneNumber, actor: Actor) -> CarrierTask:
    """Decide the release and let the worker try it once."""
    release.release(number.pk, actor=actor, at=timezone.now())
    tasks.work_carrier_tasks()
    number.refresh_from_db()
    return CarrierTask.objects.get(number=number, kind=TaskKind.RELEASE)


# --- Excluded numbers are followed ---------------------------------------------------------------


def test_an_excluded_number_that_was_bought_again_is_really_given_back(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    new = bought_again(number, sandbox)
    do_import(number.connection)
    number.refresh_from_db()
    assert (number.state, number.sid) == (NumberState.EXCLUDED, new)
    event = Event.objects.get(type="number.changed", subject_id=number.pk)
    assert event.data["after"] == {"sid": new}

    let_go(number, by_admin)

    assert number.state == NumberState.RELEASED
    assert at_twilio(number.connection, number) is None


def test_of_an_excluded_number_nothing_else_is_kept_up_to_date(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    before = (number.friendly_name, number.twilio)
    bought_again(number, sandbox)

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.friendly_name, number.twilio) == before


def test_an_excluded_number_that_moved_is_reached_through_its_new_connection(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    west = moved(number, sandbox, keep_sid=False)

    do_import(west)

    number.refresh_from_db()
    assert (number.connection, number.state) == (west, NumberState.EXCLUDED)
    let_go(number, by_admin)
    assert (number.state, at_twilio(west, number)) == (NumberState.RELEASED, None)


def test_an_excluded_number_that_is_gone_takes_no_license_and_can_only_be_closed(
    number: PhoneNumber, by_admin: Actor
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    carrier_for(number.connection).numbers.release(number.sid)
    held = standing(number.account_id, at=timezone.now()).held

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.state, number.unlisted_at is None) == (NumberState.EXCLUDED, False)
    assert Event.objects.filter(type="number.unlisted", subject_id=number.pk).count() == 1
    for act in (exclusion.bring_back, release.release):
        with pytest.raises(Blocked) as refused:
            act(number.pk, actor=by_admin, at=timezone.now())
        assert [each.code for each in refused.value.blockers] == ["not_at_twilio"]
    assert standing(number.account_id, at=timezone.now()).held == held

    do_import(number.connection)
    assert Event.objects.filter(type="number.unlisted", subject_id=number.pk).count() == 1
    exclusion.mark_gone(number.pk, actor=by_admin, at=timezone.now())
    number.refresh_from_db()
    assert (number.state, number.unlisted_at) == (NumberState.GONE, None)


def test_an_excluded_number_that_is_listed_again_can_be_brought_back(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    carrier_for(number.connection).numbers.release(number.sid)
    do_import(number.connection)
    new = sandbox.buy_back(number.e164)["sid"]

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.state, number.sid, number.unlisted_at) == (NumberState.EXCLUDED, new, None)
    assert Event.objects.filter(type="number.listed_again", subject_id=number.pk).exists()
    exclusion.bring_back(number.pk, actor=by_admin, at=timezone.now())


def test_a_page_from_before_does_not_change_where_an_excluded_number_is(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    run = imports.request_import(
        number.connection_id, actor=by_admin, at=timezone.now(), queue=False
    )
    old = carrier_for(number.connection).numbers.page()
    asked_at = timezone.now()
    exclusion.exclude(number.pk, actor=by_admin, at=timezone.now())
    PhoneNumber.objects.filter(pk=number.pk).update(unlisted_at=timezone.now())
    job = jobs.claim(run.job_id, at=timezone.now())
    assert job is not None

    imports.store_page(job, run, old, asked_at=asked_at)

    number.refresh_from_db()
    assert number.unlisted_at is not None


# --- A release looks before it says that a number is gone ----------------------------------------


def test_a_number_bought_again_before_the_release_is_released_under_its_new_sid(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    new = bought_again(number, sandbox)
    # Twilio tells the second in which a number came; the decision is made in a later one.
    decided = timezone.now() + timedelta(seconds=1)
    release.release(number.pk, actor=by_admin, at=decided)

    carrier_tasks.work(CarrierTask.objects.get().pk, at=decided)

    number.refresh_from_db()
    assert (number.state, number.sid) == (NumberState.RELEASED, new)
    assert at_twilio(number.connection, number) is None
    assert Event.objects.get(type="number.released").data["sid"] == new


@pytest.mark.parametrize("keep_sid", [True, False])
def test_a_number_that_moved_to_another_connection_is_released_there(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, keep_sid: bool
) -> None:
    west = moved(number, sandbox, keep_sid=keep_sid)
    decided = timezone.now() + timedelta(seconds=1)
    release.release(number.pk, actor=by_admin, at=decided)

    carrier_tasks.work(CarrierTask.objects.get().pk, at=decided)

    number.refresh_from_db()
    assert (number.state, number.connection) == (NumberState.RELEASED, west)
    assert at_twilio(west, number) is None


def test_a_number_that_is_nowhere_is_released_and_the_page_does_not_say_given_back(
    number: PhoneNumber, by_admin: Actor
) -> None:
    carrier_for(number.connection).numbers.release(number.sid)

    let_go(number, by_admin)

    assert number.state == NumberState.RELEASED
    assert "in this subaccount no more" in Event.objects.get(type="number.released").summary


def test_while_the_look_fails_nothing_is_said(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    carrier_for(number.connection).numbers.release(number.sid)
    sandbox.fault("status", status=503, method="GET")

    task = let_go(number, by_admin)

    assert (number.state, task.state) == (NumberState.RELEASING, TaskState.PENDING)
    sandbox.clear_faults()
    carrier_tasks.work(task.pk, at=task.due_at)
    number.refresh_from_db()
    assert number.state == NumberState.RELEASED


def test_an_odd_row_in_the_look_is_no_answer(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    carrier_for(number.connection).numbers.release(number.sid)
    row = {"sid": "PN" + "a" * 32, "phone_number": number.e164.removeprefix("+")}
    sandbox.fault(
        "malformed",
        method="GET",
        body=imports_body(row),
    )

    task = let_go(number, by_admin)

    assert (number.state, task.state) == (NumberState.RELEASING, TaskState.PENDING)
    assert task.error_code == "twilio_confused"


def imports_body(*rows: dict[str, Any]) -> str:
    return json.dumps({"incoming_phone_numbers": rows, "next_page_uri": None})


def test_a_number_bought_back_after_the_decision_is_left_to_a_person(
    number: PhoneNumber, by_admin: Actor, admin: User, sandbox: SandboxProcess
) -> None:
    decided = timezone.now() - timedelta(minutes=5)
    release.release(number.pk, actor=by_admin, at=decided)
    new = bought_again(number, sandbox)

    tasks.work_carrier_tasks()

    number.refresh_from_db()
    task = CarrierTask.objects.get(number=number)
    assert (task.state, task.error_code) == (TaskState.NEEDS_PERSON, "bought_again")
    assert (number.state, at_twilio(number.connection, number)) == (NumberState.RELEASING, new)
    assert Notice.objects.get(user=admin, kind="carrier").title.startswith("A person decides")

    carrier_tasks.try_again(task.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    assert (number.state, at_twilio(number.connection, number)) == (NumberState.RELEASED, None)


@pytest.fixture
def unseen(number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess) -> PhoneNumber:
    """Its release was decided here, and it is in West, whose token Twilio refuses."""
    west = moved(number, sandbox, keep_sid=False)
    sandbox.revoke_token(west.sid)
    let_go(number, by_admin)
    return number


def released_at_last(number: PhoneNumber) -> bool:
    tasks.work_carrier_tasks()
    number.refresh_from_db()
    return number.state == NumberState.RELEASED


def test_a_number_that_may_be_in_a_broken_connection_is_not_called_released(
    unseen: PhoneNumber,
) -> None:
    """Twilio would go on to bill it, and nobody would know."""
    task = CarrierTask.objects.get(number=unseen)
    assert (unseen.state, task.state) == (NumberState.RELEASING, TaskState.PENDING)
    assert "may be in “West”" in task.error
    assert "token refused. Mend or remove" in task.error

    CarrierTask.objects.update(due_at=timezone.now())  # it was known to be broken beforehand
    assert not released_at_last(unseen)


@pytest.mark.parametrize("attempts", [0, carrier_tasks.MAX_ATTEMPTS])
def test_once_the_broken_connection_is_mended_the_number_is_released_there(
    unseen: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, attempts: int
) -> None:
    """Whether that was at once or after a weekend."""
    CarrierTask.objects.update(attempts=attempts, due_at=timezone.now())
    tasks.work_carrier_tasks()
    west = Connection.objects.get(name="West")
    token = sandbox.revoke_token(west.sid)

    connections.replace_token(west.pk, token=token, actor=by_admin, at=timezone.now())

    assert released_at_last(unseen)
    assert unseen.connection == west
    assert at_twilio(Connection.objects.get(name="West"), unseen) is None


def test_a_connection_that_twilio_accepts_again_is_asked_unasked(
    unseen: PhoneNumber, sandbox: SandboxProcess
) -> None:
    west = Connection.objects.get(name="West")
    sandbox.revoke_token(west.sid, token=west.auth_token)
    CarrierTask.objects.update(due_at=timezone.now())

    assert released_at_last(unseen)
    west.refresh_from_db()
    assert west.state == ConnectionState.ACTIVE


def test_a_connection_that_is_removed_holds_up_no_release(
    unseen: PhoneNumber, by_admin: Actor
) -> None:
    west = Connection.objects.get(name="West")

    connections.remove(west.pk, actor=by_admin, at=timezone.now())

    assert released_at_last(unseen)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("suspended", NumberState.RELEASING), ("closed", NumberState.RELEASED)],
)
def test_a_suspended_subaccount_may_have_the_number_and_a_closed_one_has_none(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, status: str, expected: str
) -> None:
    west = moved(number, sandbox, keep_sid=False)
    sandbox.set_status(status, west.sid)

    let_go(number, by_admin)

    assert number.state == expected


class Killed(BaseException):
    """The worker is gone at this very point."""


def dies(function: Callable[..., Any], *, at_call: int, first: bool) -> Callable[..., Any]:
    """The function in a worker that is killed before that call of it, or after it."""
    calls = count(1)

    def killing(*args: Any, **kwargs: Any) -> Any:
        if next(calls) != at_call:
            return function(*args, **kwargs)
        try:
            if not first:
                function(*args, **kwargs)
        finally:
            raise Killed

    return killing


#: Step -> the function that takes it, and which call of that one.
STEPS: dict[str, tuple[Any, str, int]] = {
    "the first delete": (Numbers, "release", 1),
    "the look": (whereabouts, "find", 1),
    "the second delete": (Numbers, "release", 2),
    "the conclusion": (carrier_tasks, "_done", 1),
    "the move": (carrier_steps, "relocate", 1),
}
#: Steps that a release takes only when nothing has the SID that we know.
ONLY_WHEN_BOUGHT_AGAIN = {"the look", "the second delete"}


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("was", ["as known", "bought again"])
def test_a_worker_killed_at_any_step_of_a_release_leaves_nothing_at_twilio(
    number: PhoneNumber,
    by_admin: Actor,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    first: bool,
    was: str,
) -> None:
    decided = timezone.now() + timedelta(seconds=1)
    if was == "bought again":
        bought_again(number, sandbox)
    release.release(number.pk, actor=by_admin, at=decided)
    task = CarrierTask.objects.get()
    home, name, at_call = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(home, name, dies(getattr(home, name), at_call=at_call, first=first))
        try:
            carrier_tasks.work(task.pk, at=decided)
        except Killed:
            killed = True
        else:
            killed = False

    number.refresh_from_db()
    assert killed == (was == "bought again" or step not in ONLY_WHEN_BOUGHT_AGAIN)
    if number.state == NumberState.RELEASED:
        assert at_twilio(number.connection, number) is None  # said only when it is so
    else:
        carrier_tasks.work(task.pk, at=decided + carrier_tasks.CLAIM)

    number.refresh_from_db()
    task.refresh_from_db()
    assert (number.state, task.state) == (NumberState.RELEASED, TaskState.DONE)
    assert at_twilio(number.connection, number) is None
    assert Event.objects.filter(type="number.released").count() == 1


# --- Settings ------------------------------------------------------------------------------------


def put_back(number: PhoneNumber, actor: Actor, **settings: str) -> CarrierTask:
    release.queue_task(number, TaskKind.PUT_BACK, actor=actor, at=timezone.now(), settings=settings)
    tasks.work_carrier_tasks()
    number.refresh_from_db()
    return CarrierTask.objects.get(number=number, kind=TaskKind.PUT_BACK)


def test_settings_are_put_back_under_the_sid_that_the_number_has_now(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    new = bought_again(number, sandbox)

    task = put_back(number, by_admin, voice_url="https://example.com/old")

    assert (task.state, number.sid) == (TaskState.DONE, new)
    assert number.twilio["voice_url"] == "https://example.com/old"


def test_settings_are_not_put_over_new_ones_of_a_number_that_was_bought_again(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    new = bought_again(number, sandbox)
    carrier_for(number.connection).numbers.update(new, {"voice_url": "https://example.com/new"})

    task = put_back(number, by_admin, voice_url="https://example.com/old")

    assert (task.state, task.error_code) == (TaskState.NEEDS_PERSON, "bought_again")
    record = carrier_for(number.connection).numbers.find(number.e164)
    assert record is not None
    assert record.twilio["voice_url"] == "https://example.com/new"
