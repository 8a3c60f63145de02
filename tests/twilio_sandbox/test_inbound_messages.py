"""Texts that come in: which program is told, with what, and what its answer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.receiver import Received, Receiver, Reply
from tests.twilio_sandbox.texting import (
    OTHER_PHONE,
    PHONE,
    alerts,
    behave,
    conversation,
    messaging_service,
    switch,
    texting_number,
    write,
)

pytestmark = pytest.mark.process

NOBODY = "http://127.0.0.1:9/nobody"
EMPTY = "<Response/>"
# What every inbound text says (twilio-facts 5.3).
NAMES = {
    *("MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "From", "To", "Body", "NumMedia"),
    *("NumSegments", "SmsStatus", "ApiVersion"),
    *(f"{end}{what}" for end in ("From", "To") for what in ("City", "State", "Zip", "Country")),
}


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def answer(*replies: str) -> str:
    """TwiML as Twilio's own library writes it."""
    response = MessagingResponse()
    for reply in replies:
        response.message(reply)
    return str(response)


def sent(client: Client) -> list[Any]:
    """What the account sent, oldest first."""
    return [row for row in reversed(client.messages.list()) if row.direction != "inbound"]


# What the program is told


def test_the_program_is_told_everything_and_signed(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    # S4-19
    number = texting_number(sandbox, f"{program.url}/sms?line=1", area_code="512").phone_number

    message = write(sandbox, number, "Grüße & more")

    told = program.received[0]
    assert told.method == "POST"
    assert set(told.form) == NAMES
    assert told.is_signed_with(sandbox.acme_token)
    assert not told.is_signed_with(sandbox.main_token)
    assert told.form["Body"] == "Grüße & more"
    assert (told.form["From"], told.form["To"]) == (PHONE, number)
    assert {told.form[name] for name in ("MessageSid", "SmsSid", "SmsMessageSid")} == {
        message["sid"]
    }
    assert (told.form["SmsStatus"], told.form["ApiVersion"]) == ("received", "2010-04-01")
    assert (told.form["NumMedia"], told.form["NumSegments"]) == ("0", "1")
    assert (told.form["ToCity"], told.form["ToState"], told.form["ToZip"]) == (
        "AUSTIN",
        "TX",
        "78701",
    )
    assert (told.form["FromCity"], told.form["FromCountry"]) == ("SAN FRANCISCO", "US")
    row = acme_client.messages(message["sid"]).fetch()
    assert (row.status, row.direction, row.from_) == ("received", "inbound", PHONE)


def test_a_number_may_want_get(sandbox: SandboxProcess, program: Receiver) -> None:
    number = texting_number(sandbox, f"{program.url}/sms", sms_method="GET").phone_number

    write(sandbox, number, "Hello")

    told = program.received[0]
    assert (told.method, told.params["Body"]) == ("GET", "Hello")
    assert told.is_signed_with(sandbox.acme_token)


def test_without_a_url_nobody_is_told(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = texting_number(sandbox).phone_number

    assert write(sandbox, number, "Hello")["status"] == "received"
    assert sandbox.control("GET", "webhooks")["total"] == 0
    assert [row.body for row in acme_client.messages.list()] == ["Hello"]


def test_the_application_of_a_number_beats_its_urls(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    application = acme_client.applications.create(
        friendly_name="Texts", sms_url=f"{program.url}/application", sms_method="GET"
    )
    number = texting_number(sandbox, f"{program.url}/number")
    number.update(sms_application_sid=application.sid)

    write(sandbox, number.phone_number, "Hello")
    application.delete()
    write(sandbox, number.phone_number, "Hello again")

    assert [(each.method, each.path) for each in program.received] == [
        ("GET", "/application"),
        ("POST", "/number"),
    ]


# Whose program: the service's or the number's


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"inbound_request_url": "{}/service"}, "/service"),
        (
            {"inbound_request_url": "{}/service", "use_inbound_webhook_on_number": True},
            "/number",
        ),
        ({"use_inbound_webhook_on_number": True}, "/number"),
    ],
)
def test_a_service_swallows_the_number_s_webhook_unless_it_says_otherwise(
    sandbox: SandboxProcess, program: Receiver, settings: dict[str, Any], path: str
) -> None:
    number = texting_number(sandbox, f"{program.url}/number")
    settings = {
        name: value.format(program.url) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    service = messaging_service(sandbox, number, **settings)

    write(sandbox, number.phone_number, "Hello")

    assert [each.path for each in program.received] == [path]
    assert program.received[0].form["MessagingServiceSid"] == service.sid
    assert program.received[0].is_signed_with(sandbox.acme_token)


@pytest.mark.parametrize(("choice", "listed"), [("dropped", []), ("listed", ["Hello"])])
def test_a_service_without_a_url_tells_nobody(
    sandbox: SandboxProcess,
    acme_client: Client,
    program: Receiver,
    choice: str,
    listed: list[str],
) -> None:
    switch(sandbox, inbound_without_service_url=choice)
    number = texting_number(sandbox, f"{program.url}/number")
    messaging_service(sandbox, number)

    received = write(sandbox, number.phone_number, "Hello")

    assert program.received == []
    assert [row.body for row in acme_client.messages.list()] == listed
    assert bool(received.get("reason")) == (listed == [])


def test_a_number_out_of_the_pool_has_its_own_webhook_again(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    number = texting_number(sandbox, f"{program.url}/number")
    service = messaging_service(sandbox, number, inbound_request_url=f"{program.url}/service")
    write(sandbox, number.phone_number, "one")
    service.phone_numbers(number.sid).delete()
    write(sandbox, number.phone_number, "two")

    assert [each.path for each in program.received] == ["/service", "/number"]
    assert "MessagingServiceSid" not in program.received[1].form


def test_the_service_s_own_fallback_and_method_are_used(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    number = texting_number(sandbox, sms_fallback_url=f"{program.url}/number")
    program.on("/service", Reply(status=500))
    messaging_service(
        sandbox,
        number,
        inbound_request_url=f"{program.url}/service",
        fallback_url=f"{program.url}/fallback",
        fallback_method="GET",
    )

    write(sandbox, number.phone_number, "Hello")

    assert [(each.method, each.path) for each in program.received] == [
        ("POST", "/service"),
        ("GET", "/fallback"),
    ]
    assert program.received[1].params["ErrorCode"] == "11200"


# Who receives


@pytest.mark.parametrize(
    ("able", "media", "reason"),
    [
        ({"sms": True, "mms": False}, [], None),
        ({"sms": True, "mms": False}, ["image/png"], "the number cannot receive MMS"),
        ({"sms": True, "mms": True}, ["image/png"], None),
        ({"sms": False, "mms": False}, [], "the number cannot receive SMS"),
    ],
)
def test_a_number_receives_what_it_is_able_to(
    sandbox: SandboxProcess,
    acme_client: Client,
    able: dict[str, bool],
    media: list[str],
    reason: str | None,
) -> None:
    capabilities = {"voice": True, "fax": False, **able}
    sandbox.add_numbers(numbers=[{"phone_number": "+13125551234", "capabilities": capabilities}])

    assert write(sandbox, "+13125551234", "Hello", media=media).get("reason") == reason
    assert len(acme_client.messages.list()) == (reason is None)


def test_a_suspended_account_receives_nothing(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = texting_number(sandbox, f"{program.url}/sms").phone_number
    sandbox.suspend()
    assert write(sandbox, number, "Hello")["reason"] == "the account is suspended"
    sandbox.set_status("active")

    assert program.received == []
    assert acme_client.messages.list() == []


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ({"to": "+12125550100"}, 404),
        ({"from": "nobody"}, 400),
        ({"body": ""}, 400),
        ({"body": "x" * 1601}, 400),
        ({"media": ["image/png"] * 11}, 400),
        ({"media": ["picture"]}, 400),
    ],
)
def test_what_no_phone_could_send_is_refused(
    sandbox: SandboxProcess, text: dict[str, Any], status: int
) -> None:
    number = texting_number(sandbox).phone_number
    good = {"from": PHONE, "to": number, "body": "x" * 1600}

    with pytest.raises(SandboxRefused) as caught:
        sandbox.control("POST", "messages", good | text)
    assert caught.value.status == status
    assert sandbox.control("POST", "messages", good)["num_segments"] == "11"


def test_a_text_to_another_number_here_arrives_there(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = stranger.incoming_phone_numbers.create(
        area_code="512", sms_url=program.on("/sms", answer("Hello yourself"))
    )
    ours = texting_number(sandbox)

    acme_client.messages.create(
        to=theirs.phone_number, from_=ours.phone_number, body="Hello", media_url=[NOBODY]
    )
    sandbox.forward(minutes=1)

    told = program.received[0]
    assert (told.form["From"], told.form["Body"]) == (ours.phone_number, "Hello")
    assert told.is_signed_with(sandbox.stranger_token)
    assert told.form["NumMedia"] == "1"
    came_back = acme_client.messages.list(from_=theirs.phone_number)[0]
    assert (came_back.body, came_back.direction) == ("Hello yourself", "inbound")


# What the answer does


def test_an_answer_is_a_reply(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    # S4-20
    number = texting_number(sandbox, program.on("/sms", answer("One", "Two"))).phone_number

    write(sandbox, number, "Hello")
    sandbox.forward(minutes=1)

    replies = sent(acme_client)
    assert [row.body for row in replies] == ["One", "Two"]
    assert {(row.direction, row.from_, row.to, row.status) for row in replies} == {
        ("outbound-reply", number, PHONE, "delivered")
    }
    assert [line["body"] for line in conversation(sandbox)] == ["Hello", "One", "Two"]
    assert alerts(sandbox) == []


def test_a_reply_of_a_pool_is_the_service_s(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    numbers = [texting_number(sandbox) for _ in range(3)]
    url = program.on("/sms", answer("Hello yourself"))
    service = messaging_service(sandbox, *numbers, inbound_request_url=url)

    write(sandbox, numbers[2].phone_number, "Hello")

    reply = sent(acme_client)[0]
    assert reply.messaging_service_sid == service.sid
    assert reply.from_ == numbers[2].phone_number


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (Reply(body="Plain words", content_type="text/plain"), "Plain words"),
        (Reply(body=answer("x"), content_type="application/xml"), "x"),
        (Reply(body=answer("x"), content_type="text/html; charset=utf-8"), "x"),
        (Reply(body="<Response><Message><Body>a</Body></Message></Response>"), "a"),
        (Reply(body="<Response><!-- no --><Message>a &amp; b</Message></Response>"), "a & b"),
    ],
)
def test_answers_of_several_shapes_are_understood(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver, reply: Reply, body: str
) -> None:
    write(sandbox, texting_number(sandbox, program.on("/sms", reply)).phone_number, "Hello")

    assert [row.body for row in sent(acme_client)] == [body]
    assert alerts(sandbox) == []


@pytest.mark.parametrize("reply", [Reply(), Reply(status=204), Reply(body=EMPTY)])
def test_no_answer_is_no_reply(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver, reply: Reply
) -> None:
    write(sandbox, texting_number(sandbox, program.on("/sms", reply)).phone_number, "Hello")

    assert sent(acme_client) == []
    assert alerts(sandbox) == []


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(body="<Response><Message>"), "12100"),
        (Reply(body="Hello"), "12100"),
        (Reply(body="<Answer/>"), "12100"),
        (Reply(body="{}", content_type="application/json"), "12300"),
        (Reply(body=answer("Hello"), content_type="image/png"), "12300"),
        (Reply(status=500, body=answer("Hello")), "11200"),
        (Reply(status=404), "11200"),
        (Reply(body="<Response><Say>Hello</Say></Response>"), "14110"),
        (Reply(body="<Response><Message/></Response>"), "14103"),
        (Reply(body='<Response><Message to="12">a</Message></Response>'), "14101"),
        (Reply(body='<Response><Message from="+12125550100">a</Message></Response>'), "14102"),
        (Reply(body=f"<Response><Message>{'x' * 1601}</Message></Response>"), "21617"),
    ],
)
def test_an_answer_that_is_no_good_is_an_alert(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver, reply: Reply, code: str
) -> None:
    number = texting_number(sandbox, program.on("/sms", reply)).phone_number

    message = write(sandbox, number, "Hello")

    assert sent(acme_client) == []
    alert = acme_client.monitor.v1.alerts.list()[0]
    assert (alert.error_code, alert.resource_sid) == (code, message["sid"])
    assert alert.log_level == "error"


def test_nobody_at_the_url_is_an_alert(sandbox: SandboxProcess, acme_client: Client) -> None:
    write(sandbox, texting_number(sandbox, NOBODY).phone_number, "Hello")

    assert alerts(sandbox) == ["11205"]
    assert sent(acme_client) == []


def test_what_cannot_be_in_a_message_is_a_warning(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    body = "<Response><Message><Body>a</Body><Say>b</Say></Message></Response>"
    write(sandbox, texting_number(sandbox, program.on("/sms", body)).phone_number, "Hello")

    assert [row.body for row in sent(acme_client)] == ["a"]
    assert [(each.error_code, each.log_level) for each in acme_client.monitor.v1.alerts.list()] == [
        ("12200", "warning")
    ]


def test_the_fallback_answers_when_the_program_cannot(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    program.on("/fallback", answer("We are back soon"))
    number = texting_number(
        sandbox,
        program.on("/sms", Reply(status=500)),
        sms_fallback_url=f"{program.url}/fallback",
    ).phone_number

    write(sandbox, number, "Hello")

    told = program.at("/fallback")[0]
    assert told.form["ErrorCode"] == "11200"
    assert told.form["ErrorUrl"] == f"{program.url}/sms"
    assert told.is_signed_with(sandbox.acme_token)
    assert [row.body for row in sent(acme_client)] == ["We are back soon"]


def test_a_reply_may_go_elsewhere(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    other = texting_number(sandbox).phone_number
    response = MessagingResponse()
    response.message("Somebody wrote", to=OTHER_PHONE, from_=other)
    number = texting_number(sandbox, program.on("/sms", str(response))).phone_number

    write(sandbox, number, "Hello")

    assert [(row.to, row.from_) for row in sent(acme_client)] == [(OTHER_PHONE, other)]


def test_the_status_of_a_reply_is_told(sandbox: SandboxProcess, program: Receiver) -> None:
    response = MessagingResponse()
    response.message("Hello yourself", action="/status?of=reply", method="GET")
    number = texting_number(sandbox, program.on("/sms", str(response))).phone_number

    write(sandbox, number, "Hello")
    sandbox.forward(minutes=1)

    told = program.at("/status")
    assert [each.params["MessageStatus"] for each in told] == ["sent", "delivered"]
    assert {(each.method, each.params["of"]) for each in told} == {("GET", "reply")}
    assert all(each.is_signed_with(sandbox.acme_token) for each in told)


def test_a_reply_may_have_pictures(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    body = "<Response><Message><Body>Look</Body><Media>/cat.gif</Media></Message></Response>"
    write(sandbox, texting_number(sandbox, program.on("/sms", body)).phone_number, "Hello")

    reply = sent(acme_client)[0]
    assert str(reply.sid).startswith("MM")
    assert [each.content_type for each in reply.media.list()] == ["image/gif"]


def test_ten_replies_are_sent_and_no_eleventh(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    url = program.on("/sms", answer(*(str(place) for place in range(11))))
    write(sandbox, texting_number(sandbox, url).phone_number, "Hello")

    assert [row.body for row in sent(acme_client)] == [str(place) for place in range(10)]
    assert alerts(sandbox) == ["14109"]


def test_a_redirect_leads_to_another_document(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    first = "<Response><Message>One</Message><Redirect method='GET'>/next?step=2</Redirect>"
    program.on("/next", answer("Two"))
    url = program.on("/sms", f"{first}<Message>Never</Message></Response>")

    write(sandbox, texting_number(sandbox, url).phone_number, "Hello")

    assert [row.body for row in sent(acme_client)] == ["One", "Two"]
    told = program.at("/next")[0]
    assert (told.method, told.params["step"], told.params["Body"]) == ("GET", "2", "Hello")
    assert told.is_signed_with(sandbox.acme_token)


@pytest.mark.parametrize("verb", ["<Redirect {}>/next</Redirect>", "<Message {}>a</Message>"])
def test_only_get_and_post_are_methods(
    sandbox: SandboxProcess, program: Receiver, verb: str
) -> None:
    verb = verb.format('method="PATCH" action="/next"')
    url = program.on("/sms", f"<Response>{verb}</Response>")

    write(sandbox, texting_number(sandbox, url).phone_number, "Hello")
    sandbox.forward(minutes=1)

    assert program.at("/next")[0].method == "POST"
    assert alerts(sandbox) == ["12200"]


def test_redirects_in_a_circle_end(sandbox: SandboxProcess, program: Receiver) -> None:
    url = program.on("/sms", "<Response><Redirect>/sms</Redirect></Response>")
    number = texting_number(sandbox, url).phone_number

    write(sandbox, number, "Hello")
    sandbox.control("POST", "settle")

    assert len(program.received) == 10
    assert alerts(sandbox) == ["14106"]


def test_two_programs_that_answer_each_other_are_stopped(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    url = program.on("/sms", answer("And you?"))
    one, two = (texting_number(sandbox, url).phone_number for _ in range(2))

    acme_client.messages.create(to=two, from_=one, body="How are you?")
    for _ in range(40):
        sandbox.forward(seconds=5)

    failed = [row for row in sent(acme_client) if row.status == "failed"]
    assert [row.error_code for row in failed] == [14107]
    assert alerts(sandbox) == ["14107"]
    assert len(program.received) == 31


def test_a_reply_to_a_phone_that_refuses_is_an_alert(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = texting_number(sandbox, program.on("/sms", answer("Hello"))).phone_number
    behave(sandbox, texts="not-mobile")

    write(sandbox, number, "Hello")

    assert alerts(sandbox) == ["21614"]
    assert sent(acme_client) == []


def test_an_answer_that_comes_when_the_account_is_suspended_does_nothing(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    def suspend(received: Received) -> str:
        sandbox.suspend()
        return answer("Too late")

    write(sandbox, texting_number(sandbox, program.on("/sms", suspend)).phone_number, "Hello")
    sandbox.set_status("active")

    assert sent(acme_client) == []


def test_the_answer_to_a_message_that_was_deleted_does_nothing(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    def delete(received: Received) -> str:
        sandbox.client().messages(received.form["MessageSid"]).delete()
        return "no TwiML"

    write(sandbox, texting_number(sandbox, program.on("/sms", delete)).phone_number, "Hello")

    assert acme_client.messages.list() == []
    assert alerts(sandbox) == []


def test_a_text_and_the_conversation_after_it(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    # S4-21
    said: list[str] = []

    def remember(received: Received) -> str:
        said.append(received.form["Body"])
        return answer(f"{len(said)}: {said[0]}")

    number = texting_number(sandbox, program.on("/sms", remember)).phone_number
    for body in ("Anna", "Yes", "Tomorrow"):
        write(sandbox, number, body)

    assert [row.body for row in sent(acme_client)] == ["1: Anna", "2: Anna", "3: Anna"]
