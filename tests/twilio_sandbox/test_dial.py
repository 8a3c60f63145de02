"""`<Dial>`: other phones, their calls, and what the caller's program is told (facts 6.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import (
    CALLER,
    NUMBER,
    answering,
    call,
    lines,
    pass_time,
    shown,
    twiml,
)
from tests.twilio_sandbox.receiver import Receiver

PHONE, OTHER = "+14155550177", "+14155550166"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/dialled", twiml("<Say>Welcome back</Say>"))
        yield receiver


def test_two_people_talk(sandbox: SandboxProcess, program: Receiver, acme_client: Client) -> None:
    sandbox.control(
        "POST", f"phones/{PHONE}", {"script": [{"say": "This is Jane"}, {"hang_up": True}]}
    )
    events = "initiated ringing answered completed"
    number = f'<Number statusCallback="/leg" statusCallbackEvent="{events}">(415) 555-0177</Number>'
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{number}</Dial>'))
    sid = call(sandbox, script=[{"wait": 3}, {"say": "Hello Jane"}])["sid"]
    pass_time(sandbox, minutes=2)

    (leg,) = acme_client.calls.list(parent_call_sid=sid)
    assert (leg.direction, leg.status, leg._from, leg.to) == (
        "outbound-dial",
        "completed",
        CALLER,
        PHONE,
    )
    told = program.at("/leg")
    assert [each.params["CallStatus"] for each in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert {each.params["ParentCallSid"] for each in told} == {sid}
    (back,) = program.at("/dialled")
    assert (back.params["DialCallStatus"], back.params["DialBridged"]) == ("completed", "true")
    assert (back.params["DialCallSid"], back.params["DialCallDuration"]) == (leg.sid, leg.duration)
    assert lines(sandbox, sid) == [
        ("program", "speech", "This is Jane"),
        ("program", "say", "Welcome back"),
    ]
    assert lines(sandbox, str(leg.sid)) == [("person", "speech", "This is Jane")]
    parent = acme_client.calls(sid).fetch()
    assert parent.end_time >= leg.end_time


@pytest.mark.parametrize("behavior", ["busy", "no-answer", "failed"])
def test_nobody_answers(sandbox: SandboxProcess, program: Receiver, behavior: str) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": behavior})
    answering(sandbox, program, twiml(f'<Dial action="/dialled" timeout="10">{PHONE}</Dial>'))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=2)

    (back,) = program.at("/dialled")
    assert (back.params["DialCallStatus"], back.params["DialBridged"]) == (behavior, "false")
    assert "DialCallDuration" not in back.params
    assert shown(sandbox, sid)["status"] == "completed"


def test_who_hears_only_what_is_for_them_was_not_connected(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    program.on("/whisper", twiml("<Hangup/>"))
    number = f'<Number url="/whisper">{PHONE}</Number>'
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{number}</Dial>'))
    call(sandbox)
    pass_time(sandbox, minutes=2)

    (back,) = program.at("/dialled")
    assert (back.params["DialCallStatus"], back.params["DialBridged"]) == ("completed", "false")


def test_without_an_action_the_next_verb_follows(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": "busy"})
    answering(sandbox, program, twiml(f"<Dial>{PHONE}</Dial>", "<Say>They are busy</Say>"))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=2)

    assert lines(sandbox, sid) == [("program", "say", "They are busy")]


def test_the_first_phone_that_answers_gets_the_call(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"ring_seconds": 8, "hang_up_after": 5})
    sandbox.control("POST", f"phones/{OTHER}", {"ring_seconds": 3, "hang_up_after": 5})
    numbers = f"<Number>{PHONE}</Number><Number>{OTHER}</Number>"
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{numbers}</Dial>'))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=2)

    legs = {leg.to: leg.status for leg in acme_client.calls.list(parent_call_sid=sid)}
    assert legs == {PHONE: "canceled", OTHER: "completed"}
    assert len(program.at("/dialled")) == 1


def test_a_busy_phone_does_not_stop_the_others(sandbox: SandboxProcess, program: Receiver) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": "busy"})
    sandbox.control("POST", f"phones/{OTHER}", {"ring_seconds": 8, "hang_up_after": 5})
    numbers = f"<Number>{PHONE}</Number><Number>{OTHER}</Number>"
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{numbers}</Dial>'))
    call(sandbox)
    pass_time(sandbox, minutes=2)

    (back,) = program.at("/dialled")
    assert back.params["DialCallStatus"] == "completed"


def test_a_call_can_ring_until_the_bridge(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"hang_up_after": 30})
    answering(sandbox, program, twiml(f'<Dial answerOnBridge="true">{PHONE}</Dial>'))
    sid = call(sandbox)["sid"]

    pass_time(sandbox, seconds=3)
    assert acme_client.calls(sid).fetch().status == "ringing"
    pass_time(sandbox, seconds=10)
    assert acme_client.calls(sid).fetch().status == "in-progress"
    pass_time(sandbox, minutes=1)
    assert acme_client.calls(sid).fetch().duration == "30"


def test_when_the_caller_leaves_the_other_one_is_alone(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{PHONE}</Dial>'))
    sid = call(sandbox, hang_up_after=30)["sid"]
    pass_time(sandbox, minutes=2)

    (leg,) = acme_client.calls.list(parent_call_sid=sid)
    assert leg.status == "completed"
    assert program.at("/dialled")[0].params["DialCallStatus"] == "completed"
    assert lines(sandbox, sid) == []  # what the program answers comes too late


def test_what_only_the_dialled_phone_hears(sandbox: SandboxProcess, program: Receiver) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"script": [{"say": "Hi"}, {"hang_up": True}]})
    program.on("/whisper", twiml("<Say>A call for sales</Say>"))
    answering(sandbox, program, twiml(f'<Dial><Number url="/whisper">{PHONE}</Number></Dial>'))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=2)

    (asked,) = program.at("/whisper")
    leg = asked.params["CallSid"]
    assert lines(sandbox, leg) == [
        ("program", "say", "A call for sales"),
        ("person", "speech", "Hi"),
    ]
    assert lines(sandbox, sid) == [("program", "speech", "Hi")]


@pytest.mark.parametrize(
    ("dial", "code"),
    [
        (f'<Dial callerId="+14155550000" action="/dialled">{PHONE}</Dial>', 13214),
        ('<Dial action="/dialled">nobody</Dial>', 13223),
    ],
)
def test_what_cannot_be_dialled_fails(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client, dial: str, code: int
) -> None:
    answering(sandbox, program, twiml(dial))
    call(sandbox)
    pass_time(sandbox, minutes=1)

    assert program.at("/dialled")[0].params["DialCallStatus"] == "failed"
    assert [int(alert.error_code) for alert in acme_client.monitor.v1.alerts.list()] == [code]


def test_a_caller_can_be_led_away_from_the_leg(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml(f'<Dial action="/dialled">{PHONE}</Dial>'))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, seconds=20)

    acme_client.calls(sid).update(twiml=twiml("<Say>Only you</Say>"))
    pass_time(sandbox, minutes=1)

    (leg,) = acme_client.calls.list(parent_call_sid=sid)
    assert leg.status == "completed"
    assert lines(sandbox, sid) == [("program", "say", "Only you")]
    assert program.at("/dialled") == []


def test_a_leg_can_be_led_away_from_the_caller(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(
        sandbox, program, twiml(f'<Dial action="/dialled" callerId="{NUMBER}">{PHONE}</Dial>')
    )
    sid = call(sandbox)["sid"]
    pass_time(sandbox, seconds=20)
    (leg,) = acme_client.calls.list(parent_call_sid=sid)
    assert leg._from == NUMBER

    acme_client.calls(str(leg.sid)).update(twiml=twiml("<Say>Only you</Say>"))
    pass_time(sandbox, minutes=1)

    assert lines(sandbox, str(leg.sid)) == [("program", "say", "Only you")]
    assert program.at("/dialled")[0].params["DialCallStatus"] == "completed"
    assert lines(sandbox, sid) == [("program", "say", "Welcome back")]


def test_a_star_of_the_caller_ends_the_connection(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(
        sandbox, program, twiml(f'<Dial hangupOnStar="true" action="/dialled">{PHONE}</Dial>')
    )
    sid = call(sandbox, script=[{"press": "*"}])["sid"]
    pass_time(sandbox, minutes=1)

    assert program.at("/dialled")[0].params["DialCallStatus"] == "completed"
    assert lines(sandbox, sid)[-1] == ("program", "say", "Welcome back")
