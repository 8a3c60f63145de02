"""`<Dial>`: other phones ring, and one that answers is connected (twilio-facts 6.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from twilio_sandbox.messaging.drafts import e164
from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.voice import (
    callbacks,
    calls,
    fetching,
    interpreter,
    lines,
    outbound,
    people,
    recordings,
    twiml,
)
from twilio_sandbox.voice.parameters import parameters
from twilio_sandbox.voice.record import callback
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

BAD_CALLER_ID, BAD_NUMBER = 13214, 13223
TIMEOUT = 30
FROM_ANSWER_DUAL = "record-from-answer-dual"


@interpreter.verb("Dial")
def dial(world: World, call: Call, verb: twiml.Verb) -> bool:
    """Let every `<Number>` ring; the first that answers is connected with the caller."""
    nouns = [each for each in verb["children"] if each["name"] == "Number"]
    if not nouns:
        nouns = [{"name": "Number", "attributes": {}, "text": verb["text"], "children": []}]
    caller_id = twiml.text(verb, "callerId") or call.from_number
    problem = None
    if not _may_show(world, call, caller_id):
        problem = BAD_CALLER_ID, f"{caller_id} is no caller ID of this account"
    elif bad := [each["text"] for each in nouns if e164(each["text"]) is None]:
        problem = BAD_NUMBER, f"{bad[0] or 'Nothing'} is not a phone number"
    call.flow["idle"] = 0
    calls.wait_for(world, call, {"for": "dial", "verb": verb, "legs": [], "connected": None})
    if problem is not None:
        alerts.add(world, call.account_sid, *problem, resource_sid=call.sid)
        _go_on(world, call, {"DialCallStatus": "failed", "DialBridged": "false"})
        return False
    if "ringing" in twiml.text(verb, "record"):
        _record(world, call)
    legs = [_leg(world, call, verb, noun, caller_id).sid for noun in nouns]
    call.flow["waiting"]["legs"] = legs
    world.calls.changed(call)
    return False


def _may_show(world: World, call: Call, caller_id: str) -> bool:
    """A number of the account, or the one that the call itself shows."""
    number = world.by_phone_number.get(e164(caller_id) or "")
    is_own = number is not None and number.account_sid == call.account_sid
    return is_own or caller_id in (call.from_number, call.to_number)


def _leg(world: World, call: Call, verb: twiml.Verb, noun: twiml.Verb, caller_id: str) -> Call:
    base = call.flow.get("base") or ""
    events = twiml.text(noun, "statusCallbackEvent").split()
    url = twiml.text(noun, "statusCallback")
    options: dict[str, Any] = {"timeout": twiml.number(verb, "timeout", TIMEOUT)}
    if limit := twiml.number(verb, "timeLimit", 0):
        options["time_limit"] = limit
    if digits := twiml.text(noun, "sendDigits"):
        options["send_digits"] = digits
    flow: dict[str, Any] = {
        "options": options,
        "callback": callbacks.callback(
            urljoin(base, url) if url else None,
            twiml.text(noun, "statusCallbackMethod", "POST").upper(),
            [event for event in events if event in callbacks.EVENTS],
        ),
        "fallback": ["POST", None],
        "afterwards": "voice.connect",
    }
    if whisper := twiml.text(noun, "url"):
        method = twiml.text(noun, "method", "POST").upper()
        flow["document"] = {"url": urljoin(base, whisper), "method": method}
    return outbound.make(
        world,
        call.account_sid,
        from_number=e164(caller_id) or caller_id,
        to_number=str(e164(noun["text"])),
        direction="outbound-dial",
        phone_number_sid=call.phone_number_sid,
        flow=flow,
        parent_call_sid=call.sid,
    )


@action("voice.connect")
def connect(world: World, sid: str) -> None:
    """A leg was answered and has heard what was only for it: now both hear each other."""
    leg = world.calls[sid]
    call = _parent(world, leg)
    if call is None or call.flow["waiting"]["connected"] is not None:
        calls.end(world, leg)
        return
    waiting = call.flow["waiting"]
    waiting |= {"connected": sid, "listening": True}
    calls.answer(world, call)
    for other in _legs(world, waiting):
        if other is not leg:
            calls.end(world, other, "canceled")
    if twiml.text(waiting["verb"], "record") in ("true", "record-from-answer", FROM_ANSWER_DUAL):
        _record(world, call)
    calls.wait_for(world, leg, {"for": "bridge", "listening": True})
    world.calls.changed(call)
    people.listen(world, call)
    people.listen(world, leg)


def _record(world: World, call: Call) -> None:
    """Record the conversation; `record` says from when on, and on how many channels."""
    waiting = call.flow["waiting"]
    verb = waiting["verb"]
    recording = recordings.begin(
        world,
        call,
        source="DialVerb",
        channels=2 if twiml.text(verb, "record").endswith("dual") else 1,
        track=twiml.text(verb, "recordingTrack", "both"),
        trim=twiml.text(verb, "trim", "do-not-trim"),
        callback=callback(call, verb),
    )
    waiting["recording"] = recording.sid


def _recorded(world: World, waiting: dict[str, Any]) -> dict[str, str]:
    """The end of the recording, for the action."""
    recording = world.recordings.get(waiting.get("recording", ""))
    if recording is None:
        return {}
    recordings.end(world, recording)
    return recordings.parameters(world, recording)


def _legs(world: World, waiting: dict[str, Any]) -> list[Call]:
    """Those that are still there; a leg that is over can be deleted."""
    return [world.calls[sid] for sid in waiting["legs"] if sid in world.calls]


def _parent(world: World, leg: Call) -> Call | None:
    """The call that dialled it and still waits for it."""
    call = world.calls.get(leg.parent_call_sid or "")
    waiting = call.flow.get("waiting") or {} if call is not None else {}
    is_waiting = waiting.get("for") == "dial" and leg.sid in waiting["legs"]
    return call if is_waiting else None


@action("voice.child_over")
def child_over(world: World, sid: str) -> None:
    """A leg is over: the caller goes on, unless another one may still answer."""
    leg = world.calls[sid]
    call = _parent(world, leg)
    if call is None:
        return
    waiting = call.flow["waiting"]
    if waiting["connected"] is None:
        if not all(calls.is_over(other) for other in _legs(world, waiting)):
            return
    elif waiting["connected"] != sid:
        return
    _go_on(world, call, _outcome(world, leg, was_bridged=waiting["connected"] == sid))


def _outcome(world: World, leg: Call, *, was_bridged: bool) -> dict[str, str]:
    """For the action; `was_bridged` says that both heard each other."""
    given = {"DialCallStatus": leg.status, "DialCallSid": leg.sid}
    if leg.start is not None:
        until = world.now() if leg.end is None else leg.end
        given |= {"DialCallStatus": "completed", "DialCallDuration": str(int(until - leg.start))}
    return given | {"DialBridged": "true" if was_bridged else "false"}


def _go_on(world: World, call: Call, outcome: dict[str, str]) -> None:
    """To the action, or to the next verb."""
    verb = call.flow["waiting"]["verb"]
    outcome = outcome | _recorded(world, call.flow["waiting"])
    call.flow["waiting"] = {}
    if twiml.text(verb, "action"):
        fetching.act(world, call, verb, outcome)
    else:
        interpreter.run(world, call)


# Both hear each other


def _other(world: World, call: Call) -> Call | None:
    """Who is connected with it."""
    if call.flow["waiting"]["for"] == "dial":
        return world.calls.get(call.flow["waiting"]["connected"] or "")
    return _parent(world, call)


def _said(world: World, call: Call, text: str, seconds: float, confidence: float) -> None:
    if (other := _other(world, call)) is not None:
        lines.hear(world, other, "program", "speech", text, seconds)


def _pressed(world: World, call: Call, keys: str) -> None:
    """The other one hears the keys; with `hangupOnStar` a caller's star ends the connection."""
    other = _other(world, call)
    if other is None:
        return
    lines.hear(world, other, "program", "digits", keys, len(keys) * lines.SECONDS_A_DIGIT)
    waiting = call.flow["waiting"]
    if waiting["for"] == "dial" and "*" in keys and twiml.flag(waiting["verb"], "hangupOnStar"):
        calls.end(world, other)


def _silent(world: World, call: Call) -> None:
    """Nothing comes of it."""


def _caller_left(world: World, call: Call, waiting: dict[str, Any]) -> None:
    """Nobody waits for the legs any more; the action is told of it if the caller hung up."""
    for leg in _legs(world, waiting):
        calls.end(world, leg, "canceled")
    recorded = _recorded(world, waiting)
    url = twiml.text(waiting["verb"], "action")
    was_bridged = waiting["connected"] is not None
    last = world.calls.get(waiting["connected"] or waiting["legs"][-1])
    if calls.is_over(call) and url and last is not None:
        send(
            world,
            call.account_sid,
            fetching.LATER,
            urljoin(call.flow.get("base") or "", url),
            {**parameters(call), **_outcome(world, last, was_bridged=was_bridged), **recorded},
            method=twiml.text(waiting["verb"], "method", "POST"),
            subject_sid=call.sid,
        )


def _leg_left(world: World, leg: Call, waiting: dict[str, Any]) -> None:
    """A leg that is led elsewhere leaves the caller to go on alone."""
    leg.flow.pop("afterwards", None)
    call = _parent(world, leg)
    if not calls.is_over(leg) and call is not None:
        _go_on(world, call, _outcome(world, leg, was_bridged=True))


calls.LISTENERS["dial"] = calls.Listener(_said, _pressed, _silent, _caller_left)
calls.LISTENERS["bridge"] = calls.Listener(_said, _pressed, _silent, _leg_left)
