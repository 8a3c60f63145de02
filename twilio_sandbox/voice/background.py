"""`<Start>` and `<Stop>`: what goes on beside the verbs (twilio-facts 6.2, 6.3)."""

from __future__ import annotations

from urllib.parse import urljoin

from twilio_sandbox.voice import interpreter, live, recordings, twiml
from twilio_sandbox.voice.record import callback
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

SOURCE = "StartCallRecordingTwiML"


@interpreter.verb("Start")
def start(world: World, call: Call, verb: twiml.Verb) -> bool:
    """Begin to record or to transcribe. A stream is accepted, and nothing is sent to it."""
    for noun in verb["children"]:
        if noun["name"] == "Recording":
            recordings.begin(
                world,
                call,
                source=SOURCE,
                channels=2 if twiml.text(noun, "channels") == "dual" else 1,
                track=twiml.text(noun, "track", "both"),
                trim=twiml.text(noun, "trim", "do-not-trim"),
                callback=callback(call, noun),
            )
        elif noun["name"] == "Transcription":
            live.begin(world, call, _settings(call, noun), twiml.text(noun, "name") or None)
    return True


def _settings(call: Call, noun: twiml.Verb) -> dict[str, str]:
    """The attributes under the names of the REST parameters; `name` is none of them."""
    settings = {
        name[0].upper() + name[1:]: value
        for name, value in noun["attributes"].items()
        if name != "name"
    }
    if url := settings.get("StatusCallbackUrl"):
        settings["StatusCallbackUrl"] = urljoin(call.flow.get("base") or "", url)
    return settings


@interpreter.verb("Stop")
def stop(world: World, call: Call, verb: twiml.Verb) -> bool:
    """End what `<Start>` began: the recordings, the transcription of a name, or all of them."""
    for noun in verb["children"]:
        if noun["name"] == "Recording":
            for recording in recordings.of_call(world, call):
                if recording.source == SOURCE:
                    recordings.end(world, recording)
        elif noun["name"] == "Transcription":
            _stop_transcribing(world, call, twiml.text(noun, "name"))
    return True


def _stop_transcribing(world: World, call: Call, name: str) -> None:
    if not name:
        live.stop_all(world, call)
    elif (row := live.find(world, call, name)) is not None:
        live.stop(world, row)
