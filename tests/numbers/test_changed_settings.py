"""What somebody changed at Twilio and a refresh found: put back by one click, or left (B5, B19)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Job
from accounts.services import job_items
from accounts.states import Permission
from carrier import CarrierRefused, CarrierUnavailable, carrier_for
from carrier.numbers import Numbers
from config import clock
from config.errors import Blocked, Forbidden, NotAsShown, NotDue
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.plans import put_settings_back_plan
from numbers.previous import kept_instead, offered
from numbers.services import carrier_tasks, enabling, exclusion, imports, previews, release
from numbers.services.bulk import Selection
from numbers.services.settings import leave_settings, put_settings_back
from numbers.states import TaskKind, TaskState
from tests.api.conftest import program_of
from tests.crashes import every_crash
from tests.factories import AgentFactory, ConnectionFactory, PhoneNumberFactory, subscribed
from tests.races import at_once
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

migration: Any = import_module("numbers.migrations.0022_settings_that_differ")

WAS, NOW, LATER = (f"https://example.com/{name}" for name in ("was", "now", "later"))


@pytest.fixture(autouse=True)
def _patient_with_nobody(settings: Any) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2


def refresh(connection: Connection) -> Job:
    run = imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    return Job.objects.get(pk=run.job_id)


def work() -> None:
    """Until nothing is due: what was asked for meanwhile follows."""
    for _ in range(3):
        for task in CarrierTask.objects.due(clock.now()):
            carrier_tasks.work(task.pk, at=clock.now())


def there(number: PhoneNumber) -> dict[str, Any]:
    """What Twilio has of the number now."""
    found = carrier_for(number.connection).numbers.find(number.e164)
    assert found is not None
    return found.twilio | {"friendly_name": found.friendly_name}


def set_at_twilio(number: PhoneNumber, **settings: str) -> None:
    carrier_for(number.connection).numbers.update(number.sid, settings)


def changed(number: PhoneNumber, **settings: str) -> PhoneNumber:
    """Somebody changes it at Twilio, and a refresh finds that."""
    set_at_twilio(number, **settings)
    refresh(number.connection)
    number.refresh_from_db()
    return number


def writes(sandbox: SandboxProcess) -> list[str]:
    return [row["method"] for row in sandbox.requests() if row["method"] != "GET"]


def by(actor: Actor) -> dict[str, Any]:
    return {"actor": actor, "at": clock.now()}


@pytest.fixture
def number(connection: Connection) -> PhoneNumber:
    """A held number whose calls go to a program of somebody's."""
    connection.account.subscription.licenses = 30
    connection.account.subscription.save()
    first = carrier_for(connection).numbers.page().records[0]
    plain = {"voice_application_sid": "", "trunk_sid": "", "sms_application_sid": ""}
    carrier_for(connection).numbers.update(first.sid, {"voice_url": WAS, "sms_url": "", **plain})
    refresh(connection)
    return connection.numbers.get(sid=first.sid)


# --- Found, put back, left -----------------------------------------------------------------------


def test_what_a_refresh_found_changed_is_put_back_by_one_click(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    set_at_twilio(number, voice_url=NOW)
    sandbox.clear_requests()

    refresh(number.connection)

    number.refresh_from_db()
    assert writes(sandbox) == []
    assert (number.twilio["voice_url"], offered(number)) == (NOW, {"voice_url": WAS})
    assert list(PhoneNumber.objects.differing()) == [number]

    put_settings_back(number.pk, **by(by_admin))
    work()

    number.refresh_from_db()
    assert there(number)["voice_url"] == number.twilio["voice_url"] == WAS
    assert (offered(number), number.differs_since) == ({}, None)
    asked = Event.objects.get(type="number.settings_asked_back")
    assert (asked.data["before"], asked.data["after"]) == ({"voice_url": NOW}, {"voice_url": WAS})
    assert refresh(number.connection).result["changed"] == 0


def test_what_is_left_is_forgotten_and_the_next_change_begins_there(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    changed(number, voice_url=NOW)
    sandbox.clear_requests()

    leave_settings(number.pk, **by(by_admin))

    number.refresh_from_db()
    assert (offered(number), number.differs_since, writes(sandbox)) == ({}, None, [])
    assert Event.objects.get(type="number.settings_left").data["forgotten"] == {"voice_url": WAS}
    assert offered(changed(number, voice_url=LATER)) == {"voice_url": NOW}


def test_of_several_changes_the_first_one_that_nobody_decided_about_counts(
    number: PhoneNumber, by_admin: Actor
) -> None:
    changed(number, voice_url=NOW)
    since = number.differs_since
    changed(number, voice_url=LATER, sms_url=NOW)

    assert offered(number) == {"voice_url": WAS, "sms_url": ""}
    assert number.differs_since == since

    put_settings_back(number.pk, **by(by_admin))
    work()

    assert there(number)["voice_url"] == WAS
    assert not there(number)["sms_url"]


def test_what_twilio_has_again_by_itself_is_no_question_any_more(number: PhoneNumber) -> None:
    changed(number, voice_url=NOW)
    changed(number, voice_url=WAS)

    assert (offered(number), number.differs_since, number.before_release) == ({}, None, {})
    with pytest.raises(Blocked) as refused:
        put_settings_back(number.pk, **by(SYSTEM))
    assert [each.code for each in refused.value.blockers] == ["nothing_offered"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"voice_application_sid": f"AP{1:032x}"}, {"trunk_sid": f"TK{1:032x}"}),
        ({"trunk_sid": f"TK{1:032x}"}, {"voice_application_sid": f"AP{1:032x}"}),
        ({"trunk_sid": f"TK{1:032x}"}, {"trunk_sid": ""}),
    ],
)
def test_an_application_and_a_trunk_take_each_other_s_place_and_back(
    number: PhoneNumber, before: dict[str, str], after: dict[str, str]
) -> None:
    changed(number, **before)
    leave_settings(number.pk, **by(SYSTEM))
    changed(number, **after)

    put_settings_back(number.pk, **by(SYSTEM))
    work()

    assert {name: there(number)[name] for name in before} == before
    number.refresh_from_db()
    assert (offered(number), number.differs_since) == ({}, None)


def test_a_trunk_that_we_clear_ourselves_was_cleared_by_nobody(number: PhoneNumber) -> None:
    changed(number, trunk_sid=f"TK{1:032x}")
    wanted = {"voice_application_sid": f"AP{1:032x}"}
    PhoneNumber.objects.update(before_release={"settings": wanted, "found": {}})

    put_settings_back(number.pk, **by(SYSTEM))
    work()

    assert there(number)["voice_application_sid"] == wanted["voice_application_sid"]
    number.refresh_from_db()
    assert (offered(number), number.differs_since) == ({}, None)


def test_what_is_no_setting_of_ours_to_write_is_no_question(number: PhoneNumber) -> None:
    PhoneNumber.objects.update(
        twilio={**number.twilio, "beta": True, "voice_method": None, "emergency_status": "Active"},
        fingerprint="",
    )

    refresh(number.connection)

    number.refresh_from_db()
    assert (number.twilio["beta"], offered(number)) == (False, {})


def test_who_may_not_act_on_numbers_decides_nothing(number: PhoneNumber, by_member: Actor) -> None:
    changed(number, voice_url=NOW)

    for act in (put_settings_back, leave_settings):
        with pytest.raises(Forbidden):
            act(number.pk, **by(by_member))


# --- Beside the service, leaving and coming back -------------------------------------------------


@pytest.fixture
def enabled(number: PhoneNumber) -> PhoneNumber:
    agent = AgentFactory.create(account=number.account)
    PhoneNumber.objects.filter(pk=number.pk).update(label="Desk", texts=True, agent=agent)
    enabling.enable(number.pk, **by(SYSTEM))
    work()
    number.refresh_from_db()
    assert number.in_service_at is not None
    return number


def test_where_the_texts_of_an_enabled_number_go_has_its_own_question(
    enabled: PhoneNumber,
) -> None:
    ours = enabled.twilio["sms_url"]
    changed(enabled, sms_url=NOW, voice_url=NOW)

    assert offered(enabled) == {"voice_url": WAS}
    assert enabled.goes_elsewhere([])

    put_settings_back(enabled.pk, **by(SYSTEM))
    work()

    assert (there(enabled)["voice_url"], there(enabled)["sms_url"]) == (WAS, NOW)
    enabled.refresh_from_db()
    assert ours not in str(enabled.before_release)


def test_putting_back_writes_no_address_of_ours_over_one_that_somebody_set(
    enabled: PhoneNumber, by_admin: Actor
) -> None:
    changed(enabled, voice_url=NOW)
    set_at_twilio(enabled, sms_url=LATER)  # since the refresh

    put_settings_back(enabled.pk, **by(by_admin))
    work()

    enabled.refresh_from_db()
    assert (there(enabled)["voice_url"], there(enabled)["sms_url"]) == (WAS, LATER)
    assert enabled.goes_elsewhere(enabled.carrier_tasks.unfinished())
    elsewhere = Event.objects.get(type="number.goes_elsewhere")
    assert elsewhere.data["after"] == {"sms_url": LATER}
    enabling.send_here_again(enabled.pk, **by(by_admin))
    work()
    enabled.refresh_from_db()
    assert there(enabled)["sms_url"].endswith(enabled.hook_key)
    assert enabled.in_service_at is not None


def test_who_disables_a_number_whose_texts_go_elsewhere_has_decided(enabled: PhoneNumber) -> None:
    changed(enabled, sms_url=NOW)

    enabling.disable(enabled.pk, **by(SYSTEM))

    enabled.refresh_from_db()
    assert (offered(enabled), enabled.differs_since) == ({}, None)


def test_a_question_waits_while_the_number_is_excluded(enabled: PhoneNumber) -> None:
    changed(enabled, voice_url=NOW)
    enabling.disable(enabled.pk, **by(SYSTEM))
    exclusion.exclude(enabled.pk, **by(SYSTEM))
    work()  # its texts go where they went before

    exclusion.bring_back(enabled.pk, **by(SYSTEM))

    enabled.refresh_from_db()
    assert offered(enabled) == {"voice_url": WAS}
    assert list(PhoneNumber.objects.differing()) == [enabled]


def asked_about_its_texts(number: PhoneNumber) -> None:
    """Let somebody change where its texts go, and make it ready to be enabled."""
    set_at_twilio(number, sms_url=WAS)
    refresh(number.connection)
    leave_settings(number.pk, **by(SYSTEM))
    changed(number, sms_url=NOW)
    agent = AgentFactory.create(account=number.account)
    PhoneNumber.objects.filter(pk=number.pk).update(label="Desk", texts=True, agent=agent)


def test_our_own_address_is_no_change_of_somebody_s(number: PhoneNumber) -> None:
    asked_about_its_texts(number)

    enabling.enable(number.pk, **by(SYSTEM))
    work()
    number.refresh_from_db()
    while_enabled = offered(number), number.differs_since
    enabling.disable(number.pk, **by(SYSTEM))
    number.refresh_from_db()

    assert while_enabled == (offered(number), number.differs_since) == ({}, None)
    assert number.twilio["sms_url"].endswith(number.hook_key)


def test_what_is_found_while_twilio_is_told_something_else_is_a_question(
    enabled: PhoneNumber,
) -> None:
    changed(enabled, sms_url=NOW)
    set_at_twilio(enabled, voice_url=NOW)  # since the refresh

    enabling.send_here_again(enabled.pk, **by(SYSTEM))
    work()

    enabled.refresh_from_db()
    assert there(enabled)["sms_url"].endswith(enabled.hook_key)
    assert offered(enabled) == {"voice_url": WAS}
    assert enabled.differs_since is not None


def test_a_question_outlives_a_release_and_an_exclusion(
    number: PhoneNumber, sandbox: SandboxProcess
) -> None:
    changed(number, voice_url=NOW)
    exclusion.exclude(number.pk, **by(SYSTEM))
    assert not PhoneNumber.objects.differing().exists()
    exclusion.bring_back(number.pk, **by(SYSTEM))
    number.refresh_from_db()
    brought = offered(number)
    release.release(number.pk, **by(SYSTEM))
    work()
    sandbox.buy_back(number.e164)
    refresh(number.connection)

    number.refresh_from_db()
    assert brought == {"voice_url": WAS}
    assert offered(number)["voice_url"] == WAS
    assert list(PhoneNumber.objects.differing()) == [number]


# --- Between the click and Twilio ----------------------------------------------------------------


def test_a_refresh_between_click_and_write_loses_nothing(number: PhoneNumber) -> None:
    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))

    changed(number, voice_url=LATER, sms_url=LATER)

    # What was decided is decided; what is new is a question.
    assert offered(number) == {"sms_url": ""}
    work()
    number.refresh_from_db()
    assert (there(number)["voice_url"], there(number)["sms_url"]) == (WAS, LATER)
    assert offered(number) == {"sms_url": ""}


def test_a_second_click_before_twilio_has_the_first_one_s_means_both(number: PhoneNumber) -> None:
    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))
    changed(number, sms_url=NOW)

    put_settings_back(number.pk, **by(SYSTEM))
    work()

    assert there(number)["voice_url"] == WAS
    assert not there(number)["sms_url"]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (CarrierRefused("The application is gone."), TaskState.NEEDS_PERSON, "application is gone"),
        (CarrierUnavailable("Twilio did not answer."), TaskState.PENDING, "did not answer"),
    ],
)
def test_what_twilio_refuses_or_leaves_unanswered_is_said_and_kept(
    number: PhoneNumber, owner_client: Client, monkeypatch: Any, error: Exception, state: str,
    said: str,
) -> None:  # fmt: skip
    changed(number, voice_url=NOW)

    def update(self: Numbers, sid: str, fields: Any) -> Any:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Numbers, "update", update)
        put_settings_back(number.pk, **by(SYSTEM))
        tasks.work_carrier_tasks()

    task = CarrierTask.objects.get()
    assert (task.state, task.settings) == (state, {"voice_url": WAS})
    html = owner_client.get(f"/a/acme/numbers/{number.pk}/").content.decode()
    assert said in html.split("Timeline")[0]
    carrier_tasks.try_again(task.pk, **by(SYSTEM))
    work()
    assert there(number)["voice_url"] == WAS


def test_what_twilio_refuses_may_be_given_up(
    number: PhoneNumber, owner_client: Client, monkeypatch: Any
) -> None:
    def update(self: Numbers, sid: str, fields: Any) -> Any:
        raise CarrierRefused("The application is gone.")

    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))
    with monkeypatch.context() as patched:
        patched.setattr(Numbers, "update", update)
        work()
    html = owner_client.get(page(number)).content.decode()

    owner_client.post(page(number, "leave-settings"))

    assert page(number, "leave-settings") in html
    assert CarrierTask.objects.get().state == TaskState.DROPPED
    assert Event.objects.get(type="number.settings_left").data["forgotten"] == {"voice_url": WAS}
    with pytest.raises(Blocked):
        leave_settings(number.pk, **by(SYSTEM))


@pytest.mark.django_db(transaction=True)
def test_whoever_is_killed_between_the_click_and_twilio_has_lost_nothing(
    sandbox: SandboxProcess,
) -> None:
    account = subscribed()
    connection = ConnectionFactory.create(
        account=account, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    record = carrier_for(connection).numbers.page().records[0]
    number = PhoneNumberFactory.create(
        account=account, connection=connection, e164=record.e164, sid=record.sid
    )

    def begin() -> PhoneNumber:
        CarrierTask.objects.all().delete()
        set_at_twilio(number, voice_url=NOW)
        PhoneNumber.objects.update(
            twilio={"voice_url": NOW}, before_release={"changed": {"voice_url": WAS}},
            differs_since=clock.now(),
        )  # fmt: skip
        return number

    def act(number: PhoneNumber) -> None:
        put_settings_back(number.pk, **by(SYSTEM))
        work()

    def check(number: PhoneNumber, died: str) -> None:
        number.refresh_from_db()
        decided = CarrierTask.objects.exists()
        assert bool(offered(number)) != decided, died
        assert (number.differs_since is None) == decided, died
        at = clock.now() + carrier_tasks.CLAIM + timedelta(seconds=1)
        for task in CarrierTask.objects.due(at):
            carrier_tasks.work(task.pk, at=at)
        assert there(number)["voice_url"] == (WAS if decided else NOW), died

    assert every_crash(begin, act, check) > 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", range(4))
@pytest.mark.parametrize("decide", [put_settings_back, leave_settings])
def test_a_refresh_and_a_click_at_once_lose_nothing(
    sandbox: SandboxProcess, decide: Callable[..., Any], again: int
) -> None:
    account = subscribed(licenses=100)
    connection = ConnectionFactory.create(
        account=account, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    refresh(connection)
    number = PhoneNumber.objects.order_by("pk").filter(twilio__voice_url__startswith="h").first()
    assert number is not None
    was, sms = number.twilio["voice_url"], number.twilio["sms_url"] or ""
    changed(number, voice_url=NOW)
    set_at_twilio(number, sms_url=LATER)

    outcomes = at_once(
        lambda: refresh(connection), lambda: decide(number.pk, actor=SYSTEM, at=timezone.now())
    )

    assert outcomes == ["done", "done"]
    task = CarrierTask.objects.filter(kind=TaskKind.PUT_BACK).first()
    number.refresh_from_db()
    left = Event.objects.filter(type="number.settings_left").first()
    decided = task.settings if task else left.data["forgotten"] if left else {}
    assert {**offered(number), **decided} == {"voice_url": was, "sms_url": sms}
    assert offered(number).keys().isdisjoint(decided)
    assert bool(offered(number)) == (number.differs_since is not None)
    work()
    number.refresh_from_db()
    if decide is put_settings_back:
        assert there(number)["voice_url"] == was


# --- What was decided, refused, and decided again -----------------------------------------------


@pytest.fixture
def refused(number: PhoneNumber, monkeypatch: Any) -> PhoneNumber:
    """One whose voice URL Twilio would not have back."""

    def update(self: Numbers, sid: str, fields: Any) -> Any:
        raise CarrierRefused("The application is gone.")

    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))
    with monkeypatch.context() as patched:
        patched.setattr(Numbers, "update", update)
        work()
    assert CarrierTask.objects.get().state == TaskState.NEEDS_PERSON
    return number


def planned(number: PhoneNumber) -> dict[str, Any]:
    return {each.label: each.after for each in put_settings_back_plan(number).changes}


def asked_back() -> Any:
    return Event.objects.filter(type="number.settings_asked_back").order_by("-pk")[0].data["after"]


def test_what_was_refused_gives_way_to_what_is_put_back_next_and_is_a_question_again(
    refused: PhoneNumber,
) -> None:
    changed(refused, friendly_name="Zed")
    was = offered(refused)
    assert list(was) == ["friendly_name"]
    assert list(planned(refused).values()) == list(was.values())

    put_settings_back(refused.pk, **by(SYSTEM))
    work()

    assert asked_back() == was
    assert (there(refused)["voice_url"], there(refused)["friendly_name"]) == (
        NOW, was["friendly_name"],
    )  # fmt: skip
    refused.refresh_from_db()
    assert offered(refused) == {"voice_url": WAS}
    assert refused.differs_since is not None


def test_what_was_refused_and_is_changed_again_is_asked_about_and_not_tried_again(
    refused: PhoneNumber,
) -> None:
    changed(refused, voice_url=LATER)

    assert offered(refused) == {"voice_url": WAS}
    with pytest.raises(NotDue) as again:
        carrier_tasks.try_again(CarrierTask.objects.get().pk, **by(SYSTEM))
    work()

    assert again.value.code == "changed_since"
    assert there(refused)["voice_url"] == LATER
    put_settings_back(refused.pk, **by(SYSTEM))
    work()
    assert there(refused)["voice_url"] == WAS


def test_what_is_on_its_way_is_shown_and_told_with_what_is_put_back_besides(
    number: PhoneNumber,
) -> None:
    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))
    changed(number, status_callback=NOW)

    shown = planned(number)
    put_settings_back(number.pk, **by(SYSTEM))

    assert {each or "" for each in shown.values()} == {"", WAS}
    assert asked_back() == CarrierTask.objects.get().settings
    assert asked_back() == {"voice_url": WAS, "status_callback": ""}


def test_what_is_put_back_when_a_number_came_back_is_what_was_asked_for_before_it_left(
    number: PhoneNumber, sandbox: SandboxProcess
) -> None:
    changed(number, voice_url=NOW)
    put_settings_back(number.pk, **by(SYSTEM))
    carrier_for(number.connection).numbers.release(number.sid)
    work()
    refresh(number.connection)
    assert not CarrierTask.objects.unfinished().exists()
    sandbox.buy_back(number.e164)
    refresh(number.connection)
    number.refresh_from_db()
    wanted = offered(number)
    shown = planned(number)

    put_settings_back(number.pk, **by(SYSTEM))
    work()

    assert wanted["voice_url"] == WAS
    assert WAS in shown.values()
    assert asked_back() == wanted
    assert there(number)["voice_url"] == WAS


def test_an_address_of_ours_is_never_what_was_there_before(enabled: PhoneNumber) -> None:
    enabling.disable(enabled.pk, **by(SYSTEM))
    enabled.refresh_from_db()
    assert there(enabled)["sms_url"].endswith(enabled.hook_key)

    changed(enabled, sms_url=NOW, sms_method="GET", sms_application_sid=f"AP{1:032x}")

    assert (offered(enabled), enabled.before_release, enabled.differs_since) == ({}, {}, None)


def test_an_address_of_ours_that_is_remembered_is_not_offered(number: PhoneNumber) -> None:
    ours = {"sms_url": f"https://desk.example.com/hooks/texts/{'b' * 32}", "sms_method": "POST"}
    number.before_release = {"settings": ours | {"voice_url": WAS, "sms_fallback_url": WAS}}
    number.twilio |= {"sms_url": NOW, "sms_method": "GET", "voice_url": NOW}

    assert offered(number) == {"voice_url": WAS, "sms_fallback_url": WAS}


@pytest.mark.parametrize("leaves", ["release", "missing", "kept"])
def test_a_job_hears_of_a_number_that_leaves_before_its_settings_are_back(
    number: PhoneNumber, leaves: str
) -> None:
    changed(number, voice_url=NOW)
    job = previews.start(
        number.account_id, action="put_settings_back", selection=Selection(ids=[number.pk]),
        params={}, **by(SYSTEM),
    )  # fmt: skip
    job_items.work(job.pk)
    assert job.items.get().state == "started"

    if leaves == "missing":
        carrier_for(number.connection).numbers.release(number.sid)
        refresh(number.connection)
    else:
        release.release(number.pk, **by(SYSTEM))
    if leaves == "kept":
        release.take_back(number.pk, **by(SYSTEM))
    for queued in OrmQ.objects.order_by("pk"):
        if queued.task["func"] == "numbers.tasks.settle_overtaken":
            tasks.settle_overtaken(*queued.task["args"])

    assert (job.items.get().state, job.items.get().code) == ("skipped", "decided_since")
    job.refresh_from_db()
    assert not job.is_open


def test_a_question_of_a_number_that_came_back_outlives_a_release_that_is_taken_back(
    number: PhoneNumber,
) -> None:
    changed(number, voice_url=NOW)
    PhoneNumber.objects.update(before_release={"settings": {"voice_url": WAS}, "found": {}})
    changed(number, status_callback=NOW)
    questions = {"voice_url": WAS, "status_callback": ""}
    assert offered(number) == questions

    for _ in range(2):
        release.release(number.pk, **by(SYSTEM))
        release.take_back(number.pk, **by(SYSTEM))
        work()

        number.refresh_from_db()
        assert offered(number) == questions
        assert number.differs_since is not None
        assert there(number)["voice_url"] == NOW


def test_a_question_of_an_excluded_number_outlives_a_release_that_is_taken_back(
    number: PhoneNumber,
) -> None:
    changed(number, voice_url=NOW)
    PhoneNumber.objects.update(before_release={"settings": {"voice_url": WAS}, "found": {}})
    exclusion.exclude(number.pk, **by(SYSTEM))

    release.release(number.pk, **by(SYSTEM))
    release.take_back(number.pk, **by(SYSTEM))
    exclusion.bring_back(number.pk, **by(SYSTEM))

    number.refresh_from_db()
    assert offered(number) == {"voice_url": WAS}


@pytest.mark.parametrize("decide", [put_settings_back, leave_settings])
def test_who_decides_has_not_decided_what_was_not_shown(
    number: PhoneNumber, decide: Callable[..., Any]
) -> None:
    asked_about_its_texts(number)
    enabling.enable(number.pk, **by(SYSTEM))
    work()
    changed(number, voice_url=LATER)
    assert offered(number) == {"voice_url": WAS}

    decide(number.pk, **by(SYSTEM))
    work()
    enabling.disable(number.pk, **by(SYSTEM))
    exclusion.exclude(number.pk, **by(SYSTEM))
    work()
    exclusion.bring_back(number.pk, **by(SYSTEM))

    assert there(number)["sms_url"] == NOW
    number.refresh_from_db()
    assert offered(number) == {"sms_url": WAS}


def test_the_migration_flags_just_those_that_somebody_can_decide_about(acme: Account) -> None:
    key, other = "a" * 32, f"https://desk.example.com/hooks/texts/{'b' * 32}"
    ours = {"sms_url": f"https://desk.example.com/hooks/texts/{key}", "sms_method": "POST"}
    app, trunk = f"AP{1:032x}", f"TK{1:032x}"
    rows: list[tuple[bool, dict[str, Any]]] = [
        (False, {}),
        (True, {"before_release": {"settings": {"voice_url": WAS}}}),
        (True, {"before_release": {"changed": {"voice_url": WAS}}}),
        (False, {"before_release": {"settings": {"voice_url": NOW}}}),
        (False, {"before_release": {"settings": {"status_callback": ""}}}),
        (False, {"before_release": {"settings": {"sms_url": other, "sms_method": "POST"}}}),
        (False, {"twilio": ours, "before_release": {"settings": {"sms_url": WAS}}}),
        (
            True,
            {
                "twilio": ours | {"sms_application_sid": app},
                "before_release": {"changed": {"sms_application_sid": ""}},
            },
        ),
        (
            False,
            {
                "twilio": {"voice_application_sid": app, "trunk_sid": trunk},
                "before_release": {"changed": {"trunk_sid": ""}},
            },
        ),
        (False, {"excluded": True, "before_release": {"settings": {"voice_url": WAS}}}),
        (True, {"enabled": True, "before_release": {"settings": {"sms_url": WAS}}}),
        (False, {"enabled": True, "before_release": {"changed": {"sms_url": WAS}}}),
        (False, {"enabled": True, "before_release": {"settings": {"sms_url": other}}}),
        (
            False,
            {
                "enabled": True,
                "before_service": {"sms_url": WAS},
                "before_release": {"settings": {"sms_url": WAS}},
            },
        ),
    ]
    for is_open, fields in rows:
        keyed = {"hook_key": key} if fields.get("twilio", {}).get("sms_url") else {}
        key_of = {"twilio": {"voice_url": NOW}} | keyed | fields
        number = PhoneNumberFactory.create(account=acme, **key_of)
        assert bool(offered(number) or kept_instead(number)) == is_open, fields
        migration.mark_what_is_offered(apps, SimpleNamespace(connection=database))
        found = PhoneNumber.objects.filter(pk=number.pk, differs_since__isnull=False).exists()
        assert found == is_open, fields
        PhoneNumber.objects.filter(pk=number.pk).delete()


# --- The doors -----------------------------------------------------------------------------------


def page(number: PhoneNumber, action: str = "") -> str:
    return f"/a/acme/numbers/{number.pk}/{action + '/' if action else ''}"


@pytest.fixture
def differing(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(
        account=acme, twilio={"voice_url": NOW}, before_release={"changed": {"voice_url": WAS}},
        differs_since=timezone.now(),
    )  # fmt: skip


def test_the_page_of_the_number_shows_both_and_has_both_buttons(
    differing: PhoneNumber, owner_client: Client, member_client: Client
) -> None:
    html = owner_client.get(page(differing)).content.decode()
    read_only = member_client.get(page(differing)).content.decode()

    for each in (html, read_only):
        assert "Somebody has changed its settings at Twilio" in each
        assert "Changed at Twilio</span>" in each
        assert f"<del>{WAS}</del>" in each
        assert f"<ins>{NOW}</ins>" in each
        assert f'<div class="soft">was: {WAS}</div>' in each
    assert html.count(page(differing, "put-settings-back")) == 1
    assert html.count(page(differing, "leave-settings")) == 1
    assert "put-settings-back" not in read_only
    assert "leave-settings" not in read_only


@pytest.mark.parametrize("act", ["put-settings-back", "leave-settings"])
def test_who_has_not_seen_the_last_change_decides_nothing(
    differing: PhoneNumber, owner_client: Client, act: str
) -> None:
    html = owner_client.get(page(differing)).content.decode()
    field = f'name="found_fingerprint" value="{differing.fingerprint}"'
    PhoneNumber.objects.update(fingerprint="e" * 32)  # a refresh has found another change

    response = owner_client.post(
        page(differing, act), {"found_fingerprint": differing.fingerprint}, follow=True
    )

    assert html.count(field) == 2
    assert "was changed at Twilio since this was shown" in response.content.decode()
    differing.refresh_from_db()
    assert differing.differs_since is not None
    assert not CarrierTask.objects.exists()


@pytest.mark.parametrize("door", ["page", "admin", "rest", "bulk"])
def test_who_confirms_has_seen_what_is_written(
    acme: Account, differing: PhoneNumber, owner_client: Client, support_client: Client, door: str
) -> None:
    address = page(differing, "put-settings-back")
    program = program_of(acme, Permission.NUMBERS)
    rest = f"numbers/{differing.pk}/previous-settings/"
    admin = f"/admin/numbers/phonenumber/{differing.pk}/act/put_settings_back/"
    order: dict[str, Any] = {
        "action": "put_settings_back", "selection": Selection(ids=[differing.pk]),
        "params": {}, **by(SYSTEM),
    }  # fmt: skip

    def asked() -> str:
        if door == "page":
            return hidden_of(owner_client.get(address).content.decode())
        if door == "admin":
            return hidden_of(support_client.get(admin).content.decode())
        if door == "rest":
            return str(program.send("post", rest, {"dry_run": True}).json()["seal"])
        return previews.preview(acme.pk, **order).seal

    def confirm(seal: str) -> str:
        if door == "page":
            return owner_client.post(address, {"seal": seal}).content.decode()
        if door == "admin":
            sent = {"seal": seal, "reason": "They asked for it on the phone."}
            return support_client.post(admin, sent).content.decode()
        if door == "rest":
            return str(program.send("post", rest, {"seal": seal}).content.decode())
        try:
            job_items.work(previews.start(acme.pk, **order, seal=seal).pk)
        except NotAsShown as error:
            return error.message
        return ""

    seal = asked()
    PhoneNumber.objects.update(twilio={"voice_url": LATER}, fingerprint="e" * 32)
    refused = confirm(seal)

    assert "since" in refused
    assert not CarrierTask.objects.exists()
    confirm(asked())
    assert CarrierTask.objects.get().settings == {"voice_url": WAS}


def hidden_of(html: str) -> str:
    found = re.search(r'name="seal" value="(\w+)"', html)
    assert found is not None
    return found[1]


def test_while_the_connection_is_broken_only_leaving_is_offered(
    differing: PhoneNumber, owner_client: Client
) -> None:
    Connection.objects.update(state="suspended")

    html = owner_client.get(page(differing)).content.decode()
    refused = owner_client.post(page(differing, "put-settings-back"))

    assert 'put-settings-back/"' not in html
    assert "leave-settings" in html
    assert refused.status_code == 422
    assert not CarrierTask.objects.exists()


def test_the_page_of_a_refresh_decides_row_by_row(
    number: PhoneNumber, owner_client: Client
) -> None:
    other = number.connection.numbers.exclude(pk=number.pk).filter(enabled_at=None).first()
    assert other is not None
    changed(number, voice_url=NOW)
    set_at_twilio(number, voice_url=LATER)
    set_at_twilio(other, voice_url=LATER)
    job = refresh(number.connection)
    address = f"/a/acme/imports/{number.connection.imports.get(job=job).pk}/"

    html = owner_client.get(address).content.decode()
    assert "2 numbers to decide about" in html
    assert f"imported_in={job.pk}&amp;outcome=changed&amp;differs=true" in html
    assert f"before all that:</span> {WAS}" in html
    put = owner_client.post(f"{page(number, 'put-settings-back')}?next={address}")
    left = owner_client.post(f"{page(other, 'leave-settings')}?next={address}")

    assert (put["Location"], left["Location"]) == (address, address)
    assert CarrierTask.objects.get().settings == {"voice_url": WAS}
    after = owner_client.get(address).content.decode()
    assert "to decide about" not in after
    assert "put-settings-back" not in after


def test_people_find_them_by_filter_flag_and_overview(
    acme: Account, differing: PhoneNumber, owner_client: Client
) -> None:
    other = PhoneNumberFactory.create(account=acme)

    shown = owner_client.get("/a/acme/numbers/?differs=true").content.decode()
    others = owner_client.get("/a/acme/numbers/?differs=false").content.decode()
    overview = owner_client.get("/a/acme/overview/").content.decode()

    assert str(differing) in shown
    assert str(other) not in shown
    assert "Changed at Twilio</span>" in shown
    assert 'value="put_settings_back"' in shown
    assert 'value="leave_settings"' in shown
    assert str(differing) not in others
    assert 'value="put_settings_back"' not in others
    assert "numbers/?differs=true" in overview


def test_a_stranger_finds_nothing(differing: PhoneNumber, stranger_client: Client) -> None:
    for act in ("put-settings-back", "leave-settings"):
        assert stranger_client.post(page(differing, act)).status_code == 404
    differing.refresh_from_db()
    assert differing.differs_since is not None


def test_many_are_put_back_and_their_job_waits_for_twilio(number: PhoneNumber) -> None:
    account = number.account
    changed(number, voice_url=NOW)
    everything = Selection(shown=lambda numbers: numbers)
    order: dict[str, Any] = {
        "action": "put_settings_back", "selection": everything, "params": {}, **by(SYSTEM),
    }  # fmt: skip

    found = previews.preview(account.pk, **order)
    job = previews.start(account.pk, **order, seal=found.seal)
    job_items.work(job.pk)
    asked = job.items.get(subject_id=number.pk).state
    work()
    job_items.work(job.pk)

    assert (found.will_change, asked) == (1, "started")
    assert job.items.get(subject_id=number.pk).state == "done"
    assert there(number)["voice_url"] == WAS


def test_many_are_left(acme: Account, differing: PhoneNumber) -> None:
    PhoneNumberFactory.create(account=acme)
    order: dict[str, Any] = {
        "action": "leave_settings", "selection": Selection(shown=lambda numbers: numbers),
        "params": {}, **by(SYSTEM),
    }  # fmt: skip

    job = previews.start(acme.pk, **order)
    job_items.work(job.pk)

    assert sorted(job.items.values_list("state", flat=True)) == ["done", "skipped"]
    assert not PhoneNumber.objects.differing().exists()
    assert not CarrierTask.objects.exists()
