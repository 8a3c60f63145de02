"""Transcriptions, of recordings and while people speak (twilio-facts 6.2, 6.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import answering, call, codes, last, pass_time, twiml
from tests.twilio_sandbox.receiver import Receiver, Reply
from tests.twilio_sandbox.refusals import refusal

TRANSCRIBE = '<Start><Transcription statusCallbackUrl="/rt" {0}/></Start>'
ASK = '<Gather input="speech" action="/said"><Say>How can I help?</Say></Gather>'
COMMON = {"AccountSid", "CallSid", "TranscriptionSid", "Timestamp", "SequenceId"}


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/said", twiml("<Hangup/>"))
        yield receiver


def told(program: Receiver) -> list[dict[str, str]]:
    """The callbacks of a live transcription in their order; they may arrive in another one."""
    return sorted((each.params for each in program.at("/rt")), key=lambda p: int(p["SequenceId"]))


def words(program: Receiver, **having: str) -> list[str]:
    """What was understood, of the callbacks with these parameters."""
    return [
        json.loads(each["TranscriptionData"])["transcript"]
        for each in told(program)
        if "TranscriptionData" in each and having.items() <= each.items()
    ]


# Of recordings


def record(sandbox: SandboxProcess, program: Receiver, *script: dict[str, Any]) -> None:
    """A call whose `<Record>` is transcribed, and that is over."""
    verb = '<Record action="/said" transcribe="true" transcribeCallback="/text"/>'
    answering(sandbox, program, twiml("<Say>Please leave a message</Say>", verb))
    call(sandbox, script=list(script))
    pass_time(sandbox, minutes=10)


def test_what_the_person_says_is_written_down(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    record(sandbox, program, {"say": "Please call me"}, {"wait": 2}, {"say": "before noon"})

    (written,) = acme_client.transcriptions.list()

    text = "Please call me before noon"
    assert (written.status, written.transcription_text, written.type) == ("completed", text, "fast")
    assert (str(written.price), written.duration) == ("-0.05000", "5")
    callback = last(program, "/text")
    assert callback.is_signed_with(sandbox.acme_token)
    assert callback.params["TranscriptionText"] == text
    assert callback.params["TranscriptionStatus"] == "completed"
    assert callback.params["TranscriptionSid"] == written.sid
    assert callback.params["RecordingSid"] == written.recording_sid
    assert callback.params["TranscriptionUrl"].endswith(str(written.uri).removesuffix(".json"))
    assert callback.params["RecordingUrl"].endswith(str(written.recording_sid))
    address = f"{sandbox.url}/api{written.uri}".replace(".json", ".txt")
    auth = (sandbox.acme_sid, sandbox.acme_token)
    assert requests.get(address, auth=auth, timeout=5).text == text
    (used,) = acme_client.usage.records.list(category="transcriptions")
    assert (used.count, used.usage, str(used.price)) == ("1", "1", "0.05")


def test_more_than_two_minutes_are_not_written_down(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    record(sandbox, program, {"say": "word " * 400})

    (written,) = acme_client.transcriptions.list()

    assert (written.status, written.transcription_text) == ("failed", "(blank)")
    assert last(program, "/text").params["TranscriptionStatus"] == "failed"
    assert acme_client.usage.records.list(category="transcriptions")[0].count == "0"


def test_a_transcription_belongs_to_its_recording(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    record(sandbox, program, {"say": "Hello"})
    call(sandbox, script=[{"say": "Hello again"}])
    pass_time(sandbox, minutes=10)

    second, first = acme_client.transcriptions.list()

    of_first = acme_client.recordings(str(first.recording_sid)).transcriptions
    assert [each.sid for each in of_first.list()] == [first.sid]
    assert of_first(str(first.sid)).fetch().transcription_text == "Hello"
    assert refusal(of_first(str(second.sid)).fetch) == (404, 20404)
    assert of_first(str(first.sid)).delete() is True
    assert refusal(acme_client.transcriptions(str(first.sid)).fetch) == (404, 20404)


# While people speak


def test_both_sides_are_told_as_they_speak(sandbox: SandboxProcess, program: Receiver) -> None:
    # S4-15
    attributes = 'partialResults="false" hints="table" languageCode="en-GB"'
    answering(sandbox, program, twiml(TRANSCRIBE.format(attributes), ASK))
    sid = call(sandbox, script=[{"say": "I want to book"}])["sid"]
    pass_time(sandbox, minutes=1)

    started, asked, said, stopped = told(program)

    assert [each["SequenceId"] for each in told(program)] == ["1", "2", "3", "4"]
    assert started["TranscriptionEvent"] == "transcription-started"
    assert set(started) - COMMON == {
        "TranscriptionEvent",
        "TranscriptionEngine",
        "ProviderConfiguration",
        "LanguageCode",
        "PartialResults",
        "Track",
        "InboundTrackLabel",
        "OutboundTrackLabel",
    }
    assert (started["PartialResults"], started["Track"]) == ("false", "both_tracks")
    assert json.loads(started["ProviderConfiguration"])["hints"] == "table"
    assert (asked["Track"], said["Track"]) == ("outbound_track", "inbound_track")
    assert words(program) == ["How can I help?", "I want to book"]
    assert said["Final"] == "true"
    assert 0 < json.loads(said["TranscriptionData"])["confidence"] <= 1
    assert said["LanguageCode"] == "en-GB"
    assert set(stopped) == COMMON | {"TranscriptionEvent"}
    assert stopped["TranscriptionEvent"] == "transcription-stopped"
    assert {each["CallSid"] for each in told(program)} == {sid}
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.at("/rt"))


def test_partial_results_come_word_by_word(sandbox: SandboxProcess, program: Receiver) -> None:
    attributes = 'partialResults="true" track="inbound_track"'
    answering(sandbox, program, twiml(TRANSCRIBE.format(attributes), ASK))
    call(sandbox, script=[{"say": "I want this"}])
    pass_time(sandbox, minutes=1)

    assert words(program, Final="false") == ["I", "I want"]
    assert words(program, Final="true") == ["I want this"]
    partial = told(program)[1]
    assert "confidence" not in json.loads(partial["TranscriptionData"])
    assert 0 < float(partial["Stability"]) <= 1


@pytest.mark.parametrize(
    ("track", "heard"),
    [("inbound_track", ["I want to book"]), ("outbound_track", ["How can I help?"])],
)
def test_a_track_has_one_side(
    sandbox: SandboxProcess, program: Receiver, track: str, heard: list[str]
) -> None:
    answering(sandbox, program, twiml(TRANSCRIBE.format(f'track="{track}"'), ASK))
    call(sandbox, script=[{"say": "I want to book"}])
    pass_time(sandbox, minutes=1)

    assert words(program) == heard


def test_words_that_a_call_ends_with_are_told(sandbox: SandboxProcess, program: Receiver) -> None:
    ended = TRANSCRIBE.format("")
    answering(sandbox, program, twiml(ended, "<Say>one two three four five six</Say>"))
    call(sandbox, hang_up_after=1)
    pass_time(sandbox, minutes=1)

    assert words(program) == ["one two three four five six"]
    assert told(program)[-1]["TranscriptionEvent"] == "transcription-stopped"


def test_the_api_begins_and_stops_them_by_name(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml('<Pause length="600"/>'))
    sid = call(sandbox, script=None)["sid"]
    live = acme_client.calls(sid)
    url = program.url + "/rt"

    made = live.transcriptions.create(name="mine", status_callback_url=url)
    assert (made.status, made.name, str(made.sid)[:2]) == ("in-progress", "mine", "GT")
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Hello there"})
    pass_time(sandbox, seconds=10)
    assert live.transcriptions("mine").update(status="stopped").sid == made.sid
    assert live.transcriptions(str(made.sid)).update(status="stopped").status == "stopped"
    sandbox.control("POST", "settle")

    events = [each["TranscriptionEvent"] for each in told(program)]
    assert events == [f"transcription-{event}" for event in ("started", "content", "stopped")]
    assert refusal(live.transcriptions("yours").update, status="stopped") == (404, 20404)
    live.update(status="completed")
    assert refusal(live.transcriptions.create) == (400, 21220)


def test_an_engine_that_does_not_exist_is_an_error(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(sandbox, program, twiml(TRANSCRIBE.format('transcriptionEngine="none"'), ASK))
    call(sandbox, script=[{"say": "Hello"}])
    pass_time(sandbox, minutes=1)

    (error,) = told(program)
    assert error["TranscriptionEvent"] == "transcription-error"
    assert error["ErrorCode"]


@pytest.mark.parametrize(
    ("answers", "requests_made", "is_lost"),
    [([503, 429, 200], 3, False), ([500], 4, True), ([404], 1, True)],
)
def test_a_callback_is_sent_again_after_an_error_that_may_pass(
    sandbox: SandboxProcess,
    program: Receiver,
    acme_client: Client,
    answers: list[int],
    requests_made: int,
    is_lost: bool,
) -> None:
    def answer(received: Any) -> Reply:
        turn = min(len(program.at("/rt")), len(answers))
        return Reply(answers[turn - 1])

    program.on("/rt", answer)
    answering(sandbox, program, twiml(TRANSCRIBE.format(""), '<Pause length="600"/>'))
    call(sandbox)
    pass_time(sandbox, minutes=1)

    assert [each["SequenceId"] for each in told(program)] == ["1"] * requests_made
    tokens = {each.headers["I-Twilio-Idempotency-Token"] for each in program.at("/rt")}
    assert len(tokens) == 1
    assert (17580 in codes(acme_client)) is is_lost
