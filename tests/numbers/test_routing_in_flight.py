"""What is decided about a number's texts while Twilio is being told something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.actor import SYSTEM, Actor
from accounts.models import Account
from carrier import Carrier, CarrierUnavailable
from carrier.numbers import Numbers
from config import clock
from config.errors import Blocked
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import carrier_tasks, enabling, exclusion, release, settings
from numbers.states import NumberState, TaskKind
from telephony.models import Agent
from telephony.services import agents
from tests.factories import AgentFactory, ConnectionFactory, PhoneNumberFactory, subscribed
from tests.races import while_open
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db

BEFORE = "https://before.example.com/sms"


@pytest.fixture
def number(
    acme: Account, sandbox: SandboxProcess, carrier: Carrier, by_admin: Actor
) -> PhoneNumber:
    """A number that lacks nothing to be enabled, as Twilio has it."""
    connection = ConnectionFactory.create(
        account=acme, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    record = carrier.numbers.page().records[0]
    record = carrier.numbers.update(record.sid, {"sms_url": BEFORE})
    made: PhoneNumber = PhoneNumberFactory.create(
        account=acme, connection=connection, e164=record.e164, sid=record.sid,
        label="Desk", texts=True, agent=AgentFactory.create(account=acme), twilio=record.twilio,
    )  # fmt: skip
    return made


def now() -> dict[str, Any]:
    return {"actor": SYSTEM, "at": clock.now()}


def work() -> None:
    for _ in range(3):  # what was asked for meanwhile follows
        for task in CarrierTask.objects.due(clock.now()):
            carrier_tasks.work(task.pk, at=clock.now())


def texts_of(carrier: Carrier, number: PhoneNumber) -> str:
    found = carrier.numbers.find(number.e164)
    assert found is not None
    return str(found.twilio["sms_url"])


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``meanwhile(act)``: it happens after a worker has decided what to write and before Twilio
    has it; with ``lost`` the answer to that never comes."""

    def arrange(act: Callable[[], None], *, lost: bool = False) -> None:
        really, done = Numbers.update, list[bool]()

        def update(self: Numbers, sid: str, fields: Any) -> Any:
            if done:
                return really(self, sid, fields)
            done.append(True)
            act()
            answer = really(self, sid, fields)
            if lost:
                raise CarrierUnavailable("It got lost.")
            return answer

        monkeypatch.setattr(Numbers, "update", update)

    return arrange


@pytest.mark.parametrize("lost", [False, True])
def test_a_number_that_is_excluded_while_twilio_is_told_gets_back_what_it_had(
    number: PhoneNumber, carrier: Carrier, meanwhile: Callable[..., None], lost: bool
) -> None:
    enabling.enable(number.pk, **now())

    def changes_its_mind() -> None:
        enabling.disable(number.pk, **now())
        exclusion.exclude(number.pk, **now())
        work()

    meanwhile(changes_its_mind, lost=lost)
    work()

    assert texts_of(carrier, number) == BEFORE


@pytest.mark.parametrize("lost", [False, True])
def test_a_number_that_is_enabled_while_its_texts_are_handed_back_comes_here(
    number: PhoneNumber, carrier: Carrier, meanwhile: Callable[..., None], lost: bool
) -> None:
    enabling.enable(number.pk, **now())
    work()
    enabling.disable(number.pk, **now())
    exclusion.exclude(number.pk, **now())

    def changes_its_mind() -> None:
        exclusion.bring_back(number.pk, **now())
        enabling.enable(number.pk, **now())
        work()

    meanwhile(changes_its_mind, lost=lost)
    work()

    number.refresh_from_db()
    assert texts_of(carrier, number).endswith(number.hook_key)
    assert number.in_service_at is not None


def test_settings_of_a_restore_that_land_late_are_written_over(
    number: PhoneNumber, carrier: Carrier, meanwhile: Callable[..., None]
) -> None:
    wanted = {"sms_url": "https://wanted.example.com/sms"}
    PhoneNumber.objects.update(before_release={"settings": wanted, "found": {}})
    settings.put_settings_back(number.pk, **now())

    def is_enabled() -> None:
        enabling.enable(number.pk, **now())
        for task in CarrierTask.objects.due(clock.now()):
            carrier_tasks.work(task.pk, at=clock.now())

    meanwhile(is_enabled)
    work()

    number.refresh_from_db()
    assert texts_of(carrier, number).endswith(number.hook_key)
    assert number.in_service_at is not None
    assert number.before_service["sms_url"] == wanted["sms_url"]


def test_where_a_restore_wanted_the_texts_outranks_what_twilio_has_meanwhile(
    number: PhoneNumber, carrier: Carrier
) -> None:
    fallback = "https://fallback.example.com/sms"
    record = carrier.numbers.update(number.sid, {"sms_fallback_url": fallback})
    wanted = {"sms_url": "https://wanted.example.com/sms", "sms_fallback_url": fallback}
    PhoneNumber.objects.update(
        twilio=record.twilio, before_release={"settings": wanted, "found": {}}
    )
    settings.put_settings_back(number.pk, **now())
    enabling.enable(number.pk, **now())
    work()
    enabling.disable(number.pk, **now())
    exclusion.exclude(number.pk, **now())
    work()

    there = carrier.numbers.find(number.e164)
    assert there is not None
    assert {name: there.twilio[name] for name in wanted} == wanted


def test_an_excluded_number_whose_release_is_taken_back_gets_back_what_it_had(
    number: PhoneNumber, carrier: Carrier
) -> None:
    enabling.enable(number.pk, **now())
    work()
    enabling.disable(number.pk, **now())
    exclusion.exclude(number.pk, **now())
    release.release(number.pk, **now())
    for task in CarrierTask.objects.due(clock.now()).filter(kind=TaskKind.ROUTE):
        carrier_tasks.work(task.pk, at=clock.now())
    assert texts_of(carrier, number) != BEFORE

    release.take_back(number.pk, **now())
    work()

    number.refresh_from_db()
    assert number.state == NumberState.EXCLUDED
    assert texts_of(carrier, number) == BEFORE


def test_what_somebody_set_beside_our_address_while_it_was_disabled_is_kept_as_well(
    number: PhoneNumber, carrier: Carrier
) -> None:  # B6
    application = "AP" + "7" * 32
    enabling.enable(number.pk, **now())
    work()
    enabling.disable(number.pk, **now())
    carrier.numbers.update(number.sid, {"sms_application_sid": application})

    enabling.enable(number.pk, **now())
    work()

    number.refresh_from_db()
    assert number.before_service["sms_application_sid"] == application
    assert number.before_service["sms_url"] == BEFORE


def test_an_address_of_ours_with_another_key_is_nobody_s(
    number: PhoneNumber, carrier: Carrier
) -> None:
    other = f"http://127.0.0.1:8000/hooks/texts/{'0' * 32}"
    carrier.numbers.update(number.sid, {"sms_url": other})

    enabling.enable(number.pk, **now())
    work()

    number.refresh_from_db()
    assert "sms_url" not in number.before_service


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pause_first", [True, False])
def test_no_number_is_enabled_whose_agent_is_paused_meanwhile(pause_first: bool) -> None:
    number = PhoneNumberFactory.create(account=subscribed(), ready=True)

    def enable() -> None:
        enabling.enable(number.pk, **now())

    def pause() -> None:
        agents.pause(number.agent_id or 0, **now())

    def refused(act: Callable[[], None]) -> None:
        with pytest.raises(Blocked):
            act()

    first, second = (pause, enable) if pause_first else (enable, pause)
    assert while_open(first, lambda: refused(second))

    number.refresh_from_db()
    assert number.is_enabled is not pause_first
    assert Agent.objects.get().is_live is not pause_first
