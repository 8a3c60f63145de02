"""`<Record>`: what the person says is kept, until they stop (twilio-facts 6.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from twilio_sandbox.timers import action
from twilio_sandbox.voice import (
    calls,
    fetching,
    interpreter,
    lines,
    people,
    recordings,
    transcriptions,
    twiml,
)
from twilio_sandbox.voice.parameters import parameters
from twilio_sandbox.voice.rows import Call, Recording
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

BEEP_SECONDS = 0.5
MAX_SECONDS = 3600
EVERY_KEY = "1234567890*#"


@interpreter.verb("Record")
def record(world: World, call: Call, verb: twiml.Verb) -> bool:
    """Beep, then listen."""
    call.flow["idle"] = 0
    seconds = BEEP_SECONDS if twiml.flag(verb, "playBeep", default=True) else 0.0
    if seconds:
        lines.hear(world, call, "program", "play", "beep", seconds)
    calls.wait(world, call, seconds, "voice.record", {"for": "beep", "verb": verb})
    return False


def callback(call: Call, noun: twiml.Verb) -> dict[str, Any] | None:
    """The status callback of a recording, as a verb or noun names it."""
    url = twiml.text(noun, "recordingStatusCallback")
    if not url:
        return None
    return {
        "url": urljoin(call.flow.get("base") or "", url),
        "method": twiml.text(noun, "recordingStatusCallbackMethod", "POST").upper(),
        "events": twiml.text(noun, "recordingStatusCallbackEvent", "completed"),
    }


@action("voice.record")
def begin(world: World, sid: str) -> None:
    """After the beep everything is recorded."""
    call = world.calls[sid]
    verb = call.flow["waiting"]["verb"]
    recording = recordings.begin(
        world,
        call,
        source="RecordVerb",
        trim=twiml.text(verb, "trim", "trim-silence"),
        callback=callback(call, verb),
    )
    longest = twiml.number(verb, "maxLength", MAX_SECONDS)
    waiting = {
        "for": "record",
        "verb": verb,
        "recording": recording.sid,
        "until": world.now() + longest,
        "listening": True,
        "said": False,
    }
    patience = float(longest if people.is_live(call) else twiml.number(verb, "timeout", 5))
    calls.wait(world, call, min(patience, longest), "voice.recorded", waiting)
    people.listen(world, call)


def _said(world: World, call: Call, text: str, seconds: float, confidence: float) -> None:
    waiting = call.flow["waiting"]
    waiting["said"] = True
    world.calls.changed(call)
    if not people.is_live(call):
        silence = world.now() + seconds + twiml.number(waiting["verb"], "timeout", 5)
        until = min(silence, waiting["until"])
        calls.wait(world, call, until - world.now(), "voice.recorded")


def _pressed(world: World, call: Call, keys: str) -> None:
    finish = twiml.text(call.flow["waiting"]["verb"], "finishOnKey", EVERY_KEY)
    if ending := next((key for key in keys if key in finish), None):
        _finish(world, call, ending)


def _silent(world: World, call: Call) -> None:
    _finish(world, call)


@action("voice.recorded")
def recorded(world: World, sid: str) -> None:
    """The person has been silent long enough, or the recording is as long as it may be."""
    _finish(world, world.calls[sid])


def _finish(world: World, call: Call, key: str | None = None) -> None:
    """To the action; if nothing was said, to the next verb."""
    waiting = call.flow["waiting"]
    recording = _stop(world, call, waiting)
    if recording is None or not waiting["said"]:
        interpreter.run(world, call)
        return
    told = recordings.parameters(world, recording)
    fetching.act(world, call, waiting["verb"], told | ({"Digits": key} if key else {}))


def _stop(world: World, call: Call, waiting: dict[str, Any]) -> Recording | None:
    """End the recording, and have it transcribed; None if somebody deleted it."""
    recording = world.recordings.get(waiting["recording"])
    if recording is None:
        return None
    recordings.end(world, recording)
    verb = waiting["verb"]
    url = twiml.text(verb, "transcribeCallback")
    if waiting["said"] and (url or twiml.flag(verb, "transcribe")):
        absolute = urljoin(call.flow.get("base") or "", url) if url else None
        transcriptions.begin(world, recording, absolute)
    return recording


def _left(world: World, call: Call, waiting: dict[str, Any]) -> None:
    """Who hangs up has finished too; nothing comes of what the action answers."""
    recording = _stop(world, call, waiting)
    url = twiml.text(waiting["verb"], "action")
    if recording is not None and waiting["said"] and url and calls.is_over(call):
        told = {**parameters(call), **recordings.parameters(world, recording), "Digits": "hangup"}
        send(
            world,
            call.account_sid,
            fetching.LATER,
            urljoin(call.flow.get("base") or "", url),
            told,
            method=twiml.text(waiting["verb"], "method", "POST"),
            subject_sid=call.sid,
        )


calls.LISTENERS["record"] = calls.Listener(_said, _pressed, _silent, _left)
