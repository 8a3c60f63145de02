"""A refresh only reads: settings from before a number left are offered, and put back when asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import SYSTEM, Actor
from accounts.models import Event
from carrier import NumberPage, carrier_for
from config.errors import Blocked, Forbidden
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.previous import chosen_anew, offered, settings_of
from numbers.services import carrier_tasks, exclusion, imports, release
from numbers.services.reading import PageReader
from numbers.services.settings import leave_settings, put_settings_back
from numbers.states import NumberState, TaskKind, TaskState
from tests.factories import NOON, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

NEW_URL = "https://example.com/set-in-the-console"


@pytest.fixture(autouse=True)
def _patient_with_nobody(settings: Any) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.2


def do_import(connection: Connection, actor: Actor = SYSTEM) -> None:
    run = imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)
    imports.work(run.job_id)
    tasks.work_carrier_tasks()


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


def let_go(number: PhoneNumber, actor: Actor) -> None:
    release.release(number.pk, actor=actor, at=timezone.now())
    tasks.work_carrier_tasks()
    number.refresh_from_db()
    assert number.state == NumberState.RELEASED


def back_by_console(number: PhoneNumber, sandbox: SandboxProcess, **settings: str) -> None:
    """Bought back in Twilio's Console, and perhaps set up there."""
    sid = sandbox.buy_back(number.e164)["sid"]
    if settings:
        carrier_for(number.connection).numbers.update(sid, settings)


def writes(sandbox: SandboxProcess) -> list[str]:
    return [row["method"] for row in sandbox.requests() if row["method"] != "GET"]


def at_twilio(number: PhoneNumber, name: str = "voice_url") -> Any:
    record = carrier_for(number.connection).numbers.find(number.e164)
    assert record is not None
    return record.twilio[name]


@pytest.mark.parametrize("new", [{}, {"voice_url": NEW_URL}], ids=["bare", "set up anew"])
def test_a_refresh_that_finds_a_released_number_again_writes_nothing(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, new: dict[str, str]
) -> None:  # B5
    wanted = number.twilio["voice_url"]
    let_go(number, by_admin)
    back_by_console(number, sandbox, **new)
    sandbox.clear_requests()

    do_import(number.connection)

    number.refresh_from_db()
    assert writes(sandbox) == []
    assert number.state == NumberState.HELD
    assert number.twilio["voice_url"] == new.get("voice_url")
    assert offered(number)["voice_url"] == wanted
    event = Event.objects.get(type="number.came_back")
    assert "voice_url" in event.data["offered"]
    assert not CarrierTask.objects.unfinished().exists()


def test_months_later_nothing_is_written_either(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    let_go(number, by_admin)
    release.restore(number.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()  # refused; steps for the Console
    much_later = timezone.now() + timedelta(days=60)
    for late in carrier_tasks.late_restores(much_later):
        carrier_tasks.drop_restore(late.pk, at=much_later)
    back_by_console(number, sandbox)
    sandbox.clear_requests()

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.state, writes(sandbox)) == (NumberState.HELD, [])
    assert offered(number)


def test_a_restore_that_was_asked_for_puts_the_settings_back_in_that_persons_name(
    number: PhoneNumber, by_admin: Actor, by_owner: Actor, sandbox: SandboxProcess
) -> None:
    wanted = number.twilio["voice_url"]
    let_go(number, by_admin)
    release.restore(number.pk, actor=by_owner, at=timezone.now())
    tasks.work_carrier_tasks()
    back_by_console(number, sandbox)

    do_import(number.connection)

    number.refresh_from_db()
    assert at_twilio(number) == wanted
    assert not offered(number)
    told = Event.objects.get(type="number.settings_put_back")
    assert told.actor_label == by_owner.label


@pytest.mark.parametrize("by", ["import", "purchase"])
def test_a_restore_that_was_asked_for_does_not_write_over_what_somebody_set_meanwhile(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess, by: str
) -> None:
    wanted = number.twilio["voice_url"]
    let_go(number, by_admin)
    if by == "import":
        release.restore(number.pk, actor=by_admin, at=timezone.now())
        tasks.work_carrier_tasks()
        back_by_console(number, sandbox, voice_url=NEW_URL)
        do_import(number.connection)
    else:
        back_by_console(number, sandbox, voice_url=NEW_URL)
        release.restore(number.pk, actor=by_admin, at=timezone.now())
        tasks.work_carrier_tasks()
        tasks.work_carrier_tasks()

    number.refresh_from_db()
    assert (number.state, at_twilio(number)) == (NumberState.HELD, NEW_URL)
    assert offered(number)["voice_url"] == wanted


def test_a_missing_number_that_lost_its_settings_is_offered_them(
    number: PhoneNumber, sandbox: SandboxProcess
) -> None:
    wanted = number.twilio["voice_url"]
    carrier_for(number.connection).numbers.release(number.sid)
    do_import(number.connection)
    back_by_console(number, sandbox)

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.state, offered(number)["voice_url"]) == (NumberState.HELD, wanted)


@pytest.fixture
def back(number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess) -> PhoneNumber:
    """A number that came back with other settings than it had."""
    let_go(number, by_admin)
    back_by_console(number, sandbox, voice_url=NEW_URL)
    do_import(number.connection)
    number.refresh_from_db()
    return number


def test_whoever_asks_gets_the_old_settings_written(back: PhoneNumber, by_admin: Actor) -> None:
    wanted = offered(back)

    put_settings_back(back.pk, actor=by_admin, at=timezone.now())
    tasks.work_carrier_tasks()

    back.refresh_from_db()
    assert settings_of(back).items() >= wanted.items()
    assert at_twilio(back) == wanted["voice_url"]
    asked = Event.objects.get(type="number.settings_asked_back")
    assert asked.data["before"]["voice_url"] == NEW_URL
    assert asked.data["after"] == wanted
    with pytest.raises(Blocked) as refused:
        put_settings_back(back.pk, actor=by_admin, at=timezone.now())
    assert [each.code for each in refused.value.blockers] == ["nothing_offered"]


def test_whoever_declines_keeps_what_is_at_twilio(
    back: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.clear_requests()

    leave_settings(back.pk, actor=by_admin, at=timezone.now())

    back.refresh_from_db()
    assert (offered(back), writes(sandbox)) == ({}, [])
    assert Event.objects.get(type="number.settings_left").data["forgotten"]


@pytest.mark.parametrize("act", [put_settings_back, leave_settings])
def test_who_may_not_act_on_numbers_decides_nothing_about_settings(
    back: PhoneNumber, by_member: Actor, act: Callable[..., Any]
) -> None:
    with pytest.raises(Forbidden):
        act(back.pk, actor=by_member, at=timezone.now())


def test_an_offer_that_nobody_answered_is_what_the_next_release_remembers(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    wanted = number.twilio["voice_url"]
    let_go(number, by_admin)
    back_by_console(number, sandbox)
    do_import(number.connection)

    let_go(number, by_admin)

    assert number.before_release["settings"]["voice_url"] == wanted


def test_settings_that_somebody_made_anew_are_what_the_next_release_remembers(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    let_go(number, by_admin)
    back_by_console(number, sandbox)
    do_import(number.connection)
    number.refresh_from_db()
    carrier_for(number.connection).numbers.update(number.sid, {"voice_url": NEW_URL})
    do_import(number.connection)

    let_go(number, by_admin)

    assert number.before_release["settings"]["voice_url"] == NEW_URL


def test_an_offer_outlives_that_the_number_is_missing_for_a_while(
    number: PhoneNumber, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    wanted = number.twilio["voice_url"]
    let_go(number, by_admin)
    back_by_console(number, sandbox)
    do_import(number.connection)
    number.refresh_from_db()
    carrier_for(number.connection).numbers.release(number.sid)
    do_import(number.connection)
    back_by_console(number, sandbox)

    do_import(number.connection)

    number.refresh_from_db()
    assert (number.state, offered(number)["voice_url"]) == (NumberState.HELD, wanted)


def test_keeping_a_number_after_all_writes_what_an_earlier_restore_was_writing(
    number: PhoneNumber, by_admin: Actor
) -> None:
    PhoneNumber.objects.filter(pk=number.pk).update(twilio={})  # as it was bought
    wanted = {"voice_url": "https://example.com/of-the-restore"}
    release.queue_task(
        number, TaskKind.PUT_BACK, actor=by_admin, at=timezone.now(), settings=wanted
    )
    release.release(number.pk, actor=by_admin, at=timezone.now())
    CarrierTask.objects.filter(kind=TaskKind.RELEASE).update(state=TaskState.NEEDS_PERSON)

    release.take_back(number.pk, actor=by_admin, at=timezone.now())

    task = CarrierTask.objects.unfinished().get()
    assert (task.kind, task.settings) == (TaskKind.PUT_BACK, wanted)


def test_an_excluded_number_keeps_its_offer(back: PhoneNumber, by_admin: Actor) -> None:
    exclusion.exclude(back.pk, actor=by_admin, at=timezone.now())
    back.refresh_from_db()
    hidden = offered(back)

    exclusion.bring_back(back.pk, actor=by_admin, at=timezone.now())

    back.refresh_from_db()
    assert not hidden
    assert offered(back)


@pytest.mark.parametrize(
    ("current", "anew"),
    [
        ({}, []),
        ({"voice_url": "https://a.example/old"}, []),
        ({"voice_url": "https://a.example/new"}, ["voice_url"]),
        ({"voice_url": "https://demo.twilio.com/welcome/voice/"}, []),
        ({"voice_method": "GET"}, []),
        ({"sms_url": "https://a.example/sms"}, ["sms_url"]),
        ({"trunk_sid": "TK1"}, ["trunk_sid"]),
        ({"friendly_name": "(707) 200-0000"}, []),
        ({"friendly_name": "+17072000000"}, []),
        ({"friendly_name": "Front desk"}, []),
        ({"friendly_name": "Back office"}, ["friendly_name"]),
        ({"friendly_name": ""}, []),
    ],
)
def test_what_twilio_sets_by_itself_is_nobodys_choice(
    acme: Any, current: dict[str, str], anew: list[str]
) -> None:
    wanted = {"voice_url": "https://a.example/old", "friendly_name": "Front desk"}
    name = current.get("friendly_name", "Front desk")
    number = PhoneNumberFactory.build(
        account=None,
        connection=None,
        e164="+17072000000",
        friendly_name=name,
        twilio=current,
        state_changed_at=NOON,
    )

    assert chosen_anew(number, wanted) == anew


def test_a_page_from_before_does_not_undo_what_was_put_back_since(
    number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings would be taken for today's, and a later restore would write them at Twilio."""
    CarrierTask.objects.create(
        number=number,
        kind=TaskKind.PUT_BACK,
        settings={"voice_url": NEW_URL},
        due_at=NOON,
        created_at=NOON,
        **SYSTEM.as_request(),
    )
    read = PageReader.read

    def read_slowly(self: PageReader, link: str) -> tuple[NumberPage, datetime]:
        answer = read(self, link)
        tasks.work_carrier_tasks()
        return answer

    PhoneNumber.objects.update(fingerprint="")  # so that each of them is compared
    monkeypatch.setattr(PageReader, "read", read_slowly)
    do_import(number.connection)

    number.refresh_from_db()
    assert at_twilio(number) == NEW_URL
    assert number.twilio["voice_url"] == NEW_URL
    changed = Event.objects.about("number", number.pk).filter(type="number.changed")
    assert not changed.exists()
