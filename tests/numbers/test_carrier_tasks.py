"""What remains to be done at Twilio: claimed, waited for, refused, each concluded once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, User
from carrier import CarrierRefused, CarrierUnavailable
from carrier.numbers import number_record
from config.errors import NotDue
from licensing.models import GracePeriod
from licensing.services import grace
from numbers.models import CarrierTask, PhoneNumber
from numbers.previous import settings_of
from numbers.services import carrier_steps, carrier_tasks, release
from numbers.services.carrier_steps import Answer
from numbers.services.whereabouts import Found
from numbers.states import RESTORE_WINDOW, NumberState, TaskKind, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    PhoneNumberFactory,
)

pytestmark = pytest.mark.django_db


def waiting(number: PhoneNumber, kind: TaskKind, **fields: object) -> CarrierTask:
    task: CarrierTask = CarrierTaskFactory.create(number=number, kind=kind, due_at=NOON, **fields)
    return task


@pytest.fixture
def over(acme: Account) -> PhoneNumber:
    """A number that is being restored and puts its account one over its licenses, in grace."""
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(10, account=acme, connection=connection)
    number = PhoneNumberFactory.create(account=acme, connection=connection, restoring=True)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)
    return number


def test_a_task_whose_worker_died_is_left_alone_until_its_claim_runs_out(acme: Account) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True, sid="PN-not-a-sid")
    task = waiting(number, TaskKind.RELEASE)
    with pytest.raises(ValueError, match="SID"):
        carrier_tasks.work(task.pk, at=NOON)

    with pytest.raises(NotDue):
        carrier_tasks.work(task.pk, at=NOON + carrier_tasks.CLAIM - timedelta(seconds=1))
    with pytest.raises(ValueError, match="SID"):
        carrier_tasks.work(task.pk, at=NOON + carrier_tasks.CLAIM)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (500, 60)]
)
def test_the_wait_doubles_up_to_an_hour(acme: Account, attempts: int, minutes: int) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    task = waiting(number, TaskKind.RELEASE, attempts=attempts)

    carrier_tasks._wait(task, CarrierUnavailable("Down."), at=NOON)

    task.refresh_from_db()
    assert task.due_at == NOON + timedelta(minutes=minutes)


def test_a_refused_restore_gives_its_license_back_and_settles_grace(over: PhoneNumber) -> None:
    task = waiting(over, TaskKind.RESTORE)

    carrier_tasks._refused(task, CarrierRefused("No."), at=NOON)

    over.refresh_from_db()
    assert over.state == NumberState.RELEASED
    assert GracePeriod.objects.get().settled_at == NOON


def test_a_restore_that_comes_too_late_gives_its_license_back_and_settles_grace(
    over: PhoneNumber,
) -> None:
    task = waiting(over, TaskKind.RESTORE)
    late = NOON + timedelta(days=10, seconds=1)

    carrier_tasks.drop_restore(task.pk, at=late)

    over.refresh_from_db()
    assert over.state == NumberState.RELEASED
    assert GracePeriod.objects.get().settled_at == late
    with pytest.raises(NotDue):
        carrier_tasks.drop_restore(task.pk, at=late)


def test_a_late_restore_that_twilio_is_being_asked_about_is_not_dropped(
    over: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(over, TaskKind.RESTORE)
    PhoneNumber.objects.filter(pk=over.pk).update(released_at=NOON - RESTORE_WINDOW)
    late = NOON + timedelta(seconds=10)

    def buys(carrier: object, task: CarrierTask) -> Answer:
        assert not carrier_tasks.late_restores(late).exists()
        with pytest.raises(NotDue):
            carrier_tasks.drop_restore(task.pk, at=late)
        return found(task.number)

    monkeypatch.setitem(carrier_steps.STEPS, TaskKind.RESTORE, (buys, carrier_steps._restored))
    carrier_tasks.work(CarrierTask.objects.get().pk, at=NOON)

    over.refresh_from_db()
    assert over.state == NumberState.HELD


def test_a_number_that_an_answer_brings_is_looked_for_when_its_task_was_closed_meanwhile(
    over: PhoneNumber,
) -> None:
    task = waiting(over, TaskKind.RESTORE, state=TaskState.DROPPED)

    carrier_tasks._done(task, found(over), carrier_steps._restored, at=NOON)

    over.refresh_from_db()
    assert over.state == NumberState.RESTORING
    (queued,) = OrmQ.objects.all()
    assert queued.func() == "numbers.tasks.refresh"


def found(number: PhoneNumber) -> Answer:
    record = number_record({"sid": "PN" + "9" * 32, "phone_number": number.e164})
    return Answer(Found(number.connection, record))


@pytest.mark.parametrize("state", [TaskState.DONE, TaskState.DROPPED])
def test_an_answer_to_a_task_that_was_closed_in_the_meantime_changes_nothing(
    acme: Account, admin: User, state: TaskState
) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    task = waiting(number, TaskKind.RELEASE, state=state)

    carrier_tasks._refused(task, CarrierRefused("No."), at=NOON)
    carrier_tasks._done(task, Answer(), carrier_steps._released, at=NOON)
    carrier_tasks._wait(task, CarrierUnavailable("Down."), at=NOON)

    number.refresh_from_db()
    task.refresh_from_db()
    assert (number.state, task.state, task.error) == (NumberState.RELEASING, state, "")
    assert not Event.objects.filter(subject_type="number").exists()
    assert not admin.notices.exists()


def test_a_refused_restore_is_tried_again_by_restoring_the_number(
    acme: Account, by_admin: Actor
) -> None:
    """Its license was given back, so it needs a free one."""
    number = PhoneNumberFactory.create(account=acme, released=True)
    task = waiting(number, TaskKind.RESTORE, state=TaskState.NEEDS_PERSON)

    with pytest.raises(NotDue, match="Use Restore"):
        carrier_tasks.try_again(task.pk, actor=by_admin, at=NOON)


def test_more_work_is_queued_only_when_there_is_some(acme: Account) -> None:
    task = waiting(PhoneNumberFactory.create(account=acme, releasing=True), TaskKind.RELEASE)

    carrier_tasks.queue_the_rest(task.due_at - timedelta(seconds=1))
    assert not OrmQ.objects.exists()

    carrier_tasks.queue_the_rest(task.due_at)
    assert OrmQ.objects.count() == 1


def test_a_number_that_is_kept_after_all_has_nothing_to_put_back(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(
        account=acme, twilio={"voice_url": "https://example.com", "sms_url": ""}
    )
    release.release(number.pk, actor=by_admin, at=NOON)
    CarrierTask.objects.update(state=TaskState.NEEDS_PERSON)

    release.take_back(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert (number.state, number.before_release) == (NumberState.HELD, {})
    assert not CarrierTask.objects.unfinished().exists()


def test_a_trunk_is_not_put_back_beside_an_application() -> None:  # twilio-facts 1.2
    number = PhoneNumberFactory.build(
        account=None,
        connection=None,
        friendly_name="",
        twilio={
            "voice_application_sid": "AP1",
            "trunk_sid": "TK1",
            "emergency_address_sid": "AD1",
            "sms_url": None,
            "voice_caller_id_lookup": False,
        },
    )

    assert settings_of(number) == {
        "voice_application_sid": "AP1",
        "voice_caller_id_lookup": False,
    }


def test_an_agent_does_not_come_back_beyond_the_licenses(acme: Account, by_admin: Actor) -> None:
    connection = ConnectionFactory.create(account=acme)
    agent = AgentFactory.create(account=acme, name="Ada")
    PhoneNumberFactory.create_batch(11, account=acme, connection=connection, agent=agent)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)
    number = PhoneNumberFactory.create(
        account=acme,
        connection=connection,
        missing=True,
        before_release={"agent_id": agent.pk, "agent": "Ada"},
    )

    release.come_back(
        number,
        actor=by_admin,
        at=NOON + timedelta(hours=49),
        type="number.came_back",
        summary="Came back.",
    )

    number.refresh_from_db()
    assert number.agent is None
    event = Event.objects.get(type="number.came_back")
    assert event.data["did_not"][0].startswith("agent Ada: The grace period is over")


@pytest.mark.parametrize("kind", [TaskKind.RELEASE, TaskKind.RESTORE])
def test_a_task_whose_number_has_moved_on_is_closed_and_moves_nothing(
    acme: Account, kind: TaskKind
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    task = waiting(number, kind)
    conclude = carrier_steps.STEPS[kind][1]
    record = number_record({"sid": number.sid, "phone_number": number.e164})
    answer = Answer(Found(number.connection, record))

    carrier_tasks._done(task, answer, conclude, at=NOON)

    number.refresh_from_db()
    task.refresh_from_db()
    assert (number.state, task.state) == (NumberState.HELD, TaskState.DONE)
