"""The people in calls: what their script has them do, and what live ones do.

A script is a list of steps that are taken one after the other whenever the program listens:
`{"say": "I want to book"}`, `{"press": "1#"}`, `{"wait": 10}`, `{"hang_up": true}`. A call without
one waits for a live person, without regard to how long the program would wait.
"""

from __future__ import annotations

import re
from typing import Any

from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls, lines
from twilio_sandbox.voice.calls import LISTENERS
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

REACTION_SECONDS = 1.0  # from when the program listens to when the person does something
CONFIDENCE = 0.93  # how sure the recognition is, unless a step says otherwise
KEYS = re.compile(r"[0-9*#A-D]+")

Script = list[dict[str, Any]]


def read_script(given: Any) -> Script | None:
    """A script as the control API takes it; None for a live person. Raises `ValueError`."""
    if given is None:
        return None
    if not isinstance(given, list):
        raise ValueError("script is a list of steps")
    for step in given:
        _check(step)
    return given


def _check(step: Any) -> None:
    kinds = set(step) & {"say", "press", "wait", "hang_up"} if isinstance(step, dict) else set()
    if len(kinds) != 1 or set(step) - kinds - {"confidence"}:
        raise ValueError("a step has one of say, press, wait and hang_up")
    kind = kinds.pop()
    value = step[kind]
    valid = {
        "say": isinstance(value, str) and bool(str(value).strip()),
        "press": isinstance(value, str) and KEYS.fullmatch(value) is not None,
        "wait": isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
        "hang_up": value is True,
    }
    if not valid[kind]:
        raise ValueError(f"{value!r} is nothing to {kind}")
    confidence = step.get("confidence", CONFIDENCE)
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise ValueError("confidence is from 0 to 1")


def read_seconds(name: str, given: Any) -> float | None:
    """A time as the control API takes it; None for none. Raises `ValueError`."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
        raise ValueError(f"{name} is a number of seconds")
    if given is not None and given < 0:
        raise ValueError(f"{name} must not be negative")
    return given


def is_live(call: Call) -> bool:
    """Whether somebody decides as it goes what this person does."""
    return call.flow.get("script") is None


def listen(world: World, call: Call) -> None:
    """The program listens from now on: the person's next step is due."""
    if call.flow.get("script"):
        due = max(world.now() + REACTION_SECONDS, call.flow.get("ready", 0.0))
        _next_step(world, call, due)


def _next_step(world: World, call: Call, due: float) -> None:
    world.cancel(call.flow.get("person_timer"))
    call.flow["person_timer"] = world.at(due, "voice.person", sid=call.sid)
    world.calls.changed(call)


@action("voice.person")
def take_step(world: World, sid: str) -> None:
    """The person's next step, if the program still listens.

    In a recording, or to somebody else, a person goes on until it is over.
    """
    call = world.calls.get(sid)
    if call is None or not _listens(call) or not call.flow["script"]:
        return
    step, *call.flow["script"] = call.flow["script"]
    world.calls.changed(call)
    if "hang_up" in step:
        leave(world, call)
        return
    if "wait" in step:
        call.flow["ready"] = world.now() + step["wait"]
        _next_step(world, call, call.flow["ready"])
        return
    if "say" in step:
        seconds = say(world, call, step["say"], step.get("confidence", CONFIDENCE))
    else:
        seconds = press(world, call, step["press"])
    call.flow["ready"] = world.now() + seconds + REACTION_SECONDS
    if _listens(call) and call.flow["script"] and not _waits_for_an_answer(call, step):
        _next_step(world, call, call.flow["ready"])


def _waits_for_an_answer(call: Call, step: dict[str, Any]) -> bool:
    """Whether the program is to answer before the person says more: there is one to a gather."""
    following = call.flow["script"][0]
    return call.flow["waiting"]["for"] == "gather" and "say" in step and "say" in following


def _listens(call: Call) -> bool:
    """Whether the program has said what it has to say; a script interrupts nobody."""
    return can_hear(call) and bool(call.flow["waiting"].get("listening"))


def can_hear(call: Call) -> bool:
    """Whether something comes of what the person says now."""
    return not calls.is_over(call) and call.flow.get("waiting", {}).get("for") in LISTENERS


def say(world: World, call: Call, text: str, confidence: float = CONFIDENCE) -> float:
    """The person says something; returns the seconds it takes."""
    seconds = lines.speaking_seconds(text)
    lines.hear(world, call, "person", "speech", text, seconds)
    if can_hear(call):
        LISTENERS[call.flow["waiting"]["for"]].said(world, call, text, seconds, confidence)
    return seconds


def press(world: World, call: Call, keys: str) -> float:
    """The person presses keys; returns the seconds it takes."""
    seconds = len(keys) * lines.SECONDS_A_DIGIT
    lines.hear(world, call, "person", "digits", keys, seconds)
    if can_hear(call):
        LISTENERS[call.flow["waiting"]["for"]].pressed(world, call, keys)
    return seconds


def be_silent(world: World, call: Call) -> None:
    """The person lets the program's patience run out."""
    if can_hear(call):
        LISTENERS[call.flow["waiting"]["for"]].silent(world, call)


def leave(world: World, call: Call) -> None:
    """The person hangs up; before the answer that is a call that nobody took."""
    calls.end(world, call, "no-answer")


@action("voice.leave")
def leave_later(world: World, sid: str) -> None:
    """The person hangs up when they said they would."""
    if (call := world.calls.get(sid)) is not None:
        leave(world, call)
