"""A call on its way out: queued, ringing, and what the phone at the other end makes of it.

The legs that `<Dial>` makes go the same way (twilio-facts 6.5).
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.voice import (
    between,
    callbacks,
    calls,
    detection,
    fetching,
    handsets,
    lines,
    recordings,
    twiml,
)
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

# Seconds. Twilio publishes none of them but the first: it begins one call a second.
BETWEEN_CALLS, UNTIL_RINGING, UNTIL_BUSY = 1.0, 1.0, 1.0
TIMEOUT = 60


def make(
    world: World,
    account_sid: str,
    *,
    from_number: str,
    to_number: str,
    direction: str,
    phone_number_sid: str | None,
    flow: dict[str, Any],
    parent_call_sid: str | None = None,
) -> Call:
    """A new call, dialled when its turn comes; `flow` has `options`, `callback`, `fallback` and
    `document`."""
    now = world.now()
    begins = now if parent_call_sid else _turn(world, account_sid, now)
    flow["dials_at"] = begins
    flow["options"]["queue_milliseconds"] = int((begins - now) * 1000)
    call = world.calls.add(
        Call(
            *world.stamp("CA", account_sid, at=now),
            from_number=from_number,
            to_number=to_number,
            direction=direction,
            status="queued",
            phone_number_sid=phone_number_sid,
            parent_call_sid=parent_call_sid,
            flow=flow,
        )
    )
    flow["timer"] = world.at(begins, "voice.dial", sid=call.sid)
    return call


def _turn(world: World, account_sid: str, now: float) -> float:
    """When the account's next call can begin: a second after its last one."""
    for call in reversed(world.calls.of(account_sid)):
        if call.direction == "outbound-api":
            last = float(call.flow.get("dials_at", call.created))
            return max(now, last + BETWEEN_CALLS)
    return now


@action("voice.dial")
def dial(world: World, sid: str) -> None:
    """Begin to dial; a number that cannot be reached fails at once."""
    call = world.calls[sid]
    callbacks.tell(world, call, "initiated")
    if handsets.handset(world, call.to_number).behavior == "failed":
        calls.end(world, call, "failed")
        return
    calls.wait(world, call, UNTIL_RINGING, "voice.ring")


@action("voice.ring")
def ring(world: World, sid: str) -> None:
    """The phone rings, until somebody answers or the caller has waited long enough."""
    call = world.calls[sid]
    calls.set_status(world, call, "ringing")
    callbacks.tell(world, call, "ringing")
    timeout = float(call.flow["options"].get("timeout", TIMEOUT))
    if between.reaches(world, call):
        calls.wait(world, call, timeout, "voice.unanswered")
        between.ring(world, call)
        return
    handset = handsets.handset(world, call.to_number)
    if handset.behavior == "busy":
        calls.wait(world, call, UNTIL_BUSY, "voice.is_busy")
    elif handset.behavior == "no-answer" or handset.ring_seconds >= timeout:
        calls.wait(world, call, timeout, "voice.unanswered")
    else:
        calls.wait(world, call, handset.ring_seconds, "voice.picked_up")


@action("voice.is_busy")
def is_busy(world: World, sid: str) -> None:
    calls.end(world, world.calls[sid], "busy")


@action("voice.unanswered")
def unanswered(world: World, sid: str) -> None:
    calls.end(world, world.calls[sid], "no-answer")


@action("voice.picked_up")
def picked_up(world: World, sid: str) -> None:
    """Somebody answers: the call begins to follow its document, maybe after a look at who it is."""
    call = world.calls[sid]
    handset = handsets.handset(world, call.to_number)
    call.flow["script"] = [] if "peer" in call.flow else handset.script
    calls.answer(world, call)
    if handset.hang_up_after is not None:
        call.flow["leaves"] = world.after(handset.hang_up_after, "voice.leave", sid=sid)
    _record(world, call)
    if digits := call.flow["options"].get("send_digits"):
        seconds = len(digits) * lines.SECONDS_A_DIGIT
        lines.hear(world, call, "program", "digits", digits, seconds)
    if not detection.begins(world, call, handset.behavior):
        begin(world, sid)


def _record(world: World, call: Call) -> None:
    """Record the whole call, if the request that made it says so."""
    options = call.flow["options"]
    if options.get("record"):
        recordings.begin(
            world,
            call,
            source=callbacks.RECORDED_BY_REQUEST,
            channels=2 if options.get("recording_channels") == "dual" else 1,
            track=options.get("recording_track", "both"),
            trim=options.get("trim", "trim-silence"),
            callback={
                "url": options.get("recording_callback"),
                "method": options.get("recording_method"),
                "events": " ".join(options.get("recording_events", [])),
            },
        )


@action("voice.begin")
def begin(world: World, sid: str) -> None:
    """Follow what the call was made with: a URL, or TwiML itself."""
    call = world.calls[sid]
    document = call.flow.get("document") or {}
    if "url" in document:
        fetching.fetch(world, call, document["url"], document["method"], kind=fetching.FIRST)
    else:
        follow_text(world, call, document.get("twiml", "<Response/>"))


def follow_text(world: World, call: Call, text: str) -> None:
    """Follow TwiML that came with a request."""
    try:
        document = twiml.read(text)
    except twiml.TwimlError as error:
        alerts.add(world, call.account_sid, error.code, str(error), resource_sid=call.sid)
        fetching.apologize(world, call)
        return
    for warning in document.warnings:
        code = twiml.SCHEMA_WARNING
        alerts.add(world, call.account_sid, code, warning, resource_sid=call.sid)
    fetching.follow(world, call, document, None, "POST")
