"""Calls that come in: the program that is asked, and what becomes of the call (facts 5.5, 6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox.callers import CALLER, NUMBER, answering, call, last, lines, shown, twiml
from tests.sandbox.receiver import Receiver
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def test_a_call_follows_what_its_program_says(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(
        sandbox,
        program,
        twiml(
            '<Gather input="speech dtmf" action="/turn" timeout="5">',
            "<Say>Hello, how can I help?</Say></Gather>",
        ),
        status_callback=program.on("/status", ""),
    )
    program.on("/turn", twiml("<Say>Goodbye</Say>", "<Hangup/>"))

    made = call(sandbox, script=[{"say": "I want to book a table"}])
    sandbox.forward(minutes=1)

    first, turn, status = program.received
    assert first.params["CallStatus"] == "ringing"
    assert first.params["From"] == first.params["Caller"] == CALLER
    assert (first.params["To"], first.params["Direction"]) == (NUMBER, "inbound")
    assert (first.params["ToCity"], first.params["CallerState"]) == ("BOSTON", "CA")
    assert first.params["StirVerstat"] == "TN-Validation-Passed-A"
    assert turn.params["SpeechResult"] == "I want to book a table"
    assert 0 < float(turn.params["Confidence"]) <= 1
    assert turn.params["CallStatus"] == "in-progress"
    assert status.params["CallStatus"] == "completed"
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.received)
    assert lines(sandbox, made["sid"]) == [
        ("program", "say", "Hello, how can I help?"),
        ("person", "speech", "I want to book a table"),
        ("program", "say", "Goodbye"),
    ]
    fetched = acme_client.calls(made["sid"]).fetch()
    assert (fetched.status, fetched.direction) == ("completed", "inbound")
    assert fetched.duration == status.params["CallDuration"]
    assert int(fetched.duration) > 5
    assert float(fetched.price) < 0
    assert last(program, "/status").params["Duration"] == "1"
    assert shown(sandbox, made["sid"])["waits_for"] is None
