"""The verbs that only the program takes part in: speaking, waiting, leading elsewhere, ending."""

from __future__ import annotations

from twilio_sandbox.voice import calls, fetching, lines, twiml
from twilio_sandbox.voice.interpreter import verb
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World


def perform(world: World, call: Call, prompt: twiml.Verb) -> float:
    """Begin a `<Say>`, `<Play>` or `<Pause>`; returns the seconds it takes."""
    kind, text, seconds = _performance(prompt)
    call.flow["idle"] = 0
    if seconds:
        lines.hear(world, call, "program", kind, text, seconds)
    return seconds


def _performance(prompt: twiml.Verb) -> tuple[str, str, float]:
    """(kind of line, text, seconds); `loop="0"` goes on for as long as a call can last."""
    if prompt["name"] == "Pause":
        return "pause", "", float(twiml.number(prompt, "length", 1))
    times = twiml.number(prompt, "loop", 1)
    text = prompt["text"]
    if prompt["name"] == "Say":
        kind, once = "say", lines.speaking_seconds(text) if text else 0.0
    elif digits := twiml.text(prompt, "digits"):
        kind, text, once = "digits", digits, len(digits) * lines.SECONDS_A_DIGIT
    else:
        kind, once = "play", lines.FILE_SECONDS
    return kind, text, once * times if times else float(calls.MAX_SECONDS)


@verb("Say")
@verb("Play")
@verb("Pause")
def speak(world: World, call: Call, prompt: twiml.Verb) -> bool:
    seconds = perform(world, call, prompt)
    calls.wait(world, call, seconds, "voice.go_on", {"for": "speech"})
    return False


@verb("Redirect")
def redirect(world: World, call: Call, there: twiml.Verb) -> bool:
    """What follows it is never reached."""
    fetching.fetch(world, call, there["text"], twiml.text(there, "method", "POST").upper())
    return False


@verb("Reject")
def reject(world: World, call: Call, refusal: twiml.Verb) -> bool:
    """As the first verb the call is not answered and costs nothing."""
    is_busy = twiml.text(refusal, "reason", "rejected") == "busy"
    calls.end(world, call, "busy" if is_busy else "no-answer")
    return False


@verb("Hangup")
def hang_up(world: World, call: Call, order: twiml.Verb) -> bool:
    calls.end(world, call)
    return False
