"""Messaging services: settings, pools, and which number a text is sent with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import (
    OTHER_PHONE,
    PHONE,
    messaging_service,
    switch,
    texting_number,
    toll_free_number,
    write,
)

pytestmark = pytest.mark.process

NOWHERE = "MG" + "0" * 32


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def senders(sandbox: SandboxProcess, service: Any, *phones: str) -> list[str | None]:
    """The numbers with which the service writes to these phones, one after the other."""
    messages = sandbox.client().messages
    sent = [
        messages.create(to=phone, messaging_service_sid=service.sid, body="Hello")
        for phone in phones
    ]
    sandbox.forward(minutes=1)
    return [message.fetch().from_ for message in sent]


def phones(count: int, area_code: str = "602") -> list[str]:
    return [f"+1{area_code}5550{place:03}" for place in range(100, 100 + count)]


def pool(service: Any) -> set[str]:
    return {str(member.phone_number) for member in service.phone_numbers.list()}


# The service itself


def test_a_new_service_has_twilio_s_settings(acme_client: Client) -> None:
    service = acme_client.messaging.v1.services.create(friendly_name="Support").fetch()

    assert (service.friendly_name, service.account_sid) == ("Support", acme_client.account_sid)
    assert (service.inbound_request_url, service.inbound_method) == (None, "POST")
    assert (service.fallback_url, service.status_callback) == (None, None)
    assert service.sticky_sender is True
    assert service.use_inbound_webhook_on_number is False
    assert service.us_app_to_person_registered is False
    assert (service.usecase, service.validity_period) == ("undeclared", 36_000)


def test_settings_are_changed_one_by_one_and_cleared(acme_client: Client) -> None:
    services = acme_client.messaging.v1.services
    service = services.create(
        friendly_name="Support", inbound_request_url="https://acme.example/sms", usecase="marketing"
    )

    changed = service.update(sticky_sender=False, validity_period=60)
    assert (changed.sticky_sender, changed.validity_period) == (False, 60)
    assert changed.inbound_request_url == "https://acme.example/sms"
    assert service.update(inbound_request_url="").inbound_request_url is None
    assert service.fetch().usecase == "marketing"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"validity_period": 36_001}, 20001),
        ({"validity_period": 0}, 20001),
        ({"usecase": "chatter"}, 21713),
        ({"inbound_method": "PUT"}, 20001),
        ({"friendly_name": "x" * 65}, 20001),
        ({"inbound_request_url": "nonsense"}, 21402),
    ],
)
def test_settings_off_their_limits_are_refused(
    acme_client: Client, settings: dict[str, Any], code: int
) -> None:
    services = acme_client.messaging.v1.services
    service = services.create(friendly_name="Support", validity_period=36_000)

    assert refusal(service.update, **settings) == (400, code)
    assert refusal(services.create, **{"friendly_name": "Other"} | settings) == (400, code)
    assert [each.friendly_name for each in services.list()] == ["Support"]


def test_a_service_is_of_one_account(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    service = acme_client.messaging.v1.services.create(friendly_name="Support")

    assert parent_client.messaging.v1.services.list() == []
    assert refusal(parent_client.messaging.v1.services(service.sid).fetch) == (404, 20404)
    number = texting_number(sandbox)
    theirs = parent_client.messaging.v1.services.create(friendly_name="Main")
    add = theirs.phone_numbers.create
    assert refusal(add, phone_number_sid=number.sid) == (404, 20404)


def test_a_deleted_service_is_gone_and_its_numbers_are_free(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)

    assert service.delete() is True
    assert refusal(service.fetch) == (404, 20404)
    assert refusal(
        acme_client.messages.create, to=PHONE, messaging_service_sid=service.sid, body="Hello"
    ) == (400, 21701)
    assert pool(messaging_service(sandbox, number)) == {number.phone_number}


def test_what_waits_for_a_deleted_service_fails(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    service = messaging_service(sandbox, texting_number(sandbox))
    waiting = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Hello",
        schedule_type="fixed",
        send_at=sandbox.forward(minutes=1) + timedelta(days=1),
    )
    service.delete()
    sandbox.forward(days=3)

    assert (waiting.fetch().status, waiting.fetch().error_code) == ("failed", 21703)


# The pool


def test_a_number_joins_and_leaves(sandbox: SandboxProcess, acme_client: Client) -> None:
    # S1-19
    number = texting_number(sandbox)
    service = messaging_service(sandbox)

    member = service.phone_numbers.create(phone_number_sid=number.sid)
    assert (member.sid, member.phone_number) == (number.sid, number.phone_number)
    assert (member.country_code, member.capabilities) == ("US", ["MMS", "SMS", "Voice"])
    assert pool(service) == {number.phone_number}
    assert member.delete() is True
    assert pool(service) == set()
    assert refusal(member.fetch) == (404, 21711)


def test_a_number_is_in_one_service_at_most(sandbox: SandboxProcess) -> None:
    number = texting_number(sandbox)
    service, other = messaging_service(sandbox, number), messaging_service(sandbox)

    assert refusal(service.phone_numbers.create, phone_number_sid=number.sid) == (409, 21710)
    assert refusal(other.phone_numbers.create, phone_number_sid=number.sid) == (409, 21712)
    assert refusal(other.phone_numbers(number.sid).fetch) == (404, 21711)
    assert refusal(other.phone_numbers(number.sid).delete) == (404, 21711)
    service.phone_numbers(number.sid).delete()
    other.phone_numbers.create(phone_number_sid=number.sid)
    assert (pool(service), pool(other)) == (set(), {number.phone_number})


def test_a_number_that_cannot_text_cannot_join(sandbox: SandboxProcess) -> None:
    able = {"voice": True, "sms": False, "mms": False, "fax": False}
    added = sandbox.add_numbers(numbers=[{"phone_number": "+13125551234", "capabilities": able}])
    service = messaging_service(sandbox)

    assert refusal(service.phone_numbers.create, phone_number_sid=added[0]["sid"]) == (400, 21715)
    assert refusal(service.phone_numbers.create, phone_number_sid="PN" + "0" * 32) == (404, 20404)
    assert refusal(service.phone_numbers.create, phone_number_sid="nonsense") == (400, 20001)


def test_a_pool_has_four_hundred_numbers_at_most(sandbox: SandboxProcess) -> None:
    numbers = [{"phone_number": f"+1416{200 + n // 100}00{n % 100:02}"} for n in range(401)]
    added = sandbox.add_numbers(numbers=numbers)
    service = messaging_service(sandbox)
    for number in added[:400]:
        service.phone_numbers.create(phone_number_sid=number["sid"])

    last = added[400]["sid"]
    assert refusal(service.phone_numbers.create, phone_number_sid=last) == (412, 21714)
    assert len(service.phone_numbers.list(page_size=50)) == 400
    service.phone_numbers(added[0]["sid"]).delete()
    service.phone_numbers.create(phone_number_sid=last)
    assert len(pool(service)) == 400


def test_a_released_number_leaves_its_pool(sandbox: SandboxProcess) -> None:
    number, stays = texting_number(sandbox), texting_number(sandbox)
    service = messaging_service(sandbox, number, stays)

    number.delete()

    assert pool(service) == {stays.phone_number}
    assert set(senders(sandbox, service, *phones(3))) == {stays.phone_number}
    sandbox.buy_back(number.phone_number)
    assert pool(service) == {stays.phone_number}


@pytest.mark.parametrize("sid", ["kept", "new"])
def test_a_transferred_number_leaves_its_pool(
    sandbox: SandboxProcess, parent_client: Client, sid: str
) -> None:
    # twilio-facts A: "drop from messaging service"
    switch(sandbox, transferred_number_sid=sid)
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)

    moved = parent.incoming_phone_numbers(number.sid).update(account_sid=sandbox.main_sid)

    assert pool(service) == set()
    theirs = parent_client.messaging.v1.services.create(friendly_name="Main")
    theirs.phone_numbers.create(phone_number_sid=moved.sid)
    assert pool(theirs) == {number.phone_number}


def test_an_update_that_moves_nothing_leaves_the_pool_alone(sandbox: SandboxProcess) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)

    number.update(friendly_name="Front desk", account_sid=sandbox.acme_sid)

    assert pool(service) == {number.phone_number}


def test_the_numbers_of_a_closed_account_leave_their_pools(sandbox: SandboxProcess) -> None:
    number = texting_number(sandbox)
    messaging_service(sandbox, number)

    sandbox.close()

    world = sandbox.control("GET", "world")
    assert world["tables"]["members"] == []


def test_a_pool_survives_a_power_cut(tmp_path: Path) -> None:
    with SandboxProcess(state=tmp_path / "state.sqlite3") as sandbox:
        one, two = texting_number(sandbox), texting_number(sandbox)
        sid = messaging_service(sandbox, one, two).sid
        first = senders(sandbox, sandbox.client().messaging.v1.services(sid).fetch(), PHONE)
        sandbox.save()
        sandbox.kill()

        sandbox.start()
        service = sandbox.client().messaging.v1.services(sid).fetch()
        assert pool(service) == {one.phone_number, two.phone_number}
        assert senders(sandbox, service, PHONE) == first  # it is remembered who wrote to whom


# Which number sends


def test_an_empty_pool_sends_nothing(sandbox: SandboxProcess, acme_client: Client) -> None:
    message = {"to": PHONE, "messaging_service_sid": messaging_service(sandbox).sid, "body": "x"}

    assert refusal(acme_client.messages.create, **message) == (400, 21704)
    message["messaging_service_sid"] = NOWHERE
    assert refusal(acme_client.messages.create, **message) == (400, 21701)
    message["messaging_service_sid"] = "nonsense"
    assert refusal(acme_client.messages.create, **message) == (400, 21705)


def test_a_pool_that_becomes_empty_fails_what_waits(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)
    sandbox.control("POST", "clock", {"set": "2026-05-01T12:00:00Z"})
    sent = acme_client.messages.create(to=PHONE, messaging_service_sid=service.sid, body="Hello")
    assert (sent.status, sent.from_) == ("accepted", None)
    service.phone_numbers(number.sid).delete()
    sandbox.forward(minutes=1)

    assert (sent.fetch().status, sent.fetch().error_code) == ("failed", 21703)


def test_the_numbers_of_a_pool_take_turns(sandbox: SandboxProcess) -> None:
    # S1-19, S1-20
    numbers = [texting_number(sandbox).phone_number for _ in range(3)]
    service = messaging_service(sandbox, *sandbox.client().incoming_phone_numbers.list(limit=3))

    used = senders(sandbox, service, *phones(9))

    assert {number: used.count(number) for number in numbers} == dict.fromkeys(numbers, 3)


def test_a_phone_always_gets_the_same_number(sandbox: SandboxProcess) -> None:
    service = messaging_service(sandbox, *(texting_number(sandbox) for _ in range(3)))

    assert len(set(senders(sandbox, service, *[PHONE] * 6))) == 1
    service.update(sticky_sender=False)
    assert len(set(senders(sandbox, service, *[PHONE] * 6))) == 3


def test_a_phone_whose_number_left_gets_another_one(sandbox: SandboxProcess) -> None:
    numbers = [texting_number(sandbox) for _ in range(2)]
    service = messaging_service(sandbox, *numbers)
    (first,) = senders(sandbox, service, PHONE)
    left = next(number for number in numbers if number.phone_number == first)
    stays = next(number for number in numbers if number.phone_number != first)

    service.phone_numbers(left.sid).delete()

    assert senders(sandbox, service, PHONE) == [stays.phone_number]


def test_a_number_of_the_phone_s_own_area_comes_first(sandbox: SandboxProcess) -> None:
    near = texting_number(sandbox, area_code="206")
    far = texting_number(sandbox, area_code="415")
    service = messaging_service(sandbox, far, near, sticky_sender=False)

    assert set(senders(sandbox, service, *[OTHER_PHONE] * 4)) == {near.phone_number}
    service.update(area_code_geomatch=False)
    assert len(set(senders(sandbox, service, *[OTHER_PHONE] * 4))) == 2


def test_a_sender_may_be_named_if_it_is_in_the_pool(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    inside, also_inside, outside = (texting_number(sandbox) for _ in range(3))
    service = messaging_service(sandbox, inside, also_inside)
    message = {"to": PHONE, "messaging_service_sid": service.sid, "body": "Hello"}

    sent = acme_client.messages.create(**message, from_=also_inside.phone_number)
    sandbox.forward(minutes=1)
    assert sent.fetch().from_ == also_inside.phone_number
    assert refusal(acme_client.messages.create, **message, from_=outside.phone_number) == (
        400,
        21711,
    )


def test_american_phones_are_written_to_from_north_america(sandbox: SandboxProcess) -> None:
    able = {"voice": True, "sms": True, "mms": False, "fax": False}
    british = {"phone_number": "+447700900555", "capabilities": able}
    added = sandbox.add_numbers(numbers=[british])
    service = messaging_service(sandbox)
    service.phone_numbers.create(phone_number_sid=added[0]["sid"])
    message = {"to": PHONE, "messaging_service_sid": service.sid, "body": "Hello"}
    client = sandbox.client()

    sent = client.messages.create(**message)
    sandbox.forward(minutes=1)
    assert (sent.fetch().status, sent.fetch().error_code) == ("failed", 21703)
    assert senders(sandbox, service, "+447700900001") == [british["phone_number"]]
    ours = toll_free_number(sandbox)
    service.phone_numbers.create(phone_number_sid=ours.sid)
    assert senders(sandbox, service, PHONE) == [ours.phone_number]


@pytest.mark.parametrize(("converts", "status"), [(True, "delivered"), (False, "failed")])
def test_a_picture_goes_as_a_link_where_the_service_converts(
    sandbox: SandboxProcess, acme_client: Client, converts: bool, status: str
) -> None:
    able = {"voice": True, "sms": True, "mms": False, "fax": False}
    added = sandbox.add_numbers(numbers=[{"phone_number": "+13125551234", "capabilities": able}])
    service = messaging_service(sandbox, mms_converter=converts)
    service.phone_numbers.create(phone_number_sid=added[0]["sid"])

    sent = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        media_url=["https://acme.example/picture.png"],
    )
    sandbox.forward(minutes=1)

    assert sent.fetch().status == status


@pytest.mark.parametrize("smart", [True, False])
def test_the_service_says_whether_encoding_is_smart(
    sandbox: SandboxProcess, acme_client: Client, smart: bool
) -> None:
    service = messaging_service(sandbox, texting_number(sandbox), smart_encoding=smart)

    sent = acme_client.messages.create(
        to=PHONE, messaging_service_sid=service.sid, body="\u201cHello\u201d"
    )

    assert sent.body == ('"Hello"' if smart else "\u201cHello\u201d")


def test_the_service_s_validity_period_counts(sandbox: SandboxProcess, acme_client: Client) -> None:
    service = messaging_service(sandbox, texting_number(sandbox), validity_period=60)
    sandbox.control("POST", f"phones/{PHONE}", {"texts": "queued"})
    message = {"to": PHONE, "messaging_service_sid": service.sid, "body": "Hello"}
    short = acme_client.messages.create(**message)
    long = acme_client.messages.create(**message, validity_period=600)

    sandbox.forward(minutes=2)

    assert [each.fetch().status for each in (short, long)] == ["failed", "queued"]


def test_an_answer_from_a_pool_keeps_its_thread(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    numbers = [texting_number(sandbox) for _ in range(2)]
    service = messaging_service(sandbox, *numbers, inbound_request_url=f"{program.url}/sms")
    (first,) = senders(sandbox, service, PHONE)

    write(sandbox, str(first), "Hello")

    assert program.received[0].form["To"] == first
    assert program.received[0].form["MessagingServiceSid"] == service.sid
    assert senders(sandbox, service, PHONE) == [first]
