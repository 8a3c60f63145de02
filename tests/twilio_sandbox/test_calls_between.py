"""Calls from one number of the sandbox to another, with a program at each end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import NUMBER, answering, call, lines, pass_time, twiml
from tests.twilio_sandbox.receiver import Receiver

OTHER = "+16175550124"


@pytest.fixture
def program(sandbox: SandboxProcess) -> Iterator[Receiver]:
    """Acme has another number, to call from."""
    sandbox.add_numbers(numbers=[{"phone_number": OTHER}])
    with Receiver() as receiver:
        yield receiver


def made(client: Client, sandbox: SandboxProcess, *verbs: str) -> tuple[str, str]:
    """The SIDs of the two calls, the caller's first."""
    sid = client.calls.create(to=NUMBER, from_=OTHER, twiml=twiml(*verbs)).sid
    pass_time(sandbox, minutes=2)
    (other,) = (each.sid for each in client.calls.list() if each.direction == "inbound")
    return str(sid), str(other)


def test_two_programs_talk(sandbox: SandboxProcess, program: Receiver, acme_client: Client) -> None:
    # S3-36
    gather = '<Gather input="speech" action="/turn"><Say>Who is there?</Say></Gather>'
    answering(sandbox, program, twiml(gather))
    program.on("/turn", twiml("<Say>Welcome</Say>"))
    pause = '<Pause length="{}"/>'
    caller, called = made(
        acme_client, sandbox, pause.format(3), "<Say>It is me</Say>", pause.format(20)
    )

    assert program.at("/turn")[0].params["SpeechResult"] == "It is me"
    assert program.at("/voice")[0].params["From"] == OTHER
    assert lines(sandbox, called)[:2] == [
        ("program", "say", "Who is there?"),
        ("person", "speech", "It is me"),
    ]
    assert ("person", "speech", "Who is there?") in lines(sandbox, caller)
    statuses = {acme_client.calls(sid).fetch().status for sid in (caller, called)}
    assert statuses == {"completed"}


def test_keys_are_heard_at_the_other_end(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml('<Gather numDigits="2" action="/turn"/>'))
    made(acme_client, sandbox, '<Pause length="2"/>', '<Play digits="42"/>', "<Pause/>")

    assert program.at("/turn")[0].params["Digits"] == "42"


@pytest.mark.parametrize(
    ("verb", "status"), [("<Reject/>", "no-answer"), ('<Reject reason="busy"/>', "busy")]
)
def test_a_rejection_is_what_the_caller_gets(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client, verb: str, status: str
) -> None:
    answering(sandbox, program, twiml(verb))
    caller, called = made(acme_client, sandbox, "<Say>Hello?</Say>")

    assert {acme_client.calls(sid).fetch().status for sid in (caller, called)} == {status}


def test_a_number_that_takes_no_calls(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml("<Hangup/>"), trunk_sid="TK" + "1" * 32)
    sid = acme_client.calls.create(to=NUMBER, from_=OTHER, twiml=twiml()).sid
    pass_time(sandbox, minutes=2)

    assert acme_client.calls(str(sid)).fetch().status == "failed"


def test_a_phone_can_stand_for_the_number(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml("<Hangup/>"))
    sandbox.control("POST", f"phones/{NUMBER}", {"calls": "busy"})
    sid = acme_client.calls.create(to=NUMBER, from_=OTHER, twiml=twiml()).sid
    pass_time(sandbox, minutes=2)

    assert acme_client.calls(str(sid)).fetch().status == "busy"
    assert program.received == []


def test_numbers_that_dial_themselves_come_to_an_end(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml(f"<Dial>{NUMBER}</Dial>"))
    call(sandbox)
    pass_time(sandbox, minutes=5)

    assert 5 < len(acme_client.calls.list()) < 15
    assert {each.status for each in acme_client.calls.list()} <= {"completed", "failed"}
