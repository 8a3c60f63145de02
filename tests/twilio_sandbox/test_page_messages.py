"""Texts in the rehearsal room: a made-up phone, its conversation, what becomes of a message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

PHONE = "+12025550123"
ANSWER = "<Response><Message>We are open until six.</Message></Response>"
HOSTILE = "</div><script>alert('x')</script> &amp; \"quoted\""


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/sms", ANSWER)
        yield receiver


@pytest.fixture
def number(acme_client: Client, program: Receiver) -> str:
    """A number of Acme whose texts go to the program."""
    found = acme_client.incoming_phone_numbers.list(limit=1)[0]
    found.update(sms_url=f"{program.url}/sms")
    return str(found.phone_number)


def say(visitor: Visitor, number: str, body: str, **more: str) -> None:
    """From the page of all texts, as the phone."""
    visitor.open("room/messages")
    visitor.submit("write", typed={"from": PHONE, "to": number, "body": body, **more})


def test_a_text_reaches_the_program_and_its_answer_the_phone(
    visitor: Visitor, program: Receiver, number: str
) -> None:
    say(visitor, number, "Are you open?")

    assert program.received[0].form["Body"] == "Are you open?"
    assert visitor.path == f"/_sandbox/room/phones/{PHONE}"
    text = visitor.page.text
    assert text.index("The phone: Are you open?") < text.index("We are open until six.")


def test_the_phone_writes_on_to_the_number_it_wrote_to(
    visitor: Visitor, program: Receiver, number: str
) -> None:
    say(visitor, number, "Are you open?")

    visitor.submit("write", body="And on Sunday?")

    assert [each.form["Body"] for each in program.at("/sms")] == ["Are you open?", "And on Sunday?"]


def test_stop_is_answered_after_it_and_kept(visitor: Visitor, number: str) -> None:
    say(visitor, number, "STOP")

    text = visitor.page.text
    assert text.index("The phone: STOP") < text.index("You have successfully been unsubscribed")
    assert "answered by Twilio itself" in text
    assert "It takes texts from everybody." not in text
    visitor.submit("write", body="START")
    assert "It takes texts from everybody." in visitor.page.text


def test_a_picture_is_shown_and_is_no_request_of_a_program(
    sandbox: SandboxProcess, visitor: Visitor, number: str
) -> None:
    say(visitor, number, "Look", media="image/png")
    sandbox.clear_requests()

    address = visitor.html.partition('<img src="')[2].partition('"')[0]
    picture = visitor.session.get(f"{visitor.base}{address}", timeout=5)

    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert sandbox.requests() == []
    assert visitor.open(f"{address}0").headings == ["Not here"]


def test_a_text_is_shown_as_text(visitor: Visitor, number: str) -> None:
    say(visitor, number, HOSTILE)

    for path in (visitor.path, "room/messages"):
        visitor.open(path)
        assert "<script>alert" not in visitor.html
        assert HOSTILE in visitor.page.texts


def test_a_text_that_does_not_arrive_says_why(
    sandbox: SandboxProcess, visitor: Visitor, number: str
) -> None:
    sandbox.suspend()

    say(visitor, number, "Hello?")

    assert visitor.told("It did not arrive: the account is suspended.")


@pytest.mark.parametrize("to", ["+19995550100", "nobody"])
def test_a_text_to_no_number_of_an_account_is_refused_and_kept(visitor: Visitor, to: str) -> None:
    say(visitor, to, "Anybody there?")

    assert visitor.status in (400, 404)
    fields = visitor.form("write").fields
    assert (fields["to"], fields["body"]) == (to, "Anybody there?")


def test_a_phone_that_takes_no_texts(
    visitor: Visitor, acme_client: Client, sandbox: SandboxProcess, number: str
) -> None:
    visitor.open(f"room/phones/{PHONE}")
    assert "Nothing was written yet" in visitor.page.text
    visitor.submit("behave", texts="landline")

    message = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    sandbox.forward(minutes=5)

    assert message.fetch().error_code == 30006
    visitor.open(f"room/messages/{message.sid}")
    assert "undelivered 30006" in visitor.page.text


def test_what_becomes_of_a_message_is_decided(
    visitor: Visitor, acme_client: Client, number: str
) -> None:
    message = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    visitor.open(f"room/messages/{message.sid}")

    visitor.submit("status", status="undelivered", error_code="many")
    refused = visitor.status, visitor.form("status").fields["error_code"]
    visitor.submit("status", status="undelivered", error_code="30005")

    assert refused == (400, "many")
    found = message.fetch()
    assert (found.status, found.error_code) == ("undelivered", 30005)


def test_messages_are_found(visitor: Visitor, number: str) -> None:
    say(visitor, number, "Where is my parcel?")

    for wanted in ("parcel", "555-0123"):
        assert "Where is my parcel?" in visitor.open(f"room/messages?q={wanted}").text
    assert "No messages" in visitor.open("room/messages?q=nothing+of+it").text


def test_a_number_of_an_account_is_no_made_up_phone(visitor: Visitor, number: str) -> None:
    visitor.open(f"room/phones/{number}")

    assert visitor.status == 404
    assert "is a number of an account" in visitor.page.text


def test_the_page_of_a_number_leads_to_a_text_to_it(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, number: str
) -> None:
    sid = acme_client.incoming_phone_numbers.list(phone_number=number)[0].sid
    links = visitor.open(f"room/accounts/{sandbox.acme_sid}/numbers/{sid}").links

    visitor.open(next(link for link in links if "room/messages?to=" in link))

    assert visitor.form("write").fields["to"] == number
