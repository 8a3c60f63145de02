"""Putting a number to work: what it offers, enabling, disabling, and what Twilio is told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.states import Permission
from carrier import Carrier
from config import clock
from config.errors import Blocked, Forbidden
from licensing.services import grace
from numbers import routes
from numbers.models import CarrierTask, PhoneNumber
from numbers.previous import offered
from numbers.services import (
    assignment,
    carrier_tasks,
    enabling,
    exclusion,
    imports,
    release,
    settings,
    swaps,
)
from numbers.states import Fate, NumberState, TaskKind, TaskState
from telephony.services import agents
from tests.api.conftest import program_of
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    PhoneNumberFactory,
)
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db

BEFORE = {
    "sms_url": "https://before.example.com/sms",
    "sms_method": "GET",
    "sms_fallback_url": "https://before.example.com/else",
    "sms_application_sid": "AP" + "1" * 32,
}


@pytest.fixture
def ready(acme: Account) -> PhoneNumber:
    """A number that lacks nothing to be enabled."""
    number: PhoneNumber = PhoneNumberFactory.create(account=acme, ready=True, twilio=dict(BEFORE))
    return number


def codes(error: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [blocker.code for blocker in error.value.blockers]


def types(number: PhoneNumber) -> list[str]:
    return list(
        Event.objects.about("number", number.pk).order_by("pk").values_list("type", flat=True)
    )


# --- What it offers --------------------------------------------------------------------------


def test_an_agent_comes_before_any_service(acme: Account, by_admin: Actor) -> None:  # S4-27
    number = PhoneNumberFactory.create(account=acme)

    with pytest.raises(Blocked) as error:
        enabling.choose_services(number.pk, texts=True, actor=by_admin, at=NOON)
    assert codes(error) == ["no_agent"]

    number.agent = AgentFactory.create(account=acme)
    number.save()
    enabling.choose_services(number.pk, texts=True, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert number.texts
    assert types(number) == ["number.services_chosen"]


def test_what_a_number_cannot_do_at_twilio_it_does_not_offer(
    acme: Account, by_admin: Actor
) -> None:  # S4-13
    number = PhoneNumberFactory.create(account=acme, assigned=True, sms=False)

    with pytest.raises(Blocked) as error:
        enabling.choose_services(number.pk, texts=True, actor=by_admin, at=NOON)

    assert codes(error) == ["cannot_text"]


def test_the_last_service_of_an_enabled_number_is_not_switched_off(
    acme: Account, by_admin: Actor
) -> None:  # S4-26
    number = PhoneNumberFactory.create(account=acme, enabled=True)

    with pytest.raises(Blocked) as error:
        enabling.choose_services(number.pk, texts=False, actor=by_admin, at=NOON)

    assert codes(error) == ["last_service"]
    assert error.value.blockers[0].fix == "numbers:disable"


def test_a_disabled_number_offers_nothing_any_more_when_that_is_chosen(
    ready: PhoneNumber, by_admin: Actor
) -> None:  # S4-23
    enabling.choose_services(ready.pk, texts=False, actor=by_admin, at=NOON)
    enabling.choose_services(ready.pk, texts=False, actor=by_admin, at=NOON)

    ready.refresh_from_db()
    assert not ready.texts
    assert types(ready) == ["number.services_chosen"]  # the second one changed nothing


# --- Enabling --------------------------------------------------------------------------------


def test_enabling_says_everything_that_is_missing_at_once(
    acme: Account, by_admin: Actor
) -> None:  # S4-25, S4-45, S4-46, S4-47
    connection = ConnectionFactory.create(account=acme, state="suspended")
    bare = PhoneNumberFactory.create(account=acme, connection=connection)
    with pytest.raises(Blocked) as error:
        enabling.enable(bare.pk, actor=by_admin, at=NOON)
    assert codes(error) == ["no_name", "no_agent", "no_service", "connection_broken"]
    leads_nowhere = [blocker.code for blocker in error.value.blockers if not blocker.fix]
    assert leads_nowhere == ["no_service"]  # services are chosen once it has an agent

    draft = AgentFactory.create(account=acme, draft=True)
    number = PhoneNumberFactory.create(account=acme, ready=True, agent=draft, sms=False)
    with pytest.raises(Blocked) as error:
        enabling.enable(number.pk, actor=by_admin, at=NOON)
    assert codes(error) == ["agent_not_live", "cannot_text"]


def test_an_enabled_number_counts_at_once_and_twilio_is_told_by_a_task(
    ready: PhoneNumber, by_admin: Actor
) -> None:  # S4-42, S4-43, S4-48, B6
    enabling.enable(ready.pk, actor=by_admin, at=NOON)

    ready.refresh_from_db()
    assert (ready.enabled_at, ready.in_service_at) == (NOON, None)
    assert len(ready.hook_key) >= 20
    assert {name: value for name, value in ready.before_service.items() if value} == BEFORE
    task = ready.carrier_tasks.get()
    assert (task.kind, task.state) == (TaskKind.ROUTE, TaskState.PENDING)
    told = Event.objects.get(type="number.enabled")
    assert told.data["before"]["sms_url"] == BEFORE["sms_url"]
    assert told.data["after"]["sms_url"].endswith(ready.hook_key)


def test_no_two_numbers_have_one_address(acme: Account, by_admin: Actor) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme, ready=True)
    for number in numbers:
        enabling.enable(number.pk, actor=by_admin, at=NOON)

    assert len({number.hook_key for number in PhoneNumber.objects.all()}) == 3


@pytest.mark.parametrize("key", ["abc", "abc-", "-"])
def test_an_address_ends_in_the_whole_key(acme: Account, key: str) -> None:
    number = PhoneNumberFactory.create(account=acme, ready=True, hook_key=key)

    assert routes.ours(number)["sms_url"].endswith(f"/hooks/texts/{key}")


def test_the_address_stays_when_it_is_enabled_again(ready: PhoneNumber, by_admin: Actor) -> None:
    enabling.enable(ready.pk, actor=by_admin, at=NOON)
    ready.refresh_from_db()
    key = ready.hook_key
    enabling.disable(ready.pk, actor=by_admin, at=NOON)
    enabling.enable(ready.pk, actor=by_admin, at=NOON)

    ready.refresh_from_db()
    assert ready.hook_key == key


def test_after_grace_no_more_are_enabled_than_there_are_licenses(by_admin: Actor) -> None:
    acme = Account.objects.get()  # ten licenses
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(9, account=acme, connection=connection, enabled=True)
    ready = PhoneNumberFactory.create_batch(2, account=acme, connection=connection, ready=True)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)
    late = NOON + timedelta(hours=49)

    enabling.enable(ready[0].pk, actor=by_admin, at=late)
    with pytest.raises(Blocked) as error:
        enabling.enable(ready[1].pk, actor=by_admin, at=late)

    assert codes(error) == ["beyond_licenses"]
    assert "enabled numbers" in error.value.blockers[0].message


def test_in_grace_more_may_be_enabled(by_admin: Actor) -> None:
    acme = Account.objects.get()
    connection = ConnectionFactory.create(account=acme)
    PhoneNumberFactory.create_batch(10, account=acme, connection=connection, enabled=True)
    number = PhoneNumberFactory.create(account=acme, connection=connection, ready=True)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)

    enabling.enable(number.pk, actor=by_admin, at=NOON + timedelta(hours=1))

    assert PhoneNumber.objects.enabled().count() == 11


def test_who_may_not_enables_and_disables_nothing(
    ready: PhoneNumber, by_member: Actor
) -> None:  # B11
    for act in (enabling.enable, enabling.disable, enabling.send_here_again):
        with pytest.raises(Forbidden):
            act(ready.pk, actor=by_member, at=NOON)
    with pytest.raises(Forbidden):
        enabling.choose_services(ready.pk, texts=False, actor=by_member, at=NOON)


# --- Disabling, and what an enabled number keeps from happening -------------------------------


def test_a_disabled_number_keeps_everything_and_writes_nothing_at_twilio(
    acme: Account, by_admin: Actor
) -> None:  # S4-39, S4-49, S4-50, S4-51
    number = PhoneNumberFactory.create(account=acme, enabled=True, in_service_at=NOON)
    agent, label = number.agent, number.label

    enabling.disable(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert (number.enabled_at, number.in_service_at) == (None, None)
    assert (number.agent, number.label, number.texts) == (agent, label, True)
    assert not CarrierTask.objects.exists()
    assert types(number) == ["number.disabled"]


@pytest.mark.parametrize("state", [TaskState.PENDING, TaskState.NEEDS_PERSON])
def test_what_twilio_was_not_told_yet_it_is_not_told_any_more(
    acme: Account, by_admin: Actor, state: TaskState
) -> None:
    number = PhoneNumberFactory.create(account=acme, enabled=True)
    task = CarrierTaskFactory.create(number=number, kind=TaskKind.ROUTE, state=state)

    enabling.disable(number.pk, actor=by_admin, at=NOON)

    task.refresh_from_db()
    assert task.state == TaskState.DROPPED


@pytest.mark.parametrize(
    "act",
    [
        lambda pk, actor: release.release(pk, actor=actor, at=NOON),
        lambda pk, actor: exclusion.exclude(pk, actor=actor, at=NOON),
        lambda pk, actor: assignment.unassign(pk, actor=actor, at=NOON),
    ],
    ids=["release", "exclude", "unassign"],
)
def test_an_enabled_number_is_disabled_first(
    acme: Account, by_admin: Actor, act: Any
) -> None:  # S4-53
    number = PhoneNumberFactory.create(account=acme, enabled=True)

    with pytest.raises(Blocked) as error:
        act(number.pk, by_admin)
    assert codes(error) == ["enabled"]

    enabling.disable(number.pk, actor=by_admin, at=NOON)
    act(number.pk, by_admin)


def test_an_agent_of_an_enabled_number_stays_live(acme: Account, by_admin: Actor) -> None:  # S4-46
    agent = AgentFactory.create(account=acme)
    number = PhoneNumberFactory.create(account=acme, enabled=True, agent=agent)

    with pytest.raises(Blocked) as error:
        agents.pause(agent.pk, actor=by_admin, at=NOON)
    assert codes(error) == ["answers_numbers"]

    enabling.disable(number.pk, actor=by_admin, at=NOON)
    agents.pause(agent.pk, actor=by_admin, at=NOON)


def test_a_number_that_goes_missing_is_not_answered_any_more(
    sandbox: SandboxProcess, acme: Account, by_admin: Actor
) -> None:
    run = imported(acme, sandbox, by_admin)
    number = PhoneNumber.objects.order_by("pk")[0]
    enable(number, by_admin)
    reclaim(sandbox, number)

    refresh(run, by_admin)

    number.refresh_from_db()
    assert (number.state, number.enabled_at) == (NumberState.MISSING, None)


# --- At Twilio -------------------------------------------------------------------------------


def imported(acme: Account, sandbox: SandboxProcess, actor: Actor) -> int:
    """Import the stand-in's numbers; returns the connection's id."""
    connection = ConnectionFactory.create(
        account=acme, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    refresh(connection.pk, actor)
    return int(connection.pk)


def refresh(connection_id: int, actor: Actor) -> None:
    run = imports.request_import(connection_id, actor=actor, at=clock.now(), queue=False)
    imports.work(run.job_id)
    run.job.refresh_from_db()
    assert run.job.state == "done", run.job.error


def enable(number: PhoneNumber, actor: Actor) -> None:
    number.label = "Front desk"
    number.agent = AgentFactory.create(account=number.account)
    number.texts = True
    number.save()
    enabling.enable(number.pk, actor=actor, at=clock.now())
    work()
    number.refresh_from_db()


def work() -> None:
    for task in CarrierTask.objects.due(clock.now()):
        carrier_tasks.work(task.pk, at=clock.now())


def at_twilio(carrier: Carrier, number: PhoneNumber) -> dict[str, Any]:
    record = carrier.numbers.find(number.e164)
    assert record is not None
    return record.twilio


def change(carrier: Carrier, number: PhoneNumber, **settings: str) -> None:
    """As somebody does it in the Twilio Console."""
    carrier.numbers.update(number.sid, settings)


def reclaim(sandbox: SandboxProcess, number: PhoneNumber) -> None:
    """Twilio takes the number away."""
    sandbox.control("POST", f"numbers/{number.e164}/reclaim", {})


@pytest.fixture
def served(
    acme: Account, sandbox: SandboxProcess, carrier: Carrier, by_admin: Actor
) -> PhoneNumber:
    """A number in service whose texts went elsewhere before, which the last import did not see."""
    imported(acme, sandbox, by_admin)
    number = PhoneNumber.objects.order_by("pk")[0]
    change(carrier, number, **BEFORE)
    enable(number, by_admin)
    return number


def test_twilio_is_told_and_confirms(served: PhoneNumber, carrier: Carrier) -> None:  # B6
    there = at_twilio(carrier, served)

    assert served.in_service_at is not None
    assert not routes.missing(served, there)
    assert there["sms_url"].endswith(f"/hooks/texts/{served.hook_key}")
    assert not there["sms_application_sid"]
    # What was changed at Twilio since the last import was kept, too.
    assert {name: served.before_service[name] for name in BEFORE} == BEFORE
    assert types(served)[-2:] == ["number.enabled", "number.in_service"]


def test_a_task_that_runs_twice_forgets_nothing(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:
    kept = served.before_service
    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    enabling.enable(served.pk, actor=by_admin, at=clock.now())
    work()

    served.refresh_from_db()
    assert served.before_service == kept
    assert served.in_service_at is not None


def test_excluding_puts_back_what_was_there(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:
    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    assert at_twilio(carrier, served)["sms_url"].endswith(served.hook_key)  # texts are kept here

    exclusion.exclude(served.pk, actor=by_admin, at=clock.now())
    work()

    there = at_twilio(carrier, served)
    assert {name: there[name] for name in BEFORE} == BEFORE
    served.refresh_from_db()
    assert served.before_service == {}
    assert types(served)[-1] == "number.handed_back"


def test_what_somebody_has_changed_since_stays_when_it_is_excluded(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:
    change(carrier, served, sms_url="https://new.example.com/sms")
    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    exclusion.exclude(served.pk, actor=by_admin, at=clock.now())
    work()

    there = at_twilio(carrier, served)
    assert there["sms_url"] == "https://new.example.com/sms"
    assert not there["sms_application_sid"]


def test_a_refresh_finds_that_its_texts_go_elsewhere_and_one_click_mends_it(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor, admin_client: Client
) -> None:  # B5
    change(carrier, served, sms_url="https://new.example.com/sms")
    refresh(served.connection_id, by_admin)
    served.refresh_from_db()
    assert served.in_service_at is None
    assert types(served)[-2:] == ["number.goes_elsewhere", "number.changed"]
    page = reverse("numbers:detail", args=["acme", served.pk])
    html = admin_client.get(page).text
    assert "Its texts go elsewhere" in html
    assert "so texts to it are answered" not in html
    assert "<dt>Answered</dt><dd>no, its texts go elsewhere</dd>" in html
    told = re.search(r"<dt>SMS URL</dt><dd>.*was </span><del>(.*?)</del>.*<ins>(.*?)</ins>", html)
    assert told is not None
    assert told[1].endswith(served.hook_key)
    assert told[2] == "https://new.example.com/sms"

    admin_client.post(reverse("numbers:send_here_again", args=["acme", served.pk]))
    assert "Its texts go elsewhere" not in admin_client.get(page).text
    work()

    mended = PhoneNumber.objects.get(pk=served.pk)
    assert mended.in_service_at is not None
    assert not routes.missing(mended, at_twilio(carrier, mended))
    asked = Event.objects.get(type="number.asked_here_again")
    assert asked.data["before"]["sms_url"] == "https://new.example.com/sms"
    assert asked.data["after"]["sms_url"].endswith(served.hook_key)


def test_what_is_put_back_is_what_stood_before_the_service_however_often_it_was_written_over(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:  # B6
    for stray in ("https://one.example.com/sms", "https://two.example.com/sms"):
        change(carrier, served, sms_url=stray, sms_application_sid="AP" + "2" * 32)
        refresh(served.connection_id, by_admin)
        enabling.send_here_again(served.pk, actor=by_admin, at=clock.now())
        work()
        served.refresh_from_db()
        assert served.in_service_at is not None

    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    exclusion.exclude(served.pk, actor=by_admin, at=clock.now())
    work()

    there = at_twilio(carrier, served)
    assert {name: there[name] for name in BEFORE} == BEFORE


def test_whoever_enables_it_anew_takes_it_over_from_what_stands_there_then(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:  # B6
    change(carrier, served, sms_url="https://one.example.com/sms")
    refresh(served.connection_id, by_admin)
    enabling.send_here_again(served.pk, actor=by_admin, at=clock.now())
    enabling.disable(served.pk, actor=by_admin, at=clock.now())  # before Twilio was told
    enabling.enable(served.pk, actor=by_admin, at=clock.now())
    work()
    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    exclusion.exclude(served.pk, actor=by_admin, at=clock.now())
    work()

    assert at_twilio(carrier, served)["sms_url"] == "https://one.example.com/sms"


def test_what_a_refresh_finds_was_done_by_others_than_who_asked_for_it(
    served: PhoneNumber, carrier: Carrier, sandbox: SandboxProcess, by_admin: Actor
) -> None:
    other = PhoneNumber.objects.exclude(pk=served.pk)[0]
    change(carrier, served, sms_url="https://new.example.com/sms")
    reclaim(sandbox, other)

    refresh(served.connection_id, by_admin)

    found = Event.objects.exclude(job=None).exclude(type="number.imported")
    signed = set(found.values_list("type", "actor_label"))
    assert signed >= {
        ("number.goes_elsewhere", "Numberdesk"),
        ("number.changed", "Numberdesk"),
        ("number.missing", "Numberdesk"),
        ("import.completed", by_admin.label),
    }
    assert set(
        Event.objects.filter(type="number.imported").values_list("actor_label", flat=True)
    ) == {by_admin.label}


def test_a_refresh_finds_that_they_come_here_again(
    served: PhoneNumber, carrier: Carrier, by_admin: Actor
) -> None:
    ours = at_twilio(carrier, served)["sms_url"]
    change(carrier, served, sms_url="https://new.example.com/sms")
    refresh(served.connection_id, by_admin)
    change(carrier, served, sms_url=ours)
    refresh(served.connection_id, by_admin)

    served.refresh_from_db()
    assert served.in_service_at is not None


def test_what_is_in_order_is_not_asked_for_again(served: PhoneNumber, by_admin: Actor) -> None:
    with pytest.raises(Blocked) as error:
        enabling.send_here_again(served.pk, actor=by_admin, at=clock.now())

    assert codes(error) == ["comes_here"]


def test_a_number_that_is_not_at_twilio_needs_a_person(
    served: PhoneNumber, sandbox: SandboxProcess, by_admin: Actor
) -> None:
    enabling.disable(served.pk, actor=by_admin, at=clock.now())
    enabling.enable(served.pk, actor=by_admin, at=clock.now())
    reclaim(sandbox, served)
    work()

    task = served.carrier_tasks.unfinished().get()
    assert (task.state, task.error_code) == (TaskState.NEEDS_PERSON, "not_at_twilio")


def test_nothing_is_written_for_a_number_that_was_disabled_meanwhile(
    acme: Account, sandbox: SandboxProcess, carrier: Carrier, by_admin: Actor
) -> None:
    imported(acme, sandbox, by_admin)
    number = PhoneNumber.objects.order_by("pk")[0]
    before = at_twilio(carrier, number)["sms_url"]
    CarrierTaskFactory.create(number=number, kind=TaskKind.ROUTE, due_at=clock.now())

    work()

    assert at_twilio(carrier, number)["sms_url"] == before


# --- Swap ------------------------------------------------------------------------------------


def test_a_swap_moves_the_service(acme: Account, by_admin: Actor) -> None:
    connection = ConnectionFactory.create(account=acme)
    leaving = PhoneNumberFactory.create(account=acme, connection=connection, enabled=True)
    taking = PhoneNumberFactory.create(account=acme, connection=connection)

    swaps.swap(leaving.pk, taking_id=taking.pk, fate=Fate.RELEASE, actor=by_admin, at=NOON)

    for number in (leaving, taking):
        number.refresh_from_db()
    assert (leaving.is_enabled, leaving.texts) == (False, False)
    assert (taking.is_enabled, taking.texts) == (True, True)
    assert taking.carrier_tasks.get().kind == TaskKind.ROUTE
    assert leaving.carrier_tasks.get().kind == TaskKind.RELEASE


def test_a_number_that_cannot_text_takes_no_place_that_offers_texts(
    acme: Account, by_admin: Actor
) -> None:
    connection = ConnectionFactory.create(account=acme)
    leaving = PhoneNumberFactory.create(account=acme, connection=connection, enabled=True)
    taking = PhoneNumberFactory.create(account=acme, connection=connection, sms=False)

    with pytest.raises(Blocked) as error:
        swaps.swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    assert codes(error) == ["cannot_text"]


# --- Restores --------------------------------------------------------------------------------


def test_where_texts_went_before_a_restore_is_kept_and_no_longer_written(
    ready: PhoneNumber, by_admin: Actor
) -> None:
    restored = {"sms_url": "https://restored.example.com", "friendly_name": "Line"}
    task = CarrierTaskFactory.create(number=ready, kind=TaskKind.PUT_BACK, settings=restored)

    enabling.enable(ready.pk, actor=by_admin, at=NOON)

    task.refresh_from_db()
    ready.refresh_from_db()
    assert task.settings == {"friendly_name": "Line"}
    assert ready.before_service["sms_url"] == restored["sms_url"]


def test_settings_from_before_say_nothing_about_the_texts_of_an_enabled_number(
    acme: Account,
) -> None:
    before = {"settings": {"sms_url": "https://old.example.com", "friendly_name": "Old"}}
    disabled = PhoneNumberFactory.create(account=acme, ready=True, before_release=before)
    enabled = PhoneNumberFactory.create(account=acme, enabled=True, before_release=before)

    assert offered(disabled) == before["settings"]
    assert offered(enabled) == {"friendly_name": "Old"}


@pytest.mark.parametrize("told", [True, False])
def test_where_texts_of_an_enabled_number_went_is_kept_and_not_written(
    told: bool, acme: Account, by_admin: Actor
) -> None:
    """Decision 41."""
    old = {"sms_url": "https://old.example.com", "sms_application_sid": "AP" + "2" * 32}
    number = PhoneNumberFactory.create(
        account=acme, enabled=True, before_service=BEFORE, before_release={"settings": old}
    )
    if not told:
        CarrierTaskFactory.create(number=number, kind=TaskKind.ROUTE)

    settings.put_settings_back(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert {name: number.before_service.get(name) for name in old} == old
    assert "sms_fallback_url" not in number.before_service  # they are kept as one
    assert bool(number.before_service.get(routes.WANTED)) is not told
    assert not number.carrier_tasks.filter(kind=TaskKind.PUT_BACK).exists()
    event = Event.objects.get(type="number.settings_asked_back")
    assert event.data["kept_for_exclusion"]["sms_url"] == old["sms_url"]
    with pytest.raises(Blocked):
        settings.put_settings_back(number.pk, actor=by_admin, at=NOON)


def test_an_address_of_ours_is_neither_put_back_nor_kept_for_an_enabled_number(
    acme: Account, by_admin: Actor
) -> None:
    ours = {"sms_url": f"https://desk.example.com/hooks/texts/{'b' * 32}", "friendly_name": "Old"}
    number = PhoneNumberFactory.create(
        account=acme, enabled=True, before_service=BEFORE, before_release={"settings": ours}
    )

    settings.put_settings_back(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    task = number.carrier_tasks.get(kind=TaskKind.PUT_BACK)
    assert (task.settings, number.before_service) == ({"friendly_name": "Old"}, BEFORE)


def test_every_door_says_what_is_kept_before_settings_of_an_enabled_number_are_put_back(
    acme: Account, admin_client: Client
) -> None:
    old = {"sms_url": "https://old.example.com", "friendly_name": "Old"}
    number = PhoneNumberFactory.create(
        account=acme, enabled=True, before_service=BEFORE, before_release={"settings": old}
    )
    page = reverse("numbers:put_settings_back", args=["acme", number.pk])

    asked = admin_client.get(page)
    program = program_of(acme, Permission.NUMBERS)
    planned = program.send("post", f"numbers/{number.pk}/previous-settings/", {"dry_run": True})
    done = admin_client.post(page, follow=True).text

    shown = {each.label: (each.before, each.after) for each in asked.context["plan"].changes}
    assert shown["SMS URL, once excluded"] == (BEFORE["sms_url"], old["sms_url"])
    assert "Old" in {after for _, after in shown.values()}
    assert "Its texts go on coming here, as it is enabled." in asked.text
    assert "put back when the number is excluded." in asked.text
    assert planned.json()["touches"] == asked.context["plan"].touches
    assert "is kept for when it is excluded." in done


# --- Doors -----------------------------------------------------------------------------------


def test_a_person_enables_a_number_on_its_page_and_takes_it_back(
    ready: PhoneNumber, admin_client: Client
) -> None:  # S4-42, B4
    page = reverse("numbers:detail", args=["acme", ready.pk])
    enable_page = reverse("numbers:enable", args=["acme", ready.pk])
    assert enable_page in admin_client.get(page).text
    asked = admin_client.get(enable_page).text
    assert BEFORE["sms_url"] in asked
    assert "That writes nothing at Twilio" in asked

    said = admin_client.post(enable_page, follow=True).text

    assert "is enabled" in said
    assert "Twilio is being told" in said
    undo = reverse("numbers:disable", args=["acme", ready.pk])
    undone = admin_client.post(undo, follow=True).text
    assert "Nothing is changed at Twilio. Texts to it go where Twilio sends them now" in undone
    ready.refresh_from_db()
    assert not ready.is_enabled


def test_who_disables_a_number_reads_before_and_after_that_twilio_stays_as_it_is(
    acme: Account, admin_client: Client
) -> None:  # S4-49
    here = {"sms_url": f"https://desk.example.com/hooks/texts/{'a' * 32}"}
    number = PhoneNumberFactory.create(
        account=acme, enabled=True, hook_key="a" * 32, twilio=here, in_service_at=NOON
    )
    address = reverse("numbers:disable", args=["acme", number.pk])

    before = admin_client.get(address).text
    after = admin_client.post(address, follow=True).text

    for page in (before, after):
        assert "Nothing is changed at Twilio" in page
        assert "Texts to it still come here, are kept, and are not answered." in page


def test_who_enables_a_number_again_reads_what_is_kept_then(
    ready: PhoneNumber, admin_client: Client
) -> None:  # B4, B6
    address = reverse("numbers:enable", args=["acme", ready.pk])

    def says() -> str:
        return admin_client.get(address).text

    assert "What it has today, as the last refresh found it, is kept" in says()

    ready.hook_key, ready.before_service = "a" * 32, dict(BEFORE)
    ready.twilio = {"sms_url": f"https://desk.example.com/hooks/texts/{'a' * 32}"}
    ready.save()
    assert "What it has today" not in says()
    assert (
        "What Twilio had before stays kept and is put back when the number is excluded: "
        f"{BEFORE['sms_url']}, {BEFORE['sms_fallback_url']}, {BEFORE['sms_application_sid']}."
    ) in says()

    ready.before_service = {"sms_method": "POST"}
    ready.save()
    assert "Nothing was set there before" in says()

    wanted = {"sms_url": "https://restored.example.com"}
    CarrierTaskFactory.create(number=ready, kind=TaskKind.PUT_BACK, settings=wanted)
    assert "What its restore was to put back is kept" in says()


def test_what_is_missing_is_said_and_linked_before_anyone_tries(
    acme: Account, admin_client: Client
) -> None:  # B3, S4-45
    number = PhoneNumberFactory.create(account=acme)

    page = admin_client.get(reverse("numbers:detail", args=["acme", number.pk])).text

    assert "It has no name" in page
    assert f'{number.get_absolute_url()}#id_label">Name it</a>' in page
    assert 'id="id_label"' in page
    assert ">Name</label>" in page  # and not optional
    assert "It offers nothing yet" in page
    services = reverse("numbers:services", args=["acme", number.pk])
    assert services not in page  # it is refused without an agent, and its button says so

    number.agent = AgentFactory.create(account=acme)
    number.save()
    page = admin_client.get(number.get_absolute_url()).text
    assert f'<a href="{services}">Choose services</a>' in page


def test_every_part_of_a_page_that_a_reason_leads_to_is_there(
    acme: Account, admin_client: Client
) -> None:  # B3
    number = PhoneNumberFactory.create(account=acme, protected=True)

    page = admin_client.get(number.get_absolute_url()).text

    parts = re.findall(rf'href="{number.get_absolute_url()}#([^"]+)"', page)
    assert {"id_label", "protection"} <= set(parts)
    for part in [*parts, "id_tags", "id_notes"]:
        assert f'id="{part}"' in page


def test_while_twilio_is_told_all_that_shows_it_stays_up_to_date(
    ready: PhoneNumber, admin_client: Client, by_admin: Actor
) -> None:
    enabling.enable(ready.pk, actor=by_admin, at=NOON)

    page = admin_client.get(ready.get_absolute_url()).text

    asked_for = re.search(r'hx-select-oob="([^"]+)"', page)
    assert asked_for is not None
    parts = asked_for[1].replace("#", "").split(",")
    assert {"number-service", "number-configuration"} <= set(parts)
    for part in parts:
        assert f'id="{part}"' in page


def test_the_list_says_who_is_in_service_and_whose_texts_go_elsewhere(
    acme: Account, admin_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, enabled=True, in_service_at=NOON)
    told = PhoneNumberFactory.create(account=acme, enabled=True)
    CarrierTaskFactory.create(number=told, kind=TaskKind.ROUTE)
    PhoneNumberFactory.create(account=acme, enabled=True)

    page = admin_client.get(reverse("numbers:list", args=["acme"])).text

    assert page.count("In service") == 1
    assert page.count("Goes elsewhere") == 1


def test_the_overview_counts_those_whose_texts_go_elsewhere_and_shows_just_them(
    acme: Account, admin_client: Client
) -> None:
    told = PhoneNumberFactory.create(account=acme, enabled=True)
    CarrierTaskFactory.create(number=told, kind=TaskKind.ROUTE)
    PhoneNumberFactory.create(account=acme, enabled=True, in_service_at=NOON)
    stray = PhoneNumberFactory.create(account=acme, enabled=True)

    overview = admin_client.get(reverse("accounts:overview", args=["acme"])).text
    listed = admin_client.get(reverse("numbers:list", args=["acme"]), {"elsewhere": "true"})

    assert "whose texts Twilio sends elsewhere" in overview
    assert [row.number for row in listed.context["rows"]] == [stray]
