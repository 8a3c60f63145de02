"""Recordings: their life, their files, and what the API says of them (twilio-facts 6.2)."""

from __future__ import annotations

import io
import math
import wave
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
import requests
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallContext

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import answering, call, last, pass_time, twiml
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal

RATE = 8000
TALK = '<Say loop="0">one two three four five</Say>'
DUAL = '<Start><Recording channels="dual" {0}/></Start>'


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def running(sandbox: SandboxProcess, program: Receiver, *verbs: str) -> CallContext:
    """A call that is in progress, as the official client knows it."""
    answering(sandbox, program, twiml(*verbs))
    return sandbox.client().calls(call(sandbox)["sid"])


def recorded(sandbox: SandboxProcess, program: Receiver, *verbs: str, **options: Any) -> str:
    """The SID of the recording of a call that is over."""
    answering(sandbox, program, twiml(*verbs))
    call(sandbox, **options)
    pass_time(sandbox, minutes=5)
    return str(sandbox.client().recordings.list()[0].sid)


def file(sandbox: SandboxProcess, sid: str, ending: str = ".wav", **query: str) -> Any:
    """The answer to a request for the file, with Acme's credentials."""
    address = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/Recordings/{sid}{ending}"
    auth = (sandbox.acme_sid, sandbox.acme_token)
    return requests.get(address, query, auth=auth, timeout=10)


def sound(answer: Any) -> list[array[int]]:
    """The samples of each channel of a WAV file."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "audio/x-wav"
    with wave.open(io.BytesIO(answer.content)) as opened:
        assert (opened.getframerate(), opened.getsampwidth()) == (RATE, 2)
        channels, samples = opened.getnchannels(), array("h", opened.readframes(10**9))
        assert len(samples) == opened.getnframes() * channels
    return [samples[place::channels] for place in range(channels)]


def is_silent(samples: array[int], start: float, stop: float) -> bool:
    """Whether nothing is heard between two times, in seconds."""
    part = samples[round(start * RATE) : round(stop * RATE)]
    assert part, "nothing was recorded then"
    return not any(part)


def strength(samples: array[int], frequency: float) -> float:
    """How much of a frequency (Hz) is in the samples."""
    turn = 2 * math.pi * frequency / RATE
    real = sum(each * math.cos(turn * at) for at, each in enumerate(samples))
    imaginary = sum(each * math.sin(turn * at) for at, each in enumerate(samples))
    return math.hypot(real, imaginary) / len(samples)


# The files


def test_who_speaks_is_heard_when_and_where_they_speak(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    # S4-16
    program.on("/keys", twiml('<Pause length="2"/>'))
    sid = recorded(
        sandbox,
        program,
        DUAL.format(""),
        "<Say>one two three four five</Say>",
        '<Pause length="3"/>',
        '<Gather action="/keys" numDigits="1"/>',
        script=[{"press": "5"}],
    )

    person, program_side = sound(file(sandbox, sid))

    assert len(person) == len(program_side)
    assert int(sandbox.client().recordings(sid).fetch().duration) == round(len(person) / RATE)
    assert not is_silent(program_side, 0.0, 1.0)
    assert not is_silent(program_side, 1.0, 2.0)
    assert is_silent(program_side, 2.0, 6.0)
    assert is_silent(person, 0.0, 5.9)
    assert not is_silent(person, 6.0, 6.2)
    assert is_silent(person, 6.5, 8.0)


@pytest.mark.parametrize(
    ("key", "low", "high"), [("1", 697, 1209), ("5", 770, 1336), ("#", 941, 1477)]
)
def test_keys_have_the_tones_of_a_phone(
    sandbox: SandboxProcess, program: Receiver, key: str, low: int, high: int
) -> None:
    gather = '<Gather action="/keys" numDigits="1" finishOnKey=""/>'
    program.on("/keys", twiml('<Pause length="2"/>'))
    start = '<Start><Recording trim="trim-silence" track="inbound"/></Start>'
    sid = recorded(sandbox, program, start, gather, script=[{"press": key}])

    (samples,) = sound(file(sandbox, sid))

    tone = samples[: RATE // 5]
    every = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
    heard = sorted(every, key=lambda each: strength(tone, each))[-2:]
    assert sorted(heard) == [low, high]


def test_sides_and_words_sound_different(sandbox: SandboxProcess, program: Receiver) -> None:
    gather = '<Gather input="speech" action="/said"><Say>book a table</Say></Gather>'
    program.on("/said", twiml("<Say>book a plane</Say>"))
    sid = recorded(sandbox, program, DUAL.format(""), gather, script=[{"say": "book a table"}])

    person, program_side = ([each for each in side if each] for side in sound(file(sandbox, sid)))

    first, second = program_side[: len(person)], program_side[len(person) :]
    assert first not in (person, second[: len(first)])


def test_both_sides_are_mixed_into_one_channel(sandbox: SandboxProcess, program: Receiver) -> None:
    sid = call_of_a_talker(sandbox, program)

    person, program_side = sound(file(sandbox, sid))
    (mixed,) = sound(file(sandbox, sid, RequestedChannels="1"))

    assert any(one and other for one, other in zip(person, program_side, strict=True))
    assert list(mixed) == [one + other for one, other in zip(person, program_side, strict=True)]


def call_of_a_talker(sandbox: SandboxProcess, program: Receiver) -> str:
    """The SID of the recording of a call in which the person speaks while the program does."""
    answering(sandbox, program, twiml(DUAL.format(""), TALK))
    sid = call(sandbox, script=None)["sid"]
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Can I interrupt you?"})
    sandbox.forward(seconds=10)
    sandbox.control("POST", f"calls/{sid}/hang-up")
    sandbox.forward(seconds=10)
    return str(sandbox.client().recordings.list()[0].sid)


@pytest.mark.parametrize(
    ("track", "person", "says"),
    [("inbound", True, False), ("outbound", False, True), ("both", True, True)],
)
def test_a_track_has_one_side(
    sandbox: SandboxProcess, program: Receiver, track: str, person: bool, says: bool
) -> None:
    gather = '<Gather input="speech" action="/said"><Say>How can I help?</Say></Gather>'
    program.on("/said", twiml("<Hangup/>"))
    start = DUAL.format(f'track="{track}"')
    sid = recorded(sandbox, program, start, gather, script=[{"say": "I want to book"}])

    channels = sound(file(sandbox, sid))

    assert [any(each) for each in channels] == [person, says]


def test_a_channel_that_was_not_recorded_cannot_be_had(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    sid = recorded(sandbox, program, "<Start><Recording/></Start>", "<Say>Hello</Say>")

    assert len(sound(file(sandbox, sid, ""))) == 1
    assert file(sandbox, sid, RequestedChannels="2").json()["code"] == 20001
    assert file(sandbox, sid, RequestedChannels="3").json()["code"] == 20001


@pytest.mark.parametrize("channels", [1, 2])
def test_an_mp3_file_is_as_long_as_the_recording(
    sandbox: SandboxProcess, program: Receiver, channels: int
) -> None:
    start = DUAL.format("") if channels == 2 else "<Start><Recording/></Start>"
    sid = recorded(sandbox, program, start, '<Pause length="7"/>')

    answer = file(sandbox, sid, ".mp3")

    assert answer.headers["Content-Type"] == "audio/mpeg"
    seconds = sum(frame(answer.content, channels))
    exact = len(sound(file(sandbox, sid))[0]) / RATE
    assert exact <= seconds < exact + 0.036


def frame(data: bytes, channels: int) -> Iterator[float]:
    """The seconds of each frame of a stream of MPEG 2, layer III, which is read to its end."""
    bitrates = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # kbit/s
    rates = (22_050, 24_000, 16_000)
    at = 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 4])
        assert head >> 21 == 0x7FF, "no sync word"
        assert (head >> 19 & 3, head >> 17 & 3) == (2, 1), "not MPEG 2, layer III"
        assert head >> 6 & 3 == (3 if channels == 1 else 0)
        rate = rates[head >> 10 & 3]
        size = 72 * 1000 * bitrates[head >> 12 & 15] // rate + (head >> 9 & 1)
        assert not any(data[at + 4 : at + size]), "the frame is not silence"
        at += size
        yield 576 / rate
    assert at == len(data)


def test_a_file_is_for_those_with_credentials(sandbox: SandboxProcess, program: Receiver) -> None:
    sid = recorded(sandbox, program, "<Start><Recording/></Start>", "<Say>Hello</Say>")
    address = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/Recordings/{sid}.wav"

    def status(*auth: str) -> int:
        answer = requests.get(address, auth=auth or None, timeout=10)  # type: ignore[arg-type]
        return answer.status_code

    assert status() == 401
    assert status(sandbox.acme_sid, "wrong") == 401
    assert status(sandbox.stranger_main_sid, sandbox.stranger_main_token) == 404
    assert status(sandbox.main_sid, sandbox.main_token) == 200
    sandbox.control("POST", "switches", {"recording_media": "public"})
    assert status() == 200


# Their life


def test_a_recording_of_the_api_goes_through_its_statuses(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    live = running(sandbox, program, TALK)
    made = live.recordings.create(
        recording_status_callback=program.url + "/status",
        recording_status_callback_event=["in-progress completed"],
        recording_channels="dual",
    )
    recording = live.recordings(str(made.sid))
    assert (made.status, made.duration, made.price) == ("in-progress", None, None)
    sandbox.forward(seconds=100)

    stopped = recording.update(status="stopped")

    assert (stopped.status, stopped.price) == ("processing", None)
    assert file(sandbox, str(made.sid)).status_code == 404
    sandbox.forward(seconds=10)
    done = recording.fetch()
    assert (done.status, str(done.price), done.track) == ("completed", "-0.00500", "both")
    assert file(sandbox, str(made.sid)).status_code == 200
    first, second = (each.params for each in program.at("/status"))
    assert {**first, "RecordingStatus": "completed"}.items() <= second.items()
    assert second.keys() - first.keys() == {"RecordingDuration"}
    assert first["RecordingStatus"] == "in-progress"
    assert second["ErrorCode"] == "0"
    assert second["RecordingDuration"] == done.duration
    assert second["RecordingUrl"].endswith(f"/Recordings/{made.sid}")
    assert second["RecordingSource"] == "StartCallRecordingAPI"
    assert (second["RecordingChannels"], second["RecordingTrack"]) == ("2", "both")
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.at("/status"))


@pytest.mark.parametrize(("behavior", "shortest"), [("skip", 60), ("silence", 660)])
def test_a_pause_is_left_out_or_silent(
    sandbox: SandboxProcess, program: Receiver, behavior: str, shortest: int
) -> None:
    live = running(sandbox, program, TALK)
    recording = live.recordings(str(live.recordings.create().sid))
    sandbox.forward(seconds=30)
    assert live.recordings("Twilio.CURRENT").update("paused", pause_behavior=behavior).sid
    sandbox.forward(minutes=10)
    assert recording.update(status="in-progress").status == "in-progress"
    sandbox.forward(seconds=30)
    recording.update(status="stopped")
    sandbox.forward(seconds=10)

    (samples,) = sound(file(sandbox, str(recording.fetch().sid)))

    assert shortest <= len(samples) / RATE < shortest + 60
    assert not is_silent(samples, 0, 30)
    assert is_silent(samples, 100, 600) if behavior == "silence" else True
    assert not is_silent(samples, len(samples) / RATE - 20, len(samples) / RATE)


def test_silence_around_what_is_said_is_trimmed(sandbox: SandboxProcess, program: Receiver) -> None:
    said = ('<Pause length="50"/>', "<Say>one two three four five</Say>", '<Pause length="40"/>')
    start = "<Start><Recording/><Recording trim='trim-silence'/></Start>"
    recorded(sandbox, program, start, *said)

    trimmed, whole = sandbox.client().recordings.list()

    assert int(whole.duration) >= 92
    assert trimmed.duration == "2"
    assert len(sound(file(sandbox, str(trimmed.sid)))[0]) == 2 * RATE


def test_a_recording_of_nothing_is_absent(sandbox: SandboxProcess, program: Receiver) -> None:
    noun = (
        '<Recording trim="trim-silence" recordingStatusCallback="/status"'
        ' recordingStatusCallbackEvent="absent"/>'
    )
    sid = recorded(sandbox, program, f"<Start>{noun}</Start>", '<Pause length="30"/>')

    found = sandbox.client().recordings(sid).fetch()

    assert (found.status, found.duration, found.price) == ("absent", None, None)
    assert last(program, "/status").params["RecordingStatus"] == "absent"
    assert file(sandbox, sid).status_code == 404
    assert sandbox.client().usage.records.list(category="recordings")[0].count == "0"


def test_a_deleted_recording_leaves_its_record_for_forty_days(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    sid = recorded(sandbox, program, "<Start><Recording/></Start>", "<Say>Hello</Say>")
    recordings = sandbox.client().recordings

    assert recordings(sid).delete() is True

    assert file(sandbox, sid).status_code == file(sandbox, sid, ".mp3").status_code == 404
    assert recordings.list() == []
    assert refusal(recordings(sid).fetch) == (404, 20404)
    assert refusal(recordings(sid).delete) == (404, 20404)
    assert recordings.list(include_soft_deleted=True)[0].status == "deleted"
    sandbox.forward(days=41)
    assert recordings.list(include_soft_deleted=True) == []
    assert refusal(recordings(sid).fetch, include_soft_deleted=True) == (404, 20404)


def test_only_calls_and_recordings_that_go_on_can_be_changed(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    live = running(sandbox, program, TALK)
    recording = live.recordings(str(live.recordings.create().sid))
    assert refusal(recording.update, status="completed") == (400, 20001)
    live.update(status="completed")

    assert refusal(live.recordings.create) == (400, 21220)
    assert refusal(recording.update, status="paused") == (400, 21220)
    assert refusal(live.recordings("Twilio.CURRENT").fetch) == (404, 20404)
    assert recording.fetch().status == "processing"


def test_lists_are_filtered(sandbox: SandboxProcess, program: Receiver) -> None:
    live = running(sandbox, program, TALK)
    early = live.recordings.create()
    sandbox.forward(hours=2)
    other = sandbox.client().calls(call(sandbox)["sid"])
    sandbox.forward(days=2)
    late_call = call(sandbox)["sid"]
    late = sandbox.client().calls(late_call).recordings.create()
    client, now = sandbox.client(), sandbox.now()

    def found(of: Callable[..., Any], **filters: Any) -> list[str]:
        return [str(each.sid) for each in of(**filters)]

    of_all = client.recordings.list
    assert found(of_all) == [late.sid, early.sid]
    assert found(of_all, call_sid=late_call) == found(client.calls(late_call).recordings.list)
    assert found(other.recordings.list) == []
    assert found(of_all, date_created_after=now - timedelta(days=1)) == [late.sid]
    assert found(of_all, date_created_before=now - timedelta(days=1)) == [early.sid]
    today = now.astimezone(UTC).date()
    assert found(live.recordings.list, date_created=today - timedelta(days=2)) == [early.sid]
    assert found(of_all, conference_sid="CF" + "0" * 32) == []


def test_recordings_are_paid_for_by_the_minute(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    start = "<Start><Recording/></Start>"
    recorded(sandbox, program, start, '<Pause length="100"/>')

    (used,) = acme_client.usage.records.list(category="recordings")

    assert (used.count, used.usage, str(used.price)) == ("1", "2", "0.005")
