"""`<Gather>`: prompts, then what the person says or presses (twilio-facts 6.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls, fetching, interpreter, people, twiml, verbs
from twilio_sandbox.voice.parameters import parameters
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

BAD_SPEECH_TIMEOUT = 13335
PAUSE_SECONDS = 1.0  # after which `speechTimeout="auto"` takes somebody to have finished
MAX_SPEECH_SECONDS = 60.0


@interpreter.verb("Gather")
def gather(world: World, call: Call, verb: twiml.Verb) -> bool:
    """Play what is nested, then listen."""
    model = twiml.text(verb, "speechModel")
    if twiml.text(verb, "speechTimeout") == "auto" and (
        model == "default" or model.startswith("deepgram")
    ):
        text = f"speechTimeout auto does not go with speechModel {model}"
        alerts.add(world, call.account_sid, BAD_SPEECH_TIMEOUT, text, resource_sid=call.sid)
        fetching.apologize(world, call)
        return False
    waiting = {"for": "gather", "verb": verb, "digits": "", "prompts": verb["children"]}
    calls.wait_for(world, call, waiting)
    prompt(world, call.sid)
    return False


@action("voice.prompt")
def prompt(world: World, sid: str) -> None:
    """The next nested verb; after the last one the program listens."""
    call = world.calls[sid]
    waiting = call.flow["waiting"]
    if waiting["prompts"]:
        following, *waiting["prompts"] = waiting["prompts"]
        calls.wait(world, call, verbs.perform(world, call, following), "voice.prompt")
        return
    call.flow["idle"] = 0
    waiting["listening"] = True
    world.calls.changed(call)
    people.listen(world, call)
    if not people.is_live(call):
        calls.wait(world, call, _timeout(waiting), "voice.gathered")


def _timeout(waiting: dict[str, Any]) -> float:
    return float(twiml.number(waiting["verb"], "timeout", 5))


def _said(world: World, call: Call, text: str, seconds: float, confidence: float) -> None:
    waiting = call.flow["waiting"]
    verb = waiting["verb"]
    if "speech" not in _inputs(verb):
        return
    if not waiting.get("listening") and not twiml.flag(verb, "bargeIn", default=True):
        return
    waiting |= {"prompts": [], "listening": True, "speech": text, "confidence": confidence}
    _tell_partial(world, call, verb, text)
    silence = twiml.text(verb, "speechTimeout", twiml.text(verb, "timeout", "5"))
    after = float(silence) if silence.isascii() and silence.isdigit() else PAUSE_SECONDS
    spoken = min(seconds, float(twiml.number(verb, "maxSpeechTime", 60)), MAX_SPEECH_SECONDS)
    calls.wait(world, call, spoken + after, "voice.gathered")


def _tell_partial(world: World, call: Call, verb: twiml.Verb, text: str) -> None:
    """What is recognized while somebody speaks; nothing comes of the answer."""
    url = twiml.text(verb, "partialResultCallback")
    if not url:
        return
    words = text.split()
    for sequence, count in enumerate(sorted({-(-len(words) // 2), len(words)})):
        send(
            world,
            call.account_sid,
            "call.partial",
            urljoin(call.flow.get("base") or "", url),
            {
                **parameters(call),
                "SequenceNumber": str(sequence),
                "UnstableSpeechResult": " ".join(words[:count]),
                "StableSpeechResult": "",
                "Stability": "0.9",
            },
            method=twiml.text(verb, "partialResultCallbackMethod", "POST"),
            subject_sid=call.sid,
        )


def _pressed(world: World, call: Call, keys: str) -> None:
    """Keys count for more than words; the finishing key and the last of `numDigits` end it."""
    waiting = call.flow["waiting"]
    verb = waiting["verb"]
    if "dtmf" not in _inputs(verb):
        return
    waiting |= {"prompts": [], "listening": True}
    finish = twiml.text(verb, "finishOnKey", "#")
    most = twiml.number(verb, "numDigits", 0)
    for key in keys:
        if finish and key in finish:
            waiting["finished_on"] = key
            gathered(world, call.sid)
            return
        waiting["digits"] += key
        if most and len(waiting["digits"]) == most:
            gathered(world, call.sid)
            return
    calls.wait(world, call, _timeout(waiting), "voice.gathered")


def _inputs(verb: twiml.Verb) -> list[str]:
    return twiml.text(verb, "input", "dtmf").split()


@action("voice.gathered")
def gathered(world: World, sid: str) -> None:
    """The program has waited long enough, or has all it wants."""
    call = world.calls[sid]
    waiting = call.flow["waiting"]
    verb = waiting["verb"]
    if waiting["digits"]:
        fetching.act(world, call, verb, {"Digits": waiting["digits"], **_end(waiting)})
    elif "speech" in waiting:
        confidence = f"{waiting['confidence']:.8g}"
        found = {"SpeechResult": waiting["speech"], "Confidence": confidence}
        fetching.act(world, call, verb, found)
    elif twiml.flag(verb, "actionOnEmptyResult"):
        fetching.act(world, call, verb, _empty(world, waiting))
    else:
        interpreter.run(world, call)


def _end(waiting: dict[str, Any]) -> dict[str, str]:
    """What goes with keys (twilio-facts C 5); none finished it when time or `numDigits` did."""
    return {"FinishedOnKey": waiting.get("finished_on", ""), "msg": "Gather End"}


def _empty(world: World, waiting: dict[str, Any]) -> dict[str, str]:
    if world.switch("empty_gather") == "absent":
        return {}
    given = {"dtmf": {"Digits": "", **_end(waiting)}, "speech": {"SpeechResult": ""}}
    inputs = _inputs(waiting["verb"])
    return {name: value for kind in inputs for name, value in given.get(kind, {}).items()}


def _silent(world: World, call: Call) -> None:
    gathered(world, call.sid)


def _left(world: World, call: Call, waiting: dict[str, Any]) -> None:
    """Nobody is told what was gathered so far."""


calls.LISTENERS["gather"] = calls.Listener(_said, _pressed, _silent, _left)
