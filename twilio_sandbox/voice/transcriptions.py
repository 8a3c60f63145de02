"""The text of a recording, made after it has ended (`<Record transcribe>`, twilio-facts 6.2).

The text is what the person said. Twilio's limit of two minutes is kept: a longer recording's
transcription fails, as does one of a recording in which the person says nothing.
"""

from __future__ import annotations

from twilio_sandbox.context import VERSION
from twilio_sandbox.timers import action
from twilio_sandbox.voice.rows import Call, Recording, Transcription
from twilio_sandbox.voice.stretches import heard, link, parts
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

WORKING_SECONDS = 5.0  # Twilio publishes none
MAX_SECONDS = 120
MINUTE_PRICE = 0.05  # US dollars, for each begun minute
NOTHING_SAID = "(blank)"


def begin(world: World, recording: Recording, callback_url: str | None = None) -> Transcription:
    """Have a recording that has ended transcribed; the URL is told of the outcome."""
    transcription = world.transcriptions.add(
        Transcription(
            *world.stamp("TR", recording.account_sid),
            call_sid=recording.call_sid,
            recording_sid=recording.sid,
            status="in-progress",
            text="",
            duration=recording.duration or 0,
            callback_url=callback_url,
        )
    )
    world.after(WORKING_SECONDS, "voice.transcription_ready", sid=transcription.sid)
    return transcription


@action("voice.transcription_ready")
def ready(world: World, sid: str) -> None:
    """Write down what was said, and tell the program."""
    transcription = world.transcriptions.get(sid)
    if transcription is None:
        return
    call = world.calls.get(transcription.call_sid)
    recording = world.recordings.get(transcription.recording_sid)
    said = text(call, recording) if call is not None and recording is not None else ""
    works = bool(said) and transcription.duration <= MAX_SECONDS
    transcription.status = "completed" if works else "failed"
    transcription.text = said if works else NOTHING_SAID
    if works:
        minutes = max(1, -(-transcription.duration // 60))
        transcription.price = f"-{minutes * MINUTE_PRICE:.5f}"
    transcription.updated = world.now()
    world.transcriptions.changed(transcription)
    if call is not None and recording is not None:
        _tell(world, transcription, call, recording)


def text(call: Call, recording: Recording) -> str:
    """What the person says in the stretches of a recording."""
    return " ".join(
        str(line["text"])
        for line in heard(call, recording)
        if line["side"] == "person" and line["kind"] == "speech" and any(parts(recording, line))
    )


def path(transcription: Transcription) -> str:
    """Where the resource is, without its ending."""
    return f"/{VERSION}/Accounts/{transcription.account_sid}/Transcriptions/{transcription.sid}"


def _tell(world: World, transcription: Transcription, call: Call, recording: Recording) -> None:
    form = {
        "AccountSid": transcription.account_sid,
        "ApiVersion": VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Direction": call.direction,
        "From": call.from_number,
        "To": call.to_number,
        "RecordingSid": recording.sid,
        "RecordingUrl": link(world, recording),
        "TranscriptionSid": transcription.sid,
        "TranscriptionStatus": transcription.status,
        "TranscriptionText": transcription.text,
        "TranscriptionType": "fast",
        "TranscriptionUrl": world.base_url("api") + path(transcription),
    }
    send(
        world,
        transcription.account_sid,
        "transcription.status",
        transcription.callback_url,
        form,
        subject_sid=call.sid,
    )
