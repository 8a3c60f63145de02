"""What is kept of calls: `<Record>`, `<Start>`, `<Stop>`, recorded dials (facts 6.2, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import (
    NUMBER,
    answering,
    call,
    last,
    lines,
    pass_time,
    shown,
    twiml,
)
from tests.twilio_sandbox.receiver import Receiver

PHONE = "+14155550177"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/recorded", twiml("<Say>Thank you</Say>"))
        yield receiver


def transcribed(program: Receiver) -> list[dict[str, str]]:
    """The callbacks of a transcription in their order; they may arrive in another one."""
    params = [each.params for each in program.at("/rt")]
    return sorted(params, key=lambda each: int(each["SequenceId"]))


@pytest.mark.parametrize(
    ("attributes", "script", "digits", "seconds"),
    [
        ("", [{"say": "one two three four five"}], None, 2),
        ('finishOnKey="*"', [{"press": "1"}, {"say": "Hello"}, {"press": "*"}], "*", 1),
        ("", [{"say": "Hello"}, {"press": "#"}], "#", 1),
        ('timeout="8"', [{"say": "Hello"}, {"wait": 6}, {"say": "again"}], None, 9),
        ('maxLength="4"', [{"say": "word " * 100}], None, 3),
        ('timeout="3" trim="do-not-trim"', [{"say": "Hello"}], None, 5),
        ("", [{"say": "Hello"}, {"hang_up": True}], "hangup", 1),
    ],
)
def test_what_the_person_says_is_recorded(
    sandbox: SandboxProcess,
    program: Receiver,
    attributes: str,
    script: list[dict[str, Any]],
    digits: str | None,
    seconds: int,
) -> None:
    answering(sandbox, program, twiml(f'<Record action="/recorded" {attributes}/>'))
    sid = call(sandbox, script=script)["sid"]
    pass_time(sandbox, minutes=5)

    (told,) = program.at("/recorded")
    assert told.params.get("Digits") == digits
    assert told.params["RecordingSid"].startswith("RE")
    assert told.params["RecordingUrl"].endswith(told.params["RecordingSid"])
    assert abs(int(told.params["RecordingDuration"]) - seconds) <= 1
    assert told.is_signed_with(sandbox.acme_token)
    assert lines(sandbox, sid)[0] == ("program", "play", "beep")
    assert (("program", "say", "Thank you") in lines(sandbox, sid)) is (digits != "hangup")


def test_when_nothing_is_said_the_next_verb_follows(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    record = '<Record action="/recorded" playBeep="false" timeout="2"/>'
    answering(sandbox, program, twiml(record, "<Say>Nothing</Say>"))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    assert program.at("/recorded") == []
    assert lines(sandbox, sid) == [("program", "say", "Nothing")]


def test_without_an_action_the_document_is_asked_again(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(
        sandbox,
        program,
        lambda received: twiml("<Hangup/>" if "RecordingSid" in received.params else "<Record/>"),
    )
    call(sandbox, script=[{"say": "Hello"}])
    pass_time(sandbox, minutes=1)

    assert len(program.at("/voice")) == 2


def test_callbacks_of_a_recording_and_its_text(sandbox: SandboxProcess, program: Receiver) -> None:
    record = (
        '<Record action="/recorded" transcribeCallback="/text" recordingStatusCallback="/status"'
        ' recordingStatusCallbackEvent="in-progress completed"/>'
    )
    answering(sandbox, program, twiml(record))
    call(sandbox, script=[{"say": "Please call me back"}])
    pass_time(sandbox, minutes=1)

    statuses = [each.params["RecordingStatus"] for each in program.at("/status")]
    assert statuses == ["in-progress", "completed"]
    assert last(program, "/text").params["TranscriptionText"] == "Please call me back"


def test_a_live_person_finishes_a_recording(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml('<Record action="/recorded"/>'))
    sid = call(sandbox, script=None)["sid"]
    pass_time(sandbox, seconds=60)

    assert shown(sandbox, sid)["waits_for"] == "record"
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Hello"})
    pass_time(sandbox, seconds=60)
    assert program.at("/recorded") == []
    sandbox.control("POST", f"calls/{sid}/silent?settle=1")
    assert len(program.at("/recorded")) == 1


def test_a_recording_and_a_transcription_go_on_beside_the_verbs(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    # S4-15, S4-16
    start = (
        '<Start><Recording recordingStatusCallback="/status" channels="dual"/>'
        '<Transcription name="call" statusCallbackUrl="/rt?n=1"/>'
        '<Stream url="wss://localhost/"/></Start>'
    )
    stop = '<Stop><Transcription name="call"/><Recording/></Stop>'
    gather = '<Gather input="speech" action="/voice2"><Say>How can I help?</Say></Gather>'
    answering(sandbox, program, twiml(start, gather))
    program.on("/voice2", twiml(stop, '<Pause length="60"/>'))
    call(sandbox, script=[{"say": "I want to book"}])
    pass_time(sandbox, seconds=40)

    assert [each["TranscriptionEvent"] for each in transcribed(program)] == [
        "transcription-started",
        "transcription-content",
        "transcription-content",
        "transcription-stopped",
    ]
    assert "I want to book" in transcribed(program)[2]["TranscriptionData"]
    assert last(program, "/status").params["RecordingChannels"] == "2"


def test_what_goes_on_ends_with_the_call(sandbox: SandboxProcess, program: Receiver) -> None:
    start = (
        '<Start><Recording recordingStatusCallback="/status"/>'
        '<Transcription statusCallbackUrl="/rt"/></Start>'
    )
    answering(sandbox, program, twiml(start, "<Say>Hello</Say>"))
    call(sandbox)
    pass_time(sandbox, minutes=1)

    assert last(program, "/status").params["RecordingStatus"] == "completed"
    assert transcribed(program)[-1]["TranscriptionEvent"] == "transcription-stopped"


@pytest.mark.parametrize(
    ("record", "channels"), [("record-from-answer", "1"), ("record-from-ringing-dual", "2")]
)
def test_a_dialled_conversation_is_recorded(
    sandbox: SandboxProcess, program: Receiver, record: str, channels: str
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"script": [{"say": "Hello"}, {"hang_up": True}]})
    dial = f'<Dial record="{record}" action="/recorded" recordingStatusCallback="/status">'
    answering(sandbox, program, twiml(f"{dial}{PHONE}</Dial>"))
    call(sandbox)
    pass_time(sandbox, minutes=1)

    told, status = last(program, "/recorded").params, last(program, "/status").params
    assert told["RecordingSid"] == status["RecordingSid"]
    assert (status["RecordingSource"], status["RecordingChannels"]) == ("DialVerb", channels)


def test_a_call_of_the_api_is_recorded_as_a_whole(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.add_numbers(numbers=[{"phone_number": NUMBER}])
    acme_client.calls.create(
        to=PHONE,
        from_=NUMBER,
        twiml=twiml("<Say>one two three four five six seven eight nine ten</Say>"),
        record=True,
        recording_channels="dual",
        recording_status_callback=program.url + "/status",
        recording_status_callback_event=["in-progress", "completed"],
        status_callback=program.url + "/call",
    )
    pass_time(sandbox, minutes=1)

    told = [each.params["RecordingStatus"] for each in program.at("/status")]
    assert told == ["in-progress", "completed"]
    over = last(program, "/call").params
    assert over["RecordingSid"] == last(program, "/status").params["RecordingSid"]
    assert over["RecordingDuration"] == "4"
