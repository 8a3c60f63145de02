"""Calls in the rehearsal room: placed by a made-up phone, held by a person, listed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import CALLER, NUMBER, answering, call, lines, pass_time, twiml
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

ASK = twiml('<Gather input="speech dtmf" action="/turn" timeout="5" numDigits="1">',
            "<Say>How can I help?</Say></Gather>")  # fmt: skip


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def program(sandbox: SandboxProcess) -> Iterator[Receiver]:
    """Asks whoever calls `NUMBER` how it can help, and asks on."""
    with Receiver() as receiver:
        answering(sandbox, receiver, ASK)
        receiver.on("/turn", ASK)
        yield receiver


def place(visitor: Visitor, **typed: str) -> str:
    """A call from the page of calls; returns its SID."""
    visitor.open("room/calls")
    visitor.submit("call", typed={"from": CALLER, "to": NUMBER, **typed})
    return visitor.path.rpartition("/")[2]


# Placing a call


def test_there_is_no_call_at_first(visitor: Visitor) -> None:
    assert "No calls yet" in visitor.open("room/calls").text


@pytest.mark.usefixtures("program")
def test_a_person_calls_and_holds_the_conversation(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    sid = place(visitor)
    heard = [visitor.page.text]
    for do, typed in (
        ("say", {"text": "A table, please"}),
        ("press", {"digits": "4"}),
        ("hang-up", {}),
    ):
        visitor.submit(do, typed=typed)
        heard.append(visitor.page.text)

    assert "The program says: How can I help?" in heard[0]
    assert "The person says: A table, please" in heard[1]
    assert "The person presses: 4" in heard[2]
    assert "The call is over: completed" in heard[3]
    kinds = [line[:2] for line in lines(sandbox, sid) if line[0] == "person"]
    assert kinds == [("person", "speech"), ("person", "digits")]


def test_what_was_said_and_pressed_reaches_the_program(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    place(visitor)

    visitor.submit("say", text="A table, please")
    sandbox.forward(seconds=10)  # until all of it is said
    visitor.submit("press", button="4")

    said, pressed = program.at("/turn")
    assert said.params["SpeechResult"] == "A table, please"
    assert pressed.params["Digits"] == "4"


def test_a_person_who_says_nothing_uses_up_the_patience(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    program.on("/voice", twiml("<Gather><Say>Well?</Say></Gather>", "<Say>Goodbye</Say>"))
    sid = place(visitor)

    visitor.submit("silent")

    assert ("program", "say", "Goodbye") in lines(sandbox, sid)


@pytest.mark.usefixtures("program")
def test_a_script_speaks_line_by_line(sandbox: SandboxProcess, visitor: Visitor) -> None:
    script = "say I want to book\n\n  press 4\nwait 2\nHang up\n"

    sid = place(visitor, who="scripted", script=script)
    asked = sandbox.control("GET", f"calls/{sid}")["script"]
    sandbox.forward(minutes=2)

    assert asked == [{"say": "I want to book"}, {"press": "4"}, {"wait": 2}, {"hang_up": True}]
    spoken = [text for side, _, text in lines(sandbox, sid) if side == "person"]
    assert spoken == ["I want to book", "4"]
    assert "The call is over: completed" in visitor.open(f"room/calls/{sid}").text


@pytest.mark.parametrize("line", ["shout hello", "press", "wait long", "press hello"])
@pytest.mark.usefixtures("program")
def test_a_line_that_is_none_is_named_and_kept(visitor: Visitor, line: str) -> None:
    place(visitor, who="scripted", script=f"say hello\n{line}")

    assert visitor.status == 400
    assert visitor.form("call").fields["script"] == f"say hello\n{line}"
    assert visitor.form("call").fields["who"] == "scripted"
    assert visitor.form("call").fields["to"] == NUMBER


@pytest.mark.usefixtures("program")
def test_more_about_the_caller_reaches_the_program(visitor: Visitor, program: Receiver) -> None:
    place(visitor, forwarded_from="+14155550177", hang_up_after="30")

    assert program.received[0].params["ForwardedFrom"] == "+14155550177"


@pytest.mark.usefixtures("program")
def test_a_call_that_does_not_get_through_says_why(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    sandbox.suspend()

    place(visitor)

    assert visitor.told("It did not get through: the account is suspended.")


def test_a_call_to_no_number_of_an_account_is_refused(visitor: Visitor) -> None:
    place(visitor)

    assert visitor.status == 404
    assert visitor.form("call").fields["from"] == CALLER


# The page of a call


def test_the_page_shows_what_the_program_answered(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    made = call(sandbox, script=None)

    page = visitor.open(f"room/calls/{made['sid']}")

    assert page.headings == ["(415) 555-0199 to (617) 555-0123"]
    assert f"POST {program.url}/voice" in page.text
    assert "<Say>How can I help?</Say>" in page.text
    assert "The program speaks, and listens already." in page.text


@pytest.mark.usefixtures("program")
def test_nobody_speaks_in_a_call_that_is_over(sandbox: SandboxProcess, visitor: Visitor) -> None:
    sid = place(visitor)
    sandbox.control("POST", f"calls/{sid}/hang-up")

    visitor.submit("say", text="Hello?")

    assert visitor.status == 409
    assert "You are on the phone" not in visitor.open(f"room/calls/{sid}").text


def test_what_is_said_is_shown_as_text(sandbox: SandboxProcess, visitor: Visitor) -> None:
    with Receiver() as program:
        answering(sandbox, program, twiml("<Gather><Say>Hello</Say></Gather>"))
        place(visitor)

        visitor.submit("say", text="<script>alert('x')</script>")

    assert "<script>alert" not in visitor.html
    assert visitor.told("<script>alert('x')</script>")


def test_a_call_that_is_not_there(visitor: Visitor) -> None:
    assert visitor.open("room/calls/CA1").headings == ["Not here"]


# Calls to a phone


def make(client: Client, url: str) -> str:
    """A call of Acme's to the phone."""
    number = client.incoming_phone_numbers.list(limit=1)[0].phone_number
    return str(client.calls.create(to=CALLER, from_=number, url=url).sid)


def test_a_phone_takes_calls_as_it_is_told(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, program: Receiver
) -> None:
    visitor.open(f"room/phones/{CALLER}")
    visitor.submit("take-calls", calls="busy")
    assert visitor.form("take-calls").fields["calls"] == "busy"

    sid = make(acme_client, f"{program.url}/voice")
    sandbox.forward(seconds=30)

    assert acme_client.calls(sid).fetch().status == "busy"
    assert "The call is over: busy." in visitor.open(f"room/calls/{sid}").text
    assert f"/_sandbox/room/calls/{sid}" in visitor.open(f"room/phones/{CALLER}").links


def test_who_answers_follows_the_script_of_the_phone(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, program: Receiver
) -> None:
    visitor.open(f"room/phones/{CALLER}")
    script = "say Who is it?\nwait 2.5\nhang up"
    visitor.submit("take-calls", who="scripted", script=script, ring_seconds="2")
    assert visitor.form("take-calls").fields["script"] == script

    sid = make(acme_client, f"{program.url}/voice")
    sandbox.forward(minutes=1)

    assert ("person", "speech", "Who is it?") in lines(sandbox, sid)
    assert "The call is over: completed" in visitor.open(f"room/calls/{sid}").text


def test_a_phone_that_only_rings_says_nothing(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, program: Receiver
) -> None:
    sid = make(acme_client, f"{program.url}/voice")
    sandbox.forward(seconds=2)

    ringing = visitor.open(f"room/calls/{sid}").text
    sandbox.forward(seconds=20)
    answered = visitor.open(f"room/calls/{sid}").text

    assert "The phone is being called: ringing." in ringing
    assert "You are on the phone" not in ringing
    assert "You are on the phone" in answered


def test_a_time_that_is_none_is_refused_and_kept(visitor: Visitor) -> None:
    visitor.open(f"room/phones/{CALLER}")

    visitor.submit("take-calls", calls="busy", ring_seconds="soon")

    assert visitor.status == 400
    fields = visitor.form("take-calls").fields
    assert (fields["ring_seconds"], fields["calls"]) == ("soon", "busy")


def test_a_call_leads_to_the_other_phones_it_rings_at(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    program.on("/voice", twiml("<Dial>+14155550142</Dial>"))
    sid = place(visitor)
    assert "Another phone rings." in visitor.page.text
    sandbox.forward(seconds=10)
    leg = next(c["sid"] for c in sandbox.control("GET", "calls")["calls"] if c["sid"] != sid)

    page = visitor.open(f"room/calls/{sid}")

    assert f"/_sandbox/room/calls/{leg}" in page.links
    assert "Both hear each other." in page.text
    assert f"/_sandbox/room/calls/{sid}" in visitor.open(f"room/calls/{leg}").links
    visitor.submit("say", text="Reception")
    assert "The other phone says: Reception" in visitor.open(f"room/calls/{sid}").text


def test_nobody_is_on_the_phone_between_two_numbers(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, program: Receiver
) -> None:
    number = acme_client.incoming_phone_numbers.list(limit=2)[1].phone_number
    made = acme_client.calls.create(to=NUMBER, from_=number, url=f"{program.url}/voice")
    pass_time(sandbox, seconds=3)
    other = next(c["sid"] for c in sandbox.control("GET", "calls")["calls"] if c["sid"] != made.sid)

    for sid, end in ((made.sid, other), (other, made.sid)):
        page = visitor.open(f"room/calls/{sid}")
        assert "You are on the phone" not in page.text
        assert f"/_sandbox/room/calls/{end}" in page.links


# The list


@pytest.mark.usefixtures("program")
def test_calls_are_listed_and_found(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    over = call(sandbox, **{"from": "+14155550111"})["sid"]
    sandbox.control("POST", f"calls/{over}/hang-up")
    goes_on = call(sandbox, script=None)["sid"]

    def listed(query: str) -> list[bool]:
        links = visitor.open(f"room/calls{query}").links
        return [f"/_sandbox/room/calls/{sid}" in links for sid in (over, goes_on)]

    assert listed("") == [True, True]
    assert listed("?state=running") == [False, True]
    assert listed("?state=over") == [True, False]
    assert listed("?q=(415)+555-0111") == [True, False]
    assert listed(f"?q={goes_on}") == [False, True]
    assert listed("?q=nothing") == [False, False]
    assert "No call matches" in visitor.page.text
