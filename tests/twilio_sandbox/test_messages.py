"""Texts that a program sends: what may be sent, its way, and what is told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.receiver import Received, Receiver
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import (
    OTHER_PHONE,
    PHONE,
    behave,
    messaging_service,
    switch,
    texting_number,
    write,
)

pytestmark = pytest.mark.process

SMS, MMS = re.compile(r"SM[0-9a-f]{32}"), re.compile(r"MM[0-9a-f]{32}")
PICTURE = "https://acme.example/picture.png"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def told(program: Receiver, path: str = "/status") -> list[str]:
    return [each.form["MessageStatus"] for each in program.at(path)]


# Its way


def test_a_text_is_queued_and_then_delivered(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = texting_number(sandbox)

    sent = acme_client.messages.create(to=PHONE, from_=number.phone_number, body="Hello")
    assert SMS.fullmatch(str(sent.sid))
    assert (sent.status, sent.direction, sent.price) == ("queued", "outbound-api", None)
    assert sent.date_sent is None

    sandbox.forward(minutes=1)
    arrived = acme_client.messages(str(sent.sid)).fetch()
    assert (arrived.status, arrived.price, arrived.price_unit) == ("delivered", "-0.00790", "USD")
    assert arrived.date_sent is not None


def test_status_callbacks_come_in_order_and_are_signed(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = texting_number(sandbox)
    sent = acme_client.messages.create(
        to=PHONE,
        from_=number.phone_number,
        body="é & Ü",
        status_callback=f"{program.url}/status?order=7",
    )
    sandbox.control("POST", "settle")
    sandbox.forward(minutes=1)

    assert sent.status == "queued"  # the answer has told it
    assert told(program) == ["sent", "delivered"]
    for each in program.received:
        assert each.is_signed_with(sandbox.acme_token)
        assert not each.is_signed_with(sandbox.main_token)
        assert each.form["MessageSid"] == each.form["SmsSid"] == sent.sid
        assert each.form["SmsStatus"] == each.form["MessageStatus"]
        assert (each.form["From"], each.form["To"]) == (number.phone_number, PHONE)
        assert each.form["AccountSid"] == sandbox.acme_sid
        assert each.form["ApiVersion"] == "2010-04-01"
        assert "ErrorCode" not in each.form
        assert "MessagingServiceSid" not in each.form
    assert [("RawDlrDoneDate" in each.form) for each in program.received] == [False, True]
    assert re.fullmatch(r"\d{10}", program.received[-1].form["RawDlrDoneDate"])


def test_the_status_that_a_text_of_a_service_begins_with_is_not_called_back(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    service = messaging_service(sandbox, texting_number(sandbox))
    message = {"to": PHONE, "messaging_service_sid": service.sid, "body": "Hello"}

    sent = acme_client.messages.create(**message, status_callback=f"{program.url}/status")
    sandbox.forward(minutes=1)

    assert sent.status == "accepted"
    assert told(program) == ["queued", "sent", "delivered"]


def test_all_statuses_are_called_back_when_the_switch_says_so(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    switch(sandbox, status_callbacks="all")
    service = messaging_service(sandbox, texting_number(sandbox))

    acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Hello",
        status_callback=f"{program.url}/status",
    )
    sandbox.forward(minutes=1)

    # The first two are a third of a second apart: they may come in either order.
    assert sorted(told(program)[:2]) == ["accepted", "queued"]
    assert told(program)[2:] == ["sending", "sent", "delivered"]
    assert {each.form["MessagingServiceSid"] for each in program.received} == {service.sid}


def test_status_callbacks_can_come_out_of_order(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    sandbox.fault("webhook_late", path="sms.status")
    number = texting_number(sandbox).phone_number
    texts = [
        acme_client.messages.create(
            to=phone, from_=number, body="Hello", status_callback=f"{program.url}/status"
        )
        for phone in (PHONE, OTHER_PHONE)
    ]
    sandbox.forward(minutes=1)

    for sent in texts:
        of_this = [each for each in program.received if each.form["MessageSid"] == sent.sid]
        assert [each.form["MessageStatus"] for each in of_this] == ["delivered", "sent"]
        assert sent.fetch().status == "delivered"


def test_status_callbacks_come_out_of_order_in_real_time(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    sandbox.fault("webhook_late", path="sms.status", times=1)
    acme_client.messages.create(
        to=PHONE,
        from_=texting_number(sandbox).phone_number,
        body="Hello",
        status_callback=f"{program.url}/status",
    )
    program.wait_for(2)

    assert told(program) == ["delivered", "sent"]


def test_a_late_status_callback_comes_in_the_end_although_none_follows(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    behave(sandbox, texts="sent")
    sandbox.fault("webhook_late", path="sms.status", seconds=30)
    acme_client.messages.create(
        to=PHONE,
        from_=texting_number(sandbox).phone_number,
        body="Hello",
        status_callback=f"{program.url}/status",
    )

    sandbox.forward(seconds=20)
    before = told(program)
    sandbox.forward(seconds=20)

    assert (before, told(program)) == ([], ["sent"])


@pytest.mark.parametrize(
    ("texts", "status", "code"),
    [
        ("delivered", "delivered", None),
        ("sent", "sent", None),
        ("landline", "undelivered", 30006),
        ("unreachable", "undelivered", 30003),
        ("blocked", "undelivered", 30004),
        ("filtered", "undelivered", 30007),
        ("unknown", "undelivered", 30005),
        ("error", "undelivered", 30008),
    ],
)
def test_a_phone_takes_texts_as_it_was_told_to(
    sandbox: SandboxProcess,
    acme_client: Client,
    program: Receiver,
    texts: str,
    status: str,
    code: int | None,
) -> None:
    behave(sandbox, texts=texts)

    sent = acme_client.messages.create(
        to=PHONE,
        from_=texting_number(sandbox).phone_number,
        body="Hello",
        status_callback=f"{program.url}/status",
    )
    sandbox.forward(days=1)

    message = acme_client.messages(str(sent.sid)).fetch()
    assert (message.status, message.error_code) == (status, code)
    assert bool(message.error_message) == (code is not None)
    assert told(program)[-1] == status
    assert program.received[-1].form.get("ErrorCode") == (str(code) if code else None)


@pytest.mark.parametrize(
    ("texts", "code"), [("not-mobile", 21614), ("no-route", 21612), ("no-permission", 21408)]
)
def test_some_phones_are_refused_at_once(
    sandbox: SandboxProcess, acme_client: Client, texts: str, code: int
) -> None:
    number = texting_number(sandbox).phone_number
    behave(sandbox, texts=texts)

    create = acme_client.messages.create
    assert refusal(create, to=PHONE, from_=number, body="Hello") == (400, code)
    assert acme_client.messages.list() == []
    behave(sandbox, texts="delivered")
    assert create(to=PHONE, from_=number, body="Hello").status == "queued"


def test_what_stays_in_the_queue_fails_when_its_validity_period_ends(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    behave(sandbox, texts="queued")
    number = texting_number(sandbox).phone_number
    create = acme_client.messages.create
    short = create(to=PHONE, from_=number, body="Now or never", validity_period=60)
    long = create(to=PHONE, from_=number, body="Some time today")

    sandbox.forward(minutes=2)
    assert [each.fetch().status for each in (short, long)] == ["failed", "queued"]
    assert short.fetch().error_code == 30036
    sandbox.forward(hours=9)
    assert long.fetch().status == "queued"
    sandbox.forward(hours=1)
    assert long.fetch().status == "failed"


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(0, False), (1, True), (36_000, True), (36_001, False)]
)
def test_a_validity_period_has_limits(
    sandbox: SandboxProcess, acme_client: Client, seconds: int, allowed: bool
) -> None:
    number = texting_number(sandbox).phone_number
    message = {"to": PHONE, "from_": number, "body": "Hello", "validity_period": seconds}

    if allowed:
        assert acme_client.messages.create(**message).status == "queued"
    else:
        assert refusal(acme_client.messages.create, **message) == (400, 21624)


def test_a_text_of_an_account_that_is_suspended_meanwhile_fails(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    sandbox.control("POST", "clock", {"set": "2026-05-01T12:00:00Z"})
    sent = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    sandbox.suspend()
    sandbox.forward(minutes=1)
    sandbox.set_status("active")

    assert (sent.fetch().status, sent.fetch().error_code) == ("failed", 30002)


def test_a_text_on_its_way_survives_a_power_cut(tmp_path: Path) -> None:
    with Receiver() as program, SandboxProcess(state=tmp_path / "state.sqlite3") as sandbox:
        behave(sandbox, texts="queued")
        number = texting_number(sandbox).phone_number
        sent = sandbox.client().messages.create(
            to=PHONE,
            from_=number,
            body="Hello",
            validity_period=600,
            status_callback=f"{program.url}/status",
        )
        sandbox.forward(minutes=1)
        sandbox.save()
        sandbox.kill()

        sandbox.start()
        message = sandbox.client().messages(str(sent.sid))
        assert message.fetch().status == "queued"
        sandbox.forward(minutes=11)
        assert message.fetch().error_code == 30036
        assert told(program) == ["failed"]


def test_a_text_on_its_way_survives_an_exchange_of_the_world(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    sandbox.control("POST", "clock", {"set": "2026-05-01T12:00:00Z"})
    service = messaging_service(sandbox, texting_number(sandbox))
    sent = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    later = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Later",
        schedule_type="fixed",
        send_at=sandbox.now() + timedelta(hours=1),
    )
    world = sandbox.control("GET", "world")
    sandbox.reset(history=False)
    sandbox.control("POST", "world", world)

    sandbox.forward(minutes=1)
    assert (sent.fetch().status, later.fetch().status) == ("delivered", "scheduled")
    sandbox.forward(hours=1)
    assert later.fetch().status == "delivered"


# What may be sent


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "nonsense"}, 21211),
        ({"to": "+1999"}, 21211),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"to": ""}, 21604),
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "+15005550007"}, 21606),
        ({"from_": "+15005550008"}, 21611),
        ({"from_": "12"}, 21212),
        ({"from_": "+12125550199"}, 21606),  # nobody's
        ({"from_": "ACME"}, 21612),  # no names in North America
        ({"from_": "whatsapp:+14155550100"}, 63007),
        ({"from_": None}, 21603),
        ({"body": None}, 21602),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"body": "🙂" * 801}, 21617),
        ({"media_url": ["ftp://acme.example/a"]}, 21620),
        ({"media_url": [PICTURE] * 11}, 21623),
        ({"status_callback": "nonsense"}, 21609),
        ({"content_sid": "HX" + "0" * 32}, 21655),
    ],
)
def test_a_text_that_breaks_a_rule_is_refused(
    sandbox: SandboxProcess, acme_client: Client, changes: dict[str, Any], code: int
) -> None:
    number = texting_number(sandbox).phone_number
    message = {"to": PHONE, "from_": number, "body": "Hello"}

    assert refusal(acme_client.messages.create, **message | changes) == (400, code)
    assert acme_client.messages.list() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "(206) 555-0199"},
        {"body": "x" * 1600},
        {"body": "🙂" * 800},
        {"body": None, "media_url": [PICTURE] * 10},
        {"to": "+447700900001", "from_": "ACME"},
    ],
)
def test_a_text_at_the_edge_of_a_rule_is_sent(
    sandbox: SandboxProcess, acme_client: Client, changes: dict[str, Any]
) -> None:
    number = texting_number(sandbox).phone_number
    message = {"to": PHONE, "from_": number, "body": "Hello"}

    assert acme_client.messages.create(**message | changes).status == "queued"


def test_a_number_cannot_write_to_itself(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = texting_number(sandbox).phone_number

    message = {"to": number, "from_": number, "body": "Hello"}

    assert refusal(acme_client.messages.create, **message) == (400, 21266)


def test_only_numbers_of_the_account_itself_send(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    message = {"to": PHONE, "from_": number, "body": "Hello"}
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)

    for other in (parent_client, stranger):
        assert refusal(other.messages.create, **message) == (400, 21606)
    assert acme_client.messages.create(**message).account_sid == sandbox.acme_sid


@pytest.mark.parametrize(
    ("able", "picture", "code"),
    [
        ({"sms": True, "mms": True}, True, None),
        ({"sms": True, "mms": False}, False, None),
        ({"sms": True, "mms": False}, True, 21621),
        ({"sms": False, "mms": True}, True, None),
        ({"sms": False, "mms": True}, False, 21606),
        ({"sms": False, "mms": False}, True, 21606),
    ],
)
def test_a_number_sends_what_it_is_able_to(
    sandbox: SandboxProcess,
    acme_client: Client,
    able: dict[str, bool],
    picture: bool,
    code: int | None,
) -> None:
    capabilities = {"voice": True, "fax": False, **able}
    number = {"phone_number": "+13125551234", "capabilities": capabilities}
    sandbox.add_numbers(numbers=[number])
    message: dict[str, Any] = {"to": PHONE, "from_": "+13125551234", "body": "Hello"}
    if picture:
        message["media_url"] = [PICTURE]

    if code is None:
        assert acme_client.messages.create(**message).status == "queued"
    else:
        assert refusal(acme_client.messages.create, **message) == (400, code)


@pytest.mark.parametrize(
    ("to", "allowed"),
    [
        ("+14165550123", True),
        ("+447700900001", True),
        ("+33639981234", False),  # France, where the plan knows numbers too
        ("+8613800138000", False),
    ],
)
def test_only_some_countries_are_enabled_at_first(
    sandbox: SandboxProcess, acme_client: Client, to: str, allowed: bool
) -> None:
    message = {"to": to, "from_": texting_number(sandbox).phone_number, "body": "Hello"}
    create = acme_client.messages.create

    if allowed:
        assert create(**message).status == "queued"
    else:
        assert refusal(create, **message) == (400, 21408)
        switch(sandbox, sms_geo_permissions="all")
        assert create(**message).status == "queued"


def test_a_trial_account_writes_to_verified_phones_only(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    sandbox.control("POST", f"accounts/{sandbox.acme_sid}/type", {"type": "Trial"})
    message = {"to": PHONE, "from_": number, "body": "Hello"}

    assert refusal(acme_client.messages.create, **message) == (400, 21608)
    behave(sandbox, verified=True)
    assert acme_client.messages.create(**message).status == "queued"
    assert refusal(acme_client.messages.create, **message | {"to": OTHER_PHONE}) == (400, 21608)
    sandbox.control("POST", f"accounts/{sandbox.acme_sid}/type", {"type": "Full"})
    assert acme_client.messages.create(**message | {"to": OTHER_PHONE}).status == "queued"


def test_the_magic_sender_sends_without_callbacks(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    sent = acme_client.messages.create(
        to=PHONE, from_="+15005550006", body="Hello", status_callback=f"{program.url}/status"
    )
    sandbox.forward(minutes=1)

    assert sent.fetch().status == "delivered"
    assert program.received == []


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("é" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ы" * 70, 1),
        ("ы" * 71, 2),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("🙂" * 67, 3),  # none of them is split: 33 fit into 67 units
    ],
)
def test_segments_are_counted_and_paid(
    sandbox: SandboxProcess, acme_client: Client, body: str, segments: int
) -> None:
    number = texting_number(sandbox).phone_number
    sent = acme_client.messages.create(to=PHONE, from_=number, body=body)
    sandbox.forward(minutes=1)

    assert sent.num_segments == str(segments)
    assert sent.fetch().price == f"{-0.0079 * segments:.5f}"


def test_smart_encoding_makes_plain_what_can_be_plain(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    create, fancy = acme_client.messages.create, "“Hello” \u2013 it\u2019s us…"

    assert create(to=PHONE, from_=number, body=fancy).body == fancy
    plain = create(to=PHONE, from_=number, body=fancy, smart_encoded=True)
    assert plain.body == '"Hello" - it\'s us...'


# Where statuses are told


def test_the_nearest_status_callback_counts(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    service = messaging_service(
        sandbox, texting_number(sandbox), status_callback=f"{program.url}/service"
    )
    application = acme_client.applications.create(
        friendly_name="Texts", message_status_callback=f"{program.url}/application"
    )

    def send(**more: Any) -> set[str]:
        program.received.clear()
        acme_client.messages.create(
            to=PHONE, messaging_service_sid=service.sid, body="Hello", **more
        )
        sandbox.forward(minutes=1)
        return {each.path for each in program.received}

    assert send() == {"/service"}
    assert send(application_sid=application.sid) == {"/application"}
    own = f"{program.url}/own"
    assert send(application_sid=application.sid, status_callback=own) == {"/own"}


# Later, through a service


def test_a_scheduled_text_waits(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    service = messaging_service(sandbox, texting_number(sandbox))
    sent = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Hello",
        schedule_type="fixed",
        send_at=sandbox.now() + timedelta(days=2),
        status_callback=f"{program.url}/status",
    )
    assert (sent.status, sent.from_, sent.num_segments) == ("scheduled", None, "0")

    sandbox.forward(days=1, hours=23)
    assert sent.fetch().status == "scheduled"
    assert told(program) == []
    sandbox.forward(hours=2)
    assert sent.fetch().status == "delivered"
    assert told(program) == ["queued", "sent", "delivered"]


def test_a_scheduled_text_can_be_canceled_and_nothing_else(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)
    scheduled = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Hello",
        schedule_type="fixed",
        send_at=sandbox.now() + timedelta(days=2),
        status_callback=f"{program.url}/status",
    )
    assert scheduled.update(status="canceled").status == "canceled"
    sandbox.forward(days=3)

    assert scheduled.fetch().status == "canceled"
    program.wait_for(1, "/status")
    assert told(program) == ["canceled"]
    assert refusal(scheduled.update, status="canceled") == (409, 30409)
    sent = acme_client.messages.create(to=PHONE, from_=number.phone_number, body="Hello")
    assert refusal(sent.update, status="canceled") == (409, 30409)


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (timedelta(minutes=4), 35114),
        (timedelta(minutes=6), None),
        (timedelta(days=34, hours=23), None),
        (timedelta(days=35, minutes=1), 35114),
        (None, 35111),
    ],
)
def test_a_time_to_send_has_limits(
    sandbox: SandboxProcess, acme_client: Client, after: timedelta | None, code: int | None
) -> None:
    service = messaging_service(sandbox, texting_number(sandbox))
    message: dict[str, Any] = {
        "to": PHONE,
        "messaging_service_sid": service.sid,
        "body": "Hello",
        "schedule_type": "fixed",
    }
    if after is not None:
        message["send_at"] = sandbox.now() + after

    if code is None:
        assert acme_client.messages.create(**message).status == "scheduled"
    else:
        assert refusal(acme_client.messages.create, **message) == (400, code)


def test_a_text_without_a_service_cannot_be_scheduled(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    message = {
        "to": PHONE,
        "from_": texting_number(sandbox).phone_number,
        "body": "Hello",
        "schedule_type": "fixed",
        "send_at": sandbox.now() + timedelta(days=1),
    }

    assert refusal(acme_client.messages.create, **message) == (400, 35118)


# Lists and records


def test_messages_of_both_directions_are_listed_newest_first(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    # S1-12
    number = texting_number(sandbox).phone_number
    sent = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    write(sandbox, number, "Hi")
    write(sandbox, number, "Ho", OTHER_PHONE)

    def bodies(**filters: Any) -> list[str]:
        return [str(each.body) for each in acme_client.messages.list(**filters)]

    assert bodies() == ["Ho", "Hi", "Hello"]
    assert bodies(to=number) == ["Ho", "Hi"]
    assert bodies(from_=PHONE) == ["Hi"]
    assert bodies(from_=number, to=PHONE) == ["Hello"]
    assert bodies(to="+12125550100") == []
    assert [each.direction for each in acme_client.messages.list(from_=number)] == [sent.direction]
    assert sandbox.client(sandbox.stranger_sid, sandbox.stranger_token).messages.list() == []


def test_messages_are_listed_by_the_day_they_were_sent(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    for day in (1, 2, 3):
        sandbox.control("POST", "clock", {"set": f"2027-05-0{day}T12:00:00Z"})
        write(sandbox, number, str(day))
    second = "2027-05-02"

    def bodies(**filters: Any) -> list[str]:
        return [str(each.body) for each in acme_client.messages.list(**filters)]

    assert bodies(date_sent=second) == ["2"]
    assert bodies(date_sent_before=second) == ["2", "1"]
    assert bodies(date_sent_after=second) == ["3", "2"]
    assert bodies(date_sent_after=datetime(2027, 5, 2, 13, tzinfo=UTC)) == ["3"]


def test_the_body_of_a_message_can_be_taken_away(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    sandbox.control("POST", "clock", {"set": "2026-05-01T12:00:00Z"})
    sent = acme_client.messages.create(to=PHONE, from_=number, body="Secret")

    assert refusal(sent.update, body="") == (409, 20009)
    sandbox.forward(minutes=1)
    assert refusal(sent.update, body="Other") == (400, 20001)
    assert sent.fetch().body == "Secret"
    assert sent.update(body="").body == ""
    assert sent.fetch().body == ""


def test_a_message_can_be_deleted_when_it_has_arrived(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox).phone_number
    sandbox.control("POST", "clock", {"set": "2026-05-01T12:00:00Z"})
    sent = acme_client.messages.create(to=PHONE, from_=number, body="Hello")

    assert refusal(sent.delete) == (409, 20009)
    sandbox.forward(minutes=1)
    assert sent.delete() is True
    assert refusal(sent.fetch) == (404, 20404)
    assert acme_client.messages.list() == []


def test_other_accounts_see_nothing_of_a_message(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sent = acme_client.messages.create(
        to=PHONE, from_=texting_number(sandbox).phone_number, body="Hello"
    )
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)

    assert refusal(stranger.messages(str(sent.sid)).fetch) == (404, 20404)
    assert parent.messages(str(sent.sid)).fetch().sid == sent.sid


# What a person decides about a message on its way


def test_a_person_decides_what_becomes_of_a_message(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    behave(sandbox, texts="sent")
    sent = acme_client.messages.create(
        to=PHONE,
        from_=texting_number(sandbox).phone_number,
        body="Hello",
        status_callback=f"{program.url}/status",
    )
    sandbox.forward(minutes=1)
    path = f"messages/{sent.sid}/status"

    with pytest.raises(Exception, match="comes after"):
        sandbox.control("POST", path, {"status": "queued"})
    sandbox.control("POST", f"{path}?settle=1", {"status": "delivered"})
    sandbox.control("POST", f"{path}?settle=1", {"status": "read"})
    with pytest.raises(Exception, match="is read already"):
        sandbox.control("POST", path, {"status": "undelivered"})
    assert told(program) == ["sent", "delivered", "read"]
    assert sent.fetch().status == "read"


def test_a_message_that_is_said_to_be_delivered_was_sent(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    behave(sandbox, texts="queued")
    sent = acme_client.messages.create(
        to=PHONE, from_=texting_number(sandbox).phone_number, body="Hello"
    )
    sandbox.control("POST", f"messages/{sent.sid}/status", {"status": "delivered"})

    message = sent.fetch()
    assert message.date_sent is not None
    assert message.price == "-0.00790"


def test_a_failure_may_have_any_code(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    behave(sandbox, texts="sent")
    sent = acme_client.messages.create(
        to=PHONE,
        from_=texting_number(sandbox).phone_number,
        body="Hello",
        status_callback=f"{program.url}/status",
    )
    sandbox.forward(minutes=1)
    failure = {"status": "undelivered", "error_code": 30022}
    sandbox.control("POST", f"messages/{sent.sid}/status?settle=1", failure)

    assert sent.fetch().error_code == 30022
    last: Received = program.received[-1]
    assert (last.form["MessageStatus"], last.form["ErrorCode"]) == ("undelivered", "30022")
    assert last.is_signed_with(sandbox.acme_token)
