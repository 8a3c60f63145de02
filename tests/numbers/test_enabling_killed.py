"""A worker or a page that is killed between any two steps of putting a number to work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.actor import SYSTEM
from carrier import Carrier
from config import clock
from numbers import routes
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import carrier_tasks, enabling, exclusion
from numbers.states import TaskState
from tests.crashes import every_crash
from tests.factories import AgentFactory, ConnectionFactory, PhoneNumberFactory, subscribed
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = {"sms_url": "https://before.example.com/sms", "sms_method": "GET"}
LATER = carrier_tasks.CLAIM + timedelta(seconds=1)


@pytest.fixture
def number(sandbox: SandboxProcess, carrier: Carrier) -> PhoneNumber:
    """A number that lacks nothing to be enabled, and whose texts go elsewhere at Twilio."""
    account = subscribed()
    connection = ConnectionFactory.create(
        account=account, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    record = carrier.numbers.page().records[0]
    made: PhoneNumber = PhoneNumberFactory.create(
        account=account, connection=connection, e164=record.e164, sid=record.sid,
        label="Desk", texts=True, agent=AgentFactory.create(account=account),
    )  # fmt: skip
    return made


def work(at: Any) -> None:
    for task in CarrierTask.objects.due(at):
        carrier_tasks.work(task.pk, at=at)


def there(carrier: Carrier, number: PhoneNumber) -> dict[str, Any]:
    found = carrier.numbers.find(number.e164)
    assert found is not None
    return found.twilio


def test_nothing_of_before_is_lost_whenever_enabling_is_killed(
    number: PhoneNumber, carrier: Carrier
) -> None:  # B6
    def begin() -> PhoneNumber:
        CarrierTask.objects.all().delete()
        PhoneNumber.objects.update(
            enabled_at=None, in_service_at=None, before_service={}, twilio={}
        )
        carrier.numbers.update(number.sid, BEFORE | {"sms_fallback_url": ""})
        return number

    def act(number: PhoneNumber) -> None:
        enabling.enable(number.pk, actor=SYSTEM, at=clock.now())
        work(clock.now())

    def check(number: PhoneNumber, died: str) -> None:
        number.refresh_from_db()
        if not number.is_enabled:
            assert there(carrier, number)["sms_url"] == BEFORE["sms_url"], died
            return
        work(clock.now() + LATER)  # the next worker
        number.refresh_from_db()
        assert not routes.missing(number, there(carrier, number)), died
        assert {name: number.before_service[name] for name in BEFORE} == BEFORE, died
        assert number.in_service_at is not None, died
        assert number.carrier_tasks.get().state == TaskState.DONE, died

    assert every_crash(begin, act, check) > 10


def test_what_was_there_is_put_back_whenever_excluding_is_killed(
    number: PhoneNumber, carrier: Carrier
) -> None:
    def begin() -> PhoneNumber:
        CarrierTask.objects.all().delete()
        PhoneNumber.objects.update(
            state="held", hook_key="k" * 24, before_service=BEFORE, before_release={}
        )
        number.refresh_from_db()
        carrier.numbers.update(number.sid, routes.ours(number))
        return number

    def act(number: PhoneNumber) -> None:
        exclusion.exclude(number.pk, actor=SYSTEM, at=clock.now())
        work(clock.now())

    def check(number: PhoneNumber, died: str) -> None:
        number.refresh_from_db()
        work(clock.now() + LATER)
        number.refresh_from_db()
        now = there(carrier, number)
        if number.state == "held":
            assert routes.comes_here(number, now), died
            return
        assert {name: now[name] for name in BEFORE} == BEFORE, died
        assert number.before_service == {}, died

    assert every_crash(begin, act, check) > 10
