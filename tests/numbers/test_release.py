"""Release and restore against the Twilio stand-in, with everything Twilio may answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from accounts.actor import Actor
from accounts.models import Event, User
from carrier import CarrierUnavailable
from config.errors import Blocked, NotDue
from licensing.standing import standing
from numbers import gates, tasks
from numbers.models import CarrierTask, Connection, Import, PhoneNumber
from numbers.plans import Plan, release_plan, restore_plan
from numbers.services import assignment, carrier_tasks, descriptions, imports, release
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import AgentFactory, CarrierTaskFactory, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


def plan_of(number: PhoneNumber) -> Plan:
    return release_plan(number, standing=standing(number.account_id, at=timezone.now()))


def do_import(connection: Connection, actor: Actor) -> None:
    run = imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)
    imports.work(run.job_id)


@pytest.fixture
def number(connection: Connection, by_admin: Actor) -> PhoneNumber:
    """A held number with settings at Twilio, an agent, a name and a tag."""
    connection.account.subscription.licenses = 30
    connection.account.subscription.save()
    do_import(connection, by_admin)
    chosen = next(
        number
        for number in connection.numbers.order_by("pk")
        if number.twilio.get("voice_url") and not gates_shut(number)
    )
    agent = AgentFactory.create(account=connection.account, name="Ada")
    assignment.assign(chosen.pk, agent_id=agent.pk, actor=by_admin, at=timezone.now())
    descriptions.describe(chosen.pk, label="Sales", tags=["eu"], actor=by_admin, at=timezone.now())
    chosen.refresh_from_db()
    return chosen


def gates_shut(number: PhoneNumber) -> bool:
    return bool(plan_of(number).blockers)


def decide(number: PhoneNumber, actor: Actor) -> CarrierTask:
    release.release(number.pk, actor=actor, at=timezone.now())
    number.refresh_from_db()
    return CarrierTask.objects.get(number=number, kind=TaskKind.RELEASE)


def released(number: PhoneNumber, actor: Actor) -> None:
    decide(number, actor)
    tasks.work_carrier_tasks()
    number.refresh_from_db()


def test_a_release_takes_no_license_from_the_decision_on_and_is_released_when_twilio_says_so(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S0-10, S1-14, S1-16, S4-53, S4-56
    held = standing(number.account_id, at=timezone.now()).held

    task = decide(number, by_admin)
    after = standing(number.account_id, at=timezone.now()).held
    state = number.state
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    task.refresh_from_db()
    assert (held - after, state) == (1, NumberState.RELEASING)
    assert (number.state, task.state) == (NumberState.RELEASED, TaskState.DONE)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 26
    released_event = Event.objects.get(type="number.released")
    assert released_event.actor_label == by_admin.label


def test_a_hosted_number_says_before_its_release_that_it_cannot_be_bought_back(
    number: PhoneNumber,
) -> None:  # S1-18, B4
    number.twilio = {**number.twilio, "origin": "hosted"}

    plan = plan_of(number)

    assert plan.undo.startswith("It cannot be bought back: it is hosted")


def test_the_plan_says_what_a_release_touches_costs_and_until_when_it_can_be_undone(
    number: PhoneNumber,
) -> None:  # S1-17, S1-18, B4
    plan = plan_of(number)

    assert any("Ada" in line for line in plan.touches)
    assert "the steps for the Twilio Console" in plan.undo
    assert "free" in plan.cost
    assert "come back until" in plan.undo


def test_a_restored_number_says_what_came_back_and_what_did_not(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S1-18, S4-54, B6, B14
    released(number, by_admin)
    agent = number.account.agents.get()
    agent.state = "paused"
    agent.save()
    sandbox.control("POST", "switches", {"released_number_purchase": "allowed"})

    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    assert number.state == NumberState.HELD
    assert (number.label, [tag.name for tag in number.tags.all()]) == ("Sales", ["eu"])
    event = Event.objects.get(type="number.restored")
    assert event.data["did_not"] == ["agent Ada: it is paused"]
    assert "voice_url" in event.data["putting_back"]
    assert number.twilio["voice_url"] is not None  # put back at Twilio by the task


def test_a_restore_that_twilio_refuses_becomes_steps_for_a_person(
    number: PhoneNumber, by_admin: Actor, admin: User
) -> None:  # S1-18
    released(number, by_admin)

    release.restore(number.pk, actor=by_admin, at=timezone.now())
    reserved = standing(number.account_id, at=timezone.now()).held
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    task = CarrierTask.objects.get(number=number, kind=TaskKind.RESTORE)
    assert (number.state, task.state) == (NumberState.RELEASED, TaskState.NEEDS_PERSON)
    assert "Released Numbers" in task.error
    assert reserved - standing(number.account_id, at=timezone.now()).held == 1
    assert admin.notices.filter(kind="carrier").count() == 1


def test_after_the_console_the_next_import_finishes_the_restore(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    released(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()
    bought = sandbox.buy_back(number.e164)

    do_import(number.connection, by_admin)

    number.refresh_from_db()
    assert (number.state, number.sid) == (NumberState.HELD, bought["sid"])
    assert not CarrierTask.objects.unfinished().filter(kind=TaskKind.RESTORE).exists()


def test_a_number_can_be_restored_for_ten_days(
    number: PhoneNumber, by_admin: Actor
) -> None:  # S1-18
    released(number, by_admin)
    assert number.released_at is not None
    now = standing(number.account_id, at=timezone.now())

    in_time = restore_plan(
        number, standing=now, at=number.released_at + timedelta(days=10, seconds=-1)
    )
    late = restore_plan(number, standing=now, at=number.released_at + timedelta(days=10))
    number.twilio = {"origin": "hosted"}
    hosted = restore_plan(number, standing=now, at=number.released_at)

    assert in_time.blockers == []
    assert "Twilio has no call that restores" in in_time.touches[-1]
    assert hosted.touches[-1].startswith("It cannot be bought back: it is hosted")
    assert [blocker.code for blocker in late.blockers] == ["too_late"]


def test_what_can_not_come_back_any_more_is_not_told_to_buy_a_license(
    number: PhoneNumber, by_admin: Actor
) -> None:
    released(number, by_admin)
    assert number.released_at is not None
    number.account.subscription.licenses = 1
    number.account.subscription.save()
    late = number.released_at + timedelta(days=10)
    now = standing(number.account_id, at=late)
    gone = PhoneNumberFactory.create(account=number.account, excluded=True, unlisted_at=late)

    assert [each.code for each in gates.restore(number, now, late)] == ["too_late"]
    assert [each.code for each in gates.bring_back(gone, now)] == ["not_at_twilio"]


def test_a_restore_needs_a_free_license(number: PhoneNumber, by_admin: Actor) -> None:
    released(number, by_admin)
    number.account.subscription.licenses = 26
    number.account.subscription.save()

    with pytest.raises(Blocked) as refused:
        release.restore(number.pk, actor=by_admin, at=timezone.now())

    assert [blocker.code for blocker in refused.value.blockers] == ["no_free_license"]


def test_while_twilio_is_down_the_release_waits_and_then_happens(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, settings: Settings
) -> None:
    task = decide(number, by_admin)
    sandbox.fault("status", status=503, times=1_000, path="IncomingPhoneNumbers")
    patience, settings.TWILIO_RETRY_SECONDS = settings.TWILIO_RETRY_SECONDS, 0.2

    tasks.work_carrier_tasks()
    task.refresh_from_db()
    waiting, due = task.state, task.due_at
    sandbox.clear_faults()
    settings.TWILIO_RETRY_SECONDS = patience
    carrier_tasks.work(task.pk, at=due)

    number.refresh_from_db()
    assert waiting == TaskState.PENDING
    assert number.state == NumberState.RELEASED


def test_with_a_revoked_token_the_release_waits_and_the_connection_says_so(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    task = decide(number, by_admin)
    sandbox.revoke_token()

    tasks.work_carrier_tasks()

    task.refresh_from_db()
    number.connection.refresh_from_db()
    assert task.state == TaskState.PENDING
    assert number.connection.state == ConnectionState.AUTH_FAILED


def test_a_number_that_is_nowhere_in_the_subaccount_counts_as_released(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    decide(number, by_admin)
    tasks.work_carrier_tasks()
    task = CarrierTask.objects.get(kind=TaskKind.RELEASE)
    CarrierTask.objects.update(state=TaskState.PENDING, due_at=timezone.now(), claimed_until=None)
    PhoneNumber.objects.filter(pk=number.pk).update(state=NumberState.RELEASING)

    carrier_tasks.work(task.pk, at=timezone.now())

    number.refresh_from_db()
    assert number.state == NumberState.RELEASED


def test_a_refused_release_waits_for_a_person_who_keeps_the_number_or_tries_again(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    task = decide(number, by_admin)
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    tasks.work_carrier_tasks()
    task.refresh_from_db()

    assert (task.state, task.error_code) == (TaskState.NEEDS_PERSON, "twilio_refused")
    release.take_back(number.pk, actor=by_admin, at=timezone.now())

    number.refresh_from_db()
    assert number.state == NumberState.HELD
    assert number.agent is not None
    task.refresh_from_db()
    assert task.state == TaskState.DROPPED


def test_a_number_kept_after_twilio_took_it_without_a_word_is_looked_for(
    number: PhoneNumber,
    by_admin: Actor,
    admin_client: Client,
    sandbox: SandboxProcess,
    settings: Settings,
) -> None:
    """The last of many attempts went through, and its answer got lost like the others."""
    settings.TWILIO_RETRY_SECONDS = 0.1
    task = decide(number, by_admin)
    CarrierTask.objects.filter(pk=task.pk).update(attempts=carrier_tasks.MAX_ATTEMPTS - 1)
    sandbox.fault("status", status=503, method="DELETE", processed=True)
    sandbox.fault("status", status=503)
    tasks.work_carrier_tasks()
    sandbox.clear_faults()
    task.refresh_from_db()
    assert (task.state, task.error_code) == (TaskState.NEEDS_PERSON, "twilio_unavailable")
    OrmQ.objects.all().delete()

    page = admin_client.get(f"/a/acme/numbers/{number.pk}/take-back/").content.decode()
    assert "may have taken the number" in page
    release.take_back(number.pk, actor=by_admin, at=timezone.now())
    assert [each.func() for each in OrmQ.objects.all()] == ["numbers.tasks.refresh"]
    tasks.refresh(number.connection_id)
    imports.work(Import.objects.latest("pk").job_id)

    number.refresh_from_db()
    assert number.state == NumberState.MISSING


def test_trying_again_after_the_cause_is_gone_releases_the_number(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    task = decide(number, by_admin)
    sandbox.fault("status", status=400, code=22350, times=1, method="DELETE")
    tasks.work_carrier_tasks()

    carrier_tasks.try_again(task.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    assert number.state == NumberState.RELEASED
    with pytest.raises(NotDue):
        carrier_tasks.try_again(task.pk, actor=by_admin, at=timezone.now())


def test_an_emergency_address_is_named_before_anyone_tries(
    connection: Connection, by_admin: Actor
) -> None:  # S4-53, B3, twilio-facts 2
    do_import(connection, by_admin)
    guarded = next(n for n in connection.numbers.all() if n.twilio["emergency_status"] == "Active")

    with pytest.raises(Blocked) as refused:
        release.release(guarded.pk, actor=by_admin, at=timezone.now())

    assert [blocker.code for blocker in refused.value.blockers] == ["emergency_address"]


def test_an_import_does_not_touch_a_number_whose_release_is_decided(
    number: PhoneNumber, by_admin: Actor
) -> None:
    decide(number, by_admin)

    do_import(number.connection, by_admin)

    number.refresh_from_db()
    assert number.state == NumberState.RELEASING


def test_restores_that_nobody_finished_in_ten_days_are_closed(
    number: PhoneNumber, by_admin: Actor
) -> None:
    released(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()
    later = timezone.now() + timedelta(days=10, minutes=1)

    assert not carrier_tasks.late_restores(timezone.now()).exists()
    (late,) = carrier_tasks.late_restores(later)
    carrier_tasks.drop_restore(late.pk, at=later)
    assert CarrierTask.objects.get(pk=late.pk).state == TaskState.DROPPED


def test_a_number_left_when_twilio_had_taken_it_and_not_when_it_was_asked(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    """Else a page that Twilio wrote while the release was under way would bring it back."""
    task = decide(number, by_admin)
    sandbox.fault("slow", seconds=0.2, times=1, method="DELETE")
    at = timezone.now()

    carrier_tasks.work(task.pk, at=at)

    number.refresh_from_db()
    assert number.state == NumberState.RELEASED
    assert number.state_changed_at >= at + timedelta(seconds=0.2)
    assert number.released_at == number.state_changed_at


def test_a_release_while_settings_wait_to_be_put_back_remembers_the_wanted_ones(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # B6
    wanted = number.twilio["voice_url"]
    released(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()
    sandbox.buy_back(number.e164)
    do_import(number.connection, by_admin)
    number.refresh_from_db()
    assert number.twilio["voice_url"] != wanted

    release.release(number.pk, actor=by_admin, at=timezone.now())

    number.refresh_from_db()
    assert number.before_release["settings"]["voice_url"] == wanted
    assert CarrierTask.objects.get(kind=TaskKind.PUT_BACK).state == TaskState.DROPPED


def test_settings_that_wait_are_replaced_by_those_of_a_later_restore(
    number: PhoneNumber, by_admin: Actor, by_owner: Actor
) -> None:
    at = timezone.now()
    first, second = {"voice_url": "https://example.com/1"}, {"voice_url": "https://example.com/2"}
    release.queue_task(number, TaskKind.PUT_BACK, actor=by_admin, at=at, settings=first)
    CarrierTask.objects.update(state=TaskState.NEEDS_PERSON, error="No.", error_code="x")

    release.queue_task(number, TaskKind.PUT_BACK, actor=by_owner, at=at, settings=second)

    task = CarrierTask.objects.get()
    assert (task.state, task.settings, task.error) == (TaskState.PENDING, second, "")
    assert task.actor_label == by_owner.label


def test_whoever_asks_for_a_restore_again_is_who_restored_it(
    number: PhoneNumber, by_admin: Actor, by_owner: Actor, sandbox: SandboxProcess
) -> None:
    released(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()
    sandbox.buy_back(number.e164)

    release.restore(number.pk, actor=by_owner, at=timezone.now())
    tasks.work_carrier_tasks()

    number.refresh_from_db()
    assert number.state == NumberState.HELD
    assert Event.objects.get(type="number.restored").actor_label == by_owner.label


def test_a_refusal_after_trying_again_is_told_again(
    number: PhoneNumber, by_admin: Actor, admin: User, sandbox: SandboxProcess
) -> None:  # B9
    task = decide(number, by_admin)
    sandbox.fault("status", status=400, code=22350, times=2, method="DELETE")
    tasks.work_carrier_tasks()

    carrier_tasks.try_again(task.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    assert admin.notices.filter(kind="carrier").count() == 2


def test_keeping_a_number_is_refused_while_its_release_is_under_way(
    number: PhoneNumber, by_admin: Actor
) -> None:
    task = decide(number, by_admin)
    CarrierTask.objects.filter(pk=task.pk).update(claimed_until=timezone.now())
    CarrierTaskFactory.create(number=number, kind=TaskKind.PUT_BACK, state=TaskState.NEEDS_PERSON)

    with pytest.raises(Blocked) as refused:
        release.take_back(number.pk, actor=by_admin, at=timezone.now())

    assert [blocker.code for blocker in refused.value.blockers] == ["under_way"]


def test_a_restore_that_cannot_reach_twilio_gives_its_license_back_after_ten_days(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:  # S1-18
    released(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    sandbox.revoke_token()
    tasks.work_carrier_tasks()
    assert number.released_at is not None
    held = standing(number.account_id, at=timezone.now()).held

    task = CarrierTask.objects.get(kind=TaskKind.RESTORE)
    with pytest.raises(NotDue):
        carrier_tasks.drop_restore(task.pk, at=number.released_at + timedelta(days=10))
    carrier_tasks.drop_restore(task.pk, at=number.released_at + timedelta(days=10, seconds=1))

    number.refresh_from_db()
    assert number.state == NumberState.RELEASED
    assert CarrierTask.objects.get(kind=TaskKind.RESTORE).state == TaskState.DROPPED
    assert standing(number.account_id, at=timezone.now()).held == held - 1


def test_a_long_request_id_is_cut_to_its_column(
    number: PhoneNumber, by_admin: Actor
) -> None:  # PostgreSQL refuses what is longer
    task = decide(number, by_admin)
    column = CarrierTask._meta.get_field("twilio_request_id")

    carrier_tasks._wait(task, CarrierUnavailable("Down.", request_id="R" * 64), at=timezone.now())

    task.refresh_from_db()
    assert len(task.twilio_request_id) == column.max_length


def test_the_history_of_a_released_number_stays(number: PhoneNumber, by_admin: Actor) -> None:
    # B1, S4-57
    before = list(Event.objects.about("number", number.pk).values_list("pk", flat=True))

    released(number, by_admin)

    after = list(Event.objects.about("number", number.pk).values_list("pk", flat=True))
    assert len(before) > 2
    assert after[-len(before) :] == before
    assert PhoneNumber.objects.get(pk=number.pk).label == "Sales"
