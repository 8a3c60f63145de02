"""What is kept of a call, in the rehearsal room: recordings, their texts, what was heard live."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import NUMBER, answering, call, pass_time, twiml
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.visitor import Visitor
from twilio_sandbox.voice.rows import LiveTranscription, Recording, Transcription
from twilio_sandbox.webhooks.rows import Webhook

pytestmark = pytest.mark.process

RECORDING, LIVE = "RE" + "1" * 32, "GT" + "1" * 32


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def made(sandbox: SandboxProcess) -> str:
    """The SID of a call."""
    sandbox.add_numbers(numbers=[{"phone_number": NUMBER}])
    return str(call(sandbox)["sid"])


def keep(sandbox: SandboxProcess, **rows: Any) -> None:
    """Put a row of each kind into the world, by the names of its tables."""
    world = sandbox.control("GET", "world")
    for kind, row in rows.items():
        world["sequence"] += 1
        world["tables"][kind].append(list(asdict(row).values()))
    sandbox.control("POST", "world", world)


def recording(sandbox: SandboxProcess, made: str, status: str = "completed") -> Recording:
    return Recording(
        RECORDING, sandbox.acme_sid, 900, 0.0, 0.0, call_sid=made, source="RecordVerb",
        channels=2, track="both", status=status, start=0.0, duration=12,
    )  # fmt: skip


def content(sandbox: SandboxProcess, made: str, words: str) -> Webhook:
    """What a program is told of live transcription."""
    data = json.dumps({"transcript": words, "confidence": 0.95})
    form = {"TranscriptionSid": LIVE, "Track": "inbound_track", "Final": "true",
            "TranscriptionData": data}  # fmt: skip
    return Webhook(
        "WH" + "1" * 32, sandbox.acme_sid, 903, 0.0, 0.0, kind="transcription.content",
        method="POST", url="http://127.0.0.1:9/", fallback_method="POST", fallback_url=None,
        form=[[name, text] for name, text in form.items()], json=None,
        signer_sid=sandbox.acme_sid, idempotency_token="0" * 32, subject_sid=made, then=None,
        args={}, state="delivered",
    )  # fmt: skip


def test_recordings_are_listed_with_their_texts(
    sandbox: SandboxProcess, visitor: Visitor, made: str
) -> None:
    text = Transcription(
        "TR" + "1" * 32, sandbox.acme_sid, 901, 0.0, 0.0, call_sid=made,
        recording_sid=RECORDING, status="completed", text="Please <call> back", duration=12,
    )  # fmt: skip
    keep(sandbox, recordings=recording(sandbox, made), transcriptions=text)

    page = visitor.open(f"room/calls/{made}")

    assert "RecordVerb both apart completed 12 s" in page.text
    assert "Please <call> back" in page.text


def test_what_is_not_ready_cannot_be_heard(
    sandbox: SandboxProcess, visitor: Visitor, made: str
) -> None:
    keep(sandbox, recordings=recording(sandbox, made, "processing"))

    visitor.open(f"room/calls/{made}")

    assert "both apart processing" in visitor.page.text
    assert "<audio" not in visitor.html
    for unheard in (RECORDING, "RE1"):
        assert visitor.open(f"room/recordings/{unheard}").headings == ["Not here"]


def test_a_deleted_recording_is_not_listed(
    sandbox: SandboxProcess, visitor: Visitor, made: str
) -> None:
    keep(sandbox, recordings=recording(sandbox, made, "deleted"))

    assert "Recordings" not in visitor.open(f"room/calls/{made}").text


def test_what_was_transcribed_live_is_read_line_by_line(
    sandbox: SandboxProcess, visitor: Visitor, made: str
) -> None:
    live = LiveTranscription(
        LIVE, sandbox.acme_sid, 902, 0.0, 0.0, call_sid=made, name="minutes",
        status="in-progress", settings={},
    )  # fmt: skip
    told = content(sandbox, made, "I want <b>four</b> seats")
    keep(sandbox, live_transcriptions=live, webhooks=told)

    text = visitor.open(f"room/calls/{made}").text

    assert "minutes in-progress" in text
    assert "The person: I want <b>four</b> seats" in text


def test_a_call_that_is_recorded_and_transcribed_as_it_goes(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    with Receiver() as program:
        start = (
            '<Start><Recording/><Transcription name="minutes" statusCallbackUrl="/live"/></Start>'
        )
        gather = '<Gather input="speech"><Say>How can I help?</Say></Gather>'
        answering(sandbox, program, twiml(start, gather))
        sid = call(sandbox, script=[{"say": "Four seats, please"}])["sid"]
        pass_time(sandbox, seconds=20)

        text = visitor.open(f"room/calls/{sid}").text

    assert "minutes" in text
    assert "The program: How can I help?" in text
    assert "The person: Four seats, please" in text
    assert "StartCallRecordingTwiML" in text


def test_a_recording_is_played_and_downloaded(sandbox: SandboxProcess, visitor: Visitor) -> None:
    with Receiver() as program:
        answering(sandbox, program, twiml("<Start><Recording/></Start>", "<Say>Goodbye</Say>"))
        sid = call(sandbox)["sid"]
        pass_time(sandbox, seconds=20)
    sandbox.clear_requests()

    page = visitor.open(f"room/calls/{sid}")
    address = visitor.html.partition('<audio src="')[2].partition('"')[0]
    sound = visitor.session.get(f"{visitor.base}{address}", timeout=5)

    assert address in page.links
    assert sound.headers["Content-Type"] == "audio/x-wav"
    assert sound.content.startswith(b"RIFF")
    assert sandbox.requests() == []
